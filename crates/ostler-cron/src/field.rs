//! The six fields of an expression, and what each allows.

use std::fmt;

/// A field of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// 0 to 59; the field that may be left out, and is 0 then.
    Second,
    /// 0 to 59.
    Minute,
    /// 0 to 23.
    Hour,
    /// 1 to 31.
    DayOfMonth,
    /// 1 to 12, or `JAN` to `DEC`.
    Month,
    /// 0 to 7, or `SUN` to `SAT`; both 0 and 7 are Sunday.
    DayOfWeek,
}

const MONTHS: [[u8; 3]; 12] = [
    *b"JAN", *b"FEB", *b"MAR", *b"APR", *b"MAY", *b"JUN", *b"JUL", *b"AUG", *b"SEP", *b"OCT", *b"NOV",
    *b"DEC",
];
const WEEKDAYS: [[u8; 3]; 7] = [*b"SUN", *b"MON", *b"TUE", *b"WED", *b"THU", *b"FRI", *b"SAT"];

impl Field {
    pub(crate) const ALL: [Self; 6] =
        [Self::Second, Self::Minute, Self::Hour, Self::DayOfMonth, Self::Month, Self::DayOfWeek];

    /// The least value.
    pub(crate) const fn first(self) -> u8 {
        match self {
            Self::Second | Self::Minute | Self::Hour | Self::DayOfWeek => 0,
            Self::DayOfMonth | Self::Month => 1,
        }
    }

    /// The greatest value that may be written, which is also the greatest step.
    pub(crate) const fn last(self) -> u8 {
        match self {
            Self::Second | Self::Minute => 59,
            Self::Hour => 23,
            Self::DayOfMonth => 31,
            Self::Month => 12,
            Self::DayOfWeek => 7,
        }
    }

    /// How many different values there are: a week has one Sunday.
    pub(crate) const fn size(self) -> u8 {
        match self {
            Self::DayOfWeek => 7,
            _ => self.last() - self.first() + 1,
        }
    }

    /// Whether a grid (`*`, `-`, `/`) in this field makes the expression an interval.
    pub(crate) const fn is_of_time(self) -> bool {
        matches!(self, Self::Second | Self::Minute | Self::Hour)
    }

    /// The value of a name of three letters.
    pub(crate) fn named(self, name: [u8; 3]) -> Option<u8> {
        let names: &[[u8; 3]] = match self {
            Self::Month => &MONTHS,
            Self::DayOfWeek => &WEEKDAYS,
            _ => return None,
        };
        let name = name.map(|letter| letter.to_ascii_uppercase());
        names.iter().position(|&known| known == name).map(|place| place as u8 + self.first())
    }

    /// The names that values may have, in words.
    pub(crate) const fn names(self) -> Option<&'static str> {
        match self {
            Self::Month => Some("JAN to DEC"),
            Self::DayOfWeek => Some("SUN to SAT"),
            _ => None,
        }
    }

    /// What a value may be, in words.
    pub(crate) const fn allowed(self) -> &'static str {
        match self {
            Self::Second | Self::Minute => "0 to 59",
            Self::Hour => "0 to 23",
            Self::DayOfMonth => "1 to 31",
            Self::Month => "1 to 12, or JAN to DEC",
            Self::DayOfWeek => "0 to 7 (both 0 and 7 are Sunday), or SUN to SAT",
        }
    }
}

/// The name in words: `day of month`.
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::DayOfMonth => "day of month",
            Self::Month => "month",
            Self::DayOfWeek => "day of week",
        })
    }
}
