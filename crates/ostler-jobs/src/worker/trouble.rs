//! Trouble with the store: what health says of it while it lasts, how often it is logged, and how long an actor waits before it tries
//! again. It never ends an actor.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ostler::Health;
use ostler::backoff::Backoff;

use crate::error::StoreError;
use crate::lease::Timer;

/// The wait before another try: short enough that a store that has recovered is noticed within two seconds.
const BACKOFF: Backoff = Backoff::exponential(Duration::from_millis(50)).max(Duration::from_secs(2));

/// How often a source of trouble is logged at most.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// Who has trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Claims,
    Ends,
    Beats,
    Upkeep,
}

impl Source {
    const ALL: usize = 4;

    const fn as_str(self) -> &'static str {
        match self {
            Self::Claims => "claims",
            Self::Ends => "ends of jobs",
            Self::Beats => "beats",
            Self::Upkeep => "upkeep",
        }
    }
}

/// The trouble of all sources.
pub(crate) struct Trouble {
    timer: Timer,
    health: Health,
    sources: Mutex<[Lasting; Source::ALL]>,
}

/// That of one source.
#[derive(Debug, Default, Clone, Copy)]
struct Lasting {
    tries: u32,
    logged: Option<Duration>,
}

impl Trouble {
    pub(crate) fn new(timer: Timer, health: Health) -> Self {
        Self { timer, health, sources: Mutex::default() }
    }

    /// A call has failed. How long to wait before the next one.
    pub(super) fn met(&self, source: Source, error: &StoreError) -> Duration {
        let now = self.timer.now();
        // Held to the end: health must not say what another call has just overtaken.
        let mut sources = self.sources();
        let lasting = &mut sources[source as usize];
        let (tries, logs) = (lasting.met(), lasting.logs(now));
        if logs {
            tracing::warn!(source = source.as_str(), tries, %error, "the store does not work; trying again");
        }
        let text = format!("the store does not take {}: {error}", source.as_str());
        if error.is_transient() {
            self.health.degraded(text)
        } else {
            self.health.unhealthy(text)
        }
        BACKOFF.jitter(0.5).delay(tries, fastrand::u64(..))
    }

    /// A call has succeeded.
    pub(super) fn over(&self, source: Source) {
        let mut sources = self.sources();
        let lasting = &mut sources[source as usize];
        if lasting.tries == 0 {
            return;
        }
        tracing::info!(source = source.as_str(), tries = lasting.tries, "the store works again");
        lasting.tries = 0;
        if sources.iter().all(|lasting| lasting.tries == 0) {
            self.health.healthy();
        }
    }

    fn sources(&self) -> MutexGuard<'_, [Lasting; Source::ALL]> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lasting {
    fn met(&mut self) -> u32 {
        self.tries = self.tries.saturating_add(1);
        self.tries
    }

    /// Whether it is logged now.
    fn logs(&mut self, now: Duration) -> bool {
        let due = self.logged.is_none_or(|last| now.saturating_sub(last) >= LOG_EVERY);
        if due {
            self.logged = Some(now);
        }
        due
    }
}

impl fmt::Debug for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trouble").field("sources", &*self.sources()).finish_non_exhaustive()
    }
}

/// The longest wait between two tries, for whoever has to be sure that one was made.
#[cfg(test)]
const LONGEST: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;
    use ostler::SECOND;

    #[test]
    fn a_source_is_logged_every_ten_seconds_at_most_also_when_it_comes_and_goes() {
        let mut lasting = Lasting::default();
        let logs: Vec<bool> = [0, 1, 9, 10, 11, 20].map(|at| lasting.logs(at * SECOND)).into();
        assert_eq!(logs, [true, false, false, true, false, true]);
    }

    #[test]
    fn the_wait_grows_and_stays_within_two_seconds() {
        for tries in 1..100 {
            assert!(BACKOFF.jitter(0.5).delay(tries, 7) <= LONGEST);
        }
        assert!(BACKOFF.jitter(0.0).delay(1, 0) < BACKOFF.jitter(0.0).delay(4, 0));
    }
}
