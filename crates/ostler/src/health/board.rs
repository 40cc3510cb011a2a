//! The part of the board that is about health: the checks, how long the runtime may be silent, the history.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use super::derived::LIVE_WITHIN;
use super::history::{HealthChange, History};
use super::kept::Kept;
use super::look::{Life, call_roll, look};
use super::report::HealthKind;
use super::roll::Roll;
use super::shortlist::Shortlist;
use crate::board::Board;
use crate::live::Live;
use crate::panics;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct HealthBoard {
    checks: OnceLock<Vec<Arc<Kept>>>,
    live_within: OnceLock<Live<Duration>>,
    history: Mutex<History>,
    /// The units as they were found last.
    roll: Mutex<Option<Arc<Roll>>>,
}

impl HealthBoard {
    /// The checks of this host, and how long its runtime may be silent. Once, before anyone reads.
    pub(crate) fn begin(&self, checks: Vec<Arc<Kept>>, live_within: Live<Duration>) {
        let _ = self.checks.set(checks);
        let _ = self.live_within.set(live_within);
    }

    pub(crate) fn checks(&self) -> &[Arc<Kept>] {
        self.checks.get().map_or(&[], |checks| checks)
    }

    /// How long the main runtime may be silent.
    pub(crate) fn live_within(&self) -> Duration {
        let Some(within) = self.live_within.get() else { return LIVE_WITHIN };
        // Where it is made from options it is a user's code, and this is a thread that must go on.
        panics::catch(|| within.get()).unwrap_or_else(|payload| {
            panics::discard(payload);
            LIVE_WITHIN
        })
    }

    /// The units of `board`, whose part this is: as they are, or where they are very many as they were a moment ago.
    pub(crate) fn units(&self, board: &Board) -> Arc<Roll> {
        self.good_roll(board).unwrap_or_else(|| self.keep(call_roll(board)))
    }

    /// As [`units`](Self::units). Where they are looked at, that look takes note of what has changed as well.
    pub(crate) fn noted_units(&self, board: &Board) -> Arc<Roll> {
        let good = self.good_roll(board).or_else(|| self.take_note(board));
        good.unwrap_or_else(|| self.units(board))
    }

    fn good_roll(&self, board: &Board) -> Option<Arc<Roll>> {
        let now = board.now().now;
        self.roll().clone().filter(|roll| roll.is_good(now))
    }

    fn keep(&self, roll: Roll) -> Arc<Roll> {
        let roll = Arc::new(roll);
        *self.roll() = Some(Arc::clone(&roll));
        roll
    }

    fn roll(&self) -> MutexGuard<'_, Option<Arc<Roll>>> {
        self.roll.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at `board`, whose part this is, for what has changed. A start is no change, and is not looked at. What it
    /// found of the units.
    pub(crate) fn take_note(&self, board: &Board) -> Option<Arc<Roll>> {
        if Life::of(board) == Life::Starting {
            return None;
        }
        // Held over the look, so that two of them come one after the other. The look takes no lock that waits for this.
        let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        let now = board.now();
        let mut list = Shortlist::default();
        history.note(now.wall, |seen| {
            look(
                board,
                now,
                |_| true,
                |finding| {
                    if finding.kind == HealthKind::Unit {
                        list.add(&finding);
                    }
                    seen(finding);
                },
            );
        });
        let took = board.now().now.saturating_duration_since(now.now);
        Some(self.keep(Roll { list, units: board.records().len(), began: now.now, took }))
    }

    /// The last changes, the newest first.
    pub(crate) fn changes(&self) -> Vec<HealthChange> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner).changes()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::kept::Last;
    use super::super::look::{ready, ready_and_noted};
    use super::*;
    use crate::board::Phase;
    use crate::clock::{Clock, SECOND};
    use crate::health::check;
    use crate::record::{QueueGauge, Record, UnitKind, UnitState};
    use crate::status::Status;
    use crate::stop::StopReason;

    /// A host that is ready, with this unit.
    fn board(clock: &Clock, unit: &Arc<Record>) -> Board {
        let board = Board::new();
        let (director, _messages) = tokio::sync::mpsc::unbounded_channel();
        board.begin(clock, vec![Arc::clone(unit)], director);
        board.advance(Phase::Ready);
        board
    }

    fn clock() -> Clock {
        Clock::virtual_at("2026-01-01T00:00:00Z".parse().unwrap())
    }

    fn running(clock: &Clock) -> Arc<Record> {
        let record = Record::new("u".into(), UnitKind::Service, clock.wall());
        record.stands(UnitState::Running, true, clock.wall(), None);
        Arc::new(record)
    }

    fn fail(unit: &Record, clock: &Clock) {
        unit.stands(UnitState::Failed, false, clock.wall(), None);
    }

    /// As if there were very many units, and to look at them took a tenth of a second.
    fn was_long(board: &Board) {
        let (list, began, took) = (Shortlist::default(), board.now().now, SECOND / 10);
        board.health().keep(Roll { list, units: 100_000, began, took });
    }

    #[test]
    fn very_many_units_are_shown_as_they_were_a_moment_ago_and_all_else_as_it_is() {
        let clock = clock();
        let unit = running(&clock);
        let board = board(&clock, &unit);
        let record = Arc::new(Record::new("db".into(), UnitKind::OnDemand, clock.wall()));
        let kept = Arc::new(Kept::new(check("db"), record));
        board.health().begin(vec![Arc::clone(&kept)], SECOND.into());
        was_long(&board);
        fail(&unit, &clock);
        assert_eq!(ready(&board, &[]).status(), Status::Healthy);
        let checked = |status| Last { status, reason: None, ended: clock.now(), took: Duration::ZERO };
        kept.ended(checked(Status::Degraded));
        assert_eq!(ready(&board, &[]).status(), Status::Degraded, "checks are as they are");
        kept.ended(checked(Status::Healthy));
        board.ask_to_stop(StopReason::Requested);
        let stopping = ready(&board, &[]);
        assert_eq!(stopping.entries().next().unwrap().name, "host", "and so is the host");

        clock.advance_to(clock.now() + 2 * SECOND);
        let names: Vec<_> = ready(&board, &[]).entries().map(|entry| entry.name.clone()).collect();
        assert!(names.iter().any(|name| name == "u"), "a new look: {names:?}");
    }

    #[test]
    fn few_units_are_as_they_are_in_every_answer() {
        let clock = clock();
        let unit = running(&clock);
        let board = board(&clock, &unit);
        assert_eq!(ready(&board, &[]).status(), Status::Healthy);
        fail(&unit, &clock);
        assert_eq!(ready(&board, &[]).status(), Status::Unhealthy);
        assert!(board.health().changes().is_empty(), "that is not asked for");
        assert_eq!(ready_and_noted(&board, &[]).status(), Status::Unhealthy);
        assert_eq!(board.health().changes().len(), 1);
    }

    #[test]
    fn one_look_is_for_the_answer_and_for_the_history() {
        let clock = clock();
        let unit = running(&clock);
        let looks = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&looks);
        unit.gauge_with(move || {
            count.fetch_add(1, Ordering::Relaxed);
            QueueGauge { left: 0, depth: 0, capacity: 10, dropped: 0, workers: 1 }
        });
        let board = board(&clock, &unit);
        assert_eq!(ready_and_noted(&board, &[]).more(), 0);
        assert_eq!(looks.load(Ordering::Relaxed), 1);
        was_long(&board);
        ready_and_noted(&board, &[]);
        assert_eq!(looks.load(Ordering::Relaxed), 1, "the last one is good enough");
    }

    #[test]
    fn a_host_that_starts_is_shown_with_its_units_and_nothing_is_noted() {
        let clock = clock();
        let unit = running(&clock);
        fail(&unit, &clock);
        let board = Board::new();
        let (director, _messages) = tokio::sync::mpsc::unbounded_channel();
        board.begin(&clock, vec![unit], director);
        let names: Vec<_> = ready_and_noted(&board, &[]).entries().map(|entry| entry.name.clone()).collect();
        assert_eq!(names, ["host", "u", "runtime"]);
        assert!(board.health().changes().is_empty());
    }
}
