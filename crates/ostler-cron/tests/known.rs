//! Occurrences that anybody can look up: in calendars, and in the rules by which clocks were changed.
//!
//! A row is an expression, an instant, and the occurrences that follow it: all of them up to the last one
//! given. Each row is asked in both directions, one occurrence at a time and as a range. Instants are given as
//! clocks showed them, with their offset from UTC; a date alone is its midnight in UTC. `END` is where nothing
//! follows any more.

use jiff::Timestamp;
use ostler_cron::{Cron, DstPolicy, Schedule, Zone};

use DstPolicy::{Cronos, Default, Skip};

const END: &str = "end";

/// Expression, instant, what follows.
type Row = (&'static str, &'static str, &'static [&'static str]);

fn in_utc(rows: &[Row]) {
    in_zone("UTC", Default, rows);
}

fn in_zone(zone: &str, policy: DstPolicy, rows: &[Row]) {
    for row in rows {
        check(zone, policy, row);
    }
}

/// The same under each policy: a row that no gap and no overlap touches, or one that policies do not differ about.
fn in_zone_by_any_policy(zone: &str, rows: &[Row]) {
    for policy in [Default, Cronos, Skip] {
        in_zone(zone, policy, rows);
    }
}

fn check(zone: &str, policy: DstPolicy, &(text, from, expected): &Row) {
    let row = format!("{text:?} in {zone} from {from}, {policy:?}");
    let cron = Cron::parse(text).unwrap_or_else(|error| panic!("{row}: {error}"));
    let schedule = Schedule::new(cron, Zone::get(zone).expect("the zone is known")).dst(policy);
    let from = instant(from);
    let ends = expected.last() == Some(&END);
    let times: Vec<Timestamp> =
        expected.iter().filter(|&&time| time != END).map(|time| instant(time)).collect();

    let follow: Vec<Timestamp> = schedule.after(from).take(times.len() + usize::from(ends)).collect();
    assert_eq!(follow, times, "{row}");

    let Some(&last) = times.last() else { return };
    assert!(schedule.next_at_or_after(last) == Some(last), "{row}: the last one, inclusive");
    let back: Vec<Timestamp> = times.iter().rev().copied().collect();
    let precede =
        std::iter::successors(schedule.previous_at_or_before(last), |&at| schedule.previous_before(at));
    assert_eq!(precede.take(times.len()).collect::<Vec<_>>(), back, "{row}, backwards");
    let earlier = schedule.previous_before(times[0]);
    assert!(earlier.is_none_or(|earlier| earlier <= from), "{row}: nothing between, but {earlier:?}");

    let later = Timestamp::from_nanosecond(from.as_nanosecond() + 1).expect("it is in range");
    assert_eq!(schedule.within(later..=last).collect::<Vec<_>>(), times, "{row}, as a range");
    assert_eq!(schedule.within(later..=last).rev().collect::<Vec<_>>(), back, "{row}, as a range backwards");
}

/// `2026-03-29`, `2026-03-29T02:30`, `2026-03-29T02:30+01:00`.
fn instant(text: &str) -> Timestamp {
    let (date, time) = text.split_once('T').unwrap_or((text, "00:00"));
    let zone = if time.contains(['+', '-', 'Z']) { "" } else { "Z" };
    format!("{date}T{time}{zone}").parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// No zone has such a day, and it is known at once.
fn never(texts: &[&str]) {
    for text in texts {
        let cron = Cron::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert!(cron.never_fires(), "{text}");
        for zone in ["UTC", "Europe/Oslo"] {
            let schedule = cron.in_zone(Zone::get(zone).expect("the zone is known"));
            for from in [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX] {
                assert_eq!(schedule.next_at_or_after(from), None, "{text} in {zone}");
                assert_eq!(schedule.previous_at_or_before(from), None, "{text} in {zone}");
            }
        }
    }
}

// The European Union goes to summer time on the last Sunday of March and back on the last Sunday of October, at
// 01:00 UTC in all of its zones. In 2026 these are 29 March and 25 October. In Oslo there is no 02:00 to 03:00
// in March, and two of them in October.

#[test]
fn eu_spring() {
    let zone = "Europe/Oslo";
    // A point moves to the end of the gap, on that day alone.
    let moved: &[Row] = &[
        (
            "30 2 * * *",
            "2026-03-28",
            &["2026-03-28T02:30+01:00", "2026-03-29T03:00+02:00", "2026-03-30T02:30+02:00"],
        ),
        // The first second of the gap, and its last.
        ("0 2 29 3 *", "2026-03-01", &["2026-03-29T03:00+02:00"]),
        ("59 59 2 29 3 *", "2026-03-01", &["2026-03-29T03:00+02:00"]),
        // Three that do not exist and one that does fall on one instant.
        ("0,10,20 2,3 29 3 *", "2026-03-01", &["2026-03-29T03:00+02:00", "2026-03-29T03:10+02:00"]),
        // The seconds beside the gap are ordinary ones.
        ("59 59 1 29 3 *", "2026-03-01", &["2026-03-29T01:59:59+01:00"]),
        ("0 0 3 29 3 *", "2026-03-01", &["2026-03-29T03:00+02:00"]),
    ];
    in_zone(zone, Default, moved);
    in_zone(zone, Cronos, moved);
    in_zone(
        zone,
        Skip,
        &[
            ("30 2 * * *", "2026-03-28", &["2026-03-28T02:30+01:00", "2026-03-30T02:30+02:00"]),
            // 02:30 on 29 March exists when another day is the last Sunday.
            ("30 2 29 3 *", "2026-03-01", &["2027-03-29T02:30+02:00"]),
        ],
    );
    // An interval keeps its grid.
    let left_out: &[Row] = &[
        (
            "*/30 * * * *",
            "2026-03-29T01:00+01:00",
            &["2026-03-29T01:30+01:00", "2026-03-29T03:00+02:00", "2026-03-29T03:30+02:00"],
        ),
        ("45 * * * *", "2026-03-29T01:00+01:00", &["2026-03-29T01:45+01:00", "2026-03-29T03:45+02:00"]),
        ("*/30 2 * * *", "2026-03-28T02:10+01:00", &["2026-03-28T02:30+01:00", "2026-03-30T02:00+02:00"]),
    ];
    in_zone(zone, Default, left_out);
    in_zone(zone, Skip, left_out);
    // Under this policy an interval moves as well.
    in_zone(
        zone,
        Cronos,
        &[
            (
                "45 * * * *",
                "2026-03-29T01:00+01:00",
                &["2026-03-29T01:45+01:00", "2026-03-29T03:00+02:00", "2026-03-29T03:45+02:00"],
            ),
            (
                "*/30 2 * * *",
                "2026-03-28T02:10+01:00",
                &["2026-03-28T02:30+01:00", "2026-03-29T03:00+02:00", "2026-03-30T02:00+02:00"],
            ),
        ],
    );
}

#[test]
fn eu_autumn() {
    in_zone_by_any_policy(
        "Europe/Oslo",
        &[
            // A point is on the first pass; the second of its kind is on the next day.
            (
                "30 2 * * *",
                "2026-10-24",
                &["2026-10-24T02:30+02:00", "2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"],
            ),
            ("30 2 * * *", "2026-10-25T02:30+02:00", &["2026-10-26T02:30+01:00"]),
            // Also when the question is asked on the second pass, before that time.
            ("30 2 * * *", "2026-10-25T02:10+01:00", &["2026-10-26T02:30+01:00"]),
            ("0 3 25 10 *", "2026-10-25", &["2026-10-25T03:00+01:00"]),
            // An interval is on both.
            (
                "*/30 2 * * *",
                "2026-10-24T12:00",
                &[
                    "2026-10-25T02:00+02:00",
                    "2026-10-25T02:30+02:00",
                    "2026-10-25T02:00+01:00",
                    "2026-10-25T02:30+01:00",
                    "2026-10-26T02:00+01:00",
                ],
            ),
            (
                "15 * * * *",
                "2026-10-25T01:00+02:00",
                &[
                    "2026-10-25T01:15+02:00",
                    "2026-10-25T02:15+02:00",
                    "2026-10-25T02:15+01:00",
                    "2026-10-25T03:15+01:00",
                ],
            ),
            // A list is not an interval; a range of one value is.
            ("0,30 2 25 10 *", "2026-10-24", &["2026-10-25T02:00+02:00", "2026-10-25T02:30+02:00"]),
            ("0 2-2 25 10 *", "2026-10-24", &["2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00"]),
        ],
    );
}

#[test]
fn the_same_instant_in_other_zones_of_the_eu() {
    // London is an hour behind: the gap is from 01:00 to 02:00.
    in_zone("Europe/London", Default, &[("30 1 * * *", "2026-03-29", &["2026-03-29T02:00+01:00"])]);
    // Athens is an hour ahead: from 03:00 to 04:00.
    in_zone("Europe/Athens", Default, &[("30 3 29 3 *", "2026-03-29", &["2026-03-29T04:00+03:00"])]);
    // In the Azores it is from midnight to 01:00.
    in_zone("Atlantic/Azores", Default, &[("0 0 29 3 *", "2026-03-28", &["2026-03-29T01:00+00:00"])]);
}

// The United States go to daylight saving time on the second Sunday of March and back on the first Sunday of
// November, at 02:00 of each zone's own time. In 2026 these are 8 March and 1 November.

#[test]
fn us_spring() {
    let zone = "America/New_York";
    in_zone(
        zone,
        Default,
        &[
            ("0 30 2 * * *", "2026-03-07T12:00-05:00", &["2026-03-08T03:00-04:00", "2026-03-09T02:30-04:00"]),
            (
                "0 */20 * * * *",
                "2026-03-08T01:30-05:00",
                &["2026-03-08T01:40-05:00", "2026-03-08T03:00-04:00"],
            ),
            ("5 * * * *", "2026-03-08T01:30-05:00", &["2026-03-08T03:05-04:00"]),
        ],
    );
    in_zone(
        zone,
        Cronos,
        &[("5 * * * *", "2026-03-08T01:30-05:00", &["2026-03-08T03:00-04:00", "2026-03-08T03:05-04:00"])],
    );
    in_zone(zone, Skip, &[("30 2 * * *", "2026-03-07T12:00-05:00", &["2026-03-09T02:30-04:00"])]);
}

#[test]
fn us_autumn() {
    in_zone_by_any_policy(
        "America/New_York",
        &[
            ("30 1 * * *", "2026-10-31T12:00-04:00", &["2026-11-01T01:30-04:00", "2026-11-02T01:30-05:00"]),
            ("30 1 * * *", "2026-11-01T01:45-04:00", &["2026-11-02T01:30-05:00"]),
            (
                "*/30 1 * * *",
                "2026-11-01T01:15-04:00",
                &["2026-11-01T01:30-04:00", "2026-11-01T01:00-05:00", "2026-11-01T01:30-05:00"],
            ),
            ("0 2 1 11 *", "2026-11-01", &["2026-11-01T02:00-05:00"]),
        ],
    );
    // Chicago changes an hour later, by its own clocks at the same time.
    in_zone(
        "America/Chicago",
        Default,
        &[("0 0 1 1 11 ?", "2026-10-01", &["2026-11-01T01:00-05:00", "2027-11-01T01:00-05:00"])],
    );
    // Phoenix has no daylight saving time.
    in_zone_by_any_policy(
        "America/Phoenix",
        &[("30 2 8 3 *", "2026-03-01", &["2026-03-08T02:30-07:00", "2027-03-08T02:30-07:00"])],
    );
    // Before 2007 it was the first Sunday of April and the last of October.
    in_zone(
        "America/New_York",
        Default,
        &[
            ("30 2 2 4 *", "2006-01-01", &["2006-04-02T03:00-04:00"]),
            ("30 1-1 29 10 *", "2006-10-01", &["2006-10-29T01:30-04:00", "2006-10-29T01:30-05:00"]),
        ],
    );
}

/// Lord Howe Island moves its clocks by half an hour: forward at 02:00 on the first Sunday of October, back at
/// 02:00 on the first Sunday of April; in 2026 these are 4 October and 5 April.
#[test]
fn half_an_hour_on_lord_howe() {
    let zone = "Australia/Lord_Howe";
    in_zone(
        zone,
        Default,
        &[
            (
                "15 2 * * *",
                "2026-10-02",
                &["2026-10-03T02:15+10:30", "2026-10-04T02:30+11:00", "2026-10-05T02:15+11:00"],
            ),
            // 02:45 exists.
            ("45 2 4 10 *", "2026-10-03", &["2026-10-04T02:45+11:00"]),
            (
                "*/15 * * * *",
                "2026-10-04T01:30+10:30",
                &["2026-10-04T01:45+10:30", "2026-10-04T02:30+11:00", "2026-10-04T02:45+11:00"],
            ),
            // 01:30 to 02:00 is there twice.
            ("45 1 * * *", "2026-04-04T12:00Z", &["2026-04-05T01:45+11:00", "2026-04-06T01:45+10:30"]),
            (
                "*/15 * * * *",
                "2026-04-05T01:15+11:00",
                &[
                    "2026-04-05T01:30+11:00",
                    "2026-04-05T01:45+11:00",
                    "2026-04-05T01:30+10:30",
                    "2026-04-05T01:45+10:30",
                    "2026-04-05T02:00+10:30",
                ],
            ),
        ],
    );
    in_zone(zone, Skip, &[("15 2 4 10 *", "2026-10-01", &["2027-10-04T02:15+11:00"])]);
}

/// In Irish law summer time is the standard, and winter an hour behind it. Clocks move as in London.
#[test]
fn negative_summer_time_in_dublin() {
    in_zone_by_any_policy(
        "Europe/Dublin",
        &[
            (
                "*/30 1 25 10 *",
                "2026-10-25T00:00+01:00",
                &[
                    "2026-10-25T01:00+01:00",
                    "2026-10-25T01:30+01:00",
                    "2026-10-25T01:00+00:00",
                    "2026-10-25T01:30+00:00",
                ],
            ),
            ("30 1 * * *", "2026-10-25T00:00+01:00", &["2026-10-25T01:30+01:00", "2026-10-26T01:30+00:00"]),
        ],
    );
    in_zone("Europe/Dublin", Default, &[("30 1 29 3 *", "2026-03-01", &["2026-03-29T02:00+01:00"])]);
}

/// Morocco is an hour ahead of UTC all year, but for Ramadan. In 2025 clocks went back at 03:00 on 23 February
/// and forward at 02:00 on 6 April.
#[test]
fn negative_summer_time_in_casablanca() {
    let zone = "Africa/Casablanca";
    in_zone_by_any_policy(
        zone,
        &[
            ("30 2 * * *", "2025-02-23T00:00Z", &["2025-02-23T02:30+01:00", "2025-02-24T02:30+00:00"]),
            (
                "30 * * * *",
                "2025-02-23T02:00+01:00",
                &["2025-02-23T02:30+01:00", "2025-02-23T02:30+00:00", "2025-02-23T03:30+00:00"],
            ),
        ],
    );
    in_zone(
        zone,
        Default,
        &[
            ("30 2 * * *", "2025-04-06", &["2025-04-06T03:00+01:00", "2025-04-07T02:30+01:00"]),
            ("30 * * * *", "2025-04-06T01:00Z", &["2025-04-06T01:30+00:00", "2025-04-06T03:30+01:00"]),
        ],
    );
}

/// Samoa went across the date line at the end of 29 December 2011: there is no 30 December. It was daylight
/// saving time.
#[test]
fn a_lost_day_in_apia() {
    let zone = "Pacific/Apia";
    in_zone(
        zone,
        Default,
        &[
            // The day before, the day after, and the lost one as soon as it is over.
            (
                "0 12 * * *",
                "2011-12-29T00:00-10:00",
                &["2011-12-29T12:00-10:00", "2011-12-31T00:00+14:00", "2011-12-31T12:00+14:00"],
            ),
            // At midnight the lost day and the next fall on one instant.
            ("0 0 * * *", "2011-12-29T00:00-10:00", &["2011-12-31T00:00+14:00", "2012-01-01T00:00+14:00"]),
            // A lost Friday.
            ("0 9 * * FRI", "2011-12-23T12:00-10:00", &["2011-12-31T00:00+14:00", "2012-01-06T09:00+14:00"]),
            ("0 */8 * * *", "2011-12-29T16:00-10:00", &["2011-12-31T00:00+14:00", "2011-12-31T08:00+14:00"]),
            ("0 1-1 * * *", "2011-12-29T01:00-10:00", &["2011-12-31T01:00+14:00"]),
        ],
    );
    in_zone(
        zone,
        Skip,
        &[
            ("0 12 * * *", "2011-12-29T12:00-10:00", &["2011-12-31T12:00+14:00"]),
            ("0 0 30 12 *", "2011-12-01", &["2012-12-30T00:00+14:00"]),
        ],
    );
    in_zone(
        zone,
        Cronos,
        &[("0 1-1 * * *", "2011-12-29T01:00-10:00", &["2011-12-31T00:00+14:00", "2011-12-31T01:00+14:00"])],
    );
}

/// Kiribati's Line Islands lost 31 December 1994, and with it the last day of that year. (Some tables said 1
/// January 1995.)
#[test]
fn a_lost_day_in_kiritimati() {
    in_zone(
        "Pacific/Kiritimati",
        Skip,
        &[("0 12 * * *", "1994-12-30T12:00-10:00", &["1995-01-01T12:00+14:00"])],
    );
}

/// Alaska came from the Russian side of the date line in October 1867: in Sitka clocks went back by 24 hours at
/// 15:30 on 19 October.
#[test]
fn a_day_twice_in_sitka() {
    in_zone_by_any_policy(
        "America/Sitka",
        &[
            (
                "0 12 * * *",
                "1867-10-18T00:00+14:58:47",
                &["1867-10-18T12:00+14:58:47", "1867-10-19T12:00+14:58:47", "1867-10-20T12:00-09:01:13"],
            ),
            (
                "0 12-12 * * *",
                "1867-10-18T00:00+14:58:47",
                &[
                    "1867-10-18T12:00+14:58:47",
                    "1867-10-19T12:00+14:58:47",
                    "1867-10-19T12:00-09:01:13",
                    "1867-10-20T12:00-09:01:13",
                ],
            ),
        ],
    );
}

/// Jordan went to summer time at the end of the last Thursday of March, and back at 01:00 on the last Friday of
/// October, until 2021: 26 March and 29 October.
#[test]
fn no_midnight_in_amman() {
    let zone = "Asia/Amman";
    in_zone(
        zone,
        Default,
        &[
            ("0 0 * * *", "2021-03-25T00:00+02:00", &["2021-03-26T01:00+03:00", "2021-03-27T00:00+03:00"]),
            ("30 * * * *", "2021-03-25T23:00+02:00", &["2021-03-25T23:30+02:00", "2021-03-26T01:30+03:00"]),
            ("0 0 * * *", "2021-10-28T12:00Z", &["2021-10-29T00:00+03:00", "2021-10-30T00:00+02:00"]),
            (
                "0,30 */12 * * *",
                "2021-10-28T12:00Z",
                &[
                    "2021-10-29T00:00+03:00",
                    "2021-10-29T00:30+03:00",
                    "2021-10-29T00:00+02:00",
                    "2021-10-29T00:30+02:00",
                    "2021-10-29T12:00+02:00",
                ],
            ),
        ],
    );
    in_zone(zone, Skip, &[("0 0 * * *", "2021-03-25T00:00+02:00", &["2021-03-27T00:00+03:00"])]);
}

/// Lebanon goes to summer time at midnight of the last Sunday of March, and back at midnight of the last Sunday
/// of October, which makes 23:00 to midnight of that Saturday come twice: 31 March and 27 October in 2024.
#[test]
fn no_midnight_in_beirut() {
    let zone = "Asia/Beirut";
    in_zone(
        zone,
        Default,
        &[
            ("0 0 * * *", "2024-03-30T12:00Z", &["2024-03-31T01:00+03:00", "2024-04-01T00:00+03:00"]),
            ("@weekly", "2024-03-30T12:00Z", &["2024-03-31T01:00+03:00", "2024-04-07T00:00+03:00"]),
            ("@hourly", "2024-03-30T23:00+02:00", &["2024-03-31T01:00+03:00", "2024-03-31T02:00+03:00"]),
            // Clocks go back before they show midnight, so it is there once.
            ("0 0 * * *", "2024-10-26T12:00Z", &["2024-10-27T00:00+02:00", "2024-10-28T00:00+02:00"]),
            ("30 23 * * *", "2024-10-26T12:00Z", &["2024-10-26T23:30+03:00", "2024-10-27T23:30+02:00"]),
            (
                "30 */23 * * *",
                "2024-10-26T12:00Z",
                &["2024-10-26T23:30+03:00", "2024-10-26T23:30+02:00", "2024-10-27T00:30+02:00"],
            ),
        ],
    );
    in_zone(zone, Skip, &[("@weekly", "2024-03-30T12:00Z", &["2024-04-07T00:00+03:00"])]);
    in_zone(zone, Cronos, &[("15 0 31 3 *", "2024-03-30T12:00Z", &["2024-03-31T01:00+03:00"])]);
}

/// Chile changes at 04:00 and 03:00 UTC, which are midnights in Santiago: forward on 8 September 2024, back on
/// 6 April 2025.
#[test]
fn no_midnight_in_santiago() {
    let zone = "America/Santiago";
    in_zone(
        zone,
        Default,
        &[
            ("0 0 * * *", "2024-09-07T12:00Z", &["2024-09-08T01:00-03:00", "2024-09-09T00:00-03:00"]),
            ("0 * * * *", "2024-09-07T23:00-04:00", &["2024-09-08T01:00-03:00"]),
            // Saturday has an hour from 23:00 twice.
            ("0 23 * * *", "2025-04-05T12:00Z", &["2025-04-05T23:00-03:00", "2025-04-06T23:00-04:00"]),
            (
                "0 22-23 * * *",
                "2025-04-05T12:00Z",
                &["2025-04-05T22:00-03:00", "2025-04-05T23:00-03:00", "2025-04-05T23:00-04:00"],
            ),
        ],
    );
}

/// Greenland goes with the European Union, at 01:00 UTC, which is on Saturday in Nuuk. In March 2023 it went
/// forward and stayed; from March 2024 on it has summer time again: 30 March and 26 October.
#[test]
fn the_evening_before_in_nuuk() {
    let zone = "America/Nuuk";
    in_zone(
        zone,
        Default,
        &[
            // 22:00 to 23:00 on Saturday, 25 March 2023, did not exist.
            ("30 22 * * *", "2023-03-25T00:00-03:00", &["2023-03-25T23:00-02:00", "2023-03-26T22:30-02:00"]),
            // No change in the autumn of that year.
            ("30 22-22 28 10 *", "2023-10-01", &["2023-10-28T22:30-02:00"]),
            // 23:00 to midnight on Saturday, 30 March 2024: the occurrence is on Sunday.
            ("30 23 * * SAT", "2024-03-30T00:00Z", &["2024-03-31T00:00-01:00", "2024-04-06T23:30-01:00"]),
            ("30 23 * * *", "2024-10-26T12:00Z", &["2024-10-26T23:30-01:00", "2024-10-27T23:30-02:00"]),
            (
                "30 23-23 * * *",
                "2024-10-26T12:00Z",
                &["2024-10-26T23:30-01:00", "2024-10-26T23:30-02:00", "2024-10-27T23:30-02:00"],
            ),
        ],
    );
}

#[test]
fn other_changes_of_clocks() {
    // Newfoundland changed at one minute past midnight: on 7 November 2010 back to 23:01 of the day before.
    in_zone_by_any_policy(
        "America/St_Johns",
        &[
            ("0 0 * * *", "2010-11-06T12:00Z", &["2010-11-07T00:00-02:30", "2010-11-08T00:00-03:30"]),
            (
                "0 */12 * * *",
                "2010-11-06T20:00Z",
                &["2010-11-07T00:00-02:30", "2010-11-07T00:00-03:30", "2010-11-07T12:00-03:30"],
            ),
            ("1 23-23 6 11 *", "2010-11-06T12:00Z", &["2010-11-06T23:01-02:30", "2010-11-06T23:01-03:30"]),
        ],
    );
    // Cuba changes at midnight: forward on 8 March 2026, and back at 01:00 on 1 November 2026.
    in_zone(
        "America/Havana",
        Default,
        &[
            ("0 0 8 3 *", "2026-03-01", &["2026-03-08T01:00-04:00"]),
            ("0 0-0 1 11 *", "2026-10-01", &["2026-11-01T00:00-04:00", "2026-11-01T00:00-05:00"]),
        ],
    );
    // The Norwegian station in Antarctica goes from UTC to Norway's summer time: two hours, from 01:00 to 03:00.
    in_zone(
        "Antarctica/Troll",
        Default,
        &[
            ("30 1 29 3 *", "2026-03-01", &["2026-03-29T03:00+02:00"]),
            ("30 2 29 3 *", "2026-03-01", &["2026-03-29T03:00+02:00"]),
            (
                "0 */2 25 10 *",
                "2026-10-25T00:00+02:00",
                &["2026-10-25T02:00+02:00", "2026-10-25T02:00+00:00", "2026-10-25T04:00+00:00"],
            ),
        ],
    );
    // Nepal moved its clocks by a quarter of an hour at the start of 1986.
    in_zone(
        "Asia/Kathmandu",
        Default,
        &[("10 0 * * *", "1985-12-31T12:00Z", &["1986-01-01T00:15+05:45", "1986-01-02T00:10+05:45"])],
    );
    // Venezuela went back half an hour at 03:00 on 9 December 2007, and forward at 02:30 on 1 May 2016.
    in_zone(
        "America/Caracas",
        Default,
        &[
            ("45 2-2 9 12 *", "2007-12-01", &["2007-12-09T02:45-04:00", "2007-12-09T02:45-04:30"]),
            ("45 2 1 5 *", "2016-04-01", &["2016-05-01T03:00-04:00", "2017-05-01T02:45-04:00"]),
        ],
    );
    // Russia stayed on summer time from 2011 to 26 October 2014.
    in_zone(
        "Europe/Moscow",
        Default,
        &[
            ("0 2 27 3 *", "2011-01-01", &["2011-03-27T03:00+04:00", "2012-03-27T02:00+04:00"]),
            ("0 1-1 26 10 *", "2014-01-01", &["2014-10-26T01:00+04:00", "2014-10-26T01:00+03:00"]),
        ],
    );
    // Brazil began summer time at midnight: 4 November 2018, the last time.
    in_zone(
        "America/Sao_Paulo",
        Default,
        &[("0 0 4 11 *", "2018-01-01", &["2018-11-04T01:00-02:00", "2019-11-04T00:00-03:00"])],
    );
    // North Korea went back half an hour at the start of 15 August 2015, and forward at 23:30 on 4 May 2018.
    in_zone(
        "Asia/Pyongyang",
        Default,
        &[
            ("45 23-23 14 8 *", "2015-08-01", &["2015-08-14T23:45+09:00", "2015-08-14T23:45+08:30"]),
            ("45 23 4 5 *", "2018-05-01", &["2018-05-05T00:00+09:00", "2019-05-04T23:45+09:00"]),
        ],
    );
}

#[test]
fn leap_days() {
    in_utc(&[
        // 2100 can be divided by 4 and by 100, and not by 400.
        ("0 0 29 2 *", "2092-03-01", &["2096-02-29", "2104-02-29", "2108-02-29"]),
        ("0 0 29 2 *", "1896-01-01", &["1896-02-29", "1904-02-29"]),
        ("0 0 29 2 *", "1996-03-01", &["2000-02-29", "2004-02-29"]),
        // A calendar repeats after 28 years; where a century is no leap year, after 40 here.
        ("0 0 29 2 MON", "2016-03-01", &["2044-02-29", "2072-02-29", "2112-02-29", "2140-02-29"]),
        ("0 0 29 2 SUN", "2060-03-01", &["2088-02-29", "2128-02-29"]),
        // 29 February is always the fifth of its weekday.
        ("0 0 * 2 MON#5", "2016-03-01", &["2044-02-29", "2072-02-29", "2112-02-29"]),
        ("0 0 L 2 *", "2023-01-01", &["2023-02-28", "2024-02-29", "2025-02-28"]),
        ("0 0 L-28 2 *", "2023-01-01", &["2024-02-01", "2028-02-01"]),
    ]);
}

#[test]
fn weekdays_of_a_month() {
    in_utc(&[
        // Months with a fifth Monday.
        (
            "0 0 * * MON#5",
            "2026-01-01",
            &["2026-03-30", "2026-06-29", "2026-08-31", "2026-11-30", "2027-03-29"],
        ),
        // Thanksgiving: the fourth Thursday of November.
        ("0 0 * 11 THU#4", "2024-01-01", &["2024-11-28", "2025-11-27", "2026-11-26"]),
        // The first and the third Monday.
        ("0 0 * * MON#1,MON#3", "2026-01-01", &["2026-01-05", "2026-01-19", "2026-02-02", "2026-02-16"]),
        // The last Friday; written with the number as well.
        (
            "0 0 * * FRIL",
            "2026-01-01",
            &["2026-01-30", "2026-02-27", "2026-03-27", "2026-04-24", "2026-05-29"],
        ),
        ("0 0 * * 5L", "2026-01-01", &["2026-01-30", "2026-02-27", "2026-03-27", "2026-04-24", "2026-05-29"]),
        // The last Sunday of March and October: the European Union's.
        ("0 1 * 3,10 7L", "2026-01-01", &["2026-03-29T01:00", "2026-10-25T01:00", "2027-03-28T01:00"]),
        // Day of month and day of week: both.
        ("0 0 13 * FRI", "2026-01-01", &["2026-02-13", "2026-03-13", "2026-11-13", "2027-08-13"]),
        // The last Friday is on the 22nd only in a February of 28 days.
        ("0 0 22 * 5L", "2019-03-01", &["2030-02-22", "2041-02-22", "2047-02-22"]),
        // The working day nearest to the first, where that is the first Monday.
        ("0 0 1W * MON#1", "2026-01-01", &["2026-02-02", "2026-03-02", "2026-06-01", "2026-08-03"]),
    ]);
}

#[test]
fn working_days() {
    in_utc(&[
        // 31 January 2026 is a Saturday, 28 February a Saturday, 31 May a Sunday.
        ("0 0 LW * *", "2026-01-01", &["2026-01-30", "2026-02-27", "2026-03-31", "2026-04-30", "2026-05-29"]),
        // 15 February 2026 is a Sunday, 15 August a Saturday.
        ("0 0 15W 1-3 *", "2026-01-01", &["2026-01-15", "2026-02-16", "2026-03-16", "2027-01-15"]),
        ("0 0 15W 8-11 *", "2026-08-01", &["2026-08-14", "2026-09-15", "2026-10-15", "2026-11-16"]),
        // The 1st on a Saturday (August 2026) has its Friday in another month, so it is Monday the 3rd.
        ("0 0 1W * *", "2026-07-02", &["2026-08-03", "2026-09-01", "2026-10-01", "2026-11-02"]),
        ("0 0 1W 5 *", "2027-01-01", &["2027-05-03"]),
        // The 2nd on a Sunday has its Monday, and on a Saturday its Friday.
        ("0 0 2W 5,8 *", "2026-01-01", &["2026-05-01", "2026-08-03"]),
        // Months that have a 31st, and no others; it goes back from a Saturday by one day and from a Sunday by two.
        (
            "0 0 31W * *",
            "2026-01-01",
            &[
                "2026-01-30",
                "2026-03-31",
                "2026-05-29",
                "2026-07-31",
                "2026-08-31",
                "2026-10-30",
                "2026-12-31",
            ],
        ),
        ("0 0 31W 2,4,5 *", "2026-01-01", &["2026-05-29", "2027-05-31"]),
        // The 30th on a Saturday (May 2026) and on a Sunday that is not the last day (August 2026).
        ("0 0 30W 5-8 *", "2026-05-01", &["2026-05-29", "2026-06-30", "2026-07-30", "2026-08-31"]),
        // 28 February is a Saturday in 2026, and the last day and a Sunday in 2027.
        ("0 0 28W 2 *", "2025-01-01", &["2025-02-28", "2026-02-27", "2027-02-26", "2028-02-28"]),
        // 29 February, and no other day in other years. It was a Saturday in 2020.
        ("0 0 29W 2 *", "2016-01-01", &["2016-02-29", "2020-02-28", "2024-02-29"]),
        ("0 0 15W,LW * *", "2026-02-01", &["2026-02-16", "2026-02-27", "2026-03-16", "2026-03-31"]),
    ]);
}

#[test]
fn counted_from_the_last_day() {
    in_utc(&[
        ("0 0 L * *", "2026-01-01", &["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]),
        ("0 0 L-0 * *", "2026-01-01", &["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]),
        ("0 0 L-3 * *", "2024-01-01", &["2024-01-28", "2024-02-26", "2024-03-28", "2024-04-27"]),
        // Thirty days before the last is the first, where there are 31.
        ("0 0 L-30 * *", "2026-01-01T12:00", &["2026-03-01", "2026-05-01", "2026-07-01", "2026-08-01"]),
        ("0 0 L-30W * *", "2026-01-01", &["2026-03-02", "2026-05-01", "2026-07-01", "2026-08-03"]),
        ("0 0 L-3W * *", "2026-01-01", &["2026-01-28", "2026-02-25", "2026-03-27", "2026-04-27"]),
        // February has no day 29 days before its last; 28 days before it, in leap years.
        ("0 0 L-29W 1-4 *", "2026-01-01", &["2026-01-02", "2026-03-02", "2026-04-01", "2027-01-01"]),
        ("0 0 L-28W 2 *", "2017-01-01", &["2020-02-03", "2024-02-01", "2028-02-01"]),
        // 27 days before it is the 1st or the 2nd. 1 February 2020 was a Saturday, and so was the 1st of 2025.
        ("0 0 L-27W 2 *", "2024-01-01", &["2024-02-02", "2025-02-03", "2026-02-02", "2027-02-01"]),
        ("0 0 1,L * *", "2026-02-01", &["2026-02-28", "2026-03-01", "2026-03-31", "2026-04-01"]),
    ]);
}

#[test]
fn reverse_ranges_keep_the_phase_of_their_step() {
    in_utc(&[
        // 50, 57, and seven later is four minutes past.
        (
            "50-10/7 * * * *",
            "2026-01-01T00:10",
            &["2026-01-01T00:50", "2026-01-01T00:57", "2026-01-01T01:04", "2026-01-01T01:50"],
        ),
        (
            "55-5/5 0 0 * * *",
            "2026-01-01",
            &["2026-01-01T00:00:05", "2026-01-01T00:00:55", "2026-01-02T00:00:00"],
        ),
        ("0 22-3/2 * * *", "2026-01-01T12:00", &["2026-01-01T22:00", "2026-01-02T00:00", "2026-01-02T02:00"]),
        // A month counts as 31 days, whatever it has: 30, (32nd, which is the) 1st, 3rd.
        (
            "0 0 30-4/2 1-3 *",
            "2026-01-10",
            &["2026-01-30", "2026-02-01", "2026-02-03", "2026-03-01", "2026-03-03", "2026-03-30"],
        ),
        ("0 0 1 NOV-MAR/2 *", "2026-02-01", &["2026-03-01", "2026-11-01", "2027-01-01", "2027-03-01"]),
        // Friday, Sunday, Tuesday.
        ("0 0 * * FRI-TUE/2", "2026-01-01", &["2026-01-02", "2026-01-04", "2026-01-06", "2026-01-09"]),
        (
            "0 0 * * FRI-TUE",
            "2026-01-01",
            &["2026-01-02", "2026-01-03", "2026-01-04", "2026-01-05", "2026-01-06", "2026-01-09"],
        ),
        // Seven at the start of one is Sunday, which comes before Tuesday.
        ("0 0 * * 7-2", "2026-01-01", &["2026-01-04", "2026-01-05", "2026-01-06", "2026-01-11"]),
        ("0 0 1 DEC-FEB *", "2026-01-01", &["2026-02-01", "2026-12-01", "2027-01-01"]),
    ]);
}

#[test]
fn sunday_is_0_and_7() {
    let sundays: &[&str] = &["2026-01-04", "2026-01-11", "2026-01-18"];
    in_utc(&[
        ("0 0 * * 0", "2026-01-01", sundays),
        ("0 0 * * 7", "2026-01-01", sundays),
        ("0 0 * * sun", "2026-01-01", sundays),
        // 0 and 7.
        ("0 0 * * */7", "2026-01-01", sundays),
        ("0 0 * * 0#2", "2026-01-01", &["2026-01-11", "2026-02-08"]),
        ("0 0 * * 7#2", "2026-01-01", &["2026-01-11", "2026-02-08"]),
        // Steps run to 7: 1, 3, 5, 7.
        ("0 0 * * 1/2", "2026-01-05T12:00", &["2026-01-07", "2026-01-09", "2026-01-11", "2026-01-12"]),
        ("0 0 * * 5-7", "2026-01-05", &["2026-01-09", "2026-01-10", "2026-01-11", "2026-01-16"]),
    ]);
}

#[test]
fn the_first_and_the_last_year() {
    in_utc(&[
        ("@yearly", "-009999-06-01", &["0001-01-01", "0002-01-01"]),
        ("* * * * * *", "-009999-06-01", &["0001-01-01T00:00:00", "0001-01-01T00:00:01"]),
        ("0 0 29 2 *", "0000-01-01", &["0004-02-29", "0008-02-29"]),
        // 1 January of the year 1 was a Monday.
        ("0 0 * * MON", "0000-12-01", &["0001-01-01", "0001-01-08"]),
        ("0 0 1 12 *", "9998-06-01", &["9998-12-01", "9999-12-01", END]),
        // An instant of jiff ends on 30 December 9999 at 22:00 in UTC.
        ("0 0 31 12 *", "9997-01-01", &["9997-12-31", "9998-12-31", END]),
        ("* * * * * *", "9999-12-30T21:59:58", &["9999-12-30T21:59:59", "9999-12-30T22:00:00", END]),
        ("0 23 30 12 *", "9998-12-31", &[END]),
    ]);
    // New York's clocks showed the sun's time before there were zones.
    in_zone_by_any_policy("America/New_York", &[("@yearly", "0000-01-01", &["0001-01-01T00:00-04:56:02"])]);
    // Kiritimati is 14 hours ahead, and reaches the last day.
    in_zone_by_any_policy(
        "Pacific/Kiritimati",
        &[("0 0 31 12 *", "9998-12-31T00:00+14:00", &["9999-12-31T00:00+14:00", END])],
    );
    // The rules of today go on for ever: the last Sunday of March 9999 is the 28th.
    in_zone("Europe/Oslo", Default, &[("30 2 * 3 SUNL", "9998-06-01", &["9999-03-28T03:00+02:00", END])]);
}

#[test]
fn before_the_year_1_there_is_nothing() {
    for text in ["@yearly", "* * * * * *", "0 0 1 1 *"] {
        let schedule = Cron::parse(text).unwrap().in_utc();
        let first = instant("0001-01-01");
        assert_eq!(schedule.previous_at_or_before(first), Some(first), "{text}");
        assert_eq!(schedule.previous_before(first), None, "{text}");
        assert_eq!(schedule.previous_before(Timestamp::MIN), None, "{text}");
        assert_eq!(schedule.next_after(Timestamp::MIN), Some(first), "{text}");
        assert_eq!(schedule.next_after(Timestamp::MAX), None, "{text}");
    }
}

#[test]
fn days_that_there_are_not() {
    never(&[
        "0 0 30 2 *",
        "0 0 31 2,4,6,9,11 *",
        "0 0 31W 2 *",
        "0 0 30W 2 *",
        // February has at most 29 days.
        "0 0 L-29 2 *",
        "0 0 L-29W 2 *",
        "0 0 L-30 4,6,9,11 *",
        // The eighth is never the first of its weekday, the 29th never the fourth.
        "0 0 8 * MON#1",
        "0 0 29-31 * 1#4",
        "0 0 1 * TUE#5",
        // The last Friday is in the last seven days.
        "0 0 21 * FRIL",
        // Working days are not on a weekend.
        "0 0 LW * SAT",
        "0 0 15W * SUN,SAT",
        "* * * 30 2 *",
    ]);
}

#[test]
fn days_that_are_rare_but_there() {
    for text in [
        "0 0 29 2 MON",
        "0 0 29W 2 *",
        "0 0 22 2 FRIL",
        "0 0 L-28 2 0#1",
        "0 0 3 * MON#1",
        "0 0 1W,L-28W 2 MON#1",
    ] {
        assert!(!Cron::parse(text).unwrap().never_fires(), "{text}");
    }
}

/// The days are the same in every month of each kind of year as a calendar on a wall has them.
#[test]
fn business_hours() {
    in_utc(&[
        (
            "0 0 9-17/4 * * MON-FRI",
            "2026-01-02T12:00",
            &["2026-01-02T13:00", "2026-01-02T17:00", "2026-01-05T09:00", "2026-01-05T13:00"],
        ),
        (
            "*/20 30 23 31 DEC ?",
            "2025-12-31T23:30:05",
            &["2025-12-31T23:30:20", "2025-12-31T23:30:40", "2026-12-31T23:30:00"],
        ),
        ("59 59 23 31 12 *", "2025-01-01", &["2025-12-31T23:59:59", "2026-12-31T23:59:59"]),
        ("@monthly", "2026-01-01", &["2026-02-01", "2026-03-01"]),
        ("@midnight", "2026-02-27T01:00", &["2026-02-28", "2026-03-01"]),
        ("@every_minute", "2026-01-01T00:00:30", &["2026-01-01T00:01", "2026-01-01T00:02"]),
        ("@every_second", "2026-01-01T23:59:58.5", &["2026-01-01T23:59:59", "2026-01-02"]),
        ("@annually", "2026-01-01", &["2027-01-01"]),
    ]);
}
