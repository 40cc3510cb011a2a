//! Names, numbers and lists in English.

use std::fmt;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const ORDINALS: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];

/// 1 is January.
pub(crate) fn month(number: u32) -> &'static str {
    MONTHS[(number as usize + 11) % 12]
}

/// Both 0 and 7 are Sunday.
pub(super) fn weekday(number: u32) -> &'static str {
    WEEKDAYS[number as usize % 7]
}

/// 1 is `first`; what is beyond the fifth is `last`.
pub(super) fn ordinal(number: u32) -> &'static str {
    ORDINALS.get(number as usize - 1).copied().unwrap_or("last")
}

/// `1st`, `2nd`, `11th`.
pub(super) struct Nth(pub(super) u32);

impl fmt::Display for Nth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = match (self.0 % 10, self.0 % 100) {
            (_, 11..=13) => "th",
            (1, _) => "st",
            (2, _) => "nd",
            (3, _) => "rd",
            _ => "th",
        };
        write!(f, "{}{end}", self.0)
    }
}

/// A second of the day on a clock of 24 hours, with its seconds or without.
#[derive(Clone, Copy)]
pub(super) struct Clock {
    pub(super) second: u32,
    pub(super) with_seconds: bool,
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.second / 3600, self.second / 60 % 60)?;
        if self.with_seconds { write!(f, ":{:02}", self.second % 60) } else { Ok(()) }
    }
}

/// `every minute`, `every 5th minute`.
pub(super) struct EachNth(pub(super) u32, pub(super) &'static str);

impl fmt::Display for EachNth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => write!(f, "every {}", self.1),
            step => write!(f, "every {} {}", Nth(step), self.1),
        }
    }
}

/// `second`, `10 seconds`.
pub(super) struct Span(pub(super) u32, pub(super) &'static str);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str(self.1),
            count => write!(f, "{count} {}s", self.1),
        }
    }
}

/// `5`, `10 to 15`.
pub(super) struct Run(pub(super) (u32, u32));

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self((first, last)) = self;
        if first == last { first.fmt(f) } else { write!(f, "{first} to {last}") }
    }
}

/// `1 second`, `10 seconds`.
pub(super) struct Count(pub(super) u128, pub(super) &'static str);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.0, self.1, if self.0 == 1 { "" } else { "s" })
    }
}

/// `a, b and c`.
pub(crate) fn write_all<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    items: impl Iterator<Item = T>,
) -> fmt::Result {
    write_list(f, items, "and")
}

/// `a, b or c`.
pub(super) fn write_any<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    items: impl Iterator<Item = T>,
) -> fmt::Result {
    write_list(f, items, "or")
}

fn write_list<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    items: impl Iterator<Item = T>,
    before_last: &str,
) -> fmt::Result {
    let mut items = items.peekable();
    let Some(first) = items.next() else { return Ok(()) };
    first.fmt(f)?;
    while let Some(item) = items.next() {
        match items.peek() {
            Some(_) => write!(f, ", {item}")?,
            None => write!(f, " {before_last} {item}")?,
        }
    }
    Ok(())
}

/// The values that follow on one another, as first and last of each run. A run of fewer than `least` is told as
/// single values.
pub(super) fn runs(mut values: u64, least: u32) -> impl Iterator<Item = (u32, u32)> {
    std::iter::from_fn(move || {
        let first = (values != 0).then(|| values.trailing_zeros())?;
        let length = (values >> first).trailing_ones();
        let last = if length < least { first } else { first + length - 1 };
        values &= (u64::MAX - 1) << last;
        Some((first, last))
    })
}

/// Three words for three days are shorter than `to`; beyond that a run is told by its ends.
pub(super) const RUN: u32 = 3;

/// The first and the last of the values that follow on one another around the end of a field; `None` where they are
/// fewer than a run, or all, or not one run.
pub(super) fn run_around(values: u64, first: u32, size: u32) -> Option<(u32, u32)> {
    let count = values.count_ones();
    let next = |value: u32| first + (value + 1 - first) % size;
    let holds = |value: u32| values & 1 << value != 0;
    let mut ends = (first..first + size).filter(|&value| holds(value) && !holds(next(value)));
    match (ends.next(), ends.next()) {
        (Some(last), None) if count >= RUN => Some((first + (last + size - first + 1 - count) % size, last)),
        _ => None,
    }
}
