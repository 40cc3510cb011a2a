//! The days that a report covers, both ends included. Pure: the caller says which day is today.

use std::fmt;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};

/// The period of a report when nothing is asked for: this many days, today among them.
const DEFAULT_DAYS: i32 = 30;

/// No shop of ours is older. A date far before it is a slip of the keyboard.
const EARLIEST: Date = date(2000, 1, 1);

/// A leap year. Longer periods would make one report take all of a worker's time.
pub(super) const MAX_DAYS: i32 = 366;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Period {
    pub(crate) from: Date,
    pub(crate) to: Date,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PeriodError {
    TooEarly { field: &'static str, day: Date },
    Backwards { from: Date, to: Date },
    TooLong { days: i32 },
}

impl Period {
    /// Fills in what was left out: `to` is today, and `from` the start of the 30 days that end at `to`.
    pub(crate) fn choose(from: Option<Date>, to: Option<Date>, today: Date) -> Result<Self, PeriodError> {
        for (field, day) in [("from", from), ("to", to)] {
            if let Some(day) = day.filter(|day| *day < EARLIEST) {
                return Err(PeriodError::TooEarly { field, day });
            }
        }
        let to = to.unwrap_or(today);
        let from = from.unwrap_or_else(|| to.saturating_sub((DEFAULT_DAYS - 1).days()).max(EARLIEST));
        let days = (to - from).get_days() + 1;
        match days {
            ..=0 => Err(PeriodError::Backwards { from, to }),
            1..=MAX_DAYS => Ok(Self { from, to }),
            _ => Err(PeriodError::TooLong { days }),
        }
    }
}

impl PeriodError {
    /// The field of the request to look at.
    pub(crate) fn field(self) -> &'static str {
        match self {
            Self::TooEarly { field, .. } => field,
            Self::Backwards { .. } | Self::TooLong { .. } => "from",
        }
    }
}

impl fmt::Display for PeriodError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooEarly { day, .. } => {
                write!(f, "{day} is before {EARLIEST}, the earliest day of a report")
            }
            Self::Backwards { from, to } => write!(f, "{from} is after the end of the period, {to}"),
            Self::TooLong { days } => write!(f, "the period has {days} days; at most {MAX_DAYS} are allowed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Date = date(2026, 3, 31);

    #[test]
    fn the_default_is_thirty_days_with_today() {
        let period = Period::choose(None, None, TODAY).unwrap();
        assert_eq!(period, Period { from: date(2026, 3, 2), to: TODAY });
    }

    #[test]
    fn either_end_can_be_left_out() {
        let from = Period::choose(Some(date(2026, 3, 30)), None, TODAY).unwrap();
        assert_eq!(from, Period { from: date(2026, 3, 30), to: TODAY });
        let to = Period::choose(None, Some(date(2026, 1, 30)), TODAY).unwrap();
        assert_eq!(to, Period { from: date(2026, 1, 1), to: date(2026, 1, 30) });
    }

    #[test]
    fn one_day_is_a_period() {
        assert!(Period::choose(Some(TODAY), Some(TODAY), TODAY).is_ok());
    }

    #[test]
    fn an_end_before_the_start_is_refused() {
        let error = Period::choose(Some(date(2026, 4, 1)), None, TODAY).unwrap_err();
        assert_eq!(error, PeriodError::Backwards { from: date(2026, 4, 1), to: TODAY });
    }

    #[test]
    fn a_leap_year_fits_and_a_day_more_does_not() {
        let end = date(2024, 12, 31);
        assert!(Period::choose(Some(date(2024, 1, 1)), Some(end), TODAY).is_ok());
        let error = Period::choose(Some(date(2023, 12, 31)), Some(end), TODAY).unwrap_err();
        assert_eq!(error, PeriodError::TooLong { days: 367 });
    }

    #[test]
    fn the_ends_of_the_calendar_are_safe() {
        assert!(Period::choose(None, Some(Date::MAX), TODAY).is_ok());
        assert!(Period::choose(Some(Date::MIN), Some(Date::MAX), TODAY).is_err());
    }

    #[test]
    fn nothing_is_older_than_the_shop() {
        let eve = date(1999, 12, 31);
        let field = |from, to| Period::choose(from, to, TODAY).unwrap_err().field();
        assert_eq!(field(Some(eve), Some(EARLIEST)), "from");
        assert_eq!(field(None, Some(eve)), "to");
        let first = Period::choose(None, Some(EARLIEST), TODAY).unwrap();
        assert_eq!(first, Period { from: EARLIEST, to: EARLIEST });
    }
}
