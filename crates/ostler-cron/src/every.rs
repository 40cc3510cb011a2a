//! `@every 90s`: a fixed interval.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::duration;
use crate::error::ParseError;
use crate::mistake::Mistake;
use crate::text;

/// A fixed interval: `@every 90s`.
///
/// Its ticks are a grid through an anchor, which the caller chooses (the start of a program, or an instant that several agree on).
/// It has nothing to do with clocks on walls and time zones.
///
/// ```
/// use ostler_cron::Every;
///
/// let every = Every::parse("@every 1h30m")?;
/// assert_eq!(every.period().as_secs(), 5_400);
/// let anchor = "2026-01-01T00:00:00Z".parse()?;
/// let next = every.next_after(anchor, "2026-01-01T02:00:00Z".parse()?);
/// assert_eq!(next, Some("2026-01-01T03:00:00Z".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Every {
    period: SignedDuration,
}

impl Every {
    /// An interval of so long; `None` where it is not a whole number of milliseconds, or zero, or longer than
    /// `i64::MAX` of them.
    ///
    /// ```
    /// use std::time::Duration;
    /// use ostler_cron::Every;
    ///
    /// assert_eq!(Every::new(Duration::from_secs(90)), Every::parse("@every 90s").ok());
    /// assert_eq!(Every::new(Duration::ZERO), None);
    /// ```
    #[must_use]
    pub fn new(period: Duration) -> Option<Self> {
        let millis = i64::try_from(period.as_millis()).ok()?;
        let is_whole = period.subsec_nanos().is_multiple_of(1_000_000);
        (is_whole && millis > 0).then(|| Self { period: SignedDuration::from_millis(millis) })
    }

    /// Reads `@every` and a duration: whole numbers with the units `d` (of 24 hours), `h`, `m`, `s` and `ms` in this
    /// order, each at most once, with blanks between them or without: `90s`, `1h30m`, `1d 12h`.
    ///
    /// # Errors
    /// [`ParseError`] with the place: it does not begin with `@every`, a number or its unit is missing, a unit is
    /// repeated or out of order, or the whole is zero or too long.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        text::refuse_too_long(text)?;
        let (start, trimmed) = text::trim(text);
        if !text::is_every(trimmed) {
            return Err(ParseError::whole(start, Mistake::NotAnInterval));
        }
        let rest = &trimmed[text::EVERY.len()..];
        let (blanks, span) = text::trim(rest);
        let millis = duration::read(span, start + text::EVERY.len() + blanks)?;
        Ok(Self { period: SignedDuration::from_millis(millis) })
    }

    /// The time from one tick to the next.
    #[must_use]
    pub fn period(&self) -> Duration {
        self.period.unsigned_abs()
    }

    /// The first tick after `from` of the grid through `anchor`, which reaches both ways; `None` beyond what a
    /// [`Timestamp`] can hold.
    #[must_use]
    pub fn next_after(&self, anchor: Timestamp, from: Timestamp) -> Option<Timestamp> {
        let ticks = self.ticks_until(anchor, from).checked_add(1)?;
        self.tick(anchor, ticks)
    }

    /// The last tick before `from`; see [`Every::next_after`].
    #[must_use]
    pub fn previous_before(&self, anchor: Timestamp, from: Timestamp) -> Option<Timestamp> {
        let ticks = self.ticks_until(anchor, from);
        let on_tick = self.tick(anchor, ticks) == Some(from);
        self.tick(anchor, ticks.checked_sub(i128::from(on_tick))?)
    }

    /// How many whole periods lie between the two; below zero where `from` is before the anchor.
    fn ticks_until(&self, anchor: Timestamp, from: Timestamp) -> i128 {
        from.duration_since(anchor).as_nanos().div_euclid(self.period.as_nanos())
    }

    fn tick(&self, anchor: Timestamp, ticks: i128) -> Option<Timestamp> {
        let since = ticks.checked_mul(self.period.as_nanos())?;
        Timestamp::from_nanosecond(anchor.as_nanosecond().checked_add(since)?).ok()
    }
}

impl FromStr for Every {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

impl TryFrom<&str> for Every {
    type Error = ParseError;

    fn try_from(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

/// The text that parses to it, with the largest units: `@every 1h 30m`.
impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(text::EVERY)?;
        duration::write(f, self.period.as_millis())
    }
}
