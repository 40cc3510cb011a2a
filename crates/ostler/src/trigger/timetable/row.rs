//! A task in the timetable: what it waits for, and what it has running.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::Fire;
use crate::occurrence::Occurrence;
use crate::trigger::misfire::{Tick, Verdict};
use crate::trigger::timer::{Due, Moment, Overlap, Timer};

#[derive(Debug)]
pub(super) struct Row {
    pub(super) timer: Timer,
    /// The last occurrence of a cron expression that was run, skipped or passed over. It never goes back, and is kept whatever
    /// happens to the task: none is run again.
    pub(super) considered: Option<Timestamp>,
    /// The next occurrence. Where an interval is over, the one that is beyond its end: should that move, its grid goes on.
    pub(super) waits_for: Option<Due>,
    /// How long after it the run is due, where that is drawn. Boxed, as the queue below: there may be a hundred thousand rows,
    /// and few of them need it.
    pub(super) jitter: Option<Box<Duration>>,
    /// The entry of the heap that is this row's.
    pub(super) look_at: Option<Instant>,
    pub(super) paused: bool,
    /// Its options do not let it run.
    pub(super) disabled: bool,
    /// Its schedule has ended, or has never begun: nothing sets a due time.
    pub(super) halted: bool,
    /// It is being restarted.
    pub(super) again: bool,
    /// Nothing is left of its schedule.
    pub(super) over: bool,
    pub(super) running: u32,
    /// How often its schedule has begun. What a run of an earlier one says is out of date.
    pub(super) epoch: u32,
    /// The runs that wait for the running one, those that are for earlier occurrences first.
    #[allow(clippy::box_collection)]
    pub(super) queued: Option<Box<VecDeque<Waiting>>>,
    /// When it was asked for by hand while running: once more afterwards.
    pub(super) asked: Option<Box<Timestamp>>,
}

/// A run that waits for the running one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    pub(super) tick: Tick,
    /// When it was found to be due, and so late.
    pub(super) since: Instant,
    /// It makes up for a missed occurrence, and takes no place of those that the overlap policy lets wait.
    pub(super) made_up: bool,
}

impl Waiting {
    pub(super) fn fire(self, task: usize, now: Instant) -> Fire {
        let Tick { at, late } = self.tick;
        let lateness = late.saturating_add(now.saturating_duration_since(self.since));
        let occurrence = Occurrence { at, by_hand: false };
        Fire { task, lateness, occurrence, made_up: self.made_up, promised: false }
    }
}

impl Row {
    /// One whose schedule has not begun.
    pub(super) fn new(timer: Timer) -> Self {
        Self {
            timer,
            considered: None,
            waits_for: None,
            jitter: None,
            look_at: None,
            paused: false,
            disabled: false,
            halted: true,
            again: false,
            over: false,
            running: 0,
            epoch: 0,
            queued: None,
            asked: None,
        }
    }

    /// Whether runs may begin.
    pub(super) fn is_awake(&self) -> bool {
        !self.paused && !self.disabled && !self.halted
    }

    /// Whether its schedule has ended, and goes on after no restart.
    pub(super) fn is_stopped(&self) -> bool {
        self.halted && !self.again
    }

    /// Begins the runs of `verdict`, lets them wait, or leaves them out; how many those are.
    pub(super) fn take_up(
        &mut self,
        verdict: Verdict<Due>,
        now: Instant,
        mut begin: impl FnMut(Waiting),
    ) -> u64 {
        let Verdict { older, newest, made_up, .. } = verdict;
        let overlap = self.timer.overlap();
        let mut left_out = 0;
        for tick in older.into_iter().chain(newest) {
            let waits = match (overlap, made_up) {
                _ if self.running == 0 => false,
                (Overlap::Allow, _) => false,
                (_, Some(_)) => true,
                (Overlap::Queue(most), None) if self.waiting(false) < most => true,
                (Overlap::Queue(_) | Overlap::Skip, None) => {
                    left_out += 1;
                    continue;
                }
            };
            let waiting = Waiting { tick, since: now, made_up: made_up.is_some() };
            if waits {
                self.queued.get_or_insert_default().push_back(waiting);
            } else {
                self.running += 1;
                begin(waiting);
            }
        }
        left_out + made_up.map_or(0, |most| self.forget_oldest(most))
    }

    /// Keeps `most` runs that make up for missed occurrences, the latest; how many are given up.
    fn forget_oldest(&mut self, most: usize) -> u64 {
        let surplus = self.waiting(true).saturating_sub(most);
        if let Some(queued) = &mut self.queued {
            let mut left = surplus;
            queued.retain(|waiting| {
                let goes = waiting.made_up && left > 0;
                left -= usize::from(goes);
                !goes
            });
        }
        surplus as u64
    }

    /// Lets a run wait, before those that are for later occurrences.
    pub(super) fn wait_in_order(&mut self, waiting: Waiting) {
        let queued = self.queued.get_or_insert_default();
        let place = queued.iter().position(|later| later.tick.at > waiting.tick.at).unwrap_or(queued.len());
        queued.insert(place, waiting);
    }

    /// Whether a run waits for the running one, or for a restart.
    pub(super) fn has_waiting(&self) -> bool {
        self.asked.is_some() || self.queued.as_ref().is_some_and(|queued| !queued.is_empty())
    }

    /// The run that is next of those that wait.
    pub(super) fn next_waiting(&mut self) -> Option<Waiting> {
        self.queued.as_mut()?.pop_front()
    }

    /// Runs that wait for the running one are not run; how many those are.
    pub(super) fn give_up_waiting(&mut self) -> u64 {
        let asked = self.asked.take().is_some();
        self.queued.take().map_or(0, |queued| queued.len() as u64) + u64::from(asked)
    }

    /// How many runs wait for the running one: those that make up for missed occurrences, or the others.
    pub(super) fn waiting(&self, made_up: bool) -> usize {
        let of_kind = |queued: &VecDeque<Waiting>| queued.iter().filter(|run| run.made_up == made_up).count();
        self.queued.as_ref().map_or(0, |queued| of_kind(queued))
    }

    /// What is waited for, where what is due by now is not made up for, and counts as considered.
    pub(super) fn pass_over(&mut self, at: Moment) -> Option<Due> {
        if let Some(Due::Wall(first)) = self.waits_for.filter(|&due| self.is_due(due).has_come(at))
            && self.timer.is_cron()
        {
            let latest = self.timer.latest_due(at).map_or(first, |latest| latest.max(first));
            self.considered = self.considered.max(Some(latest));
        }
        self.aim(at)
    }

    /// What comes next, by the clocks as they are and what has been considered.
    pub(super) fn aim(&self, at: Moment) -> Option<Due> {
        if self.timer.is_cron() {
            return self.timer.first_to_come(self.considered, at);
        }
        let occurrence = self.waits_for?;
        if !self.is_due(occurrence).has_come(at) {
            return Some(occurrence);
        }
        self.timer.due_after_end(at).or_else(|| self.timer.next_due(occurrence, at).due)
    }

    /// Until when it waits, where that is longer than its schedule says, as the occurrences until then have been considered.
    pub(super) fn is_held_back(&self, at: Moment) -> Option<Timestamp> {
        let Some(Due::Wall(until)) = self.waits_for.filter(|_| self.is_awake() && self.timer.is_cron())
        else {
            return None;
        };
        (self.timer.first_to_come(None, at) != Some(Due::Wall(until))).then_some(until)
    }

    /// When the run of `occurrence` is due.
    pub(super) fn is_due(&self, occurrence: Due) -> Due {
        let Some(&wait) = self.jitter.as_deref() else { return occurrence };
        match occurrence {
            Due::At(instant) => Due::At(instant.checked_add(wait).unwrap_or(instant)),
            Due::Wall(instant) => Due::Wall(instant.saturating_add(wait).unwrap_or(instant)),
        }
    }
}
