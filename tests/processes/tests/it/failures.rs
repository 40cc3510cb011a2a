//! Errors: what is printed, and the exit code.

use std::time::{Duration, Instant};

use super::harness::{End, Fixture, GRACE, assert_overrun};

/// How long the fixture's blocking unit may take to start.
const START_TIMEOUT: Duration = Duration::from_millis(200);

fn run(scenario: &str) -> End {
    Fixture::start(&[scenario]).end()
}

#[test]
fn a_service_that_fails_beyond_its_budget_ends_with_1_and_its_causes() {
    let end = run("failing-service");
    end.assert_code(1)
        .assert_line(&["error: unit `map` failed: the map could not be read: the file is torn"])
        .assert_line(&["map", "failed in", "2 restart"])
        .assert_line(&["bystander", "stopped in"]);
    assert_eq!(end.after("try").len(), 3, "one try and two restarts");
    assert_eq!(end.after("stop "), ["bystander"]);
}

#[test]
fn a_service_that_panics_beyond_its_budget_ends_with_1_and_its_message() {
    let end = run("panicking-service");
    end.assert_code(1).assert_line(&["error: unit `map` failed: panicked: the map is upside down"]);
    assert_eq!(end.after("try").len(), 3, "one try and two restarts");
}

#[test]
fn the_exit_code_of_a_services_error_is_the_process_s() {
    let end = run("service-with-code");
    end.assert_code(69).assert_line(&["error: unit `store` failed: the store is away"]);
    assert_eq!(end.after("try").len(), 3, "one try and two restarts");
}

#[test]
fn a_configuration_error_ends_with_78() {
    run("config").assert_code(78).assert_line(&["error: the port is not a number"]);
}

#[test]
fn a_usage_error_ends_with_2() {
    run("usage").assert_code(2).assert_line(&["error: there is no flag --fast"]);
}

#[test]
fn all_mistakes_in_a_registration_are_printed_and_end_with_78() {
    let end = run("registration");
    end.assert_code(78).assert_line(&["error: 4 mistakes"]);
    let mistakes = end.after("  - ");
    assert_eq!(mistakes.len(), 4, "{mistakes:#?}");
    for (unit, field) in
        [("beat", "period"), ("letters", "capacity"), ("two words", "name"), ("beat", "name")]
    {
        end.assert_line(&[&format!("unit `{unit}`, {field}: ")]);
    }
    assert_eq!(end.after("up").len(), 0, "nothing has been started");
}

#[test]
fn a_failed_start_stops_exactly_what_was_started_in_reverse_and_ends_with_1() {
    const IN_ORDER: [&str; 10] = ["m1", "m2", "m3", "m4", "m5", "s1", "s2", "s3", "s4", "s5"];
    const FAILING: &str = "s3";
    let end = run("failed-start");
    end.assert_code(1).assert_line(&["error: unit `s3` did not start: the port is taken"]);

    // The host may be one unit further when it learns of the failure.
    let started = end.after("start ");
    assert!(started.len() >= 8, "{started:?}");
    assert_eq!(started, IN_ORDER[..started.len()]);

    let mut stopped = end.after("stop ");
    stopped.reverse();
    let to_stop: Vec<_> = started.iter().copied().filter(|unit| *unit != FAILING).collect();
    assert_eq!(stopped, to_stop);

    for unit in &IN_ORDER[started.len()..] {
        end.assert_line(&[unit, "not started"]);
    }
    end.assert_line(&["s3", "failed", "the port is taken"]);
    println!("started before the failure was seen: {started:?}");
}

#[test]
fn a_unit_whose_first_poll_blocks_fails_the_start_and_says_why() {
    let began = Instant::now();
    let end = run("blocking-start");
    let what = "start to the end, where a first poll blocks";
    assert_overrun(START_TIMEOUT + GRACE, began.elapsed(), what);
    end.assert_code(1)
        .assert_line(&["error: unit `blocker` did not start: its first poll did not return within 200ms"])
        .assert_line(&["blocker", "abandoned"])
        .assert_line(&["bystander", "stopped in"]);
    assert_eq!(end.after("stop "), ["bystander"]);
}

#[test]
fn an_application_that_panics_ends_with_101_and_its_message() {
    let end = run("panicking-app");
    end.assert_code(101).assert_line(&["the app is upside down"]);
    assert_eq!(end.after("error: ").len(), 0, "a panic is printed once, by its hook");
}
