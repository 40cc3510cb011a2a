//! The settings of a plan that may change while the host runs: who may refuse a new value, and what they are now.

use std::sync::Arc;
use std::time::Duration;

use super::policy::{self, Policy};
use super::timer::Timer;
use crate::error::RegistrationError;
use crate::line::Setting;
use crate::live::{Live, Origin};

/// Those settings that were given as live values.
#[derive(Debug, Clone, Default)]
pub(crate) struct LiveSettings {
    pub(crate) period: Option<Live<Duration>>,
    pub(crate) enabled: Option<Live<bool>>,
    pub(crate) timeout: Option<Live<Duration>>,
    pub(crate) deadline: Option<Live<Duration>>,
    pub(crate) attempts: Option<Live<u32>>,
    pub(crate) workers: Option<Live<usize>>,
}

/// A setting that the host is told of when it changes; the others are read anew for each run.
pub(crate) struct Followed {
    pub(crate) origin: Arc<dyn Origin>,
    /// What the host was told last: at first, what the plan was made with.
    pub(crate) last: Setting,
    pub(crate) read: Box<dyn Fn() -> Setting + Send>,
}

impl LiveSettings {
    pub(crate) fn is_enabled(&self) -> bool {
        self.enabled.as_ref().is_none_or(Live::get)
    }

    /// `policy` with what the live settings say now.
    pub(crate) fn applied_to(&self, mut policy: Policy) -> Policy {
        if let Some(timeout) = &self.timeout {
            policy.timeout = Some(timeout.get());
        }
        if let Some(deadline) = &self.deadline {
            policy.deadline = Some(deadline.get());
        }
        if let Some(attempts) = &self.attempts {
            policy.attempts = attempts.get();
        }
        policy
    }

    /// Where they come from.
    pub(crate) fn origins(&self) -> impl Iterator<Item = Arc<dyn Origin>> {
        let Self { period, enabled, timeout, deadline, attempts, workers } = self;
        let durations = [period, timeout, deadline].into_iter().flatten().filter_map(Live::origin);
        let enabled = enabled.iter().filter_map(Live::origin);
        let attempts = attempts.iter().filter_map(Live::origin);
        durations.chain(enabled).chain(attempts).chain(workers.iter().filter_map(Live::origin))
    }

    /// Those that the host is to be told of. `held` is what the plan was made with, which may be out of date already.
    pub(crate) fn followed(&self, held: Held) -> impl Iterator<Item = Followed> {
        let period = self.period.clone().zip(held.period);
        let period = period.and_then(|(live, held)| followed(live, held, Setting::Period));
        let enabled = self.enabled.clone().and_then(|live| followed(live, held.enabled, Setting::Enabled));
        let workers = self.workers.clone().zip(held.workers);
        let workers = workers.and_then(|(live, held)| followed(live, held, Setting::Workers));
        [period, enabled, workers].into_iter().flatten()
    }

    /// From here on no value is taken that this plan could not be started with, for as long as `guarded` says. What they say
    /// by now is checked too: it may be other than what the plan was made with.
    pub(crate) fn guard(&self, unit: &str, guarded: &mut Guarded<'_>) {
        let Self { period: _, enabled, timeout, deadline, attempts, workers } = self;
        guarded.guard(enabled, unit, |_, _| {});
        guarded.guard(timeout, unit, |limit, mistakes| policy::check_timeout(*limit, mistakes));
        guarded.guard(deadline, unit, |limit, mistakes| policy::check_deadline(*limit, mistakes));
        guarded.guard(attempts, unit, |attempts, mistakes| policy::check_attempts(*attempts, mistakes));
        guarded.guard(workers, unit, |workers, mistakes| super::items::check_workers(*workers, mistakes));
    }

    /// The same for the period of `timer`.
    pub(crate) fn guard_period(&self, unit: &str, timer: &Timer, guarded: &mut Guarded<'_>) {
        let timer = timer.clone();
        guarded.guard(&self.period, unit, move |period, mistakes| timer.with_period(*period).check(mistakes));
    }
}

/// What a plan was made with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    pub(crate) period: Option<Duration>,
    pub(crate) enabled: bool,
    pub(crate) workers: Option<usize>,
}

/// For whom live values are guarded, and where mistakes that are there already go.
pub(crate) struct Guarded<'a> {
    /// Dropped with the host: what it could not be started with is then nobody's concern.
    pub(crate) lease: &'a Arc<()>,
    pub(crate) mistakes: &'a mut Vec<RegistrationError>,
}

impl Guarded<'_> {
    fn guard<T: Clone + 'static>(
        &mut self,
        live: &Option<Live<T>>,
        unit: &str,
        check: impl Fn(&T, Mistakes<'_>) + Send + Sync + 'static,
    ) {
        let Some(live) = live else { return };
        let name = unit.to_owned();
        let first_mistake = Arc::new(move |candidate: &T| {
            let mut first = None;
            check(candidate, &mut |field, text| {
                first.get_or_insert_with(|| RegistrationError::new(&name, field, text));
            });
            first
        });
        let judge = Arc::clone(&first_mistake);
        live.guard(self.lease, move |candidate| {
            judge(candidate).map_or(Ok(()), |mistake| Err(mistake.to_string()))
        });
        // After the guard is there, so that no value slips in between. What the plan was made with has been checked with it.
        let now = first_mistake(&live.get()).filter(|mistake| !self.mistakes.contains(mistake));
        self.mistakes.extend(now);
    }
}

/// Collects what is wrong with a setting: the setting, and what is allowed.
pub(crate) type Mistakes<'a> = &'a mut dyn FnMut(&'static str, String);

fn followed<T: Clone + Send + 'static>(live: Live<T>, held: T, setting: fn(T) -> Setting) -> Option<Followed>
where
    Live<T>: Send,
{
    let origin = live.origin()?;
    Some(Followed { origin, last: setting(held), read: Box::new(move || setting(live.get())) })
}
