//! Plans: what fires the work of a unit, and the policy under which each run of it is done.
//!
//! The words here never fail. A mistake in their arguments (a zero period, a cron expression that cannot be read) is
//! kept and reported when the host starts, with all the others.

mod cron;
mod items;
mod policy;
mod settings;
mod timer;
mod timetable;

use std::time::Duration;

pub use self::cron::{Schedule, ScheduleError};
pub use self::items::{Consume, Leftover, MAX_WORKERS};
pub(crate) use self::policy::{LivePolicy, Policy};
pub(crate) use self::settings::{Followed, Guarded, Held, LiveSettings};
pub use self::timer::{First, Overlap, Timer};
pub(crate) use self::timer::{Moment, Rule};
pub(crate) use self::timetable::{Fire, Timetable};
use crate::backoff::Backoff;
use crate::error::RegistrationError;
use crate::live::Live;

/// A trigger and the policy for the runs that it fires.
#[derive(Debug, Clone)]
pub struct Plan<T> {
    pub(crate) trigger: T,
    pub(crate) policy: Policy,
    /// Those of its settings that may change; most plans have none.
    pub(crate) live: Option<Box<LiveSettings>>,
}

/// A run each `period`, at a fixed rate: the ticks stay on the grid of the first one however long a run takes.
///
/// Ticks that pass while a run is going on, or while the machine sleeps, come to one run. The first run is due after
/// one period ([`Plan::first`] changes that). A zero period is refused: at start, and as a live value's next one, where the
/// last good value stays.
///
/// A live period applies to the wait that is going on: the next tick is one new period after the last, or now where that has
/// passed.
pub fn every(period: impl Into<Live<Duration>>) -> Plan<Timer> {
    let period = period.into();
    Plan::timer(Rule::Every(period.get())).live(period, |live| &mut live.period)
}

/// A run `delay` after the end of the one before: a fixed delay. A zero delay is refused, and a live one applied, as those
/// of [`every`].
pub fn after_completion(delay: impl Into<Live<Duration>>) -> Plan<Timer> {
    let delay = delay.into();
    Plan::timer(Rule::AfterCompletion(delay.get())).live(delay, |live| &mut live.period)
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
        Self { trigger, policy: Policy::default(), live: None }
    }

    /// Whether runs begin at all (default: they do), as live options say. While it is `false` none begins, one that is going on
    /// ends as it would, and the unit is healthy; a consumer's items wait in its queue, and a stop of the host leaves them there and counts
    /// them. As soon as it is `true` the schedule of an
    /// interval begins anew with a run at once, `cron` waits for its next occurrence, and a consumer goes on. Beside
    /// [`HostHandle::pause`](crate::HostHandle::pause), which is by hand: a unit runs when neither keeps it from it.
    #[must_use]
    pub fn enabled(mut self, enabled: impl Into<Live<bool>>) -> Self {
        // Kept also where it never changes.
        self.live.get_or_insert_default().enabled = Some(enabled.into());
        self
    }

    /// How long one attempt may take (default: no limit; zero is refused at start). Then it is dropped and counts as failed;
    /// its tracked [`blocking`](crate::blocking) calls are waited for, as they cannot be stopped.
    ///
    /// A live value, like those of `deadline` and `attempts`, is read once for each run.
    #[must_use]
    pub fn timeout(mut self, limit: impl Into<Live<Duration>>) -> Self {
        let limit = limit.into();
        self.policy.timeout = Some(limit.get());
        self.live(limit, |live| &mut live.timeout)
    }

    /// How long all attempts of a run may take together, the waits between them included (default: no limit; zero is refused
    /// at start).
    #[must_use]
    pub fn deadline(mut self, limit: impl Into<Live<Duration>>) -> Self {
        let limit = limit.into();
        self.policy.deadline = Some(limit.get());
        self.live(limit, |live| &mut live.deadline)
    }

    /// The waits between attempts (default [`Backoff::default`]).
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.policy.backoff = backoff;
        self
    }

    /// Keeps a setting that may change; one that was given before is forgotten.
    fn live<U>(
        mut self,
        value: Live<U>,
        setting: impl FnOnce(&mut LiveSettings) -> &mut Option<Live<U>>,
    ) -> Self {
        let value = value.origin().is_some().then_some(value);
        if value.is_some() || self.live.is_some() {
            *setting(self.live.get_or_insert_default()) = value;
        }
        self
    }

    pub(crate) fn is_enabled(&self) -> bool {
        self.live.as_ref().is_none_or(|live| live.is_enabled())
    }

    fn guard(&self, unit: &str, guarded: &mut Guarded<'_>) {
        if let Some(live) = &self.live {
            live.guard(unit, guarded);
        }
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
    pub fn attempts(mut self, attempts: impl Into<Live<u32>>) -> Self {
        let attempts = attempts.into();
        self.policy.attempts = attempts.get();
        self.live(attempts, |live| &mut live.attempts)
    }

    /// How long after the end of its last run (after the begin of its schedule, before there was one) the task counts as late,
    /// which health shows: Degraded. Whatever keeps it: a run that takes too long counts. Zero is refused at start.
    ///
    /// By default a task is late when its run was due [`DEFAULT_LATE_AFTER`](crate::DEFAULT_LATE_AFTER) ago and none is going on.
    #[must_use]
    pub fn late_after(mut self, late_after: Duration) -> Self {
        self.trigger = self.trigger.with(|settings| settings.late_after = Some(late_after));
        self
    }

    pub(crate) fn check(&self, unit: &str, guarded: &mut Guarded<'_>) {
        let mut mistake = |field, text| guarded.mistakes.push(RegistrationError::new(unit, field, text));
        self.trigger.check(&mut mistake);
        self.policy.check(&mut mistake);
        self.guard(unit, guarded);
        if let Some(live) = &self.live {
            live.guard_period(unit, &self.trigger, guarded);
        }
    }

    pub(crate) fn held(&self) -> Held {
        Held { period: self.trigger.period(), enabled: self.is_enabled(), workers: None }
    }
}

impl From<Schedule> for Plan<Timer> {
    fn from(schedule: Schedule) -> Self {
        Self::timer(Rule::Cron(Ok(Box::new(schedule))))
    }
}
