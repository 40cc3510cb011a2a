//! Cron schedules: the seam behind which the evaluator stands. Everything else knows only [`Schedule`].
//!
//! Today it is a thin wrapper over the crate `croner`, on jiff's zones.

use std::fmt;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The longest expression that is read.
const MAX_LENGTH: usize = 256;

/// A cron expression in a time zone, checked: the form for text that comes from users.
///
/// [`cron`](crate::cron) is the form for text in code, whose mistakes are reported at start with all others.
///
/// ```
/// use ostler::Schedule;
///
/// let schedule = Schedule::cron("0 0 8 * * *", "Europe/Oslo")?;
/// let from = "2026-03-28T12:00:00Z".parse()?;
/// // The clocks have gone forward in between: 08:00 is an hour earlier in UTC.
/// assert_eq!(schedule.next_after(from).unwrap().to_string(), "2026-03-29T06:00:00Z");
/// assert!(Schedule::cron("0 61 * * * *", "Europe/Oslo").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Schedule {
    cron: Cron,
    zone: TimeZone,
    text: String,
}

impl Schedule {
    /// Reads `expression` (5 fields, or 6 with seconds first; at most 256 characters) in the zone called `zone`: an IANA name such as
    /// `Europe/Oslo`, or `local` for the zone of this machine.
    ///
    /// # Errors
    /// [`ScheduleError`]: the expression cannot be read, it can never fire, or the zone is not known.
    pub fn cron(expression: &str, zone: &str) -> Result<Self, ScheduleError> {
        let schedule = Self { cron: parse(expression)?, zone: find_zone(zone)?, text: expression.to_owned() };
        if schedule.next_after(Timestamp::UNIX_EPOCH).is_none() {
            return Err(ScheduleError::expression(expression, "it can never fire"));
        }
        Ok(schedule)
    }

    /// The first occurrence after `instant`; `None` when there is none before the year 9999.
    pub fn next_after(&self, instant: Timestamp) -> Option<Timestamp> {
        let from = instant.to_zoned(self.zone.clone());
        let next = self.cron.find_next_occurrence(&from, false).ok()?.timestamp();
        // The contract that the host relies on, whatever the evaluator does: time moves forward.
        (next > instant).then_some(next)
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zone = self.zone.iana_name().unwrap_or("local");
        f.debug_struct("Schedule").field("cron", &self.text).field("zone", &zone).finish()
    }
}

fn parse(expression: &str) -> Result<Cron, ScheduleError> {
    let refuse = |why: &str| Err(ScheduleError::expression(expression, why));
    if expression.len() > MAX_LENGTH {
        return refuse("it is longer than 256 characters");
    }
    let parser =
        CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).dom_and_dow(true).build();
    parser.parse(expression).or_else(|error| refuse(&error.to_string()))
}

fn find_zone(zone: &str) -> Result<TimeZone, ScheduleError> {
    if zone.eq_ignore_ascii_case("local") {
        return Ok(TimeZone::system());
    }
    TimeZone::get(zone).map_err(|_| ScheduleError {
        field: "zone",
        message: format!(
            "`{zone}` is not a known time zone; use an IANA name such as `Europe/Oslo`, or `local`"
        ),
    })
}

/// Why a schedule could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleError {
    field: &'static str,
    message: String,
}

impl ScheduleError {
    fn expression(expression: &str, why: &str) -> Self {
        let shown: String = expression.chars().take(MAX_LENGTH).collect();
        Self {
            field: "cron",
            message: format!("`{shown}` is not a cron expression: {}", why.trim_end_matches('.')),
        }
    }

    /// What is wrong: `cron` or `zone`.
    pub fn field(&self) -> &'static str {
        self.field
    }
}

impl fmt::Display for ScheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ScheduleError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(text: &str, zone: &str, from: &str) -> String {
        let schedule = Schedule::cron(text, zone).unwrap();
        schedule.next_after(from.parse().unwrap()).unwrap().to_string()
    }

    #[test]
    fn five_and_six_fields_are_read() {
        assert_eq!(next("30 2 * * *", "UTC", "2026-01-01T00:00:00Z"), "2026-01-01T02:30:00Z");
        assert_eq!(next("15 30 2 * * *", "UTC", "2026-01-01T00:00:00Z"), "2026-01-01T02:30:15Z");
    }

    #[test]
    fn a_point_in_the_gap_fires_once_after_it() {
        let schedule = Schedule::cron("30 2 * * *", "Europe/Oslo").unwrap();
        let first = schedule.next_after("2026-03-28T12:00:00Z".parse().unwrap()).unwrap();
        let second = schedule.next_after(first).unwrap();
        assert_eq!(first.to_string(), "2026-03-29T01:00:00Z");
        assert_eq!(second.to_string(), "2026-03-30T00:30:00Z");
    }

    #[test]
    fn mistakes_name_their_field() {
        for (text, zone, field) in [
            ("61 * * * *", "UTC", "cron"),
            ("* * *", "UTC", "cron"),
            ("0 0 30 2 *", "UTC", "cron"),
            ("", "UTC", "cron"),
            (&"1,".repeat(200), "UTC", "cron"),
            ("0 8 * * *", "Europe/Osло", "zone"),
        ] {
            assert_eq!(Schedule::cron(text, zone).unwrap_err().field(), field, "{text} {zone}");
        }
    }
}
