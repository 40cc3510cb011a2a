//! Plans: what fires the work of a unit, and the policy under which each run of it is done.
//!
//! The words here never fail. A mistake in their arguments (a zero period, a cron expression that cannot be read) is
//! kept and reported when the host starts, with all the others.

mod cron;
mod delay;
mod items;
mod misfire;
mod policy;
mod schedule;
mod settings;
mod timer;
mod timetable;

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;

pub use self::cron::{DstPolicy, ScheduleError};
pub use self::items::{Consume, Leftover, MAX_WORKERS};
pub use self::misfire::{DEFAULT_MISFIRE_GRACE, MAX_FIRE_ALL, Misfire};
pub(crate) use self::policy::{LivePolicy, Policy};
pub use self::schedule::Schedule;
pub(crate) use self::settings::{Followed, Guarded, Held, LiveSettings};
use self::timer::Text;
pub use self::timer::{First, Overlap, Timer};
pub(crate) use self::timer::{Moment, Rule};
pub(crate) use self::timetable::{Fire, HeldBack, Timetable};
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
/// (an IANA name, or `local`). A mistake in either is reported at start, and so is an expression that can never fire;
/// [`Schedule::cron`] is the fallible form.
///
/// `H` in a field is a value that follows from the unit's name. `@every 90s` is [`every`] with this period.
///
/// ```
/// use jiff::civil::date;
/// use ostler::{Host, MINUTE, Misfire, cron};
///
/// async fn daily_report() {}
///
/// let plan = cron("0 0 8 * * *", "Europe/Oslo")
///     .misfire(Misfire::FireAll { max: 7 })
///     .misfire_grace(5 * MINUTE)
///     .exclude([date(2026, 12, 25)]);
/// let host = Host::new(()).task("daily-report", plan, daily_report);
/// # drop(host);
/// ```
pub fn cron(expression: &str, zone: &str) -> Plan<Timer> {
    let (expression, zone) = (expression.to_owned(), zone.to_owned());
    Plan::timer(Rule::Text(Box::new(Text { expression, zone })))
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

    /// A wait of up to `most` before each run, so that many hosts do not act as one. The grid stays as it is.
    ///
    /// For an interval it is random for each run; for `every`, `most` as long as the period or longer is refused at start. For
    /// `cron` it follows from the names of the unit and of the machine, so that a unit has the same delay each day, and another
    /// on another machine; where the next occurrence is nearer than `most`, it is that share of the time until then, so
    /// that runs keep their order.
    ///
    /// The name of the machine is its host name, unless [`Host::node`](crate::Host::node) gives another. Give one where the host
    /// name changes with each deployment, as that of a Kubernetes pod does, or is not known (macOS).
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

    /// What is done about occurrences that were missed (default [`Misfire::FireOnce`]). For `cron`; refused at start for others,
    /// whose missed ticks come to one run.
    #[must_use]
    pub fn misfire(mut self, misfire: Misfire) -> Self {
        self.trigger = self.trigger.with(|settings| settings.misfire = Some(misfire));
        self
    }

    /// How late an occurrence may be seen and still count as in time (default [`DEFAULT_MISFIRE_GRACE`]; zero is refused at
    /// start): see [`Misfire`]. For `cron` with [`Misfire::Skip`] or [`Misfire::FireAll`]; refused at start for others, and with
    /// [`Misfire::FireOnce`], which fires one run either way. It has nothing to do with the grace of a stop.
    ///
    /// A clock that was set, or a machine that was asleep, is noticed within half a minute: with less, an occurrence of that
    /// half minute may count as missed.
    #[must_use]
    pub fn misfire_grace(mut self, grace: Duration) -> Self {
        self.trigger = self.trigger.with(|settings| settings.grace = Some(grace));
        self
    }

    /// The schedule begins at `start`, by the wall clock, and has no occurrence before it. Where `start` is still ahead, the
    /// first run of an interval is due at `start` itself, unless [`first`](Self::first) names a later time, and the grid is
    /// counted from there. Refused at start for `poke`; runs by hand are always possible.
    #[must_use]
    pub fn start_at(mut self, start: Timestamp) -> Self {
        self.trigger = self.trigger.with(|settings| settings.limits.start = Some(start));
        self
    }

    /// The schedule has no occurrence after `end`, by the wall clock as it shows when the next is looked for. A run for an
    /// earlier one may begin later: after jitter, after a run that is going on, or as a misfire. An end in the past is no mistake:
    /// the unit has no next run, and its snapshot says that its schedule is over. Refused at start for `poke`, and where it is before the start.
    #[must_use]
    pub fn end_at(mut self, end: Timestamp) -> Self {
        self.trigger = self.trigger.with(|settings| settings.limits.end = Some(end));
        self
    }

    /// Leaves out the occurrences on these local dates of the schedule's zone, beside those that were excluded before. Clones of
    /// a plan share them. For `cron`; refused at start for others, and where nothing is left.
    #[must_use]
    pub fn exclude(mut self, dates: impl IntoIterator<Item = Date>) -> Self {
        self.trigger = self.trigger.with(|settings| settings.limits.exclude(dates));
        self
    }

    /// What becomes of times that do not exist, or exist twice, when the clocks change. For `cron`; refused at start for others.
    #[must_use]
    pub fn dst(mut self, policy: DstPolicy) -> Self {
        self.trigger = self.trigger.with(|settings| settings.dst = Some(policy));
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

    /// The plan of a unit with this name.
    pub(crate) fn named(mut self, unit: &str) -> Self {
        self.trigger = self.trigger.named(unit);
        self
    }

    /// Gives a unit with this name its place among all machines.
    pub(crate) fn spread(&mut self, unit: &str, node: &str) {
        self.trigger.spread(unit, node);
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
        Self::new(Timer::of(schedule))
    }
}
