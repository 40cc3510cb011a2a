//! Durations as people write them: `30s`, `1h 30m`, `PT5M`, `00:05:00`.

use std::time::Duration;

use jiff::fmt::{friendly, temporal};
use jiff::{Span, SpanRelativeTo};

/// What is asked for, in the words of a problem.
pub(super) const EXPECTED: &str = "a duration such as `30s`, `5m`, `1h 30m`, `PT5M` or `00:05:00`";

/// Why a text is not a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    NoUnit,
    Negative,
    NotOne,
}

pub(super) fn parse(text: &str) -> Result<Duration, Refused> {
    let text = text.trim();
    if text.parse::<f64>().is_ok_and(|number| number.is_finite()) {
        return Err(if text.starts_with('-') { Refused::Negative } else { Refused::NoUnit });
    }
    if let Some(rest) = text.strip_prefix('-') {
        return Err(if parse(rest).is_ok() { Refused::Negative } else { Refused::NotOne });
    }
    // `24:00:00` is a day to some and, in .NET, 24 days: to us it is nothing.
    let is_clock = text.contains(':') && !text.contains(char::is_alphabetic);
    if is_clock { clock(text) } else { in_units(text) }.ok_or(Refused::NotOne)
}

/// .NET's `[days.]hours:minutes[:seconds[.fraction]]`.
fn clock(text: &str) -> Option<Duration> {
    let (days, time) = match text.split_once(':')?.0.split_once('.') {
        Some((days, _)) => (whole(days, u64::MAX)?, text.split_once('.')?.1),
        None => (0, text),
    };
    let mut parts = time.split(':');
    let hours = whole(parts.next()?, 23)?;
    let minutes = whole(parts.next()?, 59)?;
    let (seconds, nanos) = parts.next().map_or(Some((0, 0)), seconds)?;
    if parts.next().is_some() {
        return None;
    }
    let seconds = days.checked_mul(86_400)?.checked_add(hours * 3_600 + minutes * 60 + seconds)?;
    Some(Duration::new(seconds, nanos))
}

fn seconds(text: &str) -> Option<(u64, u32)> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = fraction.len();
    if !(1..=9).contains(&digits) {
        return None;
    }
    let nanos = whole(fraction, u64::MAX)? * 10_u64.pow(9 - u32::try_from(digits).ok()?);
    Some((whole(seconds, 59)?, u32::try_from(nanos).ok()?))
}

fn whole(text: &str, most: u64) -> Option<u64> {
    let number = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
    number.filter(|number| *number <= most)
}

/// `1h 30m` and `PT1H30M`. Days and weeks, which jiff takes only where it is told how long they are, have 24 hours.
fn in_units(text: &str) -> Option<Duration> {
    let exact = friendly::SpanParser::new().parse_unsigned_duration(text);
    let exact = exact.or_else(|_| temporal::SpanParser::new().parse_unsigned_duration(text));
    exact.ok().or_else(|| {
        let span: Span = text.parse().ok()?;
        let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
        Duration::try_from(duration).ok()
    })
}

/// As it is printed; read again, it is the same duration.
pub(super) fn shown(duration: Duration) -> String {
    friendly::SpanPrinter::new().unsigned_duration_to_string(&duration)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_have_units() {
        let seconds = |text| parse(text).map(|duration| duration.as_secs_f64());
        let good = [
            ("30s", 30.0),
            ("5m", 300.0),
            ("1h 30m", 5_400.0),
            ("1h30m", 5_400.0),
            ("250ms", 0.25),
            ("PT5M", 300.0),
            ("2 days", 172_800.0),
            ("1w", 604_800.0),
            ("P1D", 86_400.0),
            ("00:05:00", 300.0),
            ("00:05", 300.0),
            ("1.00:00:00.5", 86_400.5),
            ("23:59:59.9999999", 86_399.999_999_9),
            (" 5s ", 5.0),
            ("0s", 0.0),
        ];
        for (text, expected) in good {
            assert_eq!(seconds(text), Ok(expected), "{text}");
        }
        for text in ["60", "1.5", "0", " 7 "] {
            assert_eq!(seconds(text), Err(Refused::NoUnit), "{text}");
        }
        for text in ["-5s", "-00:05:00", "-5"] {
            assert_eq!(seconds(text), Err(Refused::Negative), "{text}");
        }
        let bad = [
            "",
            "soon",
            "5 parsecs",
            "24:00:00",
            "00:60",
            "1:2:3:4",
            "00:00:00.",
            "1mo",
            "1 year",
            "inf",
            "--5s",
            "-x",
        ];
        for text in bad {
            assert_eq!(seconds(text), Err(Refused::NotOne), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_again(seconds in 0_u64.., nanos in 0_u32..1_000_000_000) {
            let duration = Duration::new(seconds, nanos);
            prop_assert_eq!(parse(&shown(duration)), Ok(duration));
        }

        #[test]
        fn any_text_is_answered(text in "\\PC*", clock in "[-0-9.:PTsmh ]*") {
            let _ = parse(&text);
            let _ = parse(&clock);
        }
    }
}
