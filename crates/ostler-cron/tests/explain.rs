//! The example `explain`: what it prints, and how it exits.

#![allow(clippy::unwrap_used, reason = "tests may fail")]

mod example;

use std::process::Output;

fn explain(args: &[&str]) -> Output {
    example::explain().args(args).env("TZ", "America/New_York").output().unwrap()
}

/// What it prints when all is well.
fn told(args: &[&str]) -> String {
    let output = explain(args);
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!((output.status.code(), err.as_str()), (Some(0), ""), "{args:?}");
    out
}

/// What it prints when it refuses.
fn refused(args: &[&str]) -> String {
    let output = explain(args);
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!((output.status.code(), out.as_str()), (Some(2), ""), "{args:?}");
    err
}

#[test]
fn a_daily_report_is_explained() {
    let args = ["0 0 8 * * *", "Europe/Oslo", "--from", "2026-03-27T00:00:00Z"];
    assert_eq!(
        told(&args),
        "\
At 08:00, every day
  0 8 * * *
  a point: where the clocks change it fires once

Europe/Oslo                     UTC
Fri 2026-03-27 08:00:00 +01:00  2026-03-27T07:00:00Z
Sat 2026-03-28 08:00:00 +01:00  2026-03-28T07:00:00Z
Sun 2026-03-29 08:00:00 +02:00  2026-03-29T06:00:00Z
Mon 2026-03-30 08:00:00 +02:00  2026-03-30T06:00:00Z
Tue 2026-03-31 08:00:00 +02:00  2026-03-31T06:00:00Z
Wed 2026-04-01 08:00:00 +02:00  2026-04-01T06:00:00Z
Thu 2026-04-02 08:00:00 +02:00  2026-04-02T06:00:00Z
Fri 2026-04-03 08:00:00 +02:00  2026-04-03T06:00:00Z
Sat 2026-04-04 08:00:00 +02:00  2026-04-04T06:00:00Z
Sun 2026-04-05 08:00:00 +02:00  2026-04-05T06:00:00Z
"
    );
}

#[test]
fn gaps_are_warned_of_and_noted() {
    let out = told(&["30 2 * * *", "europe/oslo", "--from", "2026-03-28T12:00:00Z"]);
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[3].starts_with("  warning: on 2026-03-29 there is no 02:30"), "{out}");
    assert!(lines[4].starts_with("  warning: on 2026-10-25 the clocks go back"), "{out}");
    let (shown, note) = lines[7].rsplit_once("  ").unwrap();
    assert_eq!(shown, "Sun 2026-03-29 03:00:00 +02:00  2026-03-29T01:00:00Z");
    assert_eq!(note, "instead of 2026-03-29 02:30, which does not exist");
    assert_eq!(lines[8], "Mon 2026-03-30 02:30:00 +02:00  2026-03-30T00:30:00Z");
    assert_eq!(lines.len(), 17);
}

#[test]
fn overlaps_are_noted_on_both_passes() {
    let out = told(&["*/30 * * * *", "Europe/Oslo", "--from", "2026-10-24T23:30:00Z"]);
    assert!(out.contains("an interval: where the clocks change it keeps its grid\n\n"), "{out}");
    let first =
        "Sun 2026-10-25 02:30:00 +02:00  2026-10-25T00:30:00Z  the first time that the clocks show this\n";
    let second =
        "Sun 2026-10-25 02:30:00 +01:00  2026-10-25T01:30:00Z  the second time that the clocks show this\n";
    assert!(out.contains(first) && out.contains(second), "{out}");
}

#[test]
fn without_a_zone_it_is_that_of_the_machine() {
    let out = told(&["0 8 * * *", "--from", "2026-07-01T00:00:00Z"]);
    assert!(out.contains("\nAmerica/New_York  "), "{out}");
    assert!(out.contains("\nWed 2026-07-01 08:00:00 -04:00  2026-07-01T12:00:00Z\n"), "{out}");
    assert_eq!(out, told(&["0 8 * * *", "local", "--from", "2026-07-01T00:00:00Z"]));
}

#[test]
fn without_an_instant_it_is_now() {
    let before = jiff::Timestamp::now();
    let out = told(&["@every_second", "UTC"]);
    let first = out.lines().nth(5).unwrap().rsplit(' ').next().unwrap();
    assert!(first.parse::<jiff::Timestamp>().unwrap() > before, "{out}");
}

#[test]
fn intervals_are_explained() {
    let out = told(&["@every 90s", "UTC", "--from", "2026-03-27T00:00:00Z"]);
    assert!(out.starts_with("Every 90 seconds, counted from its start\n"), "{out}");
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines[5], "Fri 2026-03-27 00:01:30 +00:00  2026-03-27T00:01:30Z");
    assert_eq!(lines[14], "Fri 2026-03-27 00:15:00 +00:00  2026-03-27T00:15:00Z");
    assert_eq!(lines.len(), 15);
}

#[test]
fn what_is_chosen_by_an_id_is_told() {
    let args = ["H 3 * * *", "UTC", "--from", "2026-03-27T00:00:00Z"];
    let out = told(&[&args[..], &["--id", "nightly-cleanup"]].concat());
    assert!(out.starts_with("At 03:47, every day\n  47 3 * * *\n"), "{out}");
    assert_eq!(
        refused(&args),
        "H 3 * * *\n^\nminute (at byte 0): `H` is chosen by an id, and there is none here; read it with `Cron::parse_with_id` (in a host, a unit's name is the id of its `cron(..)` plan)\n"
    );
}

#[test]
fn a_mistake_is_pointed_at() {
    let err = refused(&["0 0 25 * * *", "Europe/Oslo"]);
    assert_eq!(err, "0 0 25 * * *\n    ^\nhour (at byte 4): 25 is out of range; allowed is 0 to 23\n");
    assert!(refused(&["* * *"]).starts_with("* * *\n     ^\nexpression (at byte 5): found 3 fields"));
    assert!(refused(&["@every never"]).starts_with("@every never\n       ^\n"));
    assert!(refused(&["0 8 * * MONDAY"]).starts_with("0 8 * * MONDAY\n        ^\n"));
}

#[test]
fn what_never_fires_is_refused() {
    assert_eq!(refused(&["0 0 30 2 *", "UTC"]), "Never: there is no 30 February\n  0 0 30 2 *\n");
}

#[test]
fn an_unknown_zone_is_refused_with_the_nearest_name() {
    assert_eq!(
        refused(&["0 8 * * *", "Europe/Olso"]),
        "`Europe/Olso` is not a known time zone; did you mean `Europe/Oslo`?\n"
    );
}

#[test]
fn other_arguments_are_answered_with_the_usage() {
    for args in [&[][..], &["0 8 * * *", "UTC", "UTC"], &["0 8 * * *", "--from"], &["0 8 * * *", "--to", "x"]]
    {
        let err = refused(args);
        assert!(err.contains("usage: explain EXPRESSION [ZONE]"), "{err}");
    }
    assert!(refused(&["0 8 * * *", "--from", "yesterday"]).starts_with("--from: "));
}

#[test]
fn help_is_no_mistake() {
    assert!(told(&["--help"]).starts_with("usage: explain EXPRESSION [ZONE]"));
    assert_eq!(told(&["0 8 * * *", "--help"]), told(&["--help"]));
}

#[test]
fn what_begins_with_a_dash_and_holds_blanks_is_an_expression() {
    let err = refused(&["-5 * * * *", "UTC"]);
    assert!(err.starts_with("-5 * * * *\n^\nminute (at byte 0): "), "{err}");
    assert!(refused(&["-5", "UTC"]).starts_with("unknown option -5\nusage: "));
}

/// On the last Sunday of March the clocks of Oslo leave out these times. They did not before the year 1981.
#[test]
fn what_is_always_in_a_gap_is_refused() {
    let last_sunday = |from| refused(&["*/30 2 * 3 7L", "Europe/Oslo", "--from", from]);
    let err = last_sunday("2026-03-27T00:00:00Z");
    assert!(
        err.ends_with(
            "\nit does not fire in Europe/Oslo after 2026-03-27T00:00:00Z: each of its times is in a gap; \
             the last time was 1980-03-30T01:30:00Z\n"
        ),
        "{err}"
    );
    let err = last_sunday("9999-12-30T00:00:00Z");
    assert!(err.ends_with("after 9999-12-30T00:00:00Z: the last time is 1980-03-30T01:30:00Z\n"), "{err}");
}

#[test]
fn what_has_always_been_in_a_gap_never_fires() {
    let rule = "AAA0BBB,M3.5.0/2,M10.5.0/3";
    let output = example::explain().args(["*/30 2 * 3 7L"]).env("TZ", rule).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &b""[..]), "{err}");
    assert!(err.ends_with("\nit never fires in local: each of its times is in a gap\n"), "{err}");
}

#[test]
fn what_is_over_is_refused_with_its_last_time() {
    let err = refused(&["0 8 * * *", "UTC", "--from", "9999-12-30T12:00:00Z"]);
    assert!(
        err.ends_with(
            "\nit does not fire in UTC after 9999-12-30T12:00:00Z: the last time is 9999-12-30T08:00:00Z\n"
        ),
        "{err}"
    );
    let err = refused(&["@every 2d", "UTC", "--from", "9999-12-30T12:00:00Z"]);
    assert!(err.ends_with("\nit does not fire after 9999-12-30T12:00:00Z\n"), "{err}");
}
