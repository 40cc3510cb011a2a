//! The promises of the header, kept by the real program.

use example_support::{Program, refuses_unknown_arguments};

const PROGRAM: &str = env!("CARGO_BIN_EXE_cron-daily-report");

#[test]
fn the_next_report_is_logged_at_the_start_and_after_each() {
    let mut program = Program::start(PROGRAM, &["--fast"]);
    let mut before = next(&mut program);
    for _ in 0..2 {
        program.line("the daily report is made");
        let after = next(&mut program);
        assert!(before < after, "{before} {after}");
        assert_eq!(after.second() % 2, 0, "{after}");
        before = after;
    }
    program.terminate();
    assert_eq!(program.exit_code(), 0);
}

#[test]
fn the_report_is_due_at_eight_in_oslo() {
    let mut program = Program::start(PROGRAM, &[]);
    let before = jiff::Timestamp::now();
    let next = next(&mut program);
    assert_eq!(next.time_zone().iana_name(), Some("Europe/Oslo"));
    assert_eq!(next.time(), jiff::civil::time(8, 0, 0, 0));
    // No day has more than 25 hours.
    let wait = next.timestamp().duration_since(before);
    assert!(wait <= jiff::SignedDuration::from_hours(25), "{wait}");
    program.line("started units=1");
    program.terminate();
    assert_eq!(program.exit_code(), 0);
}

#[test]
fn an_unknown_argument_is_refused() {
    refuses_unknown_arguments(PROGRAM);
}

fn next(program: &mut Program) -> jiff::Zoned {
    let line = program.line("next daily report at=");
    let (_, at) = line.split_once("at=").expect("it is in the line");
    at.parse().expect("it is a time with its zone")
}
