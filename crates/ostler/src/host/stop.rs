//! The stop: waves in reverse under one clock, each unit told, given its grace, aborted, and at last left behind.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{BoxFuture, Wave, join};
use crate::clock::Clock;
use crate::record::UnitState;
use crate::report::{UnitEnd, UnitReport};
use crate::seat::UnitSeat;
use crate::stop::StopReason;

/// How long a unit has between being told *aborting* and being dropped: enough to log where it was.
pub(crate) const LAST_WORD: Duration = Duration::from_millis(400);

/// How long a dropped unit has to be gone: its futures are dropped at their next await, so what is still there then
/// blocks a thread. With [`LAST_WORD`] it fits in the second that a stop may take beyond its grace.
pub(crate) const DROP_TIME: Duration = Duration::from_millis(200);

/// A unit to stop.
pub(super) struct UnitStop {
    pub(super) seat: Arc<UnitSeat>,
    pub(super) grace: Option<Duration>,
    pub(super) wave: Wave,
    pub(super) started: bool,
}

/// A stop of all units.
pub(super) struct Stopping {
    pub(super) clock: Clock,
    pub(super) reason: StopReason,
    pub(super) units: Vec<UnitStop>,
    /// One unit after the other, as after a failed start, instead of wave by wave.
    pub(super) in_turn: bool,
}

/// How a unit ended, and how long that took.
#[derive(Debug, Clone, Copy)]
struct Stopped {
    end: UnitEnd,
    took: Duration,
}

impl Stopping {
    /// Stops all units by `grace_end` and a little. The reports stand in the order in which the units were told.
    pub(super) async fn stop(self, grace_end: Instant) -> Vec<UnitReport> {
        let mut order: Vec<&UnitStop> = self.units.iter().collect();
        order.sort_by_key(|unit| unit.wave);
        order.reverse();
        let mut stopped: Vec<Option<Stopped>> = vec![None; order.len()];
        self.in_order(&order, &mut stopped, grace_end).await;
        order.into_iter().zip(stopped).map(|(unit, stopped)| report(unit, stopped)).collect()
    }

    async fn in_order(&self, order: &[&UnitStop], stopped: &mut [Option<Stopped>], grace_end: Instant) {
        let groups: Vec<&[&UnitStop]> = if self.in_turn {
            order.chunks(1).collect()
        } else {
            order.chunk_by(|one, next| one.wave == next.wave).collect()
        };
        let mut rest = stopped;
        let mut waits: Vec<BoxFuture<'_, ()>> = Vec::new();
        for group in groups {
            let (of_group, others) = rest.split_at_mut(group.len());
            rest = others;
            // All are told before any is waited for.
            let told: Vec<Told> = group.iter().map(|unit| self.tell(unit)).collect();
            for ((unit, told), stopped) in group.iter().zip(told).zip(of_group) {
                waits.push(Box::pin(async move { *stopped = self.end_of(unit, told, grace_end).await }));
            }
            // At the end of the clock nobody waits for a turn any more: all that remain are told at once, and their
            // last words run side by side.
            tokio::select! {
                biased;
                () = join::all(&mut waits) => {}
                () = self.clock.sleep_until(grace_end) => {}
            }
        }
        join::all(&mut waits).await;
    }

    fn tell(&self, unit: &UnitStop) -> Told {
        if !unit.started {
            return Told::NotStarted;
        }
        let record = &unit.seat.record;
        if matches!(record.state(), UnitState::Completed | UnitState::Failed) && unit.seat.alive.live() == 0 {
            return Told::AlreadyEnded;
        }
        record.set_state(UnitState::Draining);
        unit.seat.request_stop(self.reason.clone());
        Told::At(self.clock.now())
    }

    async fn end_of(&self, unit: &UnitStop, told: Told, grace_end: Instant) -> Option<Stopped> {
        let told = match told {
            Told::NotStarted => return None,
            Told::AlreadyEnded => return Some(Stopped { end: own_end(unit), took: Duration::ZERO }),
            Told::At(told) => told,
        };
        let end = self.wait(unit, told, grace_end).await;
        if end != UnitEnd::Abandoned {
            unit.seat.record.set_state(UnitState::Stopped);
        }
        Some(Stopped { end, took: self.clock.now().saturating_duration_since(told) })
    }

    async fn wait(&self, unit: &UnitStop, told: Instant, grace_end: Instant) -> UnitEnd {
        let own_grace_end = unit.grace.and_then(|grace| told.checked_add(grace));
        let abort_at = own_grace_end.map_or(grace_end, |own| own.min(grace_end));
        if self.gone_by(unit, abort_at).await {
            return own_end(unit);
        }
        let seat = &unit.seat;
        tracing::warn!(unit = %seat.name, blocking_calls = seat.blocking.live(), "the grace is over, aborting");
        seat.tell_aborting(self.reason.clone());
        // Counted from the end of the grace and not from when the unit was told: these times do not add up.
        let last_word = abort_at + LAST_WORD;
        let gone = self.gone_by(unit, last_word).await;
        if gone && told >= grace_end {
            // Its turn came only at the end of the clock, so it cannot be blamed.
            return own_end(unit);
        }
        if gone {
            return UnitEnd::Overran;
        }
        seat.abort();
        if self.gone_by(unit, last_word + DROP_TIME).await { UnitEnd::Overran } else { UnitEnd::Abandoned }
    }

    async fn gone_by(&self, unit: &UnitStop, instant: Instant) -> bool {
        tokio::select! {
            biased;
            () = unit.seat.alive.idle() => true,
            () = self.clock.sleep_until(instant) => false,
        }
    }
}

/// Whether and when a unit was told.
#[derive(Debug, Clone, Copy)]
enum Told {
    NotStarted,
    AlreadyEnded,
    At(Instant),
}

/// How a unit ended that did so in time.
fn own_end(unit: &UnitStop) -> UnitEnd {
    match unit.seat.record.state() {
        UnitState::Failed => UnitEnd::Failed,
        UnitState::Completed => UnitEnd::Completed,
        _ => UnitEnd::Stopped,
    }
}

fn report(unit: &UnitStop, stopped: Option<Stopped>) -> UnitReport {
    let Stopped { end, took } = stopped.unwrap_or(Stopped { end: UnitEnd::NotStarted, took: Duration::ZERO });
    let seat = &unit.seat;
    let status = seat.record.status();
    UnitReport {
        name: status.name,
        kind: status.kind,
        end,
        took,
        runs: status.runs,
        failed: status.failed,
        restarts: status.restarts,
        items_left: if stopped.is_some() { seat.record.items_left() } else { 0 },
        blocking_left: seat.blocking.live(),
        error: status.last_error.filter(|_| end == UnitEnd::Failed),
    }
}
