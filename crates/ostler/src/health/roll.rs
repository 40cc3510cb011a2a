//! The units of a host as they were found at a moment, and for how long an answer may be made of that. Pure.
//!
//! Probes are answered on the sentinel's thread, which has the clock, the signals and the watchdog to keep. A look over
//! a hundred thousand units takes it tens of milliseconds, and anyone may ask as often as they like: with so many,
//! one look is good for several answers.

use std::time::{Duration, Instant};

use super::shortlist::Shortlist;

/// With fewer units a look costs about as much as the request that asks for it: each answer has its own.
const MANY: usize = 1_000;

/// How many times as long as it took a look is good for: so looks take a twentieth of the thread at most.
const GOOD_FOR: u32 = 20;

/// However long it took, no answer is made of what is older: a thread that got no time to run took long as well.
const OLDEST: Duration = Duration::from_secs(5);

/// See the module.
#[derive(Debug)]
pub(crate) struct Roll {
    pub(crate) list: Shortlist,
    pub(crate) units: usize,
    /// When the look began, and how long it took.
    pub(crate) began: Instant,
    pub(crate) took: Duration,
}

impl Roll {
    /// Whether an answer may be made of it at `now`.
    pub(crate) fn is_good(&self, now: Instant) -> bool {
        let good_for = self.took.saturating_mul(GOOD_FOR).min(OLDEST);
        self.units >= MANY && self.age(now) < good_for
    }

    pub(crate) fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.began)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    const MILLI: Duration = Duration::from_millis(1);

    /// Whether a look over so many units that took so long is good after that time.
    fn is_good(units: usize, took: Duration, after: Duration) -> bool {
        let began = Clock::real().now();
        let roll = Roll { list: Shortlist::default(), units, began, took };
        roll.is_good(began + after)
    }

    #[test]
    fn a_small_host_is_looked_at_for_each_answer() {
        for units in [0, 1, MANY - 1] {
            assert!(!is_good(units, Duration::from_secs(1), Duration::ZERO), "{units} units");
        }
        assert!(is_good(MANY, Duration::from_secs(1), Duration::ZERO));
    }

    #[test]
    fn of_a_large_one_a_look_is_good_for_twenty_times_as_long_as_it_took() {
        assert!(is_good(100_000, 50 * MILLI, 1_000 * MILLI - Duration::from_nanos(1)));
        assert!(!is_good(100_000, 50 * MILLI, 1_000 * MILLI));
        assert!(!is_good(100_000, Duration::ZERO, Duration::ZERO), "a virtual clock stands still meanwhile");
    }

    #[test]
    fn no_look_is_good_for_more_than_five_seconds() {
        for took in [Duration::from_millis(250), Duration::from_secs(60), Duration::MAX] {
            assert!(is_good(MANY, took, OLDEST - MILLI), "{took:?}");
            assert!(!is_good(MANY, took, OLDEST), "{took:?}");
        }
    }
}
