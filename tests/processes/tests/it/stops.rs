//! Stops: the first signal, units that overrun, exit codes. What else signals do stands in `signals.rs`.

use std::time::{Duration, Instant};

use super::harness::{End, Fixture, GRACE, assert_overrun, assert_within};

/// A stop in which nobody is in the way.
const PROMPT: Duration = Duration::from_secs(1);

fn first_signal_ends(scenario: &str, signal: &str) {
    let mut fixture = Fixture::start(&[scenario]);
    fixture.wait_for("up");
    let sent = fixture.signal(signal);
    let end = fixture.end();
    assert_within(PROMPT, sent.elapsed(), &format!("{scenario}, SIG{signal}"));
    end.assert_code(0).assert_line(&[&format!("stopped (SIG{signal})")]);
    for unit in ["ticker", "letters", "keeper", "door"] {
        end.assert_line(&[unit, "stopped in"]);
    }
}

#[test]
fn sigint_ends_main_with_0_and_a_report_of_every_unit() {
    first_signal_ends("obedient", "INT");
}

#[test]
fn sigterm_ends_main_with_0_and_a_report_of_every_unit() {
    first_signal_ends("obedient", "TERM");
}

#[test]
fn sigquit_ends_main_with_0_and_a_report_of_every_unit() {
    first_signal_ends("obedient", "QUIT");
}

#[test]
fn sigterm_ends_a_host_under_tokio_main() {
    first_signal_ends("tokio-main", "TERM");
}

#[test]
fn sigterm_ends_a_host_under_a_current_thread_runtime() {
    first_signal_ends("current-thread", "TERM");
}

/// Waits for as many lines `up`, sends SIGTERM, and sees that the end comes after the grace, with 75, in time.
fn overruns(scenario: &str, ups: usize) -> End {
    let mut fixture = Fixture::start(&[scenario]);
    for _ in 0..ups {
        fixture.wait_for("up");
    }
    let sent = fixture.signal("TERM");
    let end = fixture.end();
    assert_overrun(GRACE, sent.elapsed(), &format!("{scenario}, SIGTERM"));
    end.assert_code(75);
    end
}

#[test]
fn a_unit_that_ignores_its_stop_ends_with_75_after_the_grace_and_is_named() {
    overruns("deaf", 1).assert_line(&["deaf", "overran its grace"]);
}

#[test]
fn a_unit_that_ignores_its_stop_under_a_current_thread_runtime_is_named_too() {
    overruns("current-thread-deaf", 1).assert_line(&["deaf", "overran its grace"]);
}

#[test]
fn a_unit_that_does_not_yield_ends_with_75_and_is_named() {
    let end = overruns("stuck", 1);
    // By the report, or where the host could not go on by the sentinel.
    let named = |how: &str| end.lines.iter().any(|line| line.contains("stuck") && line.contains(how));
    assert!(named("abandoned") || named("units that had not ended"), "{:#?}", end.lines);
}

#[test]
fn a_blocking_call_that_never_returns_ends_with_75_and_is_counted() {
    overruns("blocking-call", 1).assert_line(&["digger", "abandoned", "1 blocking call"]);
}

#[test]
fn several_units_that_overrun_at_once_stay_within_one_grace() {
    let end = overruns("crowd", 7);
    end.assert_line(&["digger", "abandoned", "1 blocking call"]);
    for unit in ["short", "door"] {
        end.assert_line(&[unit, "overran its grace"]);
    }
    // Their wave's turn came when the clock was over. They are in the report all the same.
    for unit in ["task", "consumer", "mount"] {
        end.assert_line(&[&format!("  {unit} "), " in 0."]);
    }
}

#[test]
fn sigterm_during_a_start_that_never_becomes_ready_ends_with_0() {
    let mut fixture = Fixture::start(&["never-ready"]);
    fixture.wait_for("up");
    let sent = fixture.signal("TERM");
    let end = fixture.end();
    assert_within(PROMPT, sent.elapsed(), "SIGTERM during a start");
    end.assert_code(0).assert_line(&["late", "stopped in"]);
}

#[test]
fn a_service_stopped_before_it_was_ready_is_let_finish() {
    let mut fixture = Fixture::start(&["never-ready-select"]);
    fixture.wait_for("up");
    fixture.signal("TERM");
    let end = fixture.end();
    end.assert_line(&["tidied up"]).assert_code(0).assert_line(&["late", "stopped in"]);
}

#[test]
fn a_service_stopped_before_its_restart_was_ready_has_not_failed() {
    let mut fixture = Fixture::start(&["never-ready-again"]);
    fixture.wait_for("up");
    fixture.signal("TERM");
    let end = fixture.end();
    end.assert_code(0).assert_line(&["late", "stopped in", "1 restart"]);
}

#[test]
fn a_unit_that_blocks_one_thread_does_not_stop_the_timers_of_the_others() {
    let mut fixture = Fixture::start(&["half-blocked"]);
    fixture.wait_for("up");
    let blocked = Instant::now();
    for _ in 0..4 {
        fixture.wait_for("tick");
    }
    assert_within(Duration::from_secs(2), blocked.elapsed(), "4 ticks of 500 ms beside a blocked thread");
}

#[test]
fn a_program_that_handles_its_signals_itself_ends_with_0_and_nothing_is_forced() {
    let mut fixture = Fixture::start(&["own-signals"]);
    fixture.wait_for("up");
    fixture.signal("TERM");
    fixture.wait_for("SIGTERM");
    fixture.wait_for("draining");
    fixture.signal("TERM");
    fixture.wait_for("SIGTERM");
    fixture.tell("end");
    let end = fixture.end();
    end.assert_code(0).assert_line(&["stopped (requested)"]).assert_line(&["door", "stopped in"]);
    assert!(!end.lines.iter().any(|line| line.contains("forced")), "{:#?}", end.lines);
}
