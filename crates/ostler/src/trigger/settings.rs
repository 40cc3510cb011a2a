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
    /// What it was when the plan was made.
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

    /// Those that the host is to be told of.
    pub(crate) fn followed(&self) -> impl Iterator<Item = Followed> {
        let period = self.period.clone().and_then(|live| followed(live, Setting::Period));
        let enabled = self.enabled.clone().and_then(|live| followed(live, Setting::Enabled));
        let workers = self.workers.clone().and_then(|live| followed(live, Setting::Workers));
        [period, enabled, workers].into_iter().flatten()
    }

    /// From here on no value is taken that this plan could not be started with. What is given to them at the start is
    /// checked with the rest of the registration.
    pub(crate) fn guard(&self, unit: &str) {
        let Self { period: _, enabled: _, timeout, deadline, attempts, workers } = self;
        guard(timeout, unit, |limit, mistakes| policy::check_timeout(*limit, mistakes));
        guard(deadline, unit, |limit, mistakes| policy::check_deadline(*limit, mistakes));
        guard(attempts, unit, |attempts, mistakes| policy::check_attempts(*attempts, mistakes));
        guard(workers, unit, |workers, mistakes| super::items::check_workers(*workers, mistakes));
    }

    /// The same for the period of `timer`.
    pub(crate) fn guard_period(&self, unit: &str, timer: &Timer) {
        let timer = timer.clone();
        guard(&self.period, unit, move |period, mistakes| timer.with_period(*period).check(mistakes));
    }
}

/// Collects what is wrong with a setting: the setting, and what is allowed.
pub(crate) type Mistakes<'a> = &'a mut dyn FnMut(&'static str, String);

fn guard<T: 'static>(
    live: &Option<Live<T>>,
    unit: &str,
    check: impl Fn(&T, Mistakes<'_>) + Send + Sync + 'static,
) {
    let Some(live) = live else { return };
    let unit = unit.to_owned();
    live.guard(move |candidate| {
        let mut first = None;
        check(candidate, &mut |field, text| {
            first.get_or_insert_with(|| RegistrationError::new(&unit, field, text).to_string());
        });
        first.map_or(Ok(()), Err)
    });
}

fn followed<T: Clone + Send + 'static>(live: Live<T>, setting: fn(T) -> Setting) -> Option<Followed>
where
    Live<T>: Send,
{
    let origin = live.origin()?;
    Some(Followed { origin, last: setting(live.get()), read: Box::new(move || setting(live.get())) })
}
