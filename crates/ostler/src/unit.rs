//! A unit's name and the settings that ride on it: the same for tasks, consumers, services and mounted values.

use std::sync::Arc;
use std::time::Duration;

use crate::backoff::Backoff;
use crate::clock::MINUTE;
use crate::error::RegistrationError;
use crate::record::UnitKind;

/// How long a unit may take to become ready unless it says otherwise. As long as the host's default grace: whoever
/// waits for the one waits as long for the other.
pub const DEFAULT_START_TIMEOUT: Duration = Duration::from_secs(30);

/// A unit's name and settings. A plain `&str` is a unit with the defaults.
///
/// ```
/// use ostler::{SECOND, unit};
/// let http = unit("http").grace(10 * SECOND).start_timeout(5 * SECOND);
/// # drop(http);
/// ```
#[derive(Debug, Clone)]
pub struct Unit {
    pub(crate) name: Arc<str>,
    pub(crate) grace: Option<Duration>,
    pub(crate) start_timeout: Duration,
    pub(crate) restart: Restart,
    pub(crate) readiness: bool,
    pub(crate) init: bool,
    pub(crate) after: Vec<String>,
}

/// A unit called `name`: 1 to 128 characters of `A-Z a-z 0-9 _ . : -`. Other names, and a second unit of the same name, are
/// refused at start.
pub fn unit(name: impl Into<String>) -> Unit {
    Unit {
        name: name.into().into(),
        grace: None,
        start_timeout: DEFAULT_START_TIMEOUT,
        restart: Restart::on_failure(),
        readiness: false,
        init: false,
        after: Vec::new(),
    }
}

impl Unit {
    /// How long it may take to stop. It can only be shorter than the host's grace, which is one clock for all. Zero means that
    /// it is told *requested* and *aborting* at once.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = Some(grace);
        self
    }

    /// How long it may take to become ready (default [`DEFAULT_START_TIMEOUT`]; zero is refused at start); then the start has
    /// failed. A first poll that blocks counts too, unless it blocks the very thread that the host runs on (a
    /// current-thread runtime of one's own).
    #[must_use]
    pub fn start_timeout(mut self, limit: Duration) -> Self {
        self.start_timeout = limit;
        self
    }

    /// What happens when a service ends (default [`Restart::on_failure`]). Refused for tasks and consumers, whose loops the
    /// host owns and which never end by a failing run.
    #[must_use]
    pub fn restart(mut self, restart: Restart) -> Self {
        self.restart = restart;
        self
    }

    /// Makes the host wait for a mounted value until it has called [`Context::ready`](crate::Context::ready). An
    /// async function that is a service says the same by taking a [`Ready`](crate::Ready). Refused at start for other units.
    #[must_use]
    pub fn readiness(mut self) -> Self {
        self.readiness = true;
        self
    }

    /// The unit runs to its end before others start: migrations, a cache that is warmed up. Those that are `init` run one after
    /// the other, in order of registration, before everything else; its end counts as ready, and its failure fails
    /// the start without another try. Its start timeout covers all of it. For services and mounted values; refused at
    /// start for others.
    #[must_use]
    pub fn init(mut self) -> Self {
        self.init = true;
        self
    }

    /// The unit is started only when the one called `other` is ready, and stopped before it. May be called more than once.
    ///
    /// It adds to the waves, in which tasks, consumers and mounted values come before services: a unit that comes after
    /// one of a later wave is of that wave itself. Cycles, and names that no unit has, are refused at start.
    ///
    /// It is an order, not a tie: once the unit runs, what happens to `other` (a restart, readiness lost, a stop by hand)
    /// does not touch it.
    #[must_use]
    pub fn after(mut self, other: impl Into<String>) -> Self {
        self.after.push(other.into());
        self
    }

    pub(crate) fn check(&self, kind: UnitKind, mistakes: &mut Vec<RegistrationError>) {
        let mut mistake = |field, text: &str| mistakes.push(RegistrationError::new(&self.name, field, text));
        if !is_name(&self.name) {
            mistake("name", "must be 1 to 128 characters of A-Z a-z 0-9 _ . : -");
        }
        if self.start_timeout.is_zero() {
            mistake("start_timeout", "must be longer than zero");
        }
        if kind != UnitKind::Service && self.readiness {
            mistake(
                "readiness",
                "is for mounted values; the host owns this unit's loop and knows when it is up",
            );
        }
        if kind != UnitKind::Service && self.restart != Restart::on_failure() {
            mistake("restart", "is for services; a task or a consumer never ends by a failing run");
        }
        if kind != UnitKind::Service && self.init {
            mistake("init", "is for services and mounted values; this unit never runs to an end");
        }
        if self.init && self.readiness {
            mistake("init", "such a unit is ready when it has ended; it does not say so before");
        }
        if self.init && self.restart != Restart::on_failure() {
            mistake(
                "restart",
                "an `init` unit is not tried again; what may fail for a while is tried again inside of it",
            );
        }
        if self.restart.window.is_zero() {
            mistake("restart", "the budget's window must be longer than zero");
        }
    }
}

impl<T: Into<String>> From<T> for Unit {
    fn from(name: T) -> Self {
        unit(name)
    }
}

pub(crate) fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
    (1..=128).contains(&name.len()) && name.bytes().all(allowed)
}

/// Restarts that a service may use up before it counts as failed, unless [`Restart::budget`] says otherwise. Five in
/// a minute ride out a deploy of a neighbour, and a service that cannot live shows within seconds.
pub const DEFAULT_RESTARTS: u32 = 5;

/// The sliding window of [`DEFAULT_RESTARTS`].
pub const DEFAULT_RESTART_WINDOW: Duration = MINUTE;

/// The first wait before a restart unless [`Restart::backoff`] says otherwise.
pub const DEFAULT_RESTART_BACKOFF: Duration = Duration::from_millis(500);

/// When a service is run again, how often, and what happens when that is not enough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Restart {
    pub(crate) when: When,
    pub(crate) budget: u32,
    pub(crate) window: Duration,
    pub(crate) backoff: Backoff,
    pub(crate) spent: Spent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Never,
    OnFailure,
    Always,
}

/// What happens when a service has used up its restarts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Spent {
    /// The host stops with the unit's error (exit code 1): a dead service must not look alive.
    #[default]
    StopHost,
    /// The unit stays `failed`, health says so, and the others go on.
    StayFailed,
}

impl Restart {
    /// Never run again: the first failure counts as the budget spent.
    pub const fn never() -> Self {
        Self::when(When::Never)
    }

    /// Run again after an error or a panic, not after `Ok` (the default).
    pub const fn on_failure() -> Self {
        Self::when(When::OnFailure)
    }

    /// Run again however it ended. An end by `Ok` uses the budget too.
    pub const fn always() -> Self {
        Self::when(When::Always)
    }

    const fn when(when: When) -> Self {
        Self {
            when,
            budget: DEFAULT_RESTARTS,
            window: DEFAULT_RESTART_WINDOW,
            backoff: Backoff::exponential(DEFAULT_RESTART_BACKOFF),
            spent: Spent::StopHost,
        }
    }

    /// At most `restarts` within any `window`; each counts from the end of the instance before it. A window of zero is refused
    /// at start. Where the waits between restarts are as long as the window, the budget is never spent.
    #[must_use]
    pub const fn budget(mut self, restarts: u32, window: Duration) -> Self {
        self.budget = restarts;
        self.window = window;
        self
    }

    /// The waits between restarts: the first, second .. wait of the back-off for the first, second .. restart within the
    /// budget's window.
    #[must_use]
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// What happens when the budget is spent.
    #[must_use]
    pub const fn when_spent(mut self, spent: Spent) -> Self {
        self.spent = spent;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        for good in ["a", "daily-report", "jobs:mail.v2", &"x".repeat(128)] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "two words", "naïve", "a/b", "line\nbreak", &"x".repeat(129)] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
