//! Which days of a month match, as one word of 32 bits.

use crate::bits::bits;
use crate::calendar;

/// A month, as far as cron can tell one from another: there are 28 of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Month {
    /// In days.
    pub(crate) length: u32,
    /// The weekday of the first; 0 is Sunday.
    pub(crate) first: u32,
}

impl Month {
    fn weekday(self, day: u32) -> u32 {
        (self.first + day - 1) % 7
    }

    /// The working day nearest to `day`; it does not leave the month.
    fn nearest_working_day(self, day: u32) -> u32 {
        const SATURDAY: u32 = 6;
        const SUNDAY: u32 = 0;
        match self.weekday(day) {
            SATURDAY if day == 1 => 3,
            SATURDAY => day - 1,
            SUNDAY if day == self.length => day - 2,
            SUNDAY => day + 1,
            _ => day,
        }
    }
}

/// The days of month of an expression. Bit n of a day is day n; bit n of one from the end is n days before the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Days {
    pub(crate) plain: u32,
    pub(crate) from_last: u32,
    pub(crate) nearest: u32,
    pub(crate) nearest_from_last: u32,
}

impl Days {
    /// Bits 1 to 31.
    pub(crate) const ALL: u32 = !1;

    #[inline]
    pub(crate) fn is_any(&self) -> bool {
        self.plain == Self::ALL
    }

    /// The same days: where all are plain, others add nothing.
    #[inline]
    pub(crate) fn simplest(self) -> Self {
        if self.is_any() { Self { plain: Self::ALL, ..Self::default() } } else { self }
    }

    /// Whether all is said by plain days.
    pub(crate) fn is_plain(&self) -> bool {
        self.from_last | self.nearest | self.nearest_from_last == 0
    }

    /// Bits beyond the month's length may be set.
    fn of(&self, month: Month) -> u32 {
        if self.is_plain() { self.plain } else { self.plain | self.moving(month) }
    }

    fn moving(&self, month: Month) -> u32 {
        let before_last = |n: u32| month.length.checked_sub(n).filter(|&day| day > 0);
        let from_last = bits(self.from_last).filter_map(before_last);
        let nearest = bits(self.nearest).filter(|&day| day <= month.length);
        let nearest = nearest.chain(bits(self.nearest_from_last).filter_map(before_last));
        from_last
            .chain(nearest.map(|day| month.nearest_working_day(day)))
            .fold(0, |days, day| days | 1 << day)
    }
}

/// The days of week of an expression: bit 0 is Sunday, bit 6 is Saturday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Weekdays {
    pub(crate) plain: u8,
    /// The last one of its kind in the month.
    pub(crate) last: u8,
    /// The first to the fifth one of its kind in the month.
    pub(crate) nth: [u8; 5],
}

impl Weekdays {
    pub(crate) const ALL: u8 = 0x7f;

    #[inline]
    pub(crate) fn is_any(&self) -> bool {
        self.plain == Self::ALL
    }

    /// The same weekdays: where all are plain, others add nothing.
    #[inline]
    pub(crate) fn simplest(self) -> Self {
        if self.is_any() { Self { plain: Self::ALL, ..Self::default() } } else { self }
    }

    /// Whether all is said by plain weekdays.
    pub(crate) fn is_plain(&self) -> bool {
        self.last == 0 && self.nth == [0; 5]
    }

    fn of(&self, month: Month) -> u32 {
        let plain = spread(self.plain, month.first);
        if self.is_plain() { plain } else { plain | self.counted(month) }
    }

    fn counted(&self, month: Month) -> u32 {
        const FIRST_WEEK: u32 = 0x7f << 1;
        let last_week = FIRST_WEEK << (month.length - 7);
        let last = spread(self.last, month.first) & last_week;
        self.nth.iter().zip(0..).fold(last, |days, (&weekdays, week)| {
            days | spread(weekdays, month.first) & (FIRST_WEEK << (7 * week))
        })
    }
}

/// The days of a month that are on one of `weekdays`, where the first is a `first`.
fn spread(weekdays: u8, first: u32) -> u32 {
    const EACH_WEEK: u32 = 1 | 1 << 7 | 1 << 14 | 1 << 21 | 1 << 28;
    let twice = u32::from(weekdays) | u32::from(weekdays) << 7;
    let from_first = twice >> first & 0x7f;
    from_first.wrapping_mul(EACH_WEEK) << 1
}

/// The days of `month` on which both match.
pub(crate) fn matching(days: &Days, weekdays: &Weekdays, month: Month) -> u32 {
    let exist = Days::ALL & u32::MAX >> (31 - month.length);
    days.of(month) & weekdays.of(month) & exist
}

/// The month of that number in a year that begins on the weekday `first`.
pub(crate) fn month_of(month: u32, leap: bool, first: u32) -> Month {
    Month {
        length: calendar::days_in_month(month, leap),
        first: (first + calendar::days_before(month, leap) as u32) % 7,
    }
}
