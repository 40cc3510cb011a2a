//! `@every 90s`: a fixed interval.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::error::{Mistake, ParseError};
use crate::parse;

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
    /// Reads `@every` and a duration: numbers with the units `d` (of 24 hours), `h`, `m`, `s` and `ms`, as `1h30m` or `1h 30m`.
    ///
    /// # Errors
    /// [`ParseError`]: it does not begin with `@every`, or its duration cannot be read, or is zero or below.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parse::refuse_too_long(text)?;
        let (start, trimmed) = parse::trim(text);
        let word = trimmed.split(parse::is_blank).next().unwrap_or_default();
        if !word.eq_ignore_ascii_case("@every") {
            return Err(ParseError::whole(start, Mistake::NotAnInterval));
        }
        let (blanks, duration) = parse::trim(&trimmed[word.len()..]);
        let mistake = || ParseError::whole(start + word.len() + blanks, Mistake::Duration);
        let period = read_duration(duration).filter(|period| *period > SignedDuration::ZERO);
        Ok(Self { period: period.ok_or_else(mistake)? })
    }

    /// The time from one tick to the next.
    pub fn period(&self) -> Duration {
        self.period.unsigned_abs()
    }

    /// The first tick after `from` of the grid through `anchor`, which reaches both ways; `None` beyond what a
    /// [`Timestamp`] can hold.
    pub fn next_after(&self, anchor: Timestamp, from: Timestamp) -> Option<Timestamp> {
        let ticks = self.ticks_until(anchor, from).checked_add(1)?;
        self.tick(anchor, ticks)
    }

    /// The last tick before `from`; see [`Every::next_after`].
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

/// Days have 24 hours here; anything that depends on a calendar has no fixed length and is refused.
fn read_duration(text: &str) -> Option<SignedDuration> {
    const DAY: SignedDuration = SignedDuration::from_hours(24);
    let days_end = text.find(['d', 'D']);
    let Some((days, rest)) = days_end.map(|end| text.split_at(end)) else {
        return text.parse().ok();
    };
    if !days.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok();
    }
    let days = DAY.checked_mul(days.parse().ok()?)?;
    let rest = rest[1..].trim_start_matches(parse::is_blank);
    if rest.is_empty() {
        return Some(days);
    }
    let rest: SignedDuration = rest.parse().ok()?;
    days.checked_add(rest).filter(|_| rest > SignedDuration::ZERO)
}

impl FromStr for Every {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

/// The text that parses to it.
impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@every {:#}", self.period)
    }
}
