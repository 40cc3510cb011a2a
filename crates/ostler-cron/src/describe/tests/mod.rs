//! What a sentence says, over random expressions: no two are told alike, and each is true.

mod dates;
mod random;
mod times;
mod tokens;

use std::collections::HashMap;

use self::random::Random;
use self::tokens::Tokens;
use crate::cron::Cron;
use crate::month::Days;
use crate::month::Weekdays;

/// How many sentences are read back.
const CASES: usize = if cfg!(debug_assertions) { 300 } else { 10_000 };

/// Reads a sentence as a person would, and holds it against each second of a day, and each day of each kind of year.
#[test]
fn sentences_are_true() {
    let mut random = Random(fastrand::Rng::with_seed(3));
    let days: Vec<_> = dates::each_kind().collect();
    for _ in 0..CASES {
        let cron = random.cron();
        let sentence = cron.describe().to_string();
        if cron.never_fires() {
            continue;
        }
        let mut tokens = Tokens::of(&sentence);
        let times = times::read(&mut tokens);
        let dates = dates::read(&mut tokens);
        assert!(tokens.is_empty(), "{sentence}\n{tokens:?}");
        for second in 0..86_400_u32 {
            let at = [second / 3600, second / 60 % 60, second % 60];
            let matches =
                u64::from(cron.hours) >> at[0] & cron.minutes >> at[1] & cron.seconds >> at[2] & 1 != 0;
            assert_eq!(times.contains(second), matches, "{cron} {sentence} {at:?}");
        }
        for &(date, month) in &days {
            let is_day = cron.matching_days(month) >> date.day() & 1 != 0;
            let matches = cron.months >> date.month() & 1 != 0 && is_day;
            assert_eq!(dates.contain(date), matches, "{cron} {sentence} {date}");
        }
    }
}

/// What an expression means where nothing is said twice: a day that is any day is not also the last one.
fn meaning(mut cron: Cron) -> Option<Cron> {
    if cron.days.is_any() {
        cron.days = Days { plain: Days::ALL, ..Days::default() };
    }
    if cron.weekdays.is_any() {
        cron.weekdays = Weekdays { plain: Weekdays::ALL, ..Weekdays::default() };
    }
    cron.interval = false;
    (!cron.never_fires()).then_some(cron)
}

#[test]
fn what_has_the_same_sentence_is_the_same() {
    let mut random = Random(fastrand::Rng::with_seed(2));
    let mut told: HashMap<String, Cron> = HashMap::new();
    let mut again = 0;
    for _ in 0..100_000 {
        let cron = random.cron();
        let sentence = cron.describe().to_string();
        assert_eq!(cron.never_fires(), sentence.starts_with("Never: "), "{cron}");
        let known = *told.entry(sentence.clone()).or_insert(cron);
        assert_eq!(meaning(known), meaning(cron), "{sentence}");
        again += usize::from(known == cron);
    }
    assert!(again > 5_000 && told.len() > 50_000, "{again} {}", told.len());
}

/// Each grid, run and pair of one field beside some of another, where sentences are nearest to one another.
#[test]
fn times_that_differ_have_different_sentences() {
    let grids = |size: u32| {
        let ends = (0..6).flat_map(move |first| (first..size).map(move |last| (first, last)));
        let all = ends.flat_map(move |(first, last)| {
            (1..=(last - first + 1).min(size / 2)).map(move |step| (first, last, step))
        });
        all.map(|(first, last, step)| {
            (first..=last).step_by(step as usize).fold(0, |set, value| set | 1_u64 << value)
        })
    };
    let some = [
        1,
        2,
        1 << 30,
        1 | 1 << 30,
        1 << 15 | 1 << 45,
        0xf,
        0x3ff << 20,
        (1 << 60) - 1,
        1 | 1 << 7 | 1 << 20,
    ];
    let some_hours =
        [1, 1 << 8, 0x1ff << 9, 1 << 8 | 1 << 12, 0x55_5555, (1 << 24) - 1, 0x1_1111, 0b1010_1100_1111_0001];
    let mut told = HashMap::new();
    let mut tell = |seconds: u64, minutes: u64, hours: u32| {
        let cron = Cron { seconds, minutes, hours, ..Cron::parse("* * * * * *").unwrap() };
        let known = *told.entry(cron.describe().to_string()).or_insert(cron);
        assert_eq!(known, cron, "{}", cron.describe());
    };
    for minutes in grids(60) {
        some_hours.into_iter().for_each(|hours| tell(1, minutes, hours));
        some_hours.into_iter().for_each(|hours| tell(1 << 20 | 1 << 50, minutes, hours));
    }
    for seconds in grids(60) {
        some.into_iter().for_each(|minutes| tell(seconds, minutes, (1 << 24) - 1));
        some.into_iter().for_each(|minutes| tell(seconds, minutes, 1 << 8 | 1 << 12));
    }
    for hours in grids(24) {
        some.into_iter().for_each(|minutes| tell(1, minutes, hours as u32));
        some.into_iter().for_each(|minutes| tell(1 << 10, minutes, hours as u32));
    }
}
