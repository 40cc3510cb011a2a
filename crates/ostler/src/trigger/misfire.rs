//! What becomes of occurrences that were not seen in time: pure.

use std::time::Duration;

use jiff::Timestamp;

use super::schedule::Schedule;
use crate::clock::MINUTE;

/// How many runs [`Misfire::FireAll`] may make up for at most. They are looked up at once and wait in memory.
pub const MAX_FIRE_ALL: usize = 10_000;

/// How late an occurrence may be seen and still count as in time, unless
/// [`Plan::misfire_grace`](crate::Plan::misfire_grace) says otherwise: more than a host needs to see that the clock was set (30 s).
pub const DEFAULT_MISFIRE_GRACE: Duration = MINUTE;

/// How many occurrences are counted as skipped at one look at most. A schedule of every second has 86,400 a day, and a host that
/// wakes up after a year has better things to do than to count them.
const COUNTED: usize = 1_000;

/// What is done about the occurrences of a [`cron`](crate::cron) that were missed while the machine slept, the clock was set
/// forward, the unit was being restarted or the host was too busy to look: several that are due at one look, or one that is
/// later than the [grace](crate::Plan::misfire_grace).
///
/// An occurrence that is seen in time, alone, is no misfire: it goes by [`Overlap`](crate::Overlap). Those that are not run
/// are counted in [`UnitStatus::skipped`](crate::UnitStatus::skipped), up to a thousand at one look.
///
/// Occurrences from before the process began, and those that pass while a task is paused, stopped or disabled, are not made up for
/// and not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Misfire {
    /// One run, for the latest of them, stands for all. It goes by the overlap policy.
    #[default]
    FireOnce,
    /// A run for each of the latest `max` of them, the oldest first. They wait for one another, and for a run that is going on,
    /// whatever the overlap policy is; under [`Overlap::Allow`](crate::Overlap::Allow) they begin side by side. At most `max` of
    /// them wait at a time, beside those that the overlap policy lets wait. `max: 0`, and more than
    /// [`MAX_FIRE_ALL`], are refused at start.
    FireAll {
        /// How many are run; older ones are skipped.
        max: usize,
    },
    /// A run for the latest of them where that is within the grace, else none. It goes by the overlap policy.
    Skip,
}

/// A policy, and when it applies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rules {
    pub(super) misfire: Misfire,
    pub(super) grace: Duration,
    pub(super) delay: Delay,
}

/// How long after each occurrence its run is due: always the same share of `most`, or of the time until the next occurrence
/// where that is shorter, so that they keep their order.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Delay {
    pub(super) most: Duration,
    /// From 0 to 1, and less than 1.
    pub(super) share: f64,
}

impl Delay {
    /// That of `occurrence`.
    pub(super) fn of(self, schedule: &Schedule, occurrence: Timestamp) -> Duration {
        if self.most.is_zero() {
            return Duration::ZERO;
        }
        let apart = schedule.next_after(occurrence).map(|next| since(next, occurrence));
        apart.map_or(self.most, |apart| apart.min(self.most)).mul_f64(self.share)
    }

    fn is_due(self, schedule: &Schedule, occurrence: Timestamp, wall: Timestamp) -> bool {
        self.late(schedule, occurrence, wall).is_some()
    }

    /// How long ago the run of `occurrence` was due, where it is.
    fn late(self, schedule: &Schedule, occurrence: Timestamp, wall: Timestamp) -> Option<Duration> {
        let due = occurrence.saturating_add(self.of(schedule, occurrence)).unwrap_or(occurrence);
        (due <= wall).then(|| since(wall, due))
    }
}

/// An occurrence whose run is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tick {
    pub(crate) at: Timestamp,
    /// How long its run has been due.
    pub(crate) late: Duration,
}

/// What follows from what is due at one look.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Verdict<Next> {
    /// To be run before the newest, the oldest first.
    pub(super) older: Vec<Tick>,
    pub(super) newest: Option<Tick>,
    /// How many runs may wait for one another, where they do so whatever the overlap policy is.
    pub(super) made_up: Option<usize>,
    pub(super) skipped: u64,
    /// The first that has not been considered.
    pub(super) next: Option<Next>,
}

/// Judges all occurrences from `first`, which is due, until now. It costs as much as the runs that follow, whatever time has
/// passed: it goes backwards from now.
pub(super) fn judge(
    schedule: &Schedule,
    rules: Rules,
    first: Timestamp,
    wall: Timestamp,
) -> Verdict<Timestamp> {
    let Rules { misfire, grace, delay } = rules;
    let second = schedule.next_after(first);
    let several = second.is_some_and(|second| delay.is_due(schedule, second, wall));
    let (latest, next) = match several {
        false => (first, second),
        true => {
            let latest = latest(schedule, delay, first, wall);
            (latest, schedule.next_after(latest))
        }
    };
    let tick = |at| Tick { at, late: delay.late(schedule, at, wall).unwrap_or_default() };
    let newest = tick(latest);
    let in_time = newest.late <= grace;
    let mut before = since_first(schedule, first, latest);
    let (newest, mut older, made_up) = match misfire {
        Misfire::FireAll { max } if several || !in_time => {
            (Some(newest), before.by_ref().take(max.saturating_sub(1)).map(tick).collect(), Some(max))
        }
        Misfire::Skip if !in_time => (None, Vec::new(), None),
        Misfire::FireOnce | Misfire::FireAll { .. } | Misfire::Skip => (Some(newest), Vec::new(), None),
    };
    older.reverse();
    let skipped = before.take(COUNTED).count() as u64 + u64::from(newest.is_none());
    Verdict { older, newest, made_up, skipped, next }
}

/// The latest occurrence whose run is due.
fn latest(schedule: &Schedule, delay: Delay, first: Timestamp, wall: Timestamp) -> Timestamp {
    let now = wall.saturating_add(Duration::from_nanos(1)).unwrap_or(wall);
    let last = schedule.previous_before(now).unwrap_or(first);
    // Only the last one may still have to wait: a delay is shorter than the time to the next.
    let last = match delay.is_due(schedule, last, wall) {
        true => last,
        false => schedule.previous_before(last).unwrap_or(first),
    };
    last.max(first)
}

/// The occurrences before `latest`, back to `first`.
fn since_first(schedule: &Schedule, first: Timestamp, latest: Timestamp) -> impl Iterator<Item = Timestamp> {
    let before =
        move |&last: &Timestamp| schedule.previous_before(last).filter(|&previous| previous >= first);
    std::iter::successors(before(&latest), before)
}

fn since(later: Timestamp, earlier: Timestamp) -> Duration {
    Duration::try_from(later.duration_since(earlier)).unwrap_or_default()
}
