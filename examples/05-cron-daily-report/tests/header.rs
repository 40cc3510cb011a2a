//! The promises of the header, kept by the real program.

use example_support::{Program, refuses_unknown_arguments};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

const PROGRAM: &str = env!("CARGO_BIN_EXE_cron-daily-report");

#[test]
fn each_report_knows_its_occurrence_and_the_next_one_is_logged_at_the_start_and_after_each() {
    let mut program = Program::start(PROGRAM, &["--fast"]);
    let mut before = next(&mut program, "oslo-report");
    for _ in 0..2 {
        // A machine that is late makes up for those before it.
        while made(&mut program, "oslo-report") < before.timestamp() {}
        let after = next(&mut program, "oslo-report");
        assert!(before < after, "{before} {after}");
        assert_eq!(after.second() % 2, 0, "{after}");
        before = after;
    }
    program.terminate();
    assert_eq!(program.exit_code(), 0);
}

#[test]
fn the_reports_are_due_at_eight_in_oslo_and_by_the_local_clocks() {
    // A local zone that no machine is likely to have by itself.
    for (report, zone) in [("oslo-report", "Europe/Oslo"), ("local-report", "Asia/Kathmandu")] {
        let zone = TimeZone::get(zone).expect("the zone is known");
        let mut program = Program::start_with(PROGRAM, &[], &[("TZ", "Asia/Kathmandu")]);
        let before = Timestamp::now();
        let said = program.line("At 08:00");
        assert!(said.contains("schedule=0 8 * * * ("), "{said}");
        let next = next(&mut program, report);
        assert_eq!(next.offset(), zone.to_offset(next.timestamp()));
        assert_eq!(next.time(), jiff::civil::time(8, 0, 0, 0));
        if report == "local-report" {
            let utc = next.timestamp().to_zoned(TimeZone::UTC);
            assert_eq!(utc.time(), jiff::civil::time(2, 15, 0, 0));
        }
        // No day has more than 25 hours.
        let wait = next.timestamp().duration_since(before);
        assert!(wait <= jiff::SignedDuration::from_hours(25), "{wait}");
        program.line("started units=2");
        program.terminate();
        assert_eq!(program.exit_code(), 0);
    }
}

#[test]
fn an_unknown_argument_is_refused() {
    refuses_unknown_arguments(PROGRAM);
}

fn next(program: &mut Program, report: &str) -> Zoned {
    let line = program.line(&format!("next daily report report=\"{report}\" at="));
    let (_, at) = line.split_once("at=").expect("it is in the line");
    at.parse().expect("it is a time with its zone")
}

/// Waits until a report is made; what it is for.
fn made(program: &mut Program, report: &str) -> Timestamp {
    loop {
        let line = program.line("the daily report is made of=");
        if line.contains(report) {
            let (_, of) = line.split_once("made of=").expect("it is in the line");
            return of.parse().expect("it is an instant");
        }
    }
}
