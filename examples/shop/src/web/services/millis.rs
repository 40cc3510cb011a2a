//! Durations in answers: milliseconds, to the microsecond, for many runs here take less than one.

use std::time::Duration;

/// Exact for any duration that a person will see: a float holds 53 bits.
pub(super) fn millis(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_runs_are_not_nothing() {
        assert_eq!(millis(Duration::from_nanos(1_234_567)), 1.234);
        assert_eq!(millis(Duration::from_secs(3_600)), 3_600_000.0);
        assert_eq!(millis(Duration::ZERO), 0.0);
    }
}
