//! What is wrong with a text, and what to write instead.

use std::fmt;

use crate::cron::Cron;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Mistake {
    Empty,
    TooLong,
    /// Its canonical text would be.
    Crowded,
    FieldCount(usize),
    /// A value was expected here.
    NoValue(Found),
    TooManyDigits,
    OutOfRange(u8),
    UnknownName([u8; 3]),
    /// With the names that there are.
    NameLength(&'static str),
    StarInList,
    /// With the greatest one.
    Step(u8),
    FromLast,
    /// `L3`, where `L-3` is meant.
    FromLastWithoutSign,
    Nth,
    /// The item was complete before this.
    Unexpected(Found),
    /// What follows `L`, `W` or `#` would make it a range or a step.
    AloneInItem(char),
    BareLast,
    /// `5L` as a day of month.
    LastWeekdayAsDay,
    NearestWithoutDay,
    NoId,
    HashInList,
    HashRange,
    /// With the macro that it nearly is.
    Macro(Option<&'static str>),
    MacroArgument(&'static str),
    Interval,
    NotAnInterval,
    NoNumber,
    NoUnit,
    UnitOrder,
    ZeroInterval,
    LongInterval,
}

/// What stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Found {
    Char(char),
    EndOfField,
}

impl Mistake {
    /// Whether it helps to know what the field allows.
    pub(crate) fn is_of_value(self) -> bool {
        matches!(self, Self::NoValue(_) | Self::TooManyDigits | Self::OutOfRange(_) | Self::UnknownName(_))
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = match *self {
            Self::TooLong => return write!(f, "it is longer than {} bytes", Cron::MAX_LENGTH),
            Self::Crowded => {
                return write!(
                    f,
                    "it lists too many values: written one by one they are longer than {} bytes",
                    Cron::MAX_LENGTH
                );
            }
            Self::FieldCount(found) => {
                return write!(
                    f,
                    "found {found} field{}; write five (minute, hour, day of month, month, day of week), or six with the second first",
                    if found == 1 { "" } else { "s" }
                );
            }
            Self::NoValue(found) => return write!(f, "{found}, where a value was expected"),
            Self::OutOfRange(value) => return write!(f, "{value} is out of range"),
            Self::UnknownName(name) => {
                let [a, b, c] = name.map(char::from);
                return write!(f, "`{a}{b}{c}` is not a value");
            }
            Self::NameLength(names) => return write!(f, "names have three letters, {names}"),
            Self::Step(most) => return write!(f, "a step is 1 to {most}"),
            Self::Unexpected(found) => {
                return write!(f, "{found} does not belong here; a list goes on with `,`");
            }
            Self::AloneInItem(what) => {
                return write!(
                    f,
                    "`{what}` cannot be combined with a range or a step; it can be one of a list"
                );
            }
            Self::Macro(Some(nearest)) => return write!(f, "unknown macro; did you mean {nearest}?"),
            Self::MacroArgument(name) => return write!(f, "{name} takes nothing after it"),
            Self::Empty => "it is empty; write five or six fields, or a macro such as @daily",
            Self::TooManyDigits => "a number has at most two digits",
            Self::StarInList => "`*` and `?` stand alone or with a step; they cannot be in a list",
            Self::FromLast => "`L-n` counts 0 to 30 days back from the last",
            Self::FromLastWithoutSign => "write `L-n` for n days before the last day, such as L-3",
            Self::Nth => "`#n` is the first to the fifth of the month, #1 to #5",
            Self::BareLast => "`L` needs a day here, such as 5L or FRIL for the last Friday of the month",
            Self::LastWeekdayAsDay => {
                "a number and `L`, such as 5L for the last Friday, is a day of week; a day of month is L, L-3 or LW"
            }
            Self::NearestWithoutDay => "`W` needs a day before it, such as 15W, LW or L-3W",
            Self::NoId => {
                "`H` is chosen by an id, and there is none here; read it with `Cron::parse_with_id` \
                 (in a host, a unit's name is the id of its `cron(..)` plan)"
            }
            Self::HashInList => "`H` stands alone or with a step; it cannot be in a list or a range",
            Self::HashRange => "`H` takes no range; it stands alone or with a step, such as H/15",
            Self::Macro(None) => {
                "unknown macro; there are @every_second, @every_minute, @hourly, @daily, @midnight, @weekly, \
                 @monthly, @yearly, @annually, and intervals such as @every 90s"
            }
            Self::Interval => "`@every` is an interval, not a cron expression",
            Self::NotAnInterval => "an interval is written `@every` and a duration, such as @every 90s",
            Self::NoNumber => "a number is missing; an interval is written such as 90s, 15m, 1h 30m or 2d",
            Self::NoUnit => "a number needs one of the units d, h, m, s and ms right after it",
            Self::UnitOrder => {
                "units go from the longest to the shortest, d, h, m, s and ms, each of them at most once"
            }
            Self::ZeroInterval => "an interval is at least 1 ms",
            Self::LongInterval => "the interval is too long",
        };
        f.write_str(said)
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Char(char) => write!(f, "`{}`", char.escape_debug()),
            Self::EndOfField => write!(f, "the field ends"),
        }
    }
}
