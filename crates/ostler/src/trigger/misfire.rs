//! What becomes of occurrences that were not seen in time: pure.

use std::time::Duration;

use jiff::Timestamp;

use super::delay::Delay;
use super::schedule::Schedule;
use crate::clock::MINUTE;

/// How many runs [`Misfire::FireAll`] may make up for at most. They are looked up at once and wait in memory.
pub const MAX_FIRE_ALL: usize = 10_000;

/// How late an occurrence may be seen and still count as in time, unless
/// [`Plan::misfire_grace`](crate::Plan::misfire_grace) says otherwise: more than a host needs to see that the clock was set (30 s).
pub const DEFAULT_MISFIRE_GRACE: Duration = MINUTE;

/// How many occurrences of a task are counted as skipped at one look at most. A schedule of every second has 86,400 a day, and a host that
/// wakes up after a year has better things to do than to count them.
const COUNTED: usize = 1_000;

/// How many are counted at one look for all tasks together: a few milliseconds. A hundred thousand tasks may have slept through
/// the same night.
const COUNTED_OF_ALL: usize = 10_000;

/// What is done about the occurrences of a [`cron`](crate::cron) that were missed while the machine slept, the clock was set
/// forward, the unit was being restarted or the host was too busy to look: several that are due at one look, or one that is
/// later than the [grace](crate::Plan::misfire_grace).
///
/// An occurrence that is seen in time, alone, is no misfire: it goes by [`Overlap`](crate::Overlap). Those that are not run
/// are counted in [`UnitStatus::skipped`](crate::UnitStatus::skipped), up to a thousand at one look, and up to ten
/// thousand for all tasks together.
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
    /// The last occurrence of a cron expression that this judges.
    pub(super) considered: Option<Timestamp>,
    /// The first that has not been considered.
    pub(super) next: Option<Next>,
}

impl<Next> Verdict<Next> {
    /// That of one tick of an interval, which stands for those that were missed.
    pub(super) fn of_one(tick: Tick, missed: u64, next: Option<Next>) -> Self {
        let (older, newest) = (Vec::new(), Some(tick));
        Self { older, newest, made_up: None, skipped: missed, considered: None, next }
    }

    pub(super) fn map_next<Other>(self, into: impl FnOnce(Next) -> Other) -> Verdict<Other> {
        let Self { older, newest, made_up, skipped, considered, next } = self;
        Verdict { older, newest, made_up, skipped, considered, next: next.map(into) }
    }
}

/// How many more skipped occurrences may be counted at a look.
#[derive(Debug)]
pub(super) struct Budget(usize);

impl Budget {
    /// That of a look, for all tasks together.
    pub(super) fn of_a_look() -> Self {
        Self(COUNTED_OF_ALL)
    }

    /// How many of `occurrences` there are, as far as that may be counted.
    fn count(&mut self, occurrences: impl Iterator<Item = Timestamp>) -> u64 {
        let counted = occurrences.take(COUNTED.min(self.0)).count();
        self.0 -= counted;
        counted as u64
    }
}

/// Judges all occurrences from `first`, which is due, until now. It costs as much as the runs that follow, whatever time has
/// passed: it goes backwards from now.
pub(super) fn judge(
    schedule: &Schedule,
    rules: Rules,
    first: Timestamp,
    wall: Timestamp,
    budget: &mut Budget,
) -> Verdict<Timestamp> {
    let delay = rules.delay;
    let second = schedule.next_after(first);
    let several = second.is_some_and(|second| delay.is_due(schedule, second, wall));
    let (latest, next) = match several {
        false => (first, second),
        true => {
            let latest = delay.latest_due(schedule, wall).map_or(first, |latest| latest.max(first));
            (latest, schedule.next_after(latest))
        }
    };
    let tick = |at| Tick { at, late: delay.late(schedule, at, wall).unwrap_or_default() };
    let newest = tick(latest);
    let answer = answer(rules, several, newest.late);
    let mut before = since_first(schedule, first, latest);
    let mut older: Vec<Tick> = before.by_ref().take(answer.older).map(tick).collect();
    older.reverse();
    let skipped = budget.count(before) + u64::from(!answer.newest);
    let newest = Some(newest).filter(|_| answer.newest);
    Verdict { older, newest, made_up: answer.made_up, skipped, considered: Some(latest), next }
}

/// What a policy says of the occurrences that are due.
struct Answer {
    newest: bool,
    /// How many of those before it are run at most.
    older: usize,
    /// See [`Verdict::made_up`].
    made_up: Option<usize>,
}

fn answer(rules: Rules, several: bool, late: Duration) -> Answer {
    let in_time = late <= rules.grace;
    match rules.misfire {
        Misfire::FireAll { max } if several || !in_time => {
            Answer { newest: true, older: max.saturating_sub(1), made_up: Some(max) }
        }
        Misfire::Skip => Answer { newest: in_time, older: 0, made_up: None },
        Misfire::FireOnce | Misfire::FireAll { .. } => Answer { newest: true, older: 0, made_up: None },
    }
}

/// The occurrences before `latest`, back to `first`.
fn since_first(schedule: &Schedule, first: Timestamp, latest: Timestamp) -> impl Iterator<Item = Timestamp> {
    let before =
        move |&last: &Timestamp| schedule.previous_before(last).filter(|&previous| previous >= first);
    std::iter::successors(before(&latest), before)
}
