//! The promises of the header, kept by the real program.

use example_support::{Program, refuses_unknown_arguments};

const PROGRAM: &str = env!("CARGO_BIN_EXE_hosted-service");

#[test]
fn the_third_crash_stops_the_host_with_1() {
    let mut program = Program::start(PROGRAM, &["--fast"]);
    for connection in 1..=2 {
        program.line(&format!("connected connection={connection}"));
        program.line("failed, restarting error=the connection was lost");
    }
    program.line("connected connection=3");
    program.line("stopping reason=unit `upstream` failed");
    program.line("error: unit `upstream` failed: the connection was lost");
    assert_eq!(program.exit_code(), 1);

    let output = program.output();
    assert!(output.contains("polled page=\"/prices\""), "{output}");
    assert!(output.contains("still alive"), "{output}");
    for others in [
        "unit=poller}: ostler::supervise::service: stopped",
        "unit=heartbeat}: ostler::supervise::service: stopped",
    ] {
        assert!(output.contains(others), "`{others}` is missing:\n{output}");
    }
}

#[test]
fn ctrl_c_before_that_ends_it_with_0() {
    let mut program = Program::start(PROGRAM, &[]);
    program.line("connected connection=1");
    program.interrupt();
    program.line("stopping reason=SIGINT");
    assert_eq!(program.exit_code(), 0);
}

#[test]
fn sigterm_before_that_ends_it_with_0() {
    let mut program = Program::start(PROGRAM, &[]);
    program.line("connected connection=1");
    program.terminate();
    program.line("stopping reason=SIGTERM");
    assert_eq!(program.exit_code(), 0);
}

#[test]
fn an_unknown_argument_is_refused() {
    refuses_unknown_arguments(PROGRAM);
}
