//! An expression while it is being read.

use crate::cron::Cron;
use crate::field::Field;
use crate::item::Item;
use crate::month::{Days, Weekdays};
use crate::years::Years;

/// What has been read so far.
#[derive(Default)]
pub(crate) struct Draft {
    /// The plain values of each field.
    values: [u64; Field::ALL.len()],
    days: Days,
    weekdays: Weekdays,
    interval: bool,
}

impl Draft {
    #[inline]
    pub(crate) fn add(&mut self, field: Field, item: Item) {
        match item {
            Item::Values { bits, grid } => {
                self.interval |= grid && field.is_of_time();
                self.add_values(field, bits);
            }
            Item::FromLast(days) => self.days.from_last |= 1 << days,
            Item::NearestWorkingDay(day) => self.days.nearest |= 1 << day,
            Item::NearestWorkingDayFromLast(days) => self.days.nearest_from_last |= 1 << days,
            Item::LastWeekday(weekday) => self.weekdays.last |= 1 << weekday,
            Item::NthWeekday(weekday, n) => self.weekdays.nth[usize::from(n) - 1] |= 1 << weekday,
        }
    }

    #[inline]
    pub(crate) fn add_values(&mut self, field: Field, bits: u64) {
        self.values[field as usize] |= bits;
    }

    #[inline]
    pub(crate) fn finish(self) -> Cron {
        let [seconds, minutes, hours, days, months, weekdays] = self.values;
        let days = Days { plain: days as u32, ..self.days }.simplest();
        // Bit 7 is Sunday as well.
        let weekdays = weekdays as u8 & Weekdays::ALL | (weekdays >> 7) as u8;
        let weekdays = Weekdays { plain: weekdays, ..self.weekdays }.simplest();
        let (hours, months) = (hours as u32, months as u16);
        let years = Years::of(&days, &weekdays, months);
        Cron { seconds, minutes, hours, days, months, weekdays, years, interval: self.interval }
    }
}
