//! The next and the previous second of the wall clock that an expression matches, as if no clock were ever changed.
//!
//! Such a *local second* is counted from 1970-01-01T00:00:00 by the clock on the wall. Whole months and years without a match
//! are passed over; a day is never looked at alone.

use crate::bits::bits;
use crate::calendar::{self, Date, SECONDS_PER_DAY};
use crate::cron::Cron;
use crate::month::{self, Month};

impl Cron {
    /// The first matching local second that is not before `from`.
    pub(crate) fn first_from(&self, from: i64) -> Option<i64> {
        if from > calendar::LAST_SECOND {
            return None;
        }
        let (day, time) = split(from.max(calendar::FIRST_SECOND));
        let date = calendar::date(day);
        let days = self.days_in_month_of(date, day);
        if days & 1 << date.day != 0
            && let Some(time) = self.time_from(time)
        {
            return Some(join(day, time));
        }
        let later = days & (u32::MAX - 1) << date.day;
        let day = if later == 0 {
            self.first_day_from(date.year, date.month + 1)?
        } else {
            day - date.day as i32 + later.trailing_zeros() as i32
        };
        Some(join(day, self.first_time()))
    }

    /// The last matching local second that is not after `until`.
    pub(crate) fn last_until(&self, until: i64) -> Option<i64> {
        if until < calendar::FIRST_SECOND {
            return None;
        }
        let (day, time) = split(until.min(calendar::LAST_SECOND));
        let date = calendar::date(day);
        let days = self.days_in_month_of(date, day);
        if days & 1 << date.day != 0
            && let Some(time) = self.time_until(time)
        {
            return Some(join(day, time));
        }
        let earlier = days & !(u32::MAX << date.day);
        let day = if earlier == 0 {
            self.last_day_until(date.year, date.month - 1)?
        } else {
            day - date.day as i32 + earlier.ilog2() as i32
        };
        Some(join(day, self.last_time()))
    }

    fn days_in_month_of(&self, date: Date, day: i32) -> u32 {
        if self.months & 1 << date.month == 0 {
            return 0;
        }
        self.matching_days(Month {
            length: calendar::days_in_month(date.month, calendar::is_leap(date.year)),
            first: calendar::weekday(day - date.day as i32 + 1),
        })
    }

    /// The first matching day from the first of `month` of `year` on; 13 is after December.
    fn first_day_from(&self, year: i32, month: u32) -> Option<i32> {
        if self.years.is_empty() {
            return None;
        }
        let mut start = calendar::day_number(year, 1, 1);
        let mut months = self.months & !0 << month;
        for year in year..=calendar::LAST_YEAR {
            let leap = calendar::is_leap(year);
            if let Some(day) = self.days_of_year(leap, start, bits(months), u32::trailing_zeros) {
                return Some(day);
            }
            start += 365 + i32::from(leap);
            months = self.months;
        }
        None
    }

    /// The last matching day until the end of `month` of `year`; 0 is before January.
    fn last_day_until(&self, year: i32, month: u32) -> Option<i32> {
        if self.years.is_empty() {
            return None;
        }
        let mut start = calendar::day_number(year, 1, 1);
        let mut months = self.months & !(!1 << month);
        for year in (calendar::FIRST_YEAR..=year).rev() {
            let descending = (1..=12).rev().filter(|month| months & 1 << month != 0);
            if let Some(day) = self.days_of_year(calendar::is_leap(year), start, descending, u32::ilog2) {
                return Some(day);
            }
            start -= 365 + i32::from(calendar::is_leap(year - 1));
            months = self.months;
        }
        None
    }

    /// The day that `choose` takes from the first of these months that has one.
    fn days_of_year(
        &self,
        leap: bool,
        start: i32,
        mut months: impl Iterator<Item = u32>,
        choose: fn(u32) -> u32,
    ) -> Option<i32> {
        let first = calendar::weekday(start);
        if !self.years.contains(leap, first) {
            return None;
        }
        months.find_map(|month| {
            let days = self.matching_days(month::month_of(month, leap, first));
            (days != 0).then(|| start + calendar::days_before(month, leap) + choose(days) as i32 - 1)
        })
    }

    /// The first matching second of a day that is not before `time`.
    fn time_from(&self, time: u32) -> Option<u32> {
        let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
        if self.hours & 1 << hour != 0 {
            if self.minutes & 1 << minute != 0
                && let Some(second) = bit_from(self.seconds, second)
            {
                return Some(hour * 3600 + minute * 60 + second);
            }
            if let Some(minute) = bit_from(self.minutes, minute + 1) {
                return Some(hour * 3600 + minute * 60 + self.seconds.trailing_zeros());
            }
        }
        let hour = bit_from(u64::from(self.hours), hour + 1)?;
        Some(hour * 3600 + self.first_time() % 3600)
    }

    /// The last matching second of a day that is not after `time`.
    fn time_until(&self, time: u32) -> Option<u32> {
        let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
        if self.hours & 1 << hour != 0 {
            if self.minutes & 1 << minute != 0
                && let Some(second) = bit_before(self.seconds, second + 1)
            {
                return Some(hour * 3600 + minute * 60 + second);
            }
            if let Some(minute) = bit_before(self.minutes, minute) {
                return Some(hour * 3600 + minute * 60 + self.seconds.ilog2());
            }
        }
        let hour = bit_before(u64::from(self.hours), hour)?;
        Some(hour * 3600 + self.last_time() % 3600)
    }

    fn first_time(&self) -> u32 {
        self.hours.trailing_zeros() * 3600
            + self.minutes.trailing_zeros() * 60
            + self.seconds.trailing_zeros()
    }

    fn last_time(&self) -> u32 {
        self.hours.ilog2() * 3600 + self.minutes.ilog2() * 60 + self.seconds.ilog2()
    }
}

/// The day and the second of it.
fn split(second: i64) -> (i32, u32) {
    (second.div_euclid(SECONDS_PER_DAY) as i32, second.rem_euclid(SECONDS_PER_DAY) as u32)
}

fn join(day: i32, time: u32) -> i64 {
    i64::from(day) * SECONDS_PER_DAY + i64::from(time)
}

/// The lowest bit that is set from number `from` on, which is at most 60.
fn bit_from(word: u64, from: u32) -> Option<u32> {
    let rest = word >> from << from;
    (rest != 0).then(|| rest.trailing_zeros())
}

/// The highest bit that is set below number `end`, which is at most 60.
fn bit_before(word: u64, end: u32) -> Option<u32> {
    (word & !(!0 << end)).checked_ilog2()
}
