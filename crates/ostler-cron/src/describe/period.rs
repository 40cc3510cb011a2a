//! An interval in words.

use std::fmt;
use std::time::Duration;

use crate::describe::words;
use crate::describe::words::Count;
use crate::describe::words::Span;

/// `90 seconds`, `2 days`, `1 hour, 1 minute and 1 second`.
pub(super) struct Period(pub(super) Duration);

/// In milliseconds.
const UNITS: [(&str, u128); 5] =
    [("day", 86_400_000), ("hour", 3_600_000), ("minute", 60_000), ("second", 1_000), ("millisecond", 1)];

impl Period {
    /// The greatest unit of which it is a whole number that people still picture. A day is not said: it is of 24
    /// hours, whatever the calendar holds.
    fn whole(&self) -> Option<Span> {
        const MOST: u128 = 120;
        let millis = self.0.as_millis();
        let (unit, size) = UNITS.into_iter().find(|(_, size)| millis.is_multiple_of(*size))?;
        match (unit, millis / size) {
            ("day", 1) => Some(Span(24, "hour")),
            ("day", count) => u32::try_from(count).ok().map(|count| Span(count, unit)),
            (unit, count) => (count <= MOST).then_some(Span(count as u32, unit)),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(whole) = self.whole() {
            return whole.fmt(f);
        }
        let mut rest = self.0.as_millis();
        let parts = UNITS.iter().filter_map(|&(unit, size)| {
            let count = rest / size;
            rest %= size;
            (count > 0).then_some(Count(count, unit))
        });
        words::write_all(f, parts)
    }
}
