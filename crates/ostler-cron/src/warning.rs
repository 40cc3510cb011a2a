//! What is allowed, and yet may surprise.

use std::fmt;

use jiff::{Timestamp, civil};

use crate::bits::bits;
use crate::calendar::{self, SECONDS_PER_DAY};
use crate::cron::Cron;
use crate::field::Field;
use crate::months::Months;
use crate::reading;
use crate::schedule::{DstPolicy, Schedule};
use crate::shape::Shape;
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Warning {
    /// Day of month and day of week are both restricted. Both must match, where other crons take either.
    BothDays,
    /// It fires in leap years alone.
    OnlyLeapYears,
    /// Some of its months are too short for one of its days, which does not occur in them.
    ShortMonths {
        /// Those months.
        months: Months,
        /// How many days a month must have for all of its days.
        needed: i8,
        /// Whether it counts days from the end of the month already, as `L` does.
        from_end: bool,
    },
    /// It names a fifth weekday of a month, such as `MON#5`, which some months lack.
    FifthWeekday,
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
        let short = self.short_months().filter(|_| fires && !leap);
        let fifth = fires && !leap && self.names_a_fifth_weekday();
        [
            both.then_some(Warning::BothDays),
            leap.then_some(Warning::OnlyLeapYears),
            short,
            fifth.then_some(Warning::FifthWeekday),
        ]
        .into_iter()
        .flatten()
    }

    /// Whether it is a grid over each hour of each day, of which nothing is lost where the clocks change.
    fn goes_on_for_ever(&self) -> bool {
        let all_hours = Shape::of(Field::Hour, self.hours.into()) == Shape::All;
        let all_months = Shape::of(Field::Month, self.months.into()) == Shape::All;
        self.interval && all_hours && self.days.is_any() && all_months && self.weekdays.is_any()
    }

    fn short_months(&self) -> Option<Warning> {
        let needed = self.length_needed()?;
        let is_short = |&month: &u32| calendar::days_in_month(month, false) < needed;
        let months = bits(self.months).filter(is_short).fold(0, |months, month| months | 1 << month);
        let from_end = self.days.from_last | self.days.nearest_from_last != 0;
        let warning = Warning::ShortMonths { months: Months::of(months), needed: needed as i8, from_end };
        (months != 0).then_some(warning)
    }

    /// Whether there is one that is not told by its weekday or as the last one as well.
    fn names_a_fifth_weekday(&self) -> bool {
        self.weekdays.nth[4] & !self.weekdays.plain & !self.weekdays.last != 0
    }

    /// How many days a month must have for its latest day to be in it.
    fn length_needed(&self) -> Option<u32> {
        let plain = match Shape::of(Field::DayOfMonth, self.days.plain.into()) {
            Shape::All => return None,
            // A range that begins before any month ends, and a grid from the first on, stand for what there is of them.
            Shape::Steps { first, step: 1, .. } if first <= 28 => None,
            Shape::Steps { first: 1, .. } => None,
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
    /// that an occurrence falls into within a year after `from`, in order of time. A grid over each hour of each day,
    /// such as `*/5 * * * *`, has nothing to fear from an overlap, nor from a gap but under [`DstPolicy::Cronos`].
    pub fn warnings(&self, from: Timestamp) -> impl Iterator<Item = Warning> + use<> {
        let goes_on = self.cron().goes_on_for_ever();
        let gap =
            (!goes_on || self.dst_policy() == DstPolicy::Cronos).then(|| self.first_told(from, Self::gap));
        let overlap = (!goes_on).then(|| self.first_told(from, Self::overlap));
        let mut changes = [gap.flatten(), overlap.flatten()];
        if let [Some((gap, _)), Some((overlap, _))] = changes
            && overlap < gap
        {
            changes.reverse();
        }
        self.cron().warnings().chain(changes.into_iter().flatten().map(|(_, warning)| warning))
    }

    /// The first change of which there is something to tell, by its second.
    fn first_told(
        &self,
        from: Timestamp,
        tell: impl Fn(&Self, Segment) -> Option<Warning>,
    ) -> Option<(i64, Warning)> {
        self.changes_within_a_year(from).find_map(|change| Some((change.start, tell(self, change)?)))
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
            Self::ShortMonths { months, needed, from_end } => {
                write!(f, "{months} {} fewer than {needed} days", months.have())?;
                if needed == 29 && months.are_february() {
                    f.write_str(" but in leap years")?;
                }
                f.write_str(", so that a day that it names does not occur there")?;
                if from_end { Ok(()) } else { f.write_str("; for the last day of each month, write `L` as the day") }
            }
            Self::FifthWeekday => f.write_str(
                "not every month has a fifth weekday of a kind; for the last one of each month, write `L` instead of \
                 `#5`, such as MONL",
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
