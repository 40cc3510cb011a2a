//! Why a text is no expression.

use std::fmt;

use crate::cron::Cron;
use crate::field::Field;

/// Why a text is not an expression: the field, the place in the text, and what is allowed there.
///
/// ```
/// use ostler_cron::{Cron, Field};
///
/// let text = "0 25 * * *";
/// let error = Cron::parse(text).unwrap_err();
/// assert_eq!((error.field(), error.offset()), (Some(Field::Hour), 2));
/// assert_eq!(error.to_string(), "hour (at byte 2): 25 is out of range; allowed is 0 to 23");
/// assert_eq!(error.caret(text).to_string(), "0 25 * * *\n  ^");
/// # let _ = error;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseError {
    pub(crate) field: Option<Field>,
    pub(crate) offset: usize,
    pub(crate) mistake: Mistake,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    StarInList,
    Step,
    FromLast,
    Nth,
    /// The item was complete before this.
    Unexpected(Found),
    /// What follows `L`, `W` or `#` would make it a range or a step.
    AloneInItem(char),
    BareLast,
    NearestWithoutDay,
    NoId,
    HashInList,
    Macro,
    Interval,
    NotAnInterval,
    Duration,
}

/// What stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    Char(char),
    EndOfField,
}

impl ParseError {
    pub(crate) fn whole(offset: usize, mistake: Mistake) -> Self {
        Self { field: None, offset, mistake }
    }

    /// The field that is wrong; `None` where it is not one field: the number of fields, or a macro.
    pub fn field(&self) -> Option<Field> {
        self.field
    }

    /// The byte of the text at which the mistake is. It is the length of the text where something is missing at its end.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Prints `text`, which should be the text that was read, with a caret under the place.
    pub fn caret<'a>(&self, text: &'a str) -> impl fmt::Display + use<'a> {
        Caret { text, offset: self.offset }
    }

    fn allowed(&self) -> &'static str {
        self.field.map_or("", Field::allowed)
    }
}

struct Caret<'a> {
    text: &'a str,
    offset: usize,
}

impl fmt::Display for Caret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for char in self.text.chars() {
            write!(f, "{}", if char.is_control() { ' ' } else { char })?;
        }
        let before = self.text.char_indices().take_while(|&(at, _)| at < self.offset).count();
        write!(f, "\n{:before$}^", "")
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(field) = self.field {
            write!(f, "{field} (at byte {}): ", self.offset)?;
        }
        let allowed = self.allowed();
        match self.mistake {
            Mistake::Empty => {
                write!(f, "the expression is empty; write five or six fields, or a macro such as @daily")
            }
            Mistake::TooLong => write!(f, "the expression is longer than {} bytes", Cron::MAX_LENGTH),
            Mistake::Crowded => write!(
                f,
                "it lists too many values: written one by one they are longer than {} bytes",
                Cron::MAX_LENGTH
            ),
            Mistake::FieldCount(found) => write!(
                f,
                "found {found} field{}; write five (minute, hour, day of month, month, day of week), or six with the second first",
                if found == 1 { "" } else { "s" }
            ),
            Mistake::NoValue(found) => write!(f, "{found}, where a value was expected; allowed is {allowed}"),
            Mistake::TooManyDigits => write!(f, "a number has at most two digits; allowed is {allowed}"),
            Mistake::OutOfRange(value) => write!(f, "{value} is out of range; allowed is {allowed}"),
            Mistake::UnknownName(name) => {
                let [a, b, c] = name.map(char::from);
                write!(f, "`{a}{b}{c}` is not a value; allowed is {allowed}")
            }
            Mistake::StarInList => {
                write!(f, "`*` and `?` stand alone or with a step; they cannot be in a list")
            }
            Mistake::Step => {
                let most = self.field.map_or(0, Field::last);
                write!(f, "a step is 1 to {most}")
            }
            Mistake::FromLast => write!(f, "`L-n` counts 0 to 30 days back from the last"),
            Mistake::Nth => write!(f, "`#n` is the first to the fifth of the month, #1 to #5"),
            Mistake::Unexpected(found) => write!(f, "{found} does not belong here; a list goes on with `,`"),
            Mistake::AloneInItem(what) => {
                write!(f, "`{what}` cannot be combined with a range or a step; it can be one of a list")
            }
            Mistake::BareLast => {
                write!(f, "`L` needs a day here, such as 5L or FRIL for the last Friday of the month")
            }
            Mistake::NearestWithoutDay => write!(f, "`W` needs a day before it, such as 15W, LW or L-3W"),
            Mistake::NoId => write!(f, "`H` is chosen by an id, and there is none here"),
            Mistake::HashInList => {
                write!(f, "`H` stands alone or with a step; it cannot be in a list or a range")
            }
            Mistake::Macro => write!(
                f,
                "unknown macro; there are @every_second, @every_minute, @hourly, @daily, @midnight, @weekly, @monthly, @yearly, \
                 @annually, and intervals such as @every 90s"
            ),
            Mistake::Interval => write!(f, "`@every` is an interval, not a cron expression"),
            Mistake::NotAnInterval => {
                write!(f, "an interval is written `@every` and a duration, such as @every 90s")
            }
            Mistake::Duration => {
                write!(f, "`@every` takes a duration longer than zero, such as 90s, 15m, 1h30m or 2d")
            }
        }
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

impl std::error::Error for ParseError {}
