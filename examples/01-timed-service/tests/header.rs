//! The promises of the header, kept by the real program.

use example_support::{Program, refuses_unknown_arguments};

const PROGRAM: &str = env!("CARGO_BIN_EXE_timed-service");

#[test]
fn start_runs_and_stop_are_logged() {
    let mut program = Program::start(PROGRAM, &["--fast"]);
    program.line("the timed service starts period=1s");
    program.line("the timed service works count=1");
    program.line("the timed service works count=2");
    program.terminate();
    program.line("the timed service has stopped");
    assert_eq!(program.exit_code(), 0);
}

#[test]
fn the_period_is_five_minutes_and_the_first_run_waits_for_it() {
    let mut program = Program::start(PROGRAM, &[]);
    program.line("the timed service starts period=300s");
    program.line("started units=1");
    program.terminate();
    assert_eq!(program.exit_code(), 0);
    assert!(!program.output().contains("works"), "{}", program.output());
}

#[test]
fn an_unknown_argument_is_refused() {
    refuses_unknown_arguments(PROGRAM);
}
