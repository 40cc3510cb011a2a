//! A custom check's name and settings.

use std::sync::Arc;
use std::time::Duration;

use crate::error::RegistrationError;
use crate::live::{Live, Origin};
use crate::status::Status;
use crate::unit::is_name;

/// How often a check is run unless [`Check::every`] says otherwise: what it finds is known before probes that are
/// ten seconds apart have failed twice.
pub const DEFAULT_CHECK_PERIOD: Duration = Duration::from_secs(15);

/// How long a check may take unless [`Check::timeout`] says otherwise. A dependency that answers later than that is as
/// good as away, and with the period it is known within twenty seconds.
pub const DEFAULT_CHECK_TIMEOUT: Duration = Duration::from_secs(5);

/// A check's name and settings. A plain `&str` is a check with the defaults.
///
/// ```
/// use ostler::{SECOND, Status, check};
/// let db = check("db").every(10 * SECOND).timeout(SECOND).failure(Status::Degraded).tag("db");
/// # drop(db);
/// ```
#[derive(Debug, Clone)]
pub struct Check {
    pub(crate) name: Arc<str>,
    pub(crate) every: Live<Duration>,
    pub(crate) timeout: Live<Duration>,
    pub(crate) failure: Status,
    pub(crate) tags: Vec<Arc<str>>,
}

/// A check called `name`: 1 to 128 characters of `A-Z a-z 0-9 _ . : -`. Other names, and a second check of the same
/// name, are refused at start. Units have names of their own: a check may be called as a unit is.
pub fn check(name: impl Into<String>) -> Check {
    Check {
        name: name.into().into(),
        every: DEFAULT_CHECK_PERIOD.into(),
        timeout: DEFAULT_CHECK_TIMEOUT.into(),
        failure: Status::Unhealthy,
        tags: Vec::new(),
    }
}

impl Check {
    /// How long after the end of one run the next begins (default [`DEFAULT_CHECK_PERIOD`]). Zero is refused. A
    /// live value's change applies to the wait in progress.
    #[must_use]
    pub fn every(mut self, period: impl Into<Live<Duration>>) -> Self {
        self.every = period.into();
        self
    }

    /// How long a run may take (default [`DEFAULT_CHECK_TIMEOUT`]): at its end it is dropped and counts as failed.
    /// Zero is refused. A live value's change applies from the next run on.
    #[must_use]
    pub fn timeout(mut self, limit: impl Into<Live<Duration>>) -> Self {
        self.timeout = limit.into();
        self
    }

    /// What an error, a panic, a timeout or a refused extractor counts as (default [`Status::Unhealthy`]).
    /// [`Status::Healthy`] is refused: nobody would learn of it.
    #[must_use]
    pub fn failure(mut self, status: Status) -> Self {
        self.failure = status;
        self
    }

    /// A word by which probes pick checks: `/readyz?tag=db`. Made of the same characters as a name. May be called
    /// more than once.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into().into());
        self
    }

    pub(crate) fn has_tag(&self, tag: &str) -> bool {
        self.tags.iter().any(|its| **its == *tag)
    }

    /// Where its live values come from.
    pub(crate) fn origins(&self) -> impl Iterator<Item = Arc<dyn Origin>> {
        [self.every.origin(), self.timeout.origin()].into_iter().flatten()
    }

    /// All that is wrong with it. For as long as `lease` lives, its live values are never zero.
    pub(crate) fn inspect(&self, lease: &Arc<()>, mistakes: &mut Vec<RegistrationError>) {
        let name = &self.name;
        let mut mistake =
            |text: String| mistakes.push(RegistrationError::new("", "check", format!("`{name}`: {text}")));
        if !is_name(name) {
            mistake("its name must be 1 to 128 characters of A-Z a-z 0-9 _ . : -".to_owned());
        }
        for (setting, value) in [("every", &self.every), ("timeout", &self.timeout)] {
            value.guard(lease, move |value| longer_than_zero(setting, *value));
            if let Err(text) = longer_than_zero(setting, value.get()) {
                mistake(text);
            }
        }
        if self.failure == Status::Healthy {
            mistake("`failure` must be Degraded or Unhealthy".to_owned());
        }
        for tag in self.tags.iter().filter(|tag| !is_name(tag)) {
            mistake(format!("the tag `{tag}` must be 1 to 128 characters of A-Z a-z 0-9 _ . : -"));
        }
    }
}

pub(crate) fn longer_than_zero(setting: &str, value: Duration) -> Result<(), String> {
    if value.is_zero() { Err(format!("`{setting}` must be longer than zero")) } else { Ok(()) }
}

impl<T: Into<String>> From<T> for Check {
    fn from(name: T) -> Self {
        check(name)
    }
}
