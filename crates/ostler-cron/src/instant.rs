//! Instants as whole seconds from 1970-01-01T00:00:00 in UTC.

use jiff::Timestamp;

/// The instant of a second; `None` beyond those that a [`Timestamp`] holds.
#[inline]
pub(crate) fn of(second: i64) -> Option<Timestamp> {
    // Beyond the last instant, jiff would allocate an error.
    (second <= Timestamp::MAX.as_second()).then(|| Timestamp::from_second(second).ok())?
}

/// The last second that is not later.
#[inline]
pub(crate) fn floor(at: Timestamp) -> i64 {
    at.as_second() - i64::from(at.subsec_nanosecond() < 0)
}

/// The first second that is not earlier.
#[inline]
pub(crate) fn ceil(at: Timestamp) -> i64 {
    at.as_second() + i64::from(at.subsec_nanosecond() > 0)
}
