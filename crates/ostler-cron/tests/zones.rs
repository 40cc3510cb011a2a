//! Zones: where they come from, what they are called, which of them share a table, and hand-made ones.

#![allow(clippy::unwrap_used, reason = "tests may fail")]

mod example;

use std::path::Path;
use std::process::{Command, Output};

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use ostler_cron::{Cron, Note, Schedule, Zone};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn schedule(text: &str, zone: impl Into<Zone>) -> Schedule {
    Cron::parse(text).unwrap().in_zone(zone.into())
}

fn rule(text: &str) -> TimeZone {
    TimeZone::posix(text).unwrap()
}

/// The first occurrences, as text.
fn next(schedule: &Schedule, from: &str, count: usize) -> Vec<String> {
    schedule.after(at(from)).take(count).map(|at| at.to_string()).collect()
}

/// The last occurrences, as text.
fn previous(schedule: &Schedule, from: &str, count: usize) -> Vec<String> {
    schedule.before(at(from)).take(count).map(|at| at.to_string()).collect()
}

/// A file of the first version of TZif: it ends with its last change, and has no rule for the time after it. The
/// clock is an hour ahead of UTC, and two from the first of these instants on, one from the second on, and so
/// forth.
fn tzif(changes: &[i32]) -> Vec<u8> {
    let mut file = b"TZif\0".to_vec();
    file.extend([0; 15]);
    // Indicators of UTC and standard time, leap seconds, changes, types, characters.
    for count in [0, 0, 0, changes.len() as u32, 2, 8] {
        file.extend(count.to_be_bytes());
    }
    file.extend(changes.iter().flat_map(|change| change.to_be_bytes()));
    file.extend((0..changes.len()).map(|index| u8::from(index % 2 == 0)));
    for (offset, is_summer, name) in [(3600_i32, 0, 0), (7200, 1, 4)] {
        file.extend(offset.to_be_bytes());
        file.extend([is_summer, name]);
    }
    file.extend(b"ONE\0TWO\0");
    file
}

/// 2026-03-29T01:00Z and 2026-10-25T01:00Z.
const A_SUMMER: [i32; 2] = [1_774_746_000, 1_792_890_000];

#[test]
fn a_zone_that_ends_with_its_last_change_stays_as_it_is_then() {
    let daily = schedule("30 2 * * *", TimeZone::tzif("Test/Summer", &tzif(&A_SUMMER)).unwrap());
    assert_eq!(
        next(&daily, "2026-03-28T00:00:00Z", 3),
        ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]
    );
    assert_eq!(next(&daily, "2026-10-24T12:00:00Z", 2), ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
    assert_eq!(next(&daily, "2500-07-01T00:00:00Z", 1), ["2500-07-01T01:30:00Z"]);
    assert_eq!(previous(&daily, "2026-03-29T12:00:00Z", 2), ["2026-03-29T01:00:00Z", "2026-03-28T01:30:00Z"]);
}

#[test]
fn a_zone_without_any_change_is_one_of_its_only_offset() {
    let daily = schedule("30 2 * * *", TimeZone::tzif("Test/Still", &tzif(&[])).unwrap());
    assert_eq!(next(&daily, "2026-07-01T00:00:00Z", 1), ["2026-07-01T01:30:00Z"]);
    assert_eq!(daily.zone().name(), "Test/Still");
}

#[test]
fn a_fixed_offset_is_called_by_it() {
    let daily = schedule("0 8 * * *", TimeZone::fixed(Offset::constant(2)));
    assert_eq!(daily.zone().name(), "+02");
    assert_eq!(next(&daily, "2026-07-01T00:00:00Z", 1), ["2026-07-01T06:00:00Z"]);
    assert!(Zone::get(daily.zone().name()).is_err());
    assert_eq!(Zone::from(TimeZone::fixed(Offset::UTC)), Zone::UTC);
    assert_ne!(Zone::get("Etc/UTC").unwrap(), Zone::UTC);
}

/// For an hour these clocks are a day ahead, which is more than a zone is asked to bear. Some answer comes all the same.
#[test]
fn questions_about_the_strangest_of_rules_end() {
    let zone = Zone::from(rule("AAA0BBB-24,J100/0,J101/1"));
    for text in ["30 0 10 4 *", "*/30 0 10 4 *", "*/30 0-5 10 4 SUN", "0 12 11 4 *", "*/30 12 29 2 MON"] {
        let schedule = schedule(text, zone.clone());
        for from in [Timestamp::MIN, at("2026-04-10T00:30:00Z"), at("2500-01-01T00:00:00Z"), Timestamp::MAX] {
            assert!(schedule.next_at_or_after(from).is_none_or(|next| next >= from));
            assert!(schedule.previous_at_or_before(from).is_none_or(|previous| previous <= from));
        }
    }
}

#[test]
fn a_rule_is_followed_from_the_first_year_to_the_last() {
    let daily = schedule("30 2 * * *", rule("EST5EDT,M3.2.0,M11.1.0"));
    assert_eq!(daily.zone().name(), "local");
    assert_eq!(next(&daily, "2026-03-07T12:00:00Z", 2), ["2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"]);
    assert_eq!(next(&daily, "0001-07-01T00:00:00Z", 1), ["0001-07-01T06:30:00Z"]);
    assert_eq!(next(&daily, "9998-07-01T00:00:00Z", 1), ["9998-07-01T06:30:00Z"]);
}

/// jiff says that it ends a nanosecond before each year does, and begins again with the year.
#[test]
fn summer_time_that_never_ends_has_no_gap_at_new_year() {
    let last_second = "59 59 23 31 12 *";
    let every_second = schedule("* * * * * *", rule("AAA0BBB-1,0/0,J365/25"));
    assert_eq!(
        next(&every_second, "2026-12-31T23:59:58Z", 3),
        ["2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z", "2027-01-01T00:00:01Z"]
    );
    let yearly = schedule("59 59 0 1 1 *", rule("AAA0BBB-1,0/0,J365/25"));
    assert_eq!(next(&yearly, "2026-12-01T00:00:00Z", 1), ["2026-12-31T23:59:59Z"]);
    assert_eq!(yearly.note(at("2026-12-31T23:59:59Z")), None);
    let at_the_end = schedule(last_second, rule("AAA0BBB-1,0/0,J365/25"));
    assert_eq!(next(&at_the_end, "2026-12-01T00:00:00Z", 1), ["2026-12-31T22:59:59Z"]);
    assert_eq!(previous(&at_the_end, "2026-12-31T23:59:59Z", 1), ["2026-12-31T22:59:59Z"]);
}

/// The first one was when these clocks were not yet changed on that day.
#[test]
fn what_is_always_in_a_gap_is_found_before_there_were_gaps() {
    let last_sunday = schedule("*/30 2 * 3 7L", Zone::get("Europe/Oslo").unwrap());
    for from in
        ["1981-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "2450-01-01T00:00:00Z", "2520-01-01T00:00:00Z"]
    {
        assert_eq!(previous(&last_sunday, from, 1), ["1980-03-30T01:30:00Z"], "{from}");
        assert_eq!(next(&last_sunday, from, 1), [""; 0], "{from}");
    }
    assert_eq!(last_sunday.previous_at_or_before(Timestamp::MAX), Some(at("1980-03-30T01:30:00Z")));
}

/// These clocks go forward on the sixtieth day of a year: 29 February, or else 1 March. So 1 March has these times
/// in leap years alone, and from 2480 to 2520 it is a Friday in none of them.
#[test]
fn what_is_mostly_in_a_gap_is_found_decades_away() {
    let leap = schedule("*/30 2 1 3 FRI", rule("AAA5BBB,59/2,300/3"));
    assert_eq!(previous(&leap, "2520-03-01T00:00:00Z", 1), ["2480-03-01T06:30:00Z"]);
    assert_eq!(previous(&leap, "9320-03-01T00:00:00Z", 1), ["9280-03-01T06:30:00Z"]);
    assert_eq!(next(&leap, "2480-03-02T00:00:00Z", 1), ["2520-03-01T06:00:00Z"]);
}

#[test]
fn what_has_always_been_in_a_gap_was_never() {
    let always = schedule("*/30 2 25-31 3 7", rule("AAA0BBB,M3.5.0/2,M10.5.0/3"));
    assert_eq!(always.previous_at_or_before(Timestamp::MAX), None);
    assert_eq!(always.next_at_or_after(Timestamp::MIN), None);
}

#[test]
fn an_occurrence_that_stands_for_a_gap_and_for_itself_says_both() {
    let both = schedule("0,30 2,3 29 3 *", Zone::get("Europe/Oslo").unwrap());
    let reading = jiff::civil::date(2026, 3, 29).at(2, 0, 0, 0);
    let end_of_gap = at("2026-03-29T01:00:00Z");
    assert_eq!(both.note(end_of_gap), Some(Note::AtGapEnd { reading }));
    assert_eq!(both.note(end_of_gap).unwrap().to_string(), "also for 2026-03-29 02:00, which does not exist");
    let missed = schedule("0,30 2 29 3 *", Zone::get("Europe/Oslo").unwrap());
    assert_eq!(missed.note(end_of_gap), Some(Note::AfterGap { reading }));
}

#[test]
fn an_unknown_zone_is_none() {
    for name in ["Etc/Unknown", "etc/unknown"] {
        let error = Zone::get(name).unwrap_err().to_string();
        assert!(error.starts_with(&format!("`{name}` is not a known time zone")), "{error}");
    }
}

/// Two zones that share their table have the same zone of jiff, at the same place in memory.
fn is_shared(one: &Zone, other: &Zone) -> bool {
    std::ptr::eq(one.time_zone(), other.time_zone())
}

#[test]
fn zones_of_one_name_share_their_table() {
    let kyiv = Zone::get("Europe/Kyiv").unwrap();
    assert!(is_shared(&kyiv, &Zone::get("europe/KYIV").unwrap()));
    assert!(is_shared(&kyiv, &Zone::from(TimeZone::get("Europe/Kyiv").unwrap())));
    assert!(is_shared(&kyiv, &kyiv.clone()));
    assert!(!is_shared(&kyiv, &Zone::get("Europe/Riga").unwrap()));
}

/// There may be many called `local`, and none is to take the place of another.
#[test]
fn zones_without_a_name_share_nothing() {
    let (one, other) =
        (Zone::from(rule("EST5EDT,M3.2.0,M11.1.0")), Zone::from(rule("AAA0BBB,M3.5.0/2,M10.5.0/3")));
    assert_eq!((one.name(), other.name()), ("local", "local"));
    assert!(one != other);
    let same = Zone::from(one.time_zone().clone());
    assert!(one == same && !is_shared(&one, &same));
}

#[test]
fn another_zone_of_the_same_name_has_its_own_table() {
    let one = Zone::from(TimeZone::tzif("Test/Updated", &tzif(&A_SUMMER)).unwrap());
    let updated = Zone::from(TimeZone::tzif("Test/Updated", &tzif(&A_SUMMER[..1])).unwrap());
    assert!(one != updated && !is_shared(&one, &updated));
    assert!(is_shared(&updated, &Zone::from(updated.time_zone().clone())));
}

/// What `explain` tells where `prepare` has set its variables.
fn explained(args: &[&str], prepare: impl FnOnce(&mut Command)) -> Output {
    let mut explain = example::explain();
    explain.args(["0 8 * * *", "--from", "2026-07-01T00:00:00Z"]).args(args);
    prepare(&mut explain);
    explain.output().unwrap()
}

#[track_caller]
fn assert_tells(output: &Output, expected: &str) {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{err}");
    assert!(out.contains(expected), "{expected} is not in {out}");
}

/// The system's database holds one zone alone here.
#[test]
fn what_the_system_does_not_know_is_part_of_the_program() {
    let folder = std::env::temp_dir().join(format!("ostler-cron-zones-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("Test")).unwrap();
    std::fs::write(folder.join("Test/Summer"), tzif(&A_SUMMER)).unwrap();
    let of_system = explained(&["Test/Summer"], |command| {
        command.env("TZDIR", &folder);
    });
    let bundled = explained(&["europe/oslo"], |command| {
        command.env("TZDIR", &folder);
    });
    std::fs::remove_dir_all(&folder).unwrap();
    assert_tells(&of_system, "\nWed 2026-07-01 08:00:00 +02:00  2026-07-01T06:00:00Z\n");
    assert_tells(&bundled, "\nEurope/Oslo  ");
    assert_tells(&bundled, "\nWed 2026-07-01 08:00:00 +02:00  2026-07-01T06:00:00Z\n");
}

#[test]
fn a_database_that_is_not_there_is_no_mistake() {
    let output = explained(&["Europe/Oslo"], |command| {
        command.env("TZDIR", "/nonexistent");
    });
    assert_tells(&output, "\nEurope/Oslo  ");
}

#[test]
fn where_nothing_says_what_the_zone_is_it_is_utc() {
    for nothing in ["", "Etc/Unknown"] {
        let output = explained(&[], |command| {
            command.env("TZ", nothing);
        });
        assert_tells(&output, "\nUTC  ");
        assert_tells(&output, " 2026-07-01T08:00:00Z\n");
    }
    // A machine that people work on says it there; a container often does not.
    if cfg!(target_os = "linux") && !Path::new("/etc/localtime").exists() {
        let output = explained(&[], |command| {
            command.env_remove("TZ");
        });
        assert_tells(&output, "\nUTC  ");
    }
}

#[test]
fn a_variable_that_holds_no_zone_is_a_mistake() {
    let output = explained(&[], |command| {
        command.env("TZ", "Middle/Earth");
    });
    assert_eq!(output.status.code(), Some(2));
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(err, "the variable TZ is set, but not to a time zone that is known\n");
}

#[test]
fn a_variable_may_hold_a_rule() {
    let output = explained(&[], |command| {
        command.env("TZ", "EST5EDT,M3.2.0,M11.1.0");
    });
    assert_tells(&output, "\nlocal  ");
    assert_tells(&output, "\nWed 2026-07-01 08:00:00 -04:00  2026-07-01T12:00:00Z\n");
}
