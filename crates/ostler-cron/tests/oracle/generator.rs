//! Random expressions, written in all the ways that the grammar allows.

use fastrand::Rng;
use jiff::civil::DateTime;

use crate::expression::{self, Expression, Item, Numbers, Word};

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const LONGEST: usize = 256;

/// A random expression of at most 256 characters.
pub(crate) fn expression(rng: &mut Rng) -> Expression {
    loop {
        let expression = if rng.u8(..40) == 0 { nickname(rng) } else { fields(rng) };
        if expression.to_string().len() <= LONGEST {
            return expression;
        }
    }
}

/// Brings an expression near to what clocks show: to the hour or one beside it, and mostly on any day. A change
/// of clocks is one hour of thousands, and what is random seldom meets it.
pub(crate) fn aim(rng: &mut Rng, expression: &mut Expression, at: DateTime) {
    let mut hours: Vec<i8> =
        (0..rng.u8(1..=3)).map(|_| (at.hour() + rng.i8(-2..=2)).rem_euclid(24)).collect();
    hours.dedup();
    let hours = hours.into_iter().map(|hour| Item::One(Word { value: hour as u8, text: hour.to_string() }));
    expression.nickname.clear();
    expression.hour = hours.collect();
    if rng.bool() {
        // A point: with lists of minutes and seconds.
        expression.minute =
            list(rng, expression::MINUTES, &[], |rng| Some(Item::One(word(rng, expression::MINUTES, &[]))));
        expression.second = None;
    }
    if rng.u8(..4) > 0 {
        let any = || vec![Item::Any { sign: '*', step: None }];
        (expression.day, expression.month, expression.weekday) = (any(), any(), any());
    }
}

fn fields(rng: &mut Rng) -> Expression {
    Expression {
        second: rng.bool().then(|| time_field(rng, expression::SECONDS)),
        minute: time_field(rng, expression::MINUTES),
        hour: time_field(rng, expression::HOURS),
        day: day_field(rng),
        month: month_field(rng),
        weekday: weekday_field(rng),
        blanks: blanks(rng),
        nickname: String::new(),
    }
}

fn blanks(rng: &mut Rng) -> [&'static str; 7] {
    if rng.u8(..8) > 0 {
        return ["", " ", " ", " ", " ", " ", ""];
    }
    let between = |rng: &mut Rng| pick(rng, [" ", "  ", "\t", " \t "]);
    let mut blanks = std::array::from_fn(|_| between(rng));
    blanks[0] = pick(rng, ["", " ", "\t "]);
    blanks[6] = pick(rng, ["", "  ", "\t"]);
    blanks
}

fn nickname(rng: &mut Rng) -> Expression {
    let (name, six) = pick(
        rng,
        [
            ("@every_second", ["*", "*", "*", "*", "*", "*"]),
            ("@every_minute", ["0", "*", "*", "*", "*", "*"]),
            ("@hourly", ["0", "0", "*", "*", "*", "*"]),
            ("@daily", ["0", "0", "0", "*", "*", "*"]),
            ("@midnight", ["0", "0", "0", "*", "*", "*"]),
            ("@weekly", ["0", "0", "0", "*", "*", "0"]),
            ("@monthly", ["0", "0", "0", "1", "*", "*"]),
            ("@yearly", ["0", "0", "0", "1", "1", "*"]),
            ("@annually", ["0", "0", "0", "1", "1", "*"]),
        ],
    );
    let [second, minute, hour, day, month, weekday] = six.map(|text| vec![star_or_number(text)]);
    let nickname = in_any_case(rng, name);
    let blanks = blanks(rng);
    Expression { second: Some(second), minute, hour, day, month, weekday, blanks, nickname }
}

fn star_or_number(text: &str) -> Item {
    match text.parse() {
        Ok(value) => Item::One(Word { value, text: text.to_owned() }),
        Err(_) => Item::Any { sign: '*', step: None },
    }
}

fn time_field(rng: &mut Rng, numbers: Numbers) -> Vec<Item> {
    match rng.u8(..20) {
        0..5 => vec![any(rng, None)],
        5..7 => {
            let step = step(rng, numbers);
            vec![any(rng, Some(step))]
        }
        7..13 => vec![Item::One(word(rng, numbers, &[]))],
        _ => list(rng, numbers, &[], |_| None),
    }
}

fn day_field(rng: &mut Rng) -> Vec<Item> {
    match rng.u8(..20) {
        0..9 => vec![any(rng, None)],
        9 => {
            let step = step(rng, expression::DAYS);
            vec![any(rng, Some(step))]
        }
        10..15 => list(rng, expression::DAYS, &[], |_| None),
        15..18 => vec![special_day(rng)],
        _ => list(rng, expression::DAYS, &[], |rng| rng.bool().then(|| special_day(rng))),
    }
}

fn special_day(rng: &mut Rng) -> Item {
    // Most are near the end of the month, where the rules are.
    let back = if rng.bool() { rng.u8(..=4) } else { rng.u8(..=30) };
    match rng.u8(..6) {
        0 => Item::Last,
        1 => Item::LastMinus(back),
        2 => Item::LastWeekday,
        3 => Item::LastMinusWeekday(back),
        4 => Item::NearestWeekday(pick(rng, [1, 2, 15, 28, 29, 30, 31])),
        _ => Item::NearestWeekday(rng.u8(1..=31)),
    }
}

fn month_field(rng: &mut Rng) -> Vec<Item> {
    match rng.u8(..20) {
        0..12 => vec![any(rng, None)],
        12 => {
            let step = step(rng, expression::MONTHS);
            vec![any(rng, Some(step))]
        }
        _ => list(rng, expression::MONTHS, &MONTHS, |_| None),
    }
}

fn weekday_field(rng: &mut Rng) -> Vec<Item> {
    let numbers = expression::WEEKDAYS;
    match rng.u8(..20) {
        0..9 => vec![any(rng, None)],
        9 => {
            let step = step(rng, numbers);
            vec![any(rng, Some(step))]
        }
        10..16 => list(rng, numbers, &WEEKDAYS, |_| None),
        16..18 => vec![special_weekday(rng)],
        _ => list(rng, numbers, &WEEKDAYS, |rng| rng.bool().then(|| special_weekday(rng))),
    }
}

fn special_weekday(rng: &mut Rng) -> Item {
    let word = word(rng, expression::WEEKDAYS, &WEEKDAYS);
    if rng.u8(..3) == 0 { Item::LastOf(word) } else { Item::Nth(word, rng.u8(1..=5)) }
}

/// A list of up to four items; `special` may give one of its own.
fn list(
    rng: &mut Rng,
    numbers: Numbers,
    names: &[&str],
    special: impl Fn(&mut Rng) -> Option<Item>,
) -> Vec<Item> {
    let length = pick(rng, [1, 1, 1, 2, 2, 3, 4]);
    (0..length).map(|_| special(rng).unwrap_or_else(|| plain(rng, numbers, names))).collect()
}

fn plain(rng: &mut Rng, numbers: Numbers, names: &[&str]) -> Item {
    match rng.u8(..10) {
        0..5 => Item::One(word(rng, numbers, names)),
        5 => Item::From(word(rng, numbers, names), step(rng, numbers)),
        6..8 => Item::Range(word(rng, numbers, names), word(rng, numbers, names), None),
        _ => {
            let step = step(rng, numbers);
            Item::Range(word(rng, numbers, names), word(rng, numbers, names), Some(step))
        }
    }
}

fn any(rng: &mut Rng, step: Option<u8>) -> Item {
    Item::Any { sign: if rng.u8(..4) == 0 { '?' } else { '*' }, step }
}

/// Small steps are the common ones; large ones are legal up to the field's maximum.
fn step(rng: &mut Rng, numbers: Numbers) -> u8 {
    if rng.u8(..4) > 0 { rng.u8(1..=numbers.max.min(10)) } else { rng.u8(1..=numbers.max) }
}

fn word(rng: &mut Rng, numbers: Numbers, names: &[&str]) -> Word {
    let value = rng.u8(numbers.min..=numbers.max);
    // Names begin at the field's minimum; the second Sunday has none of its own.
    let name = names.get((value - numbers.min) as usize).filter(|_| rng.bool());
    let text = match name {
        Some(name) => in_any_case(rng, name),
        None if rng.u8(..10) == 0 => format!("{value:02}"),
        None => value.to_string(),
    };
    Word { value, text }
}

fn in_any_case(rng: &mut Rng, text: &str) -> String {
    match rng.u8(..3) {
        0 => text.to_ascii_uppercase(),
        1 => text.to_ascii_lowercase(),
        _ => text
            .chars()
            .map(|c| if rng.bool() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
            .collect(),
    }
}

fn pick<T: Copy, const N: usize>(rng: &mut Rng, from: [T; N]) -> T {
    from[rng.usize(..N)]
}
