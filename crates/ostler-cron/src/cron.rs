//! The expression: what it matches, as sets of bits.

use std::fmt;
use std::str::FromStr;

use jiff::civil::DateTime;

use crate::error::ParseError;
use crate::field::Field;
use crate::month::{self, Days, Month, Weekdays};
use crate::parse;
use crate::schedule::Schedule;
use crate::years::Years;
use crate::zone::Zone;

/// A cron expression.
///
/// It holds what the text means and not the text: two are equal when their fields hold the same values and both are intervals
/// or both are points, so `0 8 * * MON-FRI` equals `0 0 8 ? * 1,2,3,4,5`. It is printed in a canonical form that parses to an equal value.
///
/// ```
/// use ostler_cron::Cron;
///
/// let report: Cron = "0 0 8 * * mon-fri".parse()?;
/// assert_eq!(report.to_string(), "0 8 * * 1-5");
/// assert_eq!(report, Cron::parse("0 8 ? * 1,2,3,4,5")?);
/// # Ok::<(), ostler_cron::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cron {
    /// Bit n is second n.
    pub(crate) seconds: u64,
    pub(crate) minutes: u64,
    pub(crate) hours: u32,
    pub(crate) days: Days,
    /// Bit 1 is January.
    pub(crate) months: u16,
    pub(crate) weekdays: Weekdays,
    /// Known from the three above.
    pub(crate) years: Years,
    pub(crate) interval: bool,
}

impl Cron {
    /// The longest text that is read, in bytes.
    pub const MAX_LENGTH: usize = 256;

    /// Reads an expression or a macro; the grammar is that of the [crate]. Blanks around it do not matter.
    ///
    /// One that can never fire (`0 0 30 2 *`) is read; [`Cron::never_fires`] tells. A text has at most 256 bytes
    /// ([`Cron::MAX_LENGTH`]), and an expression whose canonical text would be longer is refused, as that could not be read
    /// again: `0/3,1/3 0/3,1/3 0/3,1/3 1/3,2/3 * *` holds 100 values and more that have no short form together.
    ///
    /// # Errors
    /// [`ParseError`] with the field, the place and what is allowed there; also for `H`, which needs an id, and for `@every`, which is
    /// an [`Every`](crate::Every).
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parse::cron(text, None)
    }

    /// Reads an expression whose fields may be `H`: a value that is chosen by a hash of `id` and the field, so that many schedules
    /// do not fire in one minute. `H/15` starts at one of the first 15 values and goes on in steps of 15. The same id gets the same values on every
    /// machine and in every release. As a day of month it is at most 28, so that it is in every month.
    ///
    /// ```
    /// use ostler_cron::Cron;
    ///
    /// let cron = Cron::parse_with_id("H H * * *", "nightly-cleanup")?;
    /// assert_eq!(cron, Cron::parse_with_id("H H * * *", "nightly-cleanup")?);
    /// // Printed as what was chosen.
    /// assert!(!cron.to_string().contains('H'));
    /// # Ok::<(), ostler_cron::ParseError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Cron::parse`].
    pub fn parse_with_id(text: &str, id: &str) -> Result<Self, ParseError> {
        parse::cron(text, Some(id))
    }

    /// The expression in a time zone, which answers when it fires.
    #[must_use]
    pub fn in_zone(self, zone: Zone) -> Schedule {
        Schedule::new(self, zone)
    }

    /// The expression in UTC.
    #[must_use]
    pub fn in_utc(self) -> Schedule {
        Schedule::new(self, Zone::UTC)
    }

    /// Whether the fields match this reading of a clock. Fractions of the second do not matter, nor does any time zone.
    #[must_use]
    pub fn matches(&self, at: DateTime) -> bool {
        let month = Month {
            length: at.date().days_in_month() as u32,
            first: at.date().first_of_month().weekday().to_sunday_zero_offset() as u32,
        };
        self.seconds & 1 << at.second() != 0
            && self.minutes & 1 << at.minute() != 0
            && self.hours & 1 << at.hour() != 0
            && self.months & 1 << at.month() != 0
            && self.matching_days(month) & 1 << at.day() != 0
    }

    /// Whether there is no date on which it fires, in any zone: 30 February. Known since it was read.
    #[must_use]
    pub fn never_fires(&self) -> bool {
        self.years.is_empty()
    }

    /// Whether its second, minute or hour was written with `*`, `?`, `-` or `/`, which decides what happens when
    /// [the clocks change](crate#when-the-clocks-change).
    #[must_use]
    pub fn is_interval(&self) -> bool {
        self.interval
    }

    pub(crate) fn matching_days(&self, month: Month) -> u32 {
        month::matching(&self.days, &self.weekdays, month)
    }

    /// The first matching local second from `first` on that is before `end`.
    pub(crate) fn first_between(&self, first: i64, end: i64) -> Option<i64> {
        self.first_from(first).filter(|&second| second < end)
    }

    /// The values of a field of plain values: bit n is value n.
    pub(crate) fn values(&self, field: Field) -> u64 {
        match field {
            Field::Second => self.seconds,
            Field::Minute => self.minutes,
            Field::Hour => u64::from(self.hours),
            Field::DayOfMonth => u64::from(self.days.plain),
            Field::Month => u64::from(self.months),
            Field::DayOfWeek => u64::from(self.weekdays.plain),
        }
    }
}

impl FromStr for Cron {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

impl TryFrom<&str> for Cron {
    type Error = ParseError;

    fn try_from(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

impl fmt::Debug for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cron({self})")
    }
}
