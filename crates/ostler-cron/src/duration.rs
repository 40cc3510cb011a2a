//! Durations as `@every` takes them: `1h 30m`.

use std::fmt;

use crate::error::{ParseError, Result};
use crate::mistake::Mistake;
use crate::text::is_blank;

/// In milliseconds, the longest first. A day has 24 hours: whatever depends on a calendar has no fixed length.
const UNITS: [(&str, i64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// How many milliseconds `text` says, which begins at `start` and has no blanks around it.
pub(crate) fn read(text: &str, start: usize) -> Result<i64> {
    let mut units = &UNITS[..];
    let (mut total, mut rest) = (0_i64, text);
    loop {
        let at = start + text.len() - rest.len();
        let error = |offset: usize, mistake| ParseError::whole(at + offset, mistake);
        let (number, after) = split(rest, |char| char.is_ascii_digit());
        let (unit, after) = split(after, char::is_alphabetic);
        if number.is_empty() {
            return Err(error(0, Mistake::NoNumber));
        }
        let place =
            |units: &[(&str, i64)]| units.iter().position(|(name, _)| name.eq_ignore_ascii_case(unit));
        let Some(found) = place(units) else {
            let mistake = if place(&UNITS).is_some() { Mistake::UnitOrder } else { Mistake::NoUnit };
            return Err(error(number.len(), mistake));
        };
        let millis = number.parse().ok().and_then(|number: i64| number.checked_mul(units[found].1));
        let sum = millis.and_then(|millis| total.checked_add(millis));
        total = sum.ok_or_else(|| error(0, Mistake::LongInterval))?;
        units = &units[found + 1..];
        rest = after.trim_start_matches(is_blank);
        if rest.is_empty() {
            break;
        }
    }
    if total == 0 { Err(ParseError::whole(start, Mistake::ZeroInterval)) } else { Ok(total) }
}

/// What fulfils the condition, and the rest.
fn split(text: &str, is_part: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|char| !is_part(char)).unwrap_or(text.len()))
}

/// Each part after a blank; those that are zero are left out.
pub(crate) fn write(f: &mut fmt::Formatter<'_>, millis: i128) -> fmt::Result {
    let mut rest = millis;
    for (unit, size) in UNITS {
        let count = rest / i128::from(size);
        rest %= i128::from(size);
        if count > 0 {
            write!(f, " {count}{unit}")?;
        }
    }
    Ok(())
}
