//! The half of a sentence about the days, read back.

use jiff::civil::{Date, date};

use crate::describe::tests::tokens::Tokens;
use crate::describe::tests::tokens::runs;
use crate::month::Month;

/// Each day of 14 years: of one of each kind.
pub(super) fn each_kind() -> impl Iterator<Item = (Date, Month)> {
    let kind = |year: i16| (date(year, 1, 1).weekday(), date(year, 1, 1).in_leap_year());
    let years = (2000..2028).filter(move |&year| (2000..year).all(|earlier| kind(earlier) != kind(year)));
    let days = years.flat_map(|year| {
        date(year, 1, 1).series(jiff::Span::new().days(1)).take_while(move |day| day.year() == year)
    });
    days.map(|day| (day, month_of(day)))
}

fn month_of(day: Date) -> Month {
    let first = day.first_of_month().weekday().to_sunday_zero_offset();
    Month { length: day.days_in_month() as u32, first: first as u32 }
}

type Predicate = Box<dyn Fn(Date) -> bool>;

/// All of them must hold.
pub(super) struct Dates(Vec<Predicate>);

impl Dates {
    pub(super) fn contain(&self, date: Date) -> bool {
        self.0.iter().all(|holds| holds(date))
    }
}

pub(super) fn read(tokens: &mut Tokens) -> Dates {
    if tokens.is_empty() {
        return Dates(Vec::new());
    }
    tokens.expect(",");
    let mut all = Vec::new();
    if tokens.eat("every day") {
        all.extend(months(tokens));
    } else {
        let parts = tokens.list(|tokens| tokens.attempt(day_of_month).or_else(|| tokens.attempt(weekday)));
        assert!(!parts.is_empty(), "{tokens:?}");
        all.push(any(parts));
        all.extend(of_month(tokens));
        all.extend(tokens.attempt(|tokens| if tokens.eat(",") { months(tokens) } else { None }));
        if tokens.eat("when it is") || tokens.eat(", only when it is") {
            all.push(any(tokens.list(condition)));
        }
    }
    if tokens.eat(", in leap years") {
        all.push(Box::new(Date::in_leap_year));
    }
    Dates(all)
}

fn any(parts: Vec<Predicate>) -> Predicate {
    Box::new(move |date| parts.iter().any(|holds| holds(date)))
}

/// `in March and July`, `from March to July`.
fn months(tokens: &mut Tokens) -> Option<Predicate> {
    if tokens.eat("from") {
        return month_range(tokens);
    }
    let months = if tokens.eat("in") { tokens.list(Tokens::month) } else { return None };
    (!months.is_empty())
        .then(|| -> Predicate { Box::new(move |date| months.contains(&(date.month() as u32))) })
}

fn month_range(tokens: &mut Tokens) -> Option<Predicate> {
    let first = tokens.month()?;
    tokens.expect("to");
    let last = tokens.month()?;
    Some(Box::new(move |date| is_between(date.month() as u32, first, last)))
}

/// Around the end, where it ends before it begins.
fn is_between(value: u32, first: u32, last: u32) -> bool {
    if first <= last { (first..=last).contains(&value) } else { value >= first || value <= last }
}

fn of_month(tokens: &mut Tokens) -> Option<Predicate> {
    if tokens.eat("of the month") {
        return None;
    }
    if tokens.eat("of each month from") {
        return month_range(tokens);
    }
    let months = if tokens.eat("of") { tokens.list(Tokens::month) } else { return None };
    Some(Box::new(move |date| months.contains(&(date.month() as u32))))
}

fn day_of_month(tokens: &mut Tokens) -> Option<Predicate> {
    if tokens.eat("from the") {
        let first = tokens.nth()?;
        tokens.expect("to the");
        let days = first..=tokens.nth()?;
        return Some(on(move |date| days.contains(&(date.day() as u32))));
    }
    if tokens.eat("on every") {
        let step = tokens.nth()?;
        tokens.expect("day from the");
        let first = tokens.nth()?;
        tokens.expect("to the");
        let days: Vec<u32> = (first..=tokens.nth()?).step_by(step as usize).collect();
        return Some(on(move |date| days.contains(&(date.day() as u32))));
    }
    if tokens.eat("on the weekday nearest") {
        let day = from_end(tokens).map(Ok).or_else(|| {
            tokens.expect("the");
            tokens.nth().map(Err)
        })?;
        return Some(on(move |date| {
            let day = match day {
                Ok(before) => i32::from(date.days_in_month()) - before as i32,
                Err(day) => day as i32,
            };
            nearest_weekday(date, day) == Some(date)
        }));
    }
    if tokens.eat("on the last weekday") {
        return Some(on(|date| nearest_weekday(date, i32::from(date.days_in_month())) == Some(date)));
    }
    if !tokens.eat("on") {
        return None;
    }
    if let Some(before) = from_end(tokens) {
        return Some(on(move |date| (date.days_in_month() - date.day()) as u32 == before));
    }
    let days = if tokens.eat("the") { runs(tokens, Tokens::nth) } else { return None };
    (!days.is_empty()).then(|| on(move |date| days.contains(&(date.day() as u32))))
}

fn on(holds: impl Fn(Date) -> bool + 'static) -> Predicate {
    Box::new(holds)
}

/// `the last day`, `the 3rd day before the last day`.
fn from_end(tokens: &mut Tokens) -> Option<u32> {
    tokens.attempt(|tokens| {
        if tokens.eat("the last day") {
            return Some(0);
        }
        if tokens.eat("the day before the last day") {
            return Some(1);
        }
        let before = if tokens.eat("the") { tokens.nth()? } else { return None };
        tokens.eat("day before the last day").then_some(before)
    })
}

/// The nearest day from Monday to Friday in the month of `date`, by looking at all of them: before the day first.
fn nearest_weekday(date: Date, day: i32) -> Option<Date> {
    if day < 1 || day > i32::from(date.days_in_month()) {
        return None;
    }
    let days = (1..=date.days_in_month()).map(|day| date.with().day(day).build().unwrap());
    let working = days.filter(|day| day.weekday().to_monday_one_offset() <= 5);
    working.min_by_key(|working| (i32::from(working.day()) - day).abs())
}

fn weekday(tokens: &mut Tokens) -> Option<Predicate> {
    if let Some(range) = tokens.attempt(weekday_range) {
        return Some(range);
    }
    if !tokens.eat("on") {
        return None;
    }
    if tokens.eat("the") {
        return counted(tokens);
    }
    let days = tokens.list(Tokens::weekday);
    (!days.is_empty()).then(|| on(move |date| days.contains(&weekday_of(date))))
}

fn weekday_range(tokens: &mut Tokens) -> Option<Predicate> {
    let first = tokens.weekday()?;
    let last = if tokens.eat("to") { tokens.weekday()? } else { return None };
    Some(on(move |date| is_between(weekday_of(date), first, last)))
}

fn weekday_of(date: Date) -> u32 {
    date.weekday().to_sunday_zero_offset() as u32
}

/// `first and last Monday`.
fn counted(tokens: &mut Tokens) -> Option<Predicate> {
    let nths = tokens.list(Tokens::ordinal);
    let weekday = tokens.weekday()?;
    Some(on(move |date| {
        let is_nth = |&nth: &u32| match nth {
            6 => date.day() + 7 > date.days_in_month(),
            nth => (date.day() as u32 - 1) / 7 + 1 == nth,
        };
        weekday_of(date) == weekday && nths.iter().any(is_nth)
    }))
}

fn condition(tokens: &mut Tokens) -> Option<Predicate> {
    if tokens.eat("a day from") {
        return weekday_range(tokens);
    }
    if tokens.eat("a") {
        let day = tokens.weekday()?;
        return Some(on(move |date| weekday_of(date) == day));
    }
    let counted = if tokens.eat("the") { counted(tokens)? } else { return None };
    tokens.expect("of the month");
    Some(counted)
}
