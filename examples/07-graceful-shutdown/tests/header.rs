//! The promises of the header, kept by the real program.

use example_support::{Program, refuses_unknown_arguments};

const PROGRAM: &str = env!("CARGO_BIN_EXE_graceful-shutdown");

#[test]
fn work_that_outlives_the_grace_is_interrupted_and_the_exit_code_is_75() {
    let mut program = Program::start(PROGRAM, &["--fast"]);
    program.line("timeout=600s grace=2s");
    program.line("converting video=\"holiday.mp4\" percent=0");
    program.terminate();
    program.line("items left in the queue were dropped unit=videos items=2");
    let interrupted = program.line("run interrupted: the grace of the stop was over");
    assert!(interrupted.contains("run{unit=videos run=1 attempt=1 worker=1"), "{interrupted}");
    program.line("outlived its grace unit=videos");
    assert_eq!(program.exit_code(), 75);
    assert!(!program.output().contains("converted video"), "{}", program.output());
    assert!(!program.output().contains("wedding.mp4"), "{}", program.output());
}

#[test]
fn work_that_ends_within_the_grace_is_finished() {
    let mut program = Program::start(PROGRAM, &["--fast"]);
    program.line("converting video=\"holiday.mp4\" percent=90");
    program.terminate();
    program.line("items left in the queue were dropped unit=videos items=2");
    program.line("converted video=\"holiday.mp4\"");
    assert_eq!(program.exit_code(), 0);
    assert!(!program.output().contains("interrupted"), "{}", program.output());
}

#[test]
fn the_grace_is_half_a_minute_and_a_second_ctrl_c_does_not_wait_for_it() {
    let mut program = Program::start(PROGRAM, &[]);
    program.line("timeout=600s grace=30s");
    program.line("percent=0");
    program.interrupt();
    program.line("stopping reason=SIGINT grace=60s");
    program.interrupt();
    assert_eq!(program.exit_code(), 130);
}

#[test]
fn an_unknown_argument_is_refused() {
    refuses_unknown_arguments(PROGRAM);
}
