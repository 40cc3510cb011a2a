//! The stop: waves in reverse under one clock, each unit told when those that come after it have ended.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

use super::director::{Body, Director, Stopping};
use crate::record::UnitState;
use crate::report::{UnitEnd, UnitReport};
use crate::stop::StopReason;
use crate::supervise::{Down, Event, Then};

impl Director {
    /// Stops all units by `grace_end` and a little; the reports stand in the reverse of the order of the start. `in_turn`:
    /// one unit after the other, as after a failed start, instead of wave by wave.
    pub(super) async fn stop(
        &mut self,
        reason: StopReason,
        grace_end: Instant,
        in_turn: bool,
    ) -> Vec<UnitReport> {
        self.stop_reasons.clear();
        self.stopping = Some(Stopping {
            reason,
            grace_end,
            turns: HashSet::new(),
            told: HashMap::new(),
            faults: HashSet::new(),
            ends: HashMap::new(),
        });
        let order = self.reverse_of_the_start();
        let mut groups: VecDeque<Vec<usize>> = if in_turn {
            order.iter().map(|&unit| vec![unit]).collect()
        } else {
            let wave = |unit: usize| self.order.wave(unit);
            order.chunk_by(|&one, &next| wave(one) == wave(next)).map(<[usize]>::to_vec).collect()
        };
        while let Some(group) = groups.pop_front() {
            if !self.stop_group(&group, grace_end).await {
                // At the end of the clock nobody waits for a turn any more: all that remain are told at once.
                groups.into_iter().flatten().for_each(|unit| self.tell(unit));
                break;
            }
        }
        while self.stopping.as_ref().is_some_and(|stopping| stopping.ends.len() < self.units.len()) {
            self.turn().await;
        }
        order.into_iter().map(|unit| self.report(unit)).collect()
    }

    /// The units that were started, the last one first, after those that were not. Wave by wave in any case.
    fn reverse_of_the_start(&self) -> Vec<usize> {
        let mut order: Vec<usize> = self.order.sequence().iter().rev().copied().collect();
        let mut launched = vec![usize::MAX; self.units.len()];
        self.launched.iter().enumerate().for_each(|(at, &unit)| launched[unit] = at);
        order.sort_by_key(|&unit| Reverse((self.order.wave(unit), launched[unit])));
        order
    }

    /// Tells the units of a group, each when those of the group that come after it have ended, and waits until all
    /// have. False where the clock's end came first; then all have been told.
    async fn stop_group(&mut self, group: &[usize], grace_end: Instant) -> bool {
        let mut left = group.len();
        if let Some(stopping) = &mut self.stopping {
            stopping.turns.extend(group);
        }
        group.iter().for_each(|&unit| self.tell_if_free(unit));
        let clock = self.clock.clone();
        let mut end = std::pin::pin!(clock.sleep_until(grace_end));
        loop {
            // Telling a unit may finish it at once.
            while let Some(unit) = self.finished.pop() {
                left -= 1;
                self.order.after(unit).to_vec().into_iter().for_each(|other| self.tell_if_free(other));
            }
            if left == 0 {
                return true;
            }
            tokio::select! {
                biased;
                () = self.turn() => {}
                () = &mut end => {
                    group.iter().for_each(|&unit| self.tell(unit));
                    return false;
                }
            }
        }
    }

    fn tell_if_free(&mut self, unit: usize) {
        let Some(stopping) = &self.stopping else { return };
        let has_ended =
            |&other: &usize| stopping.ends.contains_key(&other) || !self.units[other].machine.was_started();
        if stopping.turns.contains(&unit) && self.order.before(unit).iter().all(has_ended) {
            self.tell(unit);
        }
    }

    /// Tells a unit to stop, once.
    fn tell(&mut self, unit: usize) {
        let now = self.clock.now();
        let live = &self.units[unit];
        let Some(stopping) = &mut self.stopping else { return };
        if stopping.told.contains_key(&unit) || stopping.ends.contains_key(&unit) {
            return;
        }
        if let Body::Consumer(consumer) = &live.body {
            let works = live.machine.works() && consumer.crew.is_enabled();
            consumer.crew.close(live.record.name());
            if live.machine.starts_again() && consumer.crew.is_enabled() {
                // It was to come back: those of its workers that are still there go on with what it holds.
                consumer.crew.stay();
            } else if !works {
                // Paused, disabled or stopped by hand: what it holds is left, and counted.
                consumer.crew.leave();
            }
        }
        // One that was told before, by hand, may have been given up before. It is not to come back.
        let end = if live.machine.is_lost() { Some(UnitEnd::Abandoned) } else { None };
        if let Some(end) = end.or_else(|| live.machine.is_down().then(|| live.own_end())) {
            stopping.ends.insert(unit, (end, Duration::ZERO));
            self.finished.push(unit);
            self.happens(unit, Event::Stop { then: Then::Down, abort_at: now }, None);
            return;
        }
        let waits_for_its_restart = live.machine.state() == UnitState::Restarting;
        let then = match stopping.faults.contains(&unit) && waits_for_its_restart {
            true => Then::Ended(Down::Failed),
            false => Then::Down,
        };
        stopping.told.insert(unit, now);
        let own = live.machine.grace().and_then(|grace| now.checked_add(grace));
        let abort_at = own.map_or(stopping.grace_end, |own| own.min(stopping.grace_end));
        let shown = stopping.reason.to_string();
        self.happens(unit, Event::Stop { then, abort_at }, Some(shown.into()));
    }

    fn report(&self, unit: usize) -> UnitReport {
        let live = &self.units[unit];
        let end = self.stopping.as_ref().and_then(|stopping| stopping.ends.get(&unit));
        let (end, took) = end.copied().unwrap_or((UnitEnd::NotStarted, Duration::ZERO));
        let status = live.record.status(self.board().now());
        UnitReport {
            name: status.name,
            kind: status.kind,
            end,
            took,
            runs: status.runs,
            failed: status.failed,
            restarts: status.restarts,
            items_left: if end == UnitEnd::NotStarted { 0 } else { live.record.items_left() },
            blocking_left: live.seat().map_or(0, |seat| seat.blocking.live()),
            // That of one that overran is worth as much.
            error: status.last_error.filter(|_| status.state == UnitState::Failed),
        }
    }
}
