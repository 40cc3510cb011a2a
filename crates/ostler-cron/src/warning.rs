//! What is allowed, and yet may surprise.

use std::fmt;

use jiff::{Timestamp, civil};

use crate::calendar::SECONDS_PER_DAY;
use crate::canonical::Shape;
use crate::cron::Cron;
use crate::field::Field;
use crate::month::bits;
use crate::reading;
use crate::schedule::Schedule;
use crate::zone::Segment;

/// Something about an expression that may not be what its author meant, and what to do about it.
///
/// ```
/// use ostler_cron::{Cron, Warning};
///
/// let cron = Cron::parse("0 0 13 * FRI")?;
/// assert_eq!(cron.warnings().next(), Some(Warning::BothDays));
/// # Ok::<(), ostler_cron::ParseError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// Day of month and day of week are both restricted. Both must match, where other crons take either.
    BothDays,
    /// It fires in leap years alone.
    OnlyLeapYears,
    /// One of its months is too short for one of its days.
    ShortMonths {
        /// How many days the longest month has that is too short.
        length: i8,
    },
    /// An occurrence falls into a gap within a year: there is no such reading of the clock on that day.
    Gap {
        /// The first reading that it misses.
        reading: civil::DateTime,
        /// The reading to which the clocks are put.
        end: civil::DateTime,
        /// Whether it fires then instead, which is as the [`DstPolicy`](crate::DstPolicy) says.
        fires: bool,
    },
    /// An occurrence falls into an overlap within a year: the clock shows that reading twice.
    Overlap {
        /// The first reading that it meets twice.
        reading: civil::DateTime,
        /// Whether it fires at both.
        twice: bool,
    },
}

impl Cron {
    /// What may surprise in this expression, whatever the zone; each kind at most once. One that never fires has
    /// none: see [`Cron::never_fires`].
    pub fn warnings(&self) -> impl Iterator<Item = Warning> + use<> {
        let fires = !self.never_fires();
        let both = fires && !self.days.is_any() && !self.weekdays.is_any();
        let leap = fires && self.years.are_leap();
        let short = self.longest_too_short().filter(|_| fires && !leap);
        [
            both.then_some(Warning::BothDays),
            leap.then_some(Warning::OnlyLeapYears),
            short.map(|length| Warning::ShortMonths { length }),
        ]
        .into_iter()
        .flatten()
    }

    /// Whether it is not bound to some of the hours of a day.
    fn goes_on_at_all_hours(&self) -> bool {
        Shape::of(Field::Hour, self.hours.into()) == Shape::All
    }

    /// The length of the longest of its months that is too short for its latest day.
    fn longest_too_short(&self) -> Option<i8> {
        let needed = self.length_needed()?;
        let lengths = bits(self.months.into()).flat_map(|month| match month {
            2 => [28, 29],
            4 | 6 | 9 | 11 => [30; 2],
            _ => [31; 2],
        });
        lengths.filter(|&length| length < needed).max().map(|length| length as i8)
    }

    /// How many days a month must have for its latest day to be in it.
    fn length_needed(&self) -> Option<u32> {
        let plain = match Shape::of(Field::DayOfMonth, self.days.plain.into()) {
            Shape::All => return None,
            // A range or a grid that begins before the month may end stands for what there is of it.
            Shape::Steps { first, .. } if first <= 28 => None,
            _ => self.days.plain.checked_ilog2(),
        };
        let from_last = (self.days.from_last | self.days.nearest_from_last).checked_ilog2();
        [plain, self.days.nearest.checked_ilog2(), from_last.map(|before| before + 1)]
            .into_iter()
            .max()
            .flatten()
    }
}

impl Schedule {
    /// What may surprise in this schedule: what [`Cron::warnings`] tells, and the first gap and the first overlap
    /// that an occurrence falls into within a year after `from`. What goes on at all hours, such as `*/5 * * * *`,
    /// has nothing to fear from either.
    pub fn warnings(&self, from: Timestamp) -> impl Iterator<Item = Warning> + use<> {
        let concerned = !self.cron().is_interval() || !self.cron().goes_on_at_all_hours();
        let first = |tell: fn(&Self, Segment) -> Option<Warning>| {
            self.changes_within_a_year(from).filter(|_| concerned).find_map(|change| tell(self, change))
        };
        self.cron().warnings().chain(first(Self::gap)).chain(first(Self::overlap))
    }

    fn changes_within_a_year(&self, from: Timestamp) -> impl Iterator<Item = Segment> {
        const YEAR: i64 = 366 * SECONDS_PER_DAY;
        let (from, table) = (from.as_second(), self.zone().table());
        let changes = table.into_iter().flat_map(move |table| {
            let next = table.at(from).index + 1;
            (next..).map(|index| table.segment(index))
        });
        changes.take_while(move |change| change.start <= from + YEAR)
    }

    fn gap(&self, change: Segment) -> Option<Warning> {
        let reading = self.cron().first_between(change.before, change.first)?;
        let (reading, end) = (reading::of(reading)?, reading::of(change.first)?);
        Some(Warning::Gap { reading, end, fires: self.fires_after_gap() })
    }

    fn overlap(&self, change: Segment) -> Option<Warning> {
        let reading = self.cron().first_between(change.first, change.before)?;
        Some(Warning::Overlap { reading: reading::of(reading)?, twice: self.cron().is_interval() })
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::BothDays => f.write_str(
                "day of month and day of week must both match here, where other crons take either; \
                 for either, make two schedules of it",
            ),
            Self::OnlyLeapYears => {
                f.write_str("it fires in leap years only; for each year, take a day that each year has")
            }
            Self::ShortMonths { length } => write!(
                f,
                "months of {length} days or fewer lack a day that it names; \
                 for the last day of each month, write `L` as the day"
            ),
            Self::Gap { reading, end, fires } => {
                let (date, missing, end) =
                    (reading.date(), reading::time(reading), reading::beside(end, reading));
                write!(f, "on {date} there is no {missing}, since the clocks go forward to {end}: ")?;
                match fires {
                    true => write!(f, "it fires at {end}; if that matters, take a time that each day has"),
                    false => {
                        write!(f, "it does not fire then; if that matters, take a time that each day has")
                    }
                }
            }
            Self::Overlap { reading, twice } => {
                let (date, time) = (reading.date(), reading::time(reading));
                write!(f, "on {date} the clocks go back, and show {time} twice: ")?;
                match twice {
                    true => {
                        write!(f, "it fires both times; for once, write each time without `*`, `-` and `/`")
                    }
                    false => write!(
                        f,
                        "it fires the first time only; if that matters, take a time that each day has once"
                    ),
                }
            }
        }
    }
}
