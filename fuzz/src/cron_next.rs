//! What the fuzzer, and the test that replays its corpus, do with an input: ask when an expression fires.

use std::sync::LazyLock;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use ostler_cron::{Cron, DstPolicy, Schedule, Zone};

/// Zones whose clocks have been changed in every way there is: by half an hour and by a day, at midnight, downwards in
/// summer, four times a year, by a rule alone, or never.
static ZONES: LazyLock<Vec<Zone>> = LazyLock::new(|| {
    let named = [
        "UTC",
        "Europe/Oslo",
        "America/New_York",
        "Australia/Lord_Howe",
        "Europe/Dublin",
        "Africa/Casablanca",
        "Pacific/Apia",
        "Asia/Amman",
        "Asia/Beirut",
        "America/Santiago",
        "America/Nuuk",
        "Antarctica/Troll",
        "Asia/Kathmandu",
        "Africa/Monrovia",
        "Africa/Cairo",
        "Asia/Gaza",
        "Asia/Manila",
        "America/St_Johns",
        "Pacific/Kwajalein",
        "Asia/Kolkata",
    ];
    let rules = ["CCC3DDD,M3.2.0,M11.1.0", "<+01>-1<+02>-2,J60/24,J300/0", "AAA-14BBB,100/-100,200/100"];
    let named = named.into_iter().filter_map(|name| Zone::get(name).ok());
    let ruled = rules.into_iter().filter_map(|rule| TimeZone::posix(rule).ok()).map(Zone::from);
    named.chain(ruled).collect()
});

/// The form of an input: zone, policy and kind of instant, instant, text.
const HEAD: usize = 10;

/// Asks all questions about the expression in `data`.
///
/// # Panics
/// Where a property is broken that holds for every input.
pub(crate) fn ask(data: &[u8]) {
    let Some((&[zone, form, ref number @ ..], text)) = data.split_first_chunk::<HEAD>() else { return };
    let Ok(cron) = str::from_utf8(text).map_err(drop).and_then(|text| Cron::parse(text).map_err(drop)) else {
        return;
    };
    let zone = &ZONES[usize::from(zone) % ZONES.len()];
    let policy = [DstPolicy::Default, DstPolicy::Cronos, DstPolicy::Skip][usize::from(form) % 3];
    let from = instant(zone, form / 3, u64::from_le_bytes(*number));
    let schedule = cron.in_zone(zone.clone()).dst(policy);
    questions_agree(&schedule, from);
    steps_are_the_same_both_ways(&schedule, from);
    for at in schedule.after(from).take(3).chain(schedule.before(from).take(3)) {
        is_an_occurrence(&schedule, policy, at);
    }
    nothing_is_left_out(&schedule, policy, from);
}

/// Any instant, or one near a change of the clocks: a second away as likely as hours.
fn instant(zone: &Zone, form: u8, number: u64) -> Timestamp {
    const SECONDS: u64 = 631_107_417_600;
    let any = |seconds: u64| Timestamp::MIN.as_second() + (seconds % SECONDS) as i64;
    let seconds = if form & 2 == 0 {
        any(number)
    } else {
        let year = Timestamp::from_second(any(number % 0x100_0000 * 41_943)).unwrap_or_default();
        let change = zone.time_zone().following(year).next().map_or(year, |change| change.timestamp());
        let away = (number >> 32) as i64 % (1 << (number >> 24 & 0x0f)) * 9;
        change.as_second() + if number >> 28 & 1 == 0 { away } else { -away } + (number >> 29 & 3) as i64 - 2
    };
    let seconds = seconds.clamp(Timestamp::MIN.as_second() + 1, Timestamp::MAX.as_second() - 1);
    let nanoseconds = if form & 1 == 0 { 0 } else { (number >> 16) as i32 % 1_000_000_000 };
    Timestamp::new(seconds, nanoseconds).unwrap_or_default()
}

fn questions_agree(schedule: &Schedule, from: Timestamp) {
    let (next, previous) = (schedule.next_after(from), schedule.previous_before(from));
    let (next_or_now, previous_or_now) =
        (schedule.next_at_or_after(from), schedule.previous_at_or_before(from));
    let now = next_or_now == Some(from);
    assert_eq!(now, previous_or_now == Some(from), "{schedule:?} {from}: is it an occurrence");
    assert!(next.is_none_or(|next| next > from), "{schedule:?} {from}: {next:?} is not later");
    assert!(
        previous.is_none_or(|previous| previous < from),
        "{schedule:?} {from}: {previous:?} is not earlier"
    );
    if !now {
        assert_eq!(next, next_or_now, "{schedule:?} {from}");
        assert_eq!(previous, previous_or_now, "{schedule:?} {from}");
    }
    let (first, last) = (schedule.next_after(Timestamp::MIN), schedule.previous_before(Timestamp::MAX));
    assert_eq!(
        next.is_some(),
        last.is_some_and(|last| last > from),
        "{schedule:?} {from}: the last is {last:?}"
    );
    assert_eq!(
        previous.is_some(),
        first.is_some_and(|first| first < from),
        "{schedule:?} {from}: the first is {first:?}"
    );
    if let Some(next) = next {
        assert_eq!(schedule.previous_before(next), previous_or_now, "{schedule:?} {from}: before {next}");
    }
    if let Some(previous) = previous {
        assert_eq!(schedule.next_after(previous), next_or_now, "{schedule:?} {from}: after {previous}");
    }
    if schedule.cron().never_fires() {
        assert_eq!((next_or_now, previous_or_now), (None, None), "{schedule:?} {from}");
    }
}

fn steps_are_the_same_both_ways(schedule: &Schedule, from: Timestamp) {
    let steps: Vec<Timestamp> = schedule.after(from).take(6).collect();
    assert!(steps.is_sorted_by(|one, other| one < other), "{schedule:?} {from}: {steps:?}");
    let Some(&last) = steps.last() else { return };
    let mut back: Vec<Timestamp> = schedule.before(last).take(steps.len() - 1).collect();
    back.reverse();
    back.push(last);
    assert_eq!(steps, back, "{schedule:?} {from}");
    assert!(schedule.within(from..=last).rev().take(6).eq(steps.iter().rev().copied().chain(
        // The instant itself is in the range.
        (steps.len() < 6 && schedule.next_at_or_after(from) == Some(from)).then_some(from)
    )));
}

/// The clock on the wall shows what matches, or has just passed it in a gap.
fn is_an_occurrence(schedule: &Schedule, policy: DstPolicy, at: Timestamp) {
    assert_eq!(at.subsec_nanosecond(), 0, "{schedule:?}: {at}");
    let (cron, zone) = (schedule.cron(), schedule.zone().time_zone());
    let wall = zone.to_datetime(at);
    if cron.matches(wall) && (cron.is_interval() || is_first_pass(zone, at)) {
        return;
    }
    assert!(moves(cron, policy) && matches_in_gap(cron, zone, at), "{schedule:?}: {at} is {wall} there");
}

/// Whether what falls into a gap fires after it.
fn moves(cron: Cron, policy: DstPolicy) -> bool {
    matches!(policy, DstPolicy::Cronos) || matches!(policy, DstPolicy::Default) && !cron.is_interval()
}

/// Whether the clock skips a reading that matches when it comes to this instant.
fn matches_in_gap(cron: Cron, zone: &TimeZone, at: Timestamp) -> bool {
    let a_second_ago = zone.to_offset(at - SignedDuration::from_secs(1));
    let gap = zone.to_offset(at).duration_since(a_second_ago).as_secs();
    (1..=gap).any(|second| cron.matches(zone.to_datetime(at) - SignedDuration::from_secs(second)))
}

fn is_first_pass(zone: &TimeZone, at: Timestamp) -> bool {
    zone.to_ambiguous_timestamp(zone.to_datetime(at)).earlier().ok() == Some(at)
}

/// Looks at each of the next seconds by itself.
fn nothing_is_left_out(schedule: &Schedule, policy: DstPolicy, from: Timestamp) {
    const SECONDS: i64 = 90;
    let (cron, zone) = (schedule.cron(), schedule.zone().time_zone());
    let end = (from.as_second() + SECONDS).min(Timestamp::MAX.as_second());
    let seconds = (from.as_second()..=end).filter_map(|second| Timestamp::from_second(second).ok());
    let fires = |at: Timestamp| {
        let matches = cron.matches(zone.to_datetime(at)) && (cron.is_interval() || is_first_pass(zone, at));
        matches || moves(cron, policy) && matches_in_gap(cron, zone, at)
    };
    let first = seconds.filter(|&at| at > from && is_in_reach(zone, at)).find(|&at| fires(at));
    let Some(first) = first else { return };
    let next = schedule.next_after(from);
    assert!(next.is_some_and(|next| next <= first), "{schedule:?} {from}: {next:?}, but {first}");
}

/// Occurrences are in the years from 1 on.
fn is_in_reach(zone: &TimeZone, at: Timestamp) -> bool {
    zone.to_datetime(at).year() >= 1
}
