//! The oracle itself, held against its definition taken literally: every real second of some days is written down
//! with what clocks show at it, and nothing is walked, skipped or asked of neighbouring seconds.

use std::collections::{BTreeSet, HashMap};

use fastrand::Rng;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use ostler_cron::{DstPolicy, Zone};

use crate::case::Case;
use crate::expression::Meaning;
use crate::walk::Walk;

const HOUR: i64 = 3600;

/// How far around its instant a case is written down.
const WINDOW: i64 = 80 * HOUR;

/// How far the answers are compared: beyond it, what clocks show twice may lie outside of the window.
const COMPARED: i64 = 40 * HOUR;

const CASES: u64 = if cfg!(debug_assertions) { 3 } else { 20 };

#[test]
fn the_oracle_agrees_with_every_second_written_down() {
    let zones: Vec<_> = crate::zones().into_iter().map(|zone| (zone, Zone::UTC)).collect();
    let mut compared = 0;
    for index in 0..CASES {
        let mut rng = Rng::with_seed(index);
        let mut case = Case::random(&mut rng, &zones);
        near_a_change(&mut rng, &mut case);
        let from = case.from.as_second();
        if !(-60_000_000_000..250_000_000_000).contains(&from) {
            continue;
        }
        let meaning = case.expression.meaning();
        let once = !case.expression.is_interval();
        let moved =
            matches!(case.policy, DstPolicy::Cronos) || once && matches!(case.policy, DstPolicy::Default);
        let literal = occurrences(&meaning, &case.zone, from, once, moved);
        let walk = Walk { meaning: &meaning, zone: &case.zone, once, moved };
        let near = |times: Vec<i64>| -> Vec<i64> {
            times.into_iter().filter(|at| (at - from).abs() <= COMPARED).collect()
        };
        let after: Vec<i64> = near(literal.range(from + 1..).take(2).copied().collect());
        let before: Vec<i64> = near(literal.range(..from).rev().take(2).copied().collect());
        assert_eq!(near(walk.after(from).times), after, "after: {case}");
        assert_eq!(near(walk.before(from).times), before, "before: {case}");
        assert_eq!(walk.is_at(from), literal.contains(&from), "at: {case}");
        compared += after.len() + before.len();
    }
    assert!(compared as u64 > CASES, "only {compared} occurrences were compared");
}

/// Most cases begin so far from a change that no second of theirs is a special one.
fn near_a_change(rng: &mut Rng, case: &mut Case) {
    if let Some(change) = case.zone.following(case.from).next() {
        let beside = rng.i64(-30 * HOUR..30 * HOUR);
        case.from = Timestamp::from_second(change.timestamp().as_second() + beside).unwrap_or(case.from);
    }
}

/// The set, by its definition.
fn occurrences(meaning: &Meaning, zone: &TimeZone, from: i64, once: bool, moved: bool) -> BTreeSet<i64> {
    let clock: Vec<(i64, DateTime)> =
        (from - WINDOW..from + WINDOW).map(|at| (at, shown(zone, at))).collect();
    let mut instants: HashMap<DateTime, Vec<i64>> = HashMap::new();
    for &(at, local) in &clock {
        instants.entry(local).or_default().push(at);
    }
    let mut set = BTreeSet::new();
    for (&local, instants) in &instants {
        if matches(meaning, local) {
            set.extend(if once { &instants[..1] } else { &instants[..] });
        }
    }
    if moved {
        for pair in clock.windows(2) {
            let mut local = tick(pair[0].1);
            // Where clocks are set back, nothing lies between; so this ends at once.
            while local < pair[1].1 {
                if !instants.contains_key(&local) && matches(meaning, local) {
                    set.insert(pair[1].0);
                }
                local = tick(local);
            }
        }
    }
    set
}

fn shown(zone: &TimeZone, at: i64) -> DateTime {
    zone.to_datetime(Timestamp::from_second(at).expect("it is in range"))
}

fn tick(local: DateTime) -> DateTime {
    local.checked_add(jiff::SignedDuration::from_secs(1)).expect("it is in range")
}

fn matches(meaning: &Meaning, local: DateTime) -> bool {
    let second = i64::from(local.hour()) * HOUR + i64::from(local.minute()) * 60 + i64::from(local.second());
    meaning.has_day(local.date()) && meaning.has_time(second)
}
