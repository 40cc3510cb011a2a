//! What holds of every expression, in every zone: order, inverses, ranges, texts.

#[path = "oracle/expression.rs"]
#[allow(dead_code, reason = "the oracle uses the rest")]
mod expression;
#[path = "oracle/generator.rs"]
#[allow(dead_code, reason = "the oracle uses the rest")]
mod generator;

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::ops::Bound;

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use ostler_cron::{Cron, DstPolicy, Every, Expression, Schedule, Zone};
use proptest::prelude::*;

const CASES: u64 = if cfg!(debug_assertions) { 2_000 } else { 20_000 };

/// How many occurrences of a schedule are followed.
const CHAIN: usize = 12;

const NANOSECOND: SignedDuration = SignedDuration::from_nanos(1);

/// A schedule, and an instant within some hours of a change of its zone's offset, if it has any.
fn any_schedule(rng: &mut Rng, zones: &[Zone]) -> (Schedule, Timestamp) {
    let expression = generator::expression(rng);
    let text = expression.to_string();
    let cron = Cron::parse(&text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    let zone = zones[rng.usize(..zones.len())].clone();
    let policy = [DstPolicy::Default, DstPolicy::Cronos, DstPolicy::Skip][rng.usize(..3)];
    let from = Timestamp::from_second(rng.i64(-2_000_000_000..7_000_000_000)).expect("it is in range");
    let change = zone.time_zone().following(from).next().map_or(from, |change| change.timestamp());
    let from = change + SignedDuration::new(rng.i64(-90_000..90_000), rng.i32(0..1_000_000_000));
    (Schedule::new(cron, zone).dst(policy), from)
}

fn for_each_schedule(seed: u64, check: impl Fn(&Schedule, Timestamp)) {
    let zones: Vec<Zone> =
        jiff::tz::db().available().filter_map(|name| Zone::get(name.as_str()).ok()).collect();
    let mut rng = Rng::with_seed(seed);
    for _ in 0..CASES {
        let (schedule, from) = any_schedule(&mut rng, &zones);
        check(&schedule, from);
    }
}

/// Whether it is on a whole second, as every occurrence is.
fn whole(at: Timestamp) -> bool {
    at.subsec_nanosecond() == 0
}

#[test]
fn time_moves_on_in_both_directions() {
    for_each_schedule(1, |schedule, from| {
        let after: Vec<Timestamp> = schedule.after(from).take(CHAIN).collect();
        assert!(after.iter().all(|&at| at > from && whole(at)), "{schedule:?} after {from}: {after:?}");
        assert!(after.is_sorted_by(|a, b| a < b), "{schedule:?} after {from}: {after:?}");
        let before: Vec<Timestamp> = schedule.before(from).take(CHAIN).collect();
        assert!(before.iter().all(|&at| at < from && whole(at)), "{schedule:?} before {from}: {before:?}");
        assert!(before.is_sorted_by(|a, b| a > b), "{schedule:?} before {from}: {before:?}");
    });
}

#[test]
fn next_and_previous_are_inverse() {
    for_each_schedule(2, |schedule, from| {
        let mut at = from;
        for next in schedule.after(from).take(CHAIN) {
            let expected = if at == from { schedule.previous_at_or_before(from) } else { Some(at) };
            assert_eq!(schedule.previous_before(next), expected, "{schedule:?} before {next}");
            assert_eq!(schedule.next_after(at), Some(next), "{schedule:?} after {at}");
            at = next;
        }
        let mut at = None;
        for previous in schedule.before(from).take(CHAIN) {
            let expected = at.or_else(|| schedule.next_at_or_after(from));
            assert_eq!(schedule.next_after(previous), expected, "{schedule:?} after {previous}");
            at = Some(previous);
        }
    });
}

#[test]
fn an_occurrence_is_its_own_inclusive_answer() {
    for_each_schedule(3, |schedule, from| {
        for at in schedule.after(from).take(3).chain(schedule.before(from).take(3)) {
            assert_eq!(schedule.next_at_or_after(at), Some(at), "{schedule:?}");
            assert_eq!(schedule.previous_at_or_before(at), Some(at), "{schedule:?}");
        }
    });
}

#[test]
fn fractions_of_a_second_round_away_from_the_question() {
    for_each_schedule(4, |schedule, from| {
        for at in schedule.after(from).take(2).chain(schedule.before(from).take(2)) {
            let (just_before, just_after) = (at - NANOSECOND, at + NANOSECOND);
            assert_eq!(schedule.next_after(just_before), Some(at), "{schedule:?}");
            assert_eq!(schedule.next_at_or_after(just_before), Some(at), "{schedule:?}");
            assert_eq!(schedule.next_at_or_after(just_after), schedule.next_after(at), "{schedule:?} {at}");
            assert_eq!(schedule.previous_before(just_after), Some(at), "{schedule:?}");
            assert_eq!(schedule.previous_at_or_before(just_after), Some(at), "{schedule:?}");
            assert_eq!(
                schedule.previous_at_or_before(just_before),
                schedule.previous_before(at),
                "{schedule:?}"
            );
        }
    });
}

#[test]
fn a_range_is_the_same_from_both_ends() {
    let mut length = Rng::with_seed(50);
    let lengths: Vec<i64> = (0..CASES).map(|_| 1 << length.u8(0..27)).collect();
    let index = std::cell::Cell::new(0);
    for_each_schedule(5, |schedule, from| {
        let end = from + SignedDuration::from_secs(lengths[index.replace(index.get() + 1)]);
        let many = 60;
        let forwards: Vec<Timestamp> = schedule.within(from..end).take(many).collect();
        let expected: Vec<Timestamp> = schedule
            .next_at_or_after(from)
            .into_iter()
            .chain(schedule.next_at_or_after(from).into_iter().flat_map(|first| schedule.after(first)))
            .take_while(|&at| at < end)
            .take(many)
            .collect();
        assert_eq!(forwards, expected, "{schedule:?} in {from}..{end}");
        if forwards.len() == many {
            return;
        }
        let mut backwards: Vec<Timestamp> = schedule.within(from..end).rev().collect();
        backwards.reverse();
        assert_eq!(forwards, backwards, "{schedule:?} in {from}..{end}");
        check_from_both_ends(schedule, from, end, &forwards);
        check_bounds(schedule, &forwards);
    });
}

/// The two ends of one iterator meet and give nothing twice.
fn check_from_both_ends(schedule: &Schedule, from: Timestamp, end: Timestamp, expected: &[Timestamp]) {
    let mut range = schedule.within(from..end);
    let (mut front, mut back) = (Vec::new(), Vec::new());
    while let Some(at) = range.next() {
        front.push(at);
        back.extend(range.next_back());
    }
    assert_eq!((range.next(), range.next_back()), (None, None), "{schedule:?} in {from}..{end}, at its end");
    front.extend(back.into_iter().rev());
    assert_eq!(front, expected, "{schedule:?} in {from}..{end}, from both ends");
}

/// Inclusive and exclusive bounds, at occurrences.
fn check_bounds(schedule: &Schedule, times: &[Timestamp]) {
    let [first, between @ .., last] = times else { return };
    let within = |range: (Bound<Timestamp>, Bound<Timestamp>)| schedule.within(range).collect::<Vec<_>>();
    let (included, excluded) = (Bound::Included::<Timestamp>, Bound::Excluded::<Timestamp>);
    assert_eq!(within((included(*first), included(*last))), times, "{schedule:?}");
    assert_eq!(within((excluded(*first), excluded(*last))), between, "{schedule:?}");
    assert_eq!(within((included(*first), excluded(*last))), times[..times.len() - 1], "{schedule:?}");
    assert_eq!(within((excluded(*first), included(*last))), times[1..], "{schedule:?}");
    assert_eq!(within((included(*last), included(*first))), [], "{schedule:?}: a range that is none");
    assert_eq!(within((excluded(*last), excluded(*last))), [], "{schedule:?}: a range that is none");
}

#[test]
fn ranges_without_an_end_reach_the_ends_of_time() {
    let schedule = Cron::parse("@yearly").unwrap().in_utc();
    assert_eq!(schedule.within(..).count(), 9999);
    assert_eq!(schedule.within(..).rev().count(), 9999);
    let new_year: Timestamp = "9990-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(schedule.within(new_year..).count(), 10);
    assert_eq!(schedule.within(..=new_year).count(), 9990);
    assert_eq!(schedule.within(..new_year).count(), 9989);
}

/// All that an expression is printed and stored as gives it back.
#[test]
fn texts_give_the_expression_back() {
    let mut rng = Rng::with_seed(6);
    for _ in 0..10 * CASES {
        let written = generator::expression(&mut rng).to_string();
        let cron = Cron::parse(&written).unwrap_or_else(|error| panic!("{written:?}: {error}"));
        let canonical = cron.to_string();
        let again = Cron::parse(&canonical)
            .unwrap_or_else(|error| panic!("{written:?} is printed {canonical:?}: {error}"));
        assert_eq!(again, cron, "{written:?} is printed {canonical:?}");
        assert_eq!(hash_of(&again), hash_of(&cron), "{written:?} is printed {canonical:?}");
        assert_eq!(again.to_string(), canonical, "{written:?}");
        assert!(!canonical.contains('?') && canonical.is_ascii(), "{written:?} is printed {canonical:?}");

        let stored = serde_json::to_string(&cron).unwrap();
        assert_eq!(stored, format!("\"{canonical}\""));
        assert_eq!(serde_json::from_str::<Cron>(&stored).unwrap(), cron);
        let expression = Expression::Cron(cron);
        assert_eq!(
            serde_json::from_str::<Expression>(&serde_json::to_string(&expression).unwrap()).unwrap(),
            expression
        );
    }
}

fn hash_of(cron: &Cron) -> u64 {
    let mut hasher = DefaultHasher::new();
    cron.hash(&mut hasher);
    hasher.finish()
}

/// In an interval, the values of each field of the time are written together, and never as a range of one value
/// where another field can tell.
#[test]
fn an_interval_is_printed_without_a_range_of_one() {
    let mut rng = Rng::with_seed(8);
    for _ in 0..10 * CASES {
        let cron = Cron::parse(&generator::expression(&mut rng).to_string()).unwrap();
        let canonical = cron.to_string();
        let is_of_one = |item: &str| item.split_once('-').is_some_and(|(first, last)| first == last);
        let fields: Vec<&str> = canonical.split(' ').collect();
        let times = &fields[..fields.len() - 3];
        if times.iter().any(|field| field.split(',').any(is_of_one)) {
            let rest = times.iter().flat_map(|field| field.split(',')).filter(|item| !is_of_one(item));
            let others: Vec<&str> = rest.collect();
            assert!(others.iter().all(|item| item.parse::<u8>().is_ok()), "{canonical:?}");
        }
        let has_sign = times.iter().any(|field| field.contains(['*', '-', '/']));
        assert_eq!(has_sign, cron.is_interval(), "{canonical:?}");
    }
}

/// Such values have no short form together.
#[test]
fn an_expression_whose_text_could_not_be_read_again_is_refused() {
    let error = Cron::parse("0/3,1/3 0/3,1/3 0/3,1/3 1/3,2/3 * *").unwrap_err();
    assert!(error.to_string().contains("too many values"), "{error}");
    let longest = Cron::parse("0/3,1/3 0/3,1/3 * * * *").unwrap();
    assert!(longest.to_string().len() > 200, "{longest}");
    assert_eq!(Cron::parse(&longest.to_string()), Ok(longest));
}

/// An expression that is read from the canonical text answers as the one that was printed.
#[test]
fn equal_expressions_have_equal_occurrences() {
    for_each_schedule(7, |schedule, from| {
        let canonical = schedule.cron().to_string();
        let again = Schedule::new(Cron::parse(&canonical).unwrap(), schedule.zone().clone());
        let again = again.dst(schedule.dst_policy());
        assert_eq!(&again, schedule);
        assert_eq!(again.next_after(from), schedule.next_after(from), "{schedule:?}");
        assert_eq!(again.previous_before(from), schedule.previous_before(from), "{schedule:?}");
    });
}

/// A text of the grammar's characters, most of them in what looks like fields.
fn nearly_an_expression() -> impl Strategy<Value = String> {
    let item = prop_oneof![
        4 => "[0-9]{1,2}",
        2 => "[0-9]{1,2}[-/][0-9]{1,2}",
        2 => "(MON|tue|JAN|dec|SUN|7|L|l)[-/#WLw]?[0-9]{0,2}",
        1 => "[*?H](/[0-9]{1,2})?",
        1 => "[0-9A-Za-z*?/,#@ \t-]{0,6}",
    ];
    let field = proptest::collection::vec(item, 1..4).prop_map(|items| items.join(","));
    proptest::collection::vec(field, 3..8).prop_map(|fields| fields.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 4_000 } else { 100_000 }))]

    #[test]
    fn nothing_that_is_read_makes_it_panic(
        text in prop_oneof![
            3 => nearly_an_expression(),
            3 => "[0-9*?/,#@LWHlwhMONTUEJAdec \t-]{0,300}",
            1 => "@[a-z_ 0-9.-]{0,40}",
            2 => any::<String>(),
            1 => proptest::collection::vec(any::<char>(), 0..300).prop_map(String::from_iter),
        ],
        id in any::<String>(),
    ) {
        for read in [Cron::parse(&text), Cron::parse_with_id(&text, &id)] {
            match read {
                Ok(cron) => {
                    prop_assert!(text.len() <= Cron::MAX_LENGTH);
                    let canonical = cron.to_string();
                    prop_assert_eq!(Cron::parse(&canonical), Ok(cron), "{}", canonical);
                    let from = Timestamp::UNIX_EPOCH;
                    let (next, previous) = (cron.in_utc().next_after(from), cron.in_utc().previous_before(from));
                    prop_assert_eq!(next.is_none(), cron.never_fires());
                    prop_assert_eq!(previous.is_none(), cron.never_fires());
                }
                Err(error) => {
                    prop_assert!(error.offset() <= text.len());
                    prop_assert!(text.is_char_boundary(error.offset()));
                    let caret = error.caret(&text).to_string();
                    prop_assert!(!error.to_string().is_empty() && caret.ends_with('^'));
                }
            }
        }
        let _ = Expression::parse(&text);
        if let Ok(every) = Every::parse(&text) {
            prop_assert_eq!(Every::parse(&every.to_string()), Ok(every));
        }
    }

    /// The grid of an interval goes through its anchor in both directions.
    #[test]
    fn ticks_are_a_period_apart(
        seconds in 1_u32..10_000_000,
        anchor in -10_000_000_000_i64..10_000_000_000,
        from in -10_000_000_000_i64..10_000_000_000,
        nanosecond in 0_i32..1_000_000_000,
    ) {
        let every = Every::parse(&format!("@every {seconds}s")).unwrap();
        let anchor = Timestamp::from_second(anchor).unwrap();
        let from = Timestamp::new(from, nanosecond).unwrap();
        let next = every.next_after(anchor, from).unwrap();
        prop_assert!(next > from);
        prop_assert_eq!((next.as_second() - anchor.as_second()) % i64::from(seconds), 0);
        let period = SignedDuration::try_from(every.period()).unwrap();
        prop_assert!(next.duration_since(from) <= period);
        prop_assert_eq!(every.previous_before(anchor, next), Some(next - period));
        prop_assert_eq!(every.next_after(anchor, next), Some(next + period));
    }
}
