//! Days of the week, and those that are counted within the month.

use std::fmt;

use crate::bits::bits;
use crate::describe::words;
use crate::month::Weekdays;

/// The week begins on Monday; bit 7 is Sunday.
fn from_monday(weekdays: u8) -> u64 {
    u64::from(weekdays & !1) | u64::from(weekdays & 1) << 7
}

/// The first and the last of weekdays that follow on one another.
fn run(weekdays: u8) -> Option<(u32, u32)> {
    words::run_around(from_monday(weekdays), 1, 7)
}

/// Some of the weekdays, to be told together.
pub(super) enum Part {
    Plain(u8),
    /// The weekday, and bit n for the n-th of its kind in the month; bit 6 for the last.
    Counted(u32, u64),
}

const LAST: u32 = 6;

impl Part {
    pub(super) fn all(weekdays: &Weekdays) -> impl Iterator<Item = Self> + use<> {
        let plain = (weekdays.plain != 0).then_some(Self::Plain(weekdays.plain));
        let weekdays = *weekdays;
        let counted = (1..=7).map(move |weekday| Self::Counted(weekday, counted(&weekdays, weekday)));
        plain.into_iter().chain(counted.filter(|part| !matches!(part, Self::Counted(_, 0))))
    }
}

fn counted(weekdays: &Weekdays, weekday: u32) -> u64 {
    let holds = |set: u8| from_monday(set) & 1 << weekday != 0;
    let nth =
        weekdays.nth.iter().zip(1..).filter(|&(&set, _)| holds(set)).fold(0, |all, (_, n)| all | 1 << n);
    nth | u64::from(holds(weekdays.last)) << LAST
}

/// When: `Monday to Friday`, `on Mondays and Fridays`, `on the first and last Monday`.
impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Plain(weekdays) => match run(weekdays) {
                Some((first, last)) => write!(f, "{} to {}", words::weekday(first), words::weekday(last)),
                None => {
                    f.write_str("on ")?;
                    words::write_all(f, bits(from_monday(weekdays)).map(Plural))
                }
            },
            Self::Counted(weekday, nths) => {
                f.write_str("on the ")?;
                words::write_all(f, bits(nths).map(words::ordinal))?;
                write!(f, " {}", words::weekday(weekday))
            }
        }
    }
}

struct Plural(u32);

impl fmt::Display for Plural {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}s", words::weekday(self.0))
    }
}

struct One(u32);

impl fmt::Display for One {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a {}", words::weekday(self.0))
    }
}

/// What a day has to be as well: `a Monday or a Friday`, `the first or third Monday of the month`.
pub(super) struct Condition(pub(super) Part);

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Part::Plain(weekdays) => match run(weekdays) {
                Some((first, last)) => {
                    write!(f, "a day from {} to {}", words::weekday(first), words::weekday(last))
                }
                None => words::write_any(f, bits(from_monday(weekdays)).map(One)),
            },
            Part::Counted(weekday, nths) => {
                f.write_str("the ")?;
                words::write_any(f, bits(nths).map(words::ordinal))?;
                write!(f, " {} of the month", words::weekday(weekday))
            }
        }
    }
}
