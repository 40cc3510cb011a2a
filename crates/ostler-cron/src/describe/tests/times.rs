//! The half of a sentence about the time of day, read back.

use std::ops::RangeInclusive;

use crate::describe::tests::tokens::Tokens;
use crate::describe::tests::tokens::runs;

const DAY: u32 = 86_400;

pub(super) struct Times(Vec<bool>);

impl Times {
    pub(super) fn contains(&self, second: u32) -> bool {
        self.0[second as usize]
    }

    fn of(seconds: impl IntoIterator<Item = u32>) -> Self {
        let mut times = vec![false; DAY as usize];
        seconds.into_iter().for_each(|second| times[second as usize] = true);
        Self(times)
    }
}

pub(super) fn read(tokens: &mut Tokens) -> Times {
    if tokens.eat("At") { at(tokens) } else { every(tokens) }
}

fn at(tokens: &mut Tokens) -> Times {
    let times = tokens.list(Tokens::clock);
    if !times.is_empty() {
        return Times::of(times);
    }
    let values = runs(tokens, Tokens::number);
    if tokens.eat("second past every hour") || tokens.eat("seconds past every hour") {
        return Times::of((0..24).map(|hour| hour * 3600 + values[0]));
    }
    if tokens.eat("second past") || tokens.eat("seconds past") {
        assert!(tokens.eat("every minute") || tokens.eat("the minute"));
        return within(tokens, |second| values.contains(&(second % 60)));
    }
    assert!(tokens.eat("minute") || tokens.eat("minutes"));
    let second = if tokens.eat("and") { tokens.number() } else { None };
    assert!(second.is_none() || tokens.eat("second") || tokens.eat("seconds"));
    tokens.expect("past");
    let hours = hours_past(tokens);
    let minutes = hours.iter().flat_map(|hour| values.iter().map(move |minute| hour + minute * 60));
    Times::of(minutes.map(|minute| minute + second.unwrap_or(0)))
}

/// `every 2nd hour from 00:00 to 22:00`, `08:00 and 12:00`.
fn hours_past(tokens: &mut Tokens) -> Vec<u32> {
    let hours = tokens.list(Tokens::clock);
    if !hours.is_empty() {
        return hours;
    }
    let step = each(tokens, "hour").unwrap();
    match span(tokens) {
        Some(span) => span.step_by(step as usize * 3600).collect(),
        None => (0..DAY).step_by(step as usize * 3600).collect(),
    }
}

/// `every hour`, `every 2nd hour`: the number.
fn each(tokens: &mut Tokens, unit: &str) -> Option<u32> {
    tokens.attempt(|tokens| {
        let step = if tokens.eat("every") { tokens.nth().unwrap_or(1) } else { return None };
        tokens.eat(unit).then_some(step)
    })
}

/// `from 09:00 to 17:00`.
fn span(tokens: &mut Tokens) -> Option<RangeInclusive<u32>> {
    tokens.attempt(|tokens| if tokens.eat("from") { window(tokens) } else { None })
}

fn window(tokens: &mut Tokens) -> Option<RangeInclusive<u32>> {
    let from = tokens.clock()?;
    tokens.expect("to");
    Some(from..=tokens.clock()?)
}

fn every(tokens: &mut Tokens) -> Times {
    tokens.expect("Every");
    let step = tokens.number().unwrap_or(1);
    let units = [("second", 1), ("minute", 60), ("hour", 3600)];
    let (unit, size) =
        units.into_iter().find(|(unit, _)| tokens.eat(unit) || tokens.eat(&format!("{unit}s"))).unwrap();
    if tokens.eat(&format!("from {unit}")) {
        let from = tokens.number().unwrap();
        tokens.expect(&format!("to {unit}"));
        let grid: Vec<u32> = (from..=tokens.number().unwrap()).step_by(step as usize).collect();
        tokens.expect("of");
        assert!(tokens.eat("every") || tokens.eat("the"));
        assert!(tokens.eat(if size == 1 { "minute" } else { "hour" }));
        return within(tokens, |second| second % size == 0 && grid.contains(&(second / size % 60)));
    }
    if tokens.eat(", on the hour") {
        assert_eq!((step, size), (1, 3600));
    }
    let windows = windows(tokens).unwrap_or_else(|| vec![0..=DAY - 1]);
    Times::of(windows.into_iter().flat_map(|window| window.step_by((step * size) as usize)))
}

fn within(tokens: &mut Tokens, holds: impl Fn(u32) -> bool) -> Times {
    let windows = windows(tokens).unwrap_or_else(|| vec![0..=DAY - 1]);
    Times::of(windows.into_iter().flatten().filter(|&second| holds(second)))
}

/// When what was said before goes on; `None`: all day.
fn windows(tokens: &mut Tokens) -> Option<Vec<RangeInclusive<u32>>> {
    tokens.attempt(|tokens| {
        if !tokens.eat(",") {
            return None;
        }
        if tokens.eat("from") {
            return Some(tokens.list(window)).filter(|windows| !windows.is_empty());
        }
        if !tokens.eat("in") {
            return None;
        }
        if let Some(step) = each(tokens, "hour") {
            return span(tokens).map(|span| in_each(step * 3600, span));
        }
        let minute = |minute: u32| minute..=minute + 59;
        if let Some((step, span)) = tokens.attempt(|tokens| Some((each(tokens, "minute")?, span(tokens)?))) {
            return Some(span.step_by(step as usize * 60).map(minute).collect());
        }
        if tokens.eat("the hours") {
            let hours = runs(tokens, Tokens::number);
            return Some(hours.into_iter().map(|hour| hour * 3600..=hour * 3600 + 3599).collect());
        }
        if tokens.eat("the minutes") || tokens.eat("the minute") {
            return Some(tokens.list(Tokens::clock).into_iter().map(minute).collect());
        }
        let minutes = minutes(tokens)?;
        tokens.expect("of");
        let starts = hours_of(tokens);
        let of_hours = starts.iter().flat_map(|hour| minutes.iter().map(move |minute| hour + minute * 60));
        Some(of_hours.map(minute).collect())
    })
}

/// Each n-th hour, as far into the last one as the end says, and as far into the others.
fn in_each(step: u32, span: RangeInclusive<u32>) -> Vec<RangeInclusive<u32>> {
    let length = (span.end() - span.start()) % step;
    span.step_by(step as usize).map(|start| start..=start + length).collect()
}

fn minutes(tokens: &mut Tokens) -> Option<Vec<u32>> {
    if let Some(step) = each(tokens, "minute") {
        tokens.expect("from");
        let from = tokens.number()?;
        tokens.expect("to");
        return Some((from..=tokens.number()?).step_by(step as usize).collect());
    }
    (tokens.eat("minutes") || tokens.eat("minute")).then(|| runs(tokens, Tokens::number))
}

fn hours_of(tokens: &mut Tokens) -> Vec<u32> {
    if tokens.eat("the hours") || tokens.eat("the hour") {
        return runs(tokens, Tokens::number).into_iter().map(|hour| hour * 3600).collect();
    }
    hours_past(tokens)
}
