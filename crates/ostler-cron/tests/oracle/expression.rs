//! A cron expression as a tree: how it is written, and whether a civil second matches it.
//!
//! Nothing here is quick or clever. Values are counted out one by one, and days are asked one by one, so that each
//! rule can be read beside the sentence that states it. It uses civil dates of jiff, and nothing of the crate under
//! test.

use std::fmt;

use jiff::civil::{Date, Weekday};

/// A number, and how it is written: `1`, `01`, `MON`, `mon`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Word {
    pub(crate) value: u8,
    pub(crate) text: String,
}

/// One element of a field's list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Item {
    /// `*`, `?`, `*/n`.
    Any { sign: char, step: Option<u8> },
    /// `a`
    One(Word),
    /// `a/n`: from `a` to the field's maximum.
    From(Word, u8),
    /// `a-b`, `a-b/n`; where `a` is larger, it goes on at the field's minimum.
    Range(Word, Word, Option<u8>),
    /// `L` in the days of the month.
    Last,
    /// `L-n`
    LastMinus(u8),
    /// `LW`
    LastWeekday,
    /// `L-nW`
    LastMinusWeekday(u8),
    /// `nW`
    NearestWeekday(u8),
    /// `nL` in the days of the week.
    LastOf(Word),
    /// `n#k`
    Nth(Word, u8),
}

/// The numbers of a field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbers {
    pub(crate) min: u8,
    pub(crate) max: u8,
    /// The last number before a reverse range goes on at `min`. Days of the week have two Sundays, and no range goes
    /// through both.
    pub(crate) wraps_after: u8,
}

pub(crate) const SECONDS: Numbers = Numbers { min: 0, max: 59, wraps_after: 59 };
pub(crate) const MINUTES: Numbers = SECONDS;
pub(crate) const HOURS: Numbers = Numbers { min: 0, max: 23, wraps_after: 23 };
pub(crate) const DAYS: Numbers = Numbers { min: 1, max: 31, wraps_after: 31 };
pub(crate) const MONTHS: Numbers = Numbers { min: 1, max: 12, wraps_after: 12 };
pub(crate) const WEEKDAYS: Numbers = Numbers { min: 0, max: 7, wraps_after: 6 };

/// An expression, as it is written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expression {
    /// `None` is the form of five fields, which is the second 0.
    pub(crate) second: Option<Vec<Item>>,
    pub(crate) minute: Vec<Item>,
    pub(crate) hour: Vec<Item>,
    pub(crate) day: Vec<Item>,
    pub(crate) month: Vec<Item>,
    pub(crate) weekday: Vec<Item>,
    /// What stands before each field, and after the last.
    pub(crate) blanks: [&'static str; 7],
    /// Where it is not empty, it is written in place of the fields, which say what it means.
    pub(crate) nickname: String,
}

impl Expression {
    /// Whether the rules of time zones treat it as an interval: the second, minute or hour contains one of `*?-/`.
    pub(crate) fn is_interval(&self) -> bool {
        let fields = [self.second.as_ref(), Some(&self.minute), Some(&self.hour)];
        fields.into_iter().flatten().any(|field| written(field).contains(['*', '?', '-', '/']))
    }

    pub(crate) fn meaning(&self) -> Meaning {
        let zero = [Item::One(Word { value: 0, text: "0".to_owned() })];
        Meaning {
            seconds: table(self.second.as_deref().unwrap_or(&zero), SECONDS),
            minutes: table(&self.minute, MINUTES),
            hours: table(&self.hour, HOURS),
            days: table(&self.day, DAYS),
            months: table(&self.month, MONTHS),
            weekdays: table(&self.weekday, WEEKDAYS),
            special_days: special(&self.day),
            special_weekdays: special(&self.weekday),
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [before_second, .., end] = self.blanks;
        if !self.nickname.is_empty() {
            return write!(f, "{before_second}{}{end}", self.nickname);
        }
        if let Some(second) = &self.second {
            write!(f, "{before_second}{}", written(second))?;
        }
        let rest = [&self.minute, &self.hour, &self.day, &self.month, &self.weekday];
        for (at, field) in rest.into_iter().enumerate() {
            let first = at == 0 && self.second.is_none();
            write!(f, "{}{}", if first { before_second } else { self.blanks[at + 1] }, written(field))?;
        }
        f.write_str(end)
    }
}

fn written(field: &[Item]) -> String {
    field.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Item::Any { sign, step: None } => write!(f, "{sign}"),
            Item::Any { sign, step: Some(step) } => write!(f, "{sign}/{step}"),
            Item::One(word) => f.write_str(&word.text),
            Item::From(word, step) => write!(f, "{}/{step}", word.text),
            Item::Range(from, to, None) => write!(f, "{}-{}", from.text, to.text),
            Item::Range(from, to, Some(step)) => write!(f, "{}-{}/{step}", from.text, to.text),
            Item::Last => f.write_str("L"),
            Item::LastMinus(n) => write!(f, "L-{n}"),
            Item::LastWeekday => f.write_str("LW"),
            Item::LastMinusWeekday(n) => write!(f, "L-{n}W"),
            Item::NearestWeekday(n) => write!(f, "{n}W"),
            Item::LastOf(word) => write!(f, "{}L", word.text),
            Item::Nth(word, n) => write!(f, "{}#{n}", word.text),
        }
    }
}

/// What an expression means, its plain values counted out.
#[derive(Debug)]
pub(crate) struct Meaning {
    seconds: [bool; 60],
    minutes: [bool; 60],
    hours: [bool; 60],
    days: [bool; 60],
    months: [bool; 60],
    weekdays: [bool; 60],
    special_days: Vec<Item>,
    special_weekdays: Vec<Item>,
}

impl Meaning {
    /// Whether a second of the day matches; 0 is midnight.
    pub(crate) fn has_time(&self, second_of_day: i64) -> bool {
        let second = second_of_day as u32;
        self.hours[(second / 3600) as usize]
            && self.minutes[(second / 60 % 60) as usize]
            && self.seconds[(second % 60) as usize]
    }

    /// Whether there may be such a time in an hour of the day.
    pub(crate) fn has_hour(&self, hour: i64) -> bool {
        self.hours[hour as usize]
    }

    /// Whether a day matches: its month, its day of the month and its day of the week.
    pub(crate) fn has_day(&self, date: Date) -> bool {
        self.months[date.month() as usize] && self.has_day_of_month(date) && self.has_day_of_week(date)
    }

    fn has_day_of_month(&self, date: Date) -> bool {
        self.days[date.day() as usize] || self.special_days.iter().any(|item| is_special_day(item, date))
    }

    fn has_day_of_week(&self, date: Date) -> bool {
        self.weekdays[number_of(date.weekday()) as usize]
            || self.special_weekdays.iter().any(|item| is_special_weekday(item, date))
    }
}

fn is_special_day(item: &Item, date: Date) -> bool {
    let (day, last) = (date.day(), date.days_in_month());
    match *item {
        Item::Last => day == last,
        Item::LastMinus(n) => day == last - n as i8,
        Item::LastWeekday => Some(day) == nearest_weekday(date, last),
        Item::LastMinusWeekday(n) => Some(day) == nearest_weekday(date, last - n as i8),
        Item::NearestWeekday(n) => Some(day) == nearest_weekday(date, n as i8),
        _ => unreachable!("{item} is not a special day of the month"),
    }
}

fn is_special_weekday(item: &Item, date: Date) -> bool {
    let is = |word: &Word| number_of(date.weekday()) == word.value % 7;
    match item {
        Item::LastOf(word) => is(word) && date.day() + 7 > date.days_in_month(),
        // The first seven days hold the first of each day of the week, the next seven the second.
        Item::Nth(word, n) => is(word) && (date.day() - 1) / 7 + 1 == *n as i8,
        _ => unreachable!("{item} is not a special day of the week"),
    }
}

/// The day from Monday to Friday that is nearest to `day` in the month of `date`; `None` where the month has no such
/// `day`.
fn nearest_weekday(date: Date, day: i8) -> Option<i8> {
    let in_month = 1..=date.days_in_month();
    if !in_month.contains(&day) {
        return None;
    }
    // From a Saturday or a Sunday at an edge of the month, the way is two days long; never longer.
    let near = (day - 2..=day + 2).filter(|d| in_month.contains(d));
    let working = near.filter(|&d| {
        let date = Date::new(date.year(), date.month(), d).expect("the day is in the month");
        !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
    });
    working.min_by_key(|d| (d - day).abs())
}

fn number_of(weekday: Weekday) -> u8 {
    weekday.to_sunday_zero_offset() as u8
}

fn special(field: &[Item]) -> Vec<Item> {
    field.iter().filter(|item| plain_values(item, SECONDS).is_none()).cloned().collect()
}

fn table(field: &[Item], numbers: Numbers) -> [bool; 60] {
    let mut table = [false; 60];
    for value in field.iter().filter_map(|item| plain_values(item, numbers)).flatten() {
        // The only value that stands for another one is the second Sunday.
        let value = if numbers.wraps_after == 6 && value == 7 { 0 } else { value };
        table[value as usize] = true;
    }
    table
}

/// The values of an item, counted out; `None` for those that depend on the month.
fn plain_values(item: &Item, numbers: Numbers) -> Option<Vec<u8>> {
    let Numbers { min, max, .. } = numbers;
    match item {
        Item::Any { step, .. } => Some(count(min, max, step.unwrap_or(1), numbers)),
        Item::One(word) => Some(vec![word.value]),
        Item::From(word, step) => Some(count(word.value, max, *step, numbers)),
        Item::Range(from, to, step) => Some(count(from.value, to.value, step.unwrap_or(1), numbers)),
        _ => None,
    }
}

/// Every `step`th number on the way from `from` to `to`.
fn count(from: u8, to: u8, step: u8, numbers: Numbers) -> Vec<u8> {
    let mut values = Vec::new();
    // A range that starts on the second Sunday and goes backwards is one that starts on the first.
    let mut at = if from > to && from > numbers.wraps_after { numbers.min } else { from };
    let mut until_next = 0;
    loop {
        if until_next == 0 {
            values.push(at);
            until_next = step;
        }
        until_next -= 1;
        if at == to {
            return values;
        }
        at = if at == numbers.wraps_after && from > to { numbers.min } else { at + 1 };
    }
}
