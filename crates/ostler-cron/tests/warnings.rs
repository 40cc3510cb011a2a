//! What may surprise in an expression, and what is noted of an occurrence at a change of the clocks.

#![allow(clippy::unwrap_used, reason = "tests may fail")]

use jiff::{Timestamp, civil};
use ostler_cron::{Cron, DstPolicy, Note, Schedule, Warning, Zone};

fn cron(text: &str) -> Cron {
    Cron::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn schedule(text: &str, zone: &str) -> Schedule {
    cron(text).in_zone(Zone::get(zone).unwrap())
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn reading(text: &str) -> civil::DateTime {
    text.parse().unwrap()
}

fn of_cron(text: &str) -> Vec<Warning> {
    cron(text).warnings().collect()
}

/// Those about changes of the clocks.
fn of_zone(schedule: &Schedule, from: &str) -> Vec<Warning> {
    let of_clocks = |warning: &Warning| matches!(warning, Warning::Gap { .. } | Warning::Overlap { .. });
    schedule.warnings(at(from)).filter(of_clocks).collect()
}

const SPRING: &str = "2026-03-01T00:00:00Z";

#[test]
fn ordinary_expressions_have_none() {
    for text in [
        "* * * * *",
        "0 8 * * MON-FRI",
        "0 0 1,15,28 * *",
        "0 0 */2 * *",
        "0 0 15-31 * *",
        "0 0 L * *",
        "0 0 LW * *",
        "0 0 L-27 * *",
        "0 0 31 1,3,12 *",
        "0 0 30 4-12 *",
        "0 0 */10 * *",
        "0 0 1,11,21,31 * *",
        "0 0 */15 * *",
        "0 0 * * MON#4",
        "0 0 * * MON,MON#5",
        "0 0 * * MON#5,MONL",
        "0 0 1-31,L * MON",
        "0 0 1-31,L-30 * *",
        "0 0 13 * SUN-SAT",
        "0 0 30 2 *",
    ] {
        assert_eq!(of_cron(text), [], "{text}");
    }
}

#[test]
fn both_days_must_match() {
    for text in ["0 0 13 * FRI", "0 0 L * MON-FRI", "0 0 1-7 * MON#1"] {
        assert_eq!(of_cron(text), [Warning::BothDays], "{text}");
    }
    let words = Warning::BothDays.to_string();
    assert!(words.contains("must both match") && words.contains("two schedules"), "{words}");
}

#[test]
fn a_day_of_leap_years_is_told_as_such_and_not_as_one_that_a_month_lacks() {
    assert_eq!(of_cron("0 0 29 2 *"), [Warning::OnlyLeapYears]);
    assert_eq!(of_cron("0 0 L-28 2 *"), [Warning::OnlyLeapYears]);
    assert_eq!(of_cron("0 0 29 2 MON"), [Warning::BothDays, Warning::OnlyLeapYears]);
    assert_eq!(of_cron("0 0 29 2,3 *"), [short(&[2], 29, false)]);
}

/// The numbers of the months, the days that a month needs, and whether some are counted from its end.
fn short(months: &[i8], needed: i8, from_end: bool) -> Warning {
    // There is no other way to make such a set. With January, it fires.
    let list: String = months.iter().map(|month| format!(",{month}")).collect();
    match of_cron(&format!("0 0 31 1{list} *"))[..] {
        [Warning::ShortMonths { months: found, .. }] => {
            assert!(found.iter().eq(months.iter().copied()), "{found}");
            Warning::ShortMonths { months: found, needed, from_end }
        }
        ref other => panic!("{months:?}: {other:?}"),
    }
}

#[test]
fn months_that_lack_a_day_are_told() {
    const NOT_31: &[i8] = &[2, 4, 6, 9, 11];
    for (text, months, needed, from_end) in [
        ("0 0 31 * *", NOT_31, 31, false),
        ("0 0 31 2,3 *", &[2], 31, false),
        ("0 0 30 * *", &[2], 30, false),
        ("0 0 29 * *", &[2], 29, false),
        ("0 0 1,31 * *", NOT_31, 31, false),
        ("0 0 29-31 * *", NOT_31, 31, false),
        ("0 0 30,31 4 *", &[4], 31, false),
        ("0 0 31W * *", NOT_31, 31, false),
        ("0 0 31,L * *", NOT_31, 31, true),
        ("0 0 L-29 * *", &[2], 30, true),
        ("0 0 L-30 4,5 *", &[4], 31, true),
        ("0 0 L-29W * *", &[2], 30, true),
        // A list and the grid that is the same.
        ("0 0 10,20,30 * *", &[2], 30, false),
        ("0 0 10/10 * *", &[2], 30, false),
        ("0 0 15,31 * *", NOT_31, 31, false),
        ("0 0 5,15,29 2-3 *", &[2], 29, false),
    ] {
        assert_eq!(of_cron(text), [short(months, needed, from_end)], "{text}");
    }
}

#[test]
fn short_months_are_told_by_name() {
    for (text, words) in [
        (
            "0 0 31 * *",
            "February, April, June, September and November have fewer than 31 days, so that a day that it names does \
             not occur there; for the last day of each month, write `L` as the day",
        ),
        (
            "0 0 30,31 4 *",
            "April has fewer than 31 days, so that a day that it names does not occur there; \
             for the last day of each month, write `L` as the day",
        ),
        (
            "0 0 29,L * *",
            "February has fewer than 29 days but in leap years, so that a day that it names does not occur there",
        ),
        ("0 0 L-29 * *", "February has fewer than 30 days, so that a day that it names does not occur there"),
    ] {
        assert_eq!(of_cron(text).last().unwrap().to_string(), words, "{text}");
    }
}

#[test]
fn a_fifth_weekday_is_not_in_every_month() {
    for text in ["0 0 * * MON#5", "0 0 * * 1#1,1#5", "0 0 * * MON#5,TUEL", "0 0 * 3 0#5"] {
        assert_eq!(of_cron(text), [Warning::FifthWeekday], "{text}");
    }
    assert_eq!(of_cron("0 0 * 2 SUN#5"), [Warning::OnlyLeapYears]);
    assert!(Warning::FifthWeekday.to_string().contains("MONL"));
}

/// A grid over all hours is bound to its days: what a gap or an overlap takes or gives is of one of them.
#[test]
fn all_hours_of_some_days_are_warned_of() {
    let lost = |reading_, end| Warning::Gap { reading: reading(reading_), end: reading(end), fires: false };
    let whole_day = schedule("0,30 * 30 12 *", "Pacific/Apia");
    assert_eq!(of_zone(&whole_day, "2011-06-01T00:00:00Z"), [lost("2011-12-30T00:00", "2011-12-31T00:00")]);
    let midnight = schedule("0 * 26 3 *", "Asia/Amman");
    assert_eq!(of_zone(&midnight, "2021-01-01T00:00:00Z")[0], lost("2021-03-26T00:00", "2021-03-26T01:00"));
    for text in ["0 * * 3 *", "0 * * * SUN", "0 * 29 * *"] {
        assert!(!of_zone(&schedule(text, "Europe/Oslo"), SPRING).is_empty(), "{text}");
    }
}

#[test]
fn a_grid_over_all_hours_is_moved_by_cronos_alone() {
    let hourly = schedule("0 * * * *", "Europe/Oslo");
    let moved =
        Warning::Gap { reading: reading("2026-03-29T02:00"), end: reading("2026-03-29T03:00"), fires: true };
    assert_eq!(of_zone(&hourly.clone().dst(DstPolicy::Cronos), SPRING), [moved]);
    assert_eq!(of_zone(&hourly.dst(DstPolicy::Skip), SPRING), []);
}

#[test]
fn a_gap_and_an_overlap_are_told_in_order_of_time() {
    let daily = schedule("30 2 * * *", "Europe/Oslo");
    let kinds = |from: &str| of_zone(&daily, from);
    assert!(matches!(kinds(SPRING)[..], [Warning::Gap { .. }, Warning::Overlap { .. }]));
    let autumn = kinds("2026-06-01T00:00:00Z");
    assert!(matches!(autumn[..], [Warning::Overlap { .. }, Warning::Gap { .. }]), "{autumn:?}");
}

#[test]
fn a_gap_is_told_with_what_is_missing_and_where_it_goes() {
    let daily = schedule("30 2 * * *", "Europe/Oslo");
    let gap = |fires| Warning::Gap {
        reading: reading("2026-03-29T02:30"),
        end: reading("2026-03-29T03:00"),
        fires,
    };
    for (policy, fires) in [(DstPolicy::Default, true), (DstPolicy::Cronos, true), (DstPolicy::Skip, false)] {
        assert_eq!(of_zone(&daily.clone().dst(policy), SPRING)[0], gap(fires));
    }
    assert_eq!(
        gap(true).to_string(),
        "on 2026-03-29 there is no 02:30, since the clocks go forward to 03:00: it fires at 03:00; \
         if that matters, take a time that each day has"
    );
    assert!(gap(false).to_string().contains("it does not fire then"));
}

#[test]
fn an_overlap_is_told_with_how_often_it_fires() {
    let overlap = |text: &str| *of_zone(&schedule(text, "Europe/Oslo"), SPRING).last().unwrap();
    let at = reading("2026-10-25T02:30");
    assert_eq!(overlap("30 2 * * *"), Warning::Overlap { reading: at, twice: false });
    assert_eq!(overlap("30-40 2 * * *"), Warning::Overlap { reading: at, twice: true });
    assert!(
        overlap("30 2 * * *")
            .to_string()
            .starts_with("on 2026-10-25 the clocks go back, and show 02:30 twice")
    );
}

#[test]
fn each_change_is_told_once_and_only_within_a_year() {
    let every_other_hour = schedule("0 */2 * * *", "Europe/Oslo");
    let kinds = of_zone(&every_other_hour, SPRING);
    assert!(matches!(kinds[..], [Warning::Gap { fires: false, .. }, Warning::Overlap { twice: true, .. }]));
    // The clocks of Apia left out a whole day, and changed at 03:00 in that year.
    let apia = schedule("0 8 * * *", "Pacific/Apia");
    let lost =
        Warning::Gap { reading: reading("2011-12-30T08:00"), end: reading("2011-12-31T00:00"), fires: true };
    assert_eq!(of_zone(&apia, "2011-01-01T00:00:00Z"), [lost]);
    assert!(lost.to_string().contains("it fires at 2011-12-31 00:00"));
    assert_eq!(of_zone(&apia, "2010-01-01T00:00:00Z"), []);
    assert_eq!(of_zone(&apia, "2012-01-01T00:00:00Z"), []);
}

#[test]
fn what_does_not_meet_a_change_is_not_warned_of() {
    for (text, zone) in [
        ("0 8 * * *", "Europe/Oslo"),
        ("30 2 * * MON-FRI", "Europe/Oslo"),
        ("*/5 * * * *", "Europe/Oslo"),
        ("0 * * * *", "Europe/Oslo"),
        ("30 2 * * *", "UTC"),
        ("30 2 * * *", "Asia/Tokyo"),
        ("0 0 30 2 *", "Europe/Oslo"),
    ] {
        assert_eq!(of_zone(&schedule(text, zone), SPRING), [], "{text} {zone}");
    }
}

#[test]
fn a_gap_of_half_an_hour_is_one() {
    let warnings = of_zone(&schedule("15 2 * * *", "Australia/Lord_Howe"), "2026-06-01T00:00:00Z");
    let gap =
        Warning::Gap { reading: reading("2026-10-04T02:15"), end: reading("2026-10-04T02:30"), fires: true };
    assert_eq!(warnings[0], gap);
    assert_eq!(of_zone(&schedule("30 2 * * *", "Australia/Lord_Howe"), "2026-06-01T00:00:00Z"), []);
}

#[test]
fn occurrences_at_a_change_have_a_note() {
    let notes = |text: &str, policy: DstPolicy, from: &str| -> Vec<(String, Option<Note>)> {
        let schedule = schedule(text, "Europe/Oslo").dst(policy);
        let notes = schedule.after(at(from)).map(|at| (at.to_string(), schedule.note(at)));
        notes.take(4).collect()
    };
    let all = |notes: [(&str, Option<Note>); 4]| notes.map(|(at, note)| (at.to_owned(), note));
    let gap = |time: &str| Some(Note::AfterGap { reading: reading(&format!("2026-03-29T{time}")) });
    assert_eq!(
        notes("30 2 * * *", DstPolicy::Default, "2026-03-27T12:00:00Z"),
        all([
            ("2026-03-28T01:30:00Z", None),
            ("2026-03-29T01:00:00Z", gap("02:30")),
            ("2026-03-30T00:30:00Z", None),
            ("2026-03-31T00:30:00Z", None),
        ])
    );
    assert_eq!(
        notes("*/30 * * * *", DstPolicy::Cronos, "2026-03-29T00:00:00Z"),
        all([
            ("2026-03-29T00:30:00Z", None),
            ("2026-03-29T01:00:00Z", Some(Note::AtGapEnd { reading: reading("2026-03-29T02:00") })),
            ("2026-03-29T01:30:00Z", None),
            ("2026-03-29T02:00:00Z", None),
        ])
    );
    // At 03:00 anyway.
    assert_eq!(notes("*/30 * * * *", DstPolicy::Default, "2026-03-29T00:30:00Z")[0].1, None);
    let (first, second) = (Some(Note::FirstPass), Some(Note::SecondPass));
    assert_eq!(
        notes("*/30 * * * *", DstPolicy::Default, "2026-10-24T23:30:00Z"),
        all([
            ("2026-10-25T00:00:00Z", first),
            ("2026-10-25T00:30:00Z", first),
            ("2026-10-25T01:00:00Z", second),
            ("2026-10-25T01:30:00Z", second),
        ])
    );
    assert_eq!(
        notes("*/30 * * * *", DstPolicy::Default, "2026-10-24T23:00:00Z")[0],
        ("2026-10-24T23:30:00Z".into(), None)
    );
    assert_eq!(
        notes("*/30 * * * *", DstPolicy::Default, "2026-10-25T01:30:00Z")[0],
        ("2026-10-25T02:00:00Z".into(), None)
    );
}

#[test]
fn what_is_no_occurrence_has_no_note() {
    let daily = schedule("30 2 * * *", "Europe/Oslo");
    // The second pass of 02:30, and the first pass of 02:31.
    assert_eq!(daily.note(at("2026-10-25T01:30:00Z")), None);
    assert_eq!(daily.note(at("2026-10-25T00:31:00Z")), None);
    assert_eq!(daily.note(at("2026-10-25T00:30:00Z")), Some(Note::FirstPass));
    assert_eq!(cron("30 2 * * *").in_utc().note(at("2026-10-25T02:30:00Z")), None);
}

#[test]
fn notes_say_what_they_mean() {
    let after_gap = Note::AfterGap { reading: reading("2026-03-29T02:30:15") };
    assert_eq!(after_gap.to_string(), "instead of 2026-03-29 02:30:15, which does not exist");
    assert_eq!(Note::FirstPass.to_string(), "the first time that the clocks show this");
    assert_eq!(Note::SecondPass.to_string(), "the second time that the clocks show this");
}
