//! Texts of 256 bytes that are as much work as can be. They are read or refused; how long that takes is
//! printed, and judged by a benchmark.

use std::hint::black_box;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use ostler_cron::{Cron, Every, Expression, Zone};

/// As many items as 256 bytes hold, in a field of an expression whose others are short.
fn crowded(before: &str, items: &[&str], after: &str) -> String {
    let mut text = before.to_owned();
    for item in items.iter().cycle() {
        let comma = if text.len() == before.len() { "" } else { "," };
        if text.len() + comma.len() + item.len() + after.len() > Cron::MAX_LENGTH {
            break;
        }
        text.push_str(comma);
        text.push_str(item);
    }
    text + after
}

/// The text, filled up to 256 bytes.
fn filled(text: &str, with: char) -> String {
    let missing = (Cron::MAX_LENGTH - text.len()) / with.len_utf8();
    format!("{text}{}", String::from_iter(std::iter::repeat_n(with, missing)))
}

fn readable() -> Vec<(&'static str, String)> {
    let working: Vec<String> = (1..=31).map(|day| format!("{day}W")).collect();
    let working: Vec<&str> = working.iter().map(String::as_str).collect();
    let back: Vec<String> = (0..=30).map(|days| format!("L-{days}W")).collect();
    let back: Vec<&str> = back.iter().map(String::as_str).collect();
    let counted: Vec<String> = (0..=7).flat_map(|day| (1..=5).map(move |n| format!("{day}#{n}"))).collect();
    let counted: Vec<&str> = counted.iter().map(String::as_str).collect();
    vec![
        ("each minute", crowded("", &["59", "0", "31", "7"], " * * * *")),
        ("the smallest steps", crowded("", &["0/1"], " * * * *")),
        ("long reverse ranges", crowded("", &["1-0/1"], " * * * *")),
        ("all working days", crowded("0 0 ", &working, " * *")),
        ("all from the last", crowded("0 0 ", &back, " * *")),
        ("last days again and again", crowded("0 0 ", &["L", "LW", "L-30W"], " 2 *")),
        ("all counted weekdays", crowded("0 0 * * ", &counted, "")),
        ("last weekdays", crowded("0 0 * * ", &["SUNL", "7L", "MONL"], "")),
        ("names", crowded("0 0 * ", &["DEC", "JAN-DEC/11", "nov"], " *")),
        ("never, at length", crowded("0 0 ", &["31W", "30W", "31", "30", "L-29W", "L-30"], " 2 *")),
        ("a fifth that is a first", crowded("0 0 1 * ", &["MON#5", "TUE#5", "5#4", "7#3"], "")),
        ("nearly nothing but blanks", filled("0 0 29 2 MON", '\t')),
        ("blanks between", format!("0 0{}29 2 1#5", " ".repeat(240))),
    ]
}

fn unreadable() -> Vec<(&'static str, String)> {
    vec![
        ("blanks", filled("", ' ')),
        ("commas", filled("", ',')),
        ("one number", filled("", '9')),
        ("a number in a field", format!("{} * * * *", "0".repeat(248))),
        ("stars", filled("", '*')),
        ("fields", "* ".repeat(128)),
        ("letters", filled("0 0 ", 'L')),
        ("a macro", filled("@", 'a')),
        ("an interval", filled("@every ", '9')),
        ("a mistake at the end", crowded("0 0 * * ", &["MON#1", "7#5"], ",MON#6")),
        ("a working day too many", crowded("0 0 ", &["1W", "31W"], ",32W * *")),
        ("long characters", filled("0 0 * * ", '\u{1F980}')),
        ("no characters", filled("", '\0')),
        ("hashes", filled("H H H H H", '#')),
    ]
}

/// The mean of many, after a first one.
fn timed<T>(mut run: impl FnMut() -> T) -> Duration {
    const RUNS: u32 = if cfg!(debug_assertions) { 20 } else { 2_000 };
    black_box(run());
    let began = Instant::now();
    for _ in 0..RUNS {
        black_box(run());
    }
    began.elapsed() / RUNS
}

#[test]
fn long_texts_are_read() {
    let oslo = Zone::get("Europe/Oslo").unwrap();
    let from: Timestamp = "2026-03-29T00:30:00Z".parse().unwrap();
    for (what, text) in readable() {
        assert!(text.len() <= Cron::MAX_LENGTH, "{what}");
        assert!(text.len() > Cron::MAX_LENGTH - 12, "{what} is not long: {}", text.len());
        let cron = Cron::parse(&text).unwrap_or_else(|error| panic!("{what}: {text:?}: {error}"));
        let schedule = cron.in_zone(oslo.clone());
        assert_eq!(schedule.next_after(from).is_none(), cron.never_fires(), "{what}");
        assert_eq!(schedule.previous_before(from).is_none(), cron.never_fires(), "{what}");

        let parse = timed(|| Cron::parse(black_box(&text)));
        let next = timed(|| schedule.next_after(black_box(from)));
        let previous = timed(|| schedule.previous_before(black_box(from)));
        println!("{what:28} parse {parse:>10.1?}  next {next:>10.1?}  previous {previous:>10.1?}");
    }
}

#[test]
fn long_texts_are_refused() {
    for (what, text) in unreadable() {
        assert!(text.len() <= Cron::MAX_LENGTH, "{what}");
        assert!(text.len() > Cron::MAX_LENGTH - 12, "{what} is not long: {}", text.len());
        let error = Cron::parse(&text).expect_err(what);
        assert!(error.offset() <= text.len(), "{what}");
        assert!(error.to_string().len() < 250, "{what}: an error is one line and does not repeat the text");
        assert!(Expression::parse(&text).is_err() && Every::parse(&text).is_err(), "{what}");
        let parse = timed(|| Cron::parse_with_id(black_box(&text), "an id"));
        println!("{what:28} parse {parse:>10.1?}");
    }
}

/// A text may be as long as it likes: what is too long is not looked at.
#[test]
fn endless_texts_are_refused() {
    for text in [
        "1,".repeat(1_000_000),
        " ".repeat(3_000_000),
        "é".repeat(1_000_000),
        format!("@every {}", "9".repeat(1_000_000)),
    ] {
        assert!(
            Cron::parse(&text).is_err() && Expression::parse(&text).is_err() && Every::parse(&text).is_err()
        );
        let parse = timed(|| Expression::parse(black_box(&text)));
        println!("{} bytes: {parse:?}", text.len());
    }
}
