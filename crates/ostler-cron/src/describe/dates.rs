//! On which days.

use std::fmt;

use crate::bits::bits;
use crate::cron::Cron;
use crate::describe::monthdays;
use crate::describe::weekdays;
use crate::describe::weekdays::Condition;
use crate::describe::words;
use crate::month::Days;
use crate::month::Weekdays;

const ALL_MONTHS: u16 = !1 & ((1 << 13) - 1);

pub(super) struct Dates {
    days: Days,
    months: u16,
    weekdays: Weekdays,
    only_leap_years: bool,
}

impl Dates {
    pub(super) fn of(cron: &Cron) -> Self {
        Self {
            days: cron.days,
            months: cron.months,
            weekdays: cron.weekdays,
            only_leap_years: cron.years.are_leap(),
        }
    }

    /// Whether there is nothing to be said.
    pub(super) fn is_any(&self) -> bool {
        self.days.is_any() && self.weekdays.is_any() && self.months == ALL_MONTHS
    }

    pub(super) fn write_never(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = self.days.plain;
        if days.count_ones() != 1 || !self.days.is_plain() || !self.weekdays.is_any() {
            return write!(f, "Never: there is no such day ({self})");
        }
        f.write_str("Never: there is no ")?;
        let day = days.trailing_zeros();
        words::write_any(f, bits(self.months).map(|month| DayAndMonth(day, words::month(month))))
    }

    fn write_monthdays(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        words::write_all(f, monthdays::Part::all(&self.days))?;
        self.write_of_month(f, monthdays::Part::all(&self.days).count())
    }

    fn write_weekdays(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        words::write_all(f, weekdays::Part::all(&self.weekdays))?;
        match self.weekdays.is_plain() {
            true if self.months == ALL_MONTHS => Ok(()),
            true => write!(f, ", {}", In(self.months)),
            false => self.write_of_month(f, weekdays::Part::all(&self.weekdays).count()),
        }
    }

    /// The months, after so many parts of which each could be what they belong to.
    fn write_of_month(&self, f: &mut fmt::Formatter<'_>, parts: usize) -> fmt::Result {
        if self.months == ALL_MONTHS {
            f.write_str(" of the month")
        } else if parts > 1 {
            write!(f, " of the month, {}", In(self.months))
        } else if let Some((first, last)) = run(self.months) {
            write!(f, " of each month from {} to {}", words::month(first), words::month(last))
        } else {
            f.write_str(" of ")?;
            words::write_all(f, bits(self.months).map(words::month))
        }
    }

    fn write_condition(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one_day = self.days.is_plain() && self.days.plain.count_ones() == 1;
        f.write_str(if one_day { " when it is " } else { ", only when it is " })?;
        words::write_any(f, weekdays::Part::all(&self.weekdays).map(Condition))
    }
}

impl fmt::Display for Dates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.days.is_any(), self.weekdays.is_any()) {
            (true, true) => write!(f, "every day {}", In(self.months))?,
            (true, false) => self.write_weekdays(f)?,
            (false, true) => self.write_monthdays(f)?,
            (false, false) => {
                self.write_monthdays(f)?;
                self.write_condition(f)?;
            }
        }
        f.write_str(if self.only_leap_years { ", in leap years" } else { "" })
    }
}

/// The months from one to another, around the end of the year.
fn run(months: u16) -> Option<(u32, u32)> {
    words::run_around(months.into(), 1, 12)
}

/// `in March and July`, `from March to July`.
struct In(u16);

impl fmt::Display for In {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((first, last)) = run(self.0) {
            return write!(f, "from {} to {}", words::month(first), words::month(last));
        }
        f.write_str("in ")?;
        words::write_all(f, bits(self.0).map(words::month))
    }
}

/// `30 February`.
struct DayAndMonth(u32, &'static str);

impl fmt::Display for DayAndMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, self.1)
    }
}
