//! How long to wait before the next attempt: pure, from (policy, attempt, seed) to a delay.

use std::time::Duration;

/// The longest wait unless [`Backoff::max`] says otherwise: long enough to spare a struggling peer, short
/// enough that a recovery is noticed within a coffee break.
pub const DEFAULT_MAX: Duration = Duration::from_secs(5 * 60);

/// The share of each wait that is random unless [`Backoff::jitter`] says otherwise. A fifth spreads a thousand
/// clients that failed together, and the waits still look like what the policy says.
pub const DEFAULT_JITTER: f64 = 0.2;

/// Exponential back-off with jitter.
///
/// The wait before attempt `n + 1` is `first * factor^(n - 1)`, at most `max`, of which a random share of up to
/// `jitter` is taken off. With the defaults `Backoff::exponential(2 * SECOND)` waits about 2, 4, 8 s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    first: Duration,
    factor: f64,
    max: Duration,
    jitter: f64,
}

impl Default for Backoff {
    /// Starts at one second and doubles.
    fn default() -> Self {
        Self::exponential(Duration::from_secs(1))
    }
}

impl Backoff {
    /// Doubles from `first` up to [`DEFAULT_MAX`] (or `first`, where that is longer).
    pub const fn exponential(first: Duration) -> Self {
        let max = if first.as_nanos() > DEFAULT_MAX.as_nanos() { first } else { DEFAULT_MAX };
        Self { first, factor: 2.0, max, jitter: DEFAULT_JITTER }
    }

    /// The same wait each time.
    pub const fn constant(wait: Duration) -> Self {
        Self { first: wait, factor: 1.0, max: wait, jitter: DEFAULT_JITTER }
    }

    /// What each wait is multiplied by; values below 1, and those that are not finite, count as 1.
    #[must_use]
    pub fn factor(mut self, factor: f64) -> Self {
        self.factor = if factor.is_finite() { factor.max(1.0) } else { 1.0 };
        self
    }

    /// The longest wait.
    #[must_use]
    pub const fn max(mut self, max: Duration) -> Self {
        self.max = max;
        self
    }

    /// The share of a wait that is random, 0 (exact waits) to 1 (anything from nothing to the whole wait).
    #[must_use]
    pub fn jitter(mut self, share: f64) -> Self {
        self.jitter = if share.is_finite() { share.clamp(0.0, 1.0) } else { DEFAULT_JITTER };
        self
    }

    /// The wait after the failed attempt number `attempt` (1 is the first; 0 counts as 1). The same `seed` gives the same wait.
    pub fn delay(&self, attempt: u32, seed: u64) -> Duration {
        let exponent = attempt.saturating_sub(1).min(1_000) as i32;
        let grown = self.first.as_secs_f64() * self.factor.powi(exponent);
        let whole = grown.min(self.max.as_secs_f64());
        let kept = 1.0 - self.jitter * unit_interval(seed ^ u64::from(attempt));
        Duration::try_from_secs_f64(whole * kept).unwrap_or(self.max)
    }
}

/// A number in 0..1 from a seed: the finaliser of SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom
/// Number Generators", OOPSLA 2014), of which the upper 53 bits fill a double's mantissa.
pub(crate) fn unit_interval(seed: u64) -> f64 {
    let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    (z >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn without_jitter_the_waits_double_up_to_the_maximum() {
        let backoff = Backoff::exponential(Duration::from_secs(2)).jitter(0.0).max(Duration::from_secs(10));
        let waits: Vec<u64> = (1..=5).map(|attempt| backoff.delay(attempt, 1).as_secs()).collect();
        assert_eq!(waits, [2, 4, 8, 10, 10]);
    }

    proptest! {
        #[test]
        fn a_wait_stays_within_its_jitter_and_maximum(attempt in 1u32..2_000, seed: u64, first in 0u64..100_000, jitter in 0.0f64..=1.0) {
            let first = Duration::from_millis(first);
            let backoff = Backoff::exponential(first).jitter(jitter);
            let exact = Backoff::exponential(first).jitter(0.0).delay(attempt, seed);
            let wait = backoff.delay(attempt, seed);
            prop_assert!(wait <= exact);
            prop_assert!(wait.as_secs_f64() >= exact.as_secs_f64() * (1.0 - jitter) - 1e-6);
            prop_assert_eq!(wait, backoff.delay(attempt, seed));
        }
    }
}
