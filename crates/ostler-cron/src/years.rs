//! Which kinds of year hold a day that matches.

use crate::bits::bits;
use crate::month::{Days, Weekdays, matching, month_of};

/// The kinds of year that hold a matching day. A year is leap or not and begins on one of seven weekdays: 14 kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Years(u16);

impl Years {
    const ALL: Self = Self((1 << 14) - 1);

    #[inline]
    pub(crate) fn of(days: &Days, weekdays: &Weekdays, months: u16) -> Self {
        if holds_one_in_every_month(days, weekdays) {
            return Self::ALL;
        }
        let kinds = [false, true].into_iter().flat_map(|leap| (0..7).map(move |first| (leap, first)));
        let holds = |&(leap, first): &(bool, u32)| {
            bits(months).any(|month| matching(days, weekdays, month_of(month, leap, first)) != 0)
        };
        Self(kinds.filter(holds).fold(0, |set, (leap, first)| set | Self::kind(leap, first)))
    }

    fn kind(leap: bool, first: u32) -> u16 {
        1 << (first + 7 * u32::from(leap))
    }

    /// Whether a year that begins on the weekday `first` holds a matching day.
    pub(crate) fn contains(self, leap: bool, first: u32) -> bool {
        self.0 & Self::kind(leap, first) != 0
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether there is a matching day in leap years alone.
    pub(crate) fn are_leap(self) -> bool {
        self.0 != 0 && self.0 & 0x7f == 0
    }
}

/// A sufficient condition that is quick to see and holds for most expressions.
#[inline]
fn holds_one_in_every_month(days: &Days, weekdays: &Weekdays) -> bool {
    const FOUR_WEEKS: u32 = (1 << 28) - 1;
    let from_first = (days.plain | days.nearest) >> 1;
    let from_last = days.from_last | days.nearest_from_last;
    let four_weeks = weekdays.plain | weekdays.last | weekdays.nth[..4].iter().fold(0, |all, nth| all | nth);
    (days.is_any() && four_weeks != 0) || (weekdays.is_any() && (from_first | from_last) & FOUR_WEEKS != 0)
}
