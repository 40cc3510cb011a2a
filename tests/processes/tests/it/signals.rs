//! Conformance of signals: what each of them does to a whole process, one case a test.

use std::time::{Duration, Instant};

use super::harness::{Fixture, assert_within};

/// A stop in which nobody is in the way.
const PROMPT: Duration = Duration::from_secs(1);

/// `main` returns as it would without a signal: it goes on after the host, drops what it holds, and gives its code.
fn ends_main_normally(signal: &str, code: u8) {
    let mut fixture = Fixture::start(&["own-code", &code.to_string()]);
    fixture.wait_for("up");
    let sent = fixture.signal(signal);
    let end = fixture.end();
    assert_within(PROMPT, sent.elapsed(), &format!("SIG{signal}"));
    end.assert_code(i32::from(code))
        .assert_line(&[&format!("stopped (SIG{signal})")])
        .assert_line(&["main goes on, the host was fine: true"]);
    assert_eq!(end.lines.last().map(String::as_str), Some("main drops its value"));
}

#[test]
fn sigint_ends_main_normally_with_its_own_exit_code() {
    ends_main_normally("INT", 42);
}

#[test]
fn sigterm_ends_main_normally_with_its_own_exit_code() {
    ends_main_normally("TERM", 43);
}

#[test]
fn sigquit_ends_main_normally_with_its_own_exit_code() {
    ends_main_normally("QUIT", 44);
}

/// The process ends at once, in the middle of a stop that takes for ever.
fn forces(first: &str, second: &str, code: i32) {
    let mut fixture = Fixture::start(&["draining"]);
    fixture.wait_for("up");
    fixture.signal(first);
    fixture.wait_for("draining");
    let sent = fixture.signal(second);
    let end = fixture.end();
    assert_within(PROMPT, sent.elapsed(), &format!("SIG{second} after SIG{first}"));
    end.assert_code(code).assert_line(&[&format!("forced by SIG{second}"), "slow (draining)"]);
}

#[test]
fn a_second_sigint_forces() {
    forces("INT", "INT", 130);
}

#[test]
fn a_second_sigterm_forces() {
    forces("TERM", "TERM", 143);
}

#[test]
fn a_second_sigquit_forces() {
    forces("QUIT", "QUIT", 131);
}

#[test]
fn a_second_signal_of_another_kind_forces() {
    forces("TERM", "INT", 130);
    forces("INT", "QUIT", 131);
    forces("QUIT", "TERM", 143);
}

/// A unit ends the process, beside others that never end.
fn exits_from(place: &str, code: i32) {
    let began = Instant::now();
    let mut fixture = Fixture::start(&["exit-in", place, &code.to_string()]);
    if place == "stopping" {
        fixture.wait_for("up");
        fixture.signal("TERM");
    }
    fixture.end().assert_code(code);
    assert_within(PROMPT, began.elapsed(), &format!("start and `exit({code})` from a {place}"));
}

#[test]
fn exit_from_a_task_gives_its_code_and_does_not_hang() {
    for code in [0, 1, 75, 255] {
        exits_from("task", code);
    }
}

#[test]
fn exit_from_a_consumer_gives_its_code_and_does_not_hang() {
    exits_from("consumer", 7);
}

#[test]
fn exit_from_a_service_gives_its_code_and_does_not_hang() {
    exits_from("service", 7);
}

#[test]
fn exit_from_a_blocking_call_gives_its_code_and_does_not_hang() {
    exits_from("blocking", 7);
}

#[test]
fn exit_while_stopping_gives_its_code_and_does_not_hang() {
    exits_from("stopping", 7);
}
