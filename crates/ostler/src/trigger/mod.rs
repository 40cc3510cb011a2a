//! Plans: what fires the work of a unit, and the policy under which each run of it is done.
//!
//! The words here never fail. A mistake in their arguments (a zero period, a cron expression that cannot be read) is
//! kept and reported when the host starts, with all the others.

mod cron;
mod items;
mod policy;
mod timer;
mod timetable;

use std::time::Duration;

pub use self::cron::{Schedule, ScheduleError};
pub use self::items::{Consume, Leftover};
pub(crate) use self::policy::Policy;
pub use self::timer::{First, Overlap, Timer};
pub(crate) use self::timer::{Moment, Rule};
pub(crate) use self::timetable::{Fire, Timetable};
use crate::backoff::Backoff;
use crate::error::RegistrationError;

/// A trigger and the policy for the runs that it fires.
#[derive(Debug, Clone)]
pub struct Plan<T> {
    pub(crate) trigger: T,
    pub(crate) policy: Policy,
}

/// A run each `period`, at a fixed rate: the ticks stay on the grid of the first one however long a run takes.
///
/// Ticks that pass while a run is going on, or while the machine sleeps, come to one run. The first run is due after
/// one period ([`Plan::first`] changes that). A zero period is refused at start.
pub fn every(period: Duration) -> Plan<Timer> {
    Plan::timer(Rule::Every(period))
}

/// A run `delay` after the end of the one before: a fixed delay. A zero delay is refused at start.
pub fn after_completion(delay: Duration) -> Plan<Timer> {
    Plan::timer(Rule::AfterCompletion(delay))
}

/// A run at each occurrence of a cron expression of 5 fields, or of 6 with seconds first, in the zone called `zone`
/// (an IANA name, or `local`). A mistake in either is reported at start; [`Schedule::cron`] is the fallible form.
pub fn cron(expression: &str, zone: &str) -> Plan<Timer> {
    Plan::timer(Rule::Cron(Schedule::cron(expression, zone).map(Box::new).map_err(Box::new)))
}

/// A run only when [`HostHandle::trigger`](crate::HostHandle::trigger) asks for it.
pub fn poke() -> Plan<Timer> {
    Plan::timer(Rule::OnDemand)
}

impl<T> Plan<T> {
    pub(crate) fn new(trigger: T) -> Self {
        Self { trigger, policy: Policy::default() }
    }

    /// How long one attempt may take (default: no limit; zero is refused at start). Then it is dropped and counts as failed; its tracked
    /// [`blocking`](crate::blocking) calls are waited for, as they cannot be stopped.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.policy.timeout = Some(limit);
        self
    }

    /// How long all attempts of a run may take together, the waits between them included (default: no limit; zero is refused
    /// at start).
    #[must_use]
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.policy.deadline = Some(limit);
        self
    }

    /// The waits between attempts (default [`Backoff::default`]).
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.policy.backoff = backoff;
        self
    }
}

impl Plan<Timer> {
    fn timer(rule: Rule) -> Self {
        Self::new(Timer::new(rule))
    }

    /// When the first run is due (default [`First::AfterPeriod`]). For `every` and `after_completion`; refused at start for
    /// others.
    #[must_use]
    pub fn first(mut self, first: First) -> Self {
        self.trigger = self.trigger.with(|settings| settings.first = first);
        self
    }

    /// A random wait of up to `most` before each run, so that many hosts do not act as one. The grid stays as it is; for
    /// `every`, `most` as long as the period or longer is refused at start.
    #[must_use]
    pub fn jitter(mut self, most: Duration) -> Self {
        self.trigger = self.trigger.with(|settings| settings.jitter = most);
        self
    }

    /// What happens when a run is due while one is going on (default: see [`Overlap`]).
    #[must_use]
    pub fn overlap(mut self, overlap: Overlap) -> Self {
        self.trigger = self.trigger.with(|settings| settings.overlap = Some(overlap));
        self
    }

    /// How often a run is tried in all, the first time included (default 1, so no retry). 0 is refused at start.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.policy.attempts = attempts;
        self
    }

    pub(crate) fn check(&self, unit: &str, mistakes: &mut Vec<RegistrationError>) {
        self.trigger.check(unit, mistakes);
        self.policy.check(unit, mistakes);
    }
}

impl From<Schedule> for Plan<Timer> {
    fn from(schedule: Schedule) -> Self {
        Self::timer(Rule::Cron(Ok(Box::new(schedule))))
    }
}
