//! Probes: what they answer at each time of a host's life.

use std::time::{Duration, Instant};

use super::harness::{ANSWER, Fixture, ask, assert_within, status, until};

/// How long the fixture goes on after a signal.
const DRAIN_DELAY: Duration = Duration::from_secs(2);

#[test]
fn probes_follow_the_life_of_the_host() {
    let mut fixture = Fixture::start(&["probed"]);
    let probes = fixture.probes();
    let starting = ask(probes, "GET", "/startupz");
    assert_eq!((starting.status, starting.body.as_str()), (503, "Unhealthy\nthe host is starting\n"));
    assert_eq!((status(probes, "/readyz"), status(probes, "/livez")), (503, 200));

    fixture.tell("be ready");
    fixture.wait_for("up");
    let up = Instant::now();
    until("/startupz answers 200", || (status(probes, "/startupz") == 200).then_some(()));
    assert_within(ANSWER, up.elapsed(), "`notify` to /startupz 200");
    let ready = ask(probes, "GET", "/readyz");
    assert_eq!((ready.status, ready.body.as_str()), (200, "Healthy\n"));
    assert_eq!(status(probes, "/livez"), 200);

    let sent = fixture.signal("TERM");
    until("/readyz answers 503", || (status(probes, "/readyz") == 503).then_some(()));
    let refused = sent.elapsed();
    assert!(!fixture.has_printed("told"), "the drain delay comes before any unit is told");
    assert_within(ANSWER, refused, "SIGTERM to /readyz 503");
    assert_eq!((status(probes, "/startupz"), status(probes, "/livez")), (200, 200));
    // Once it has turned, it stays.
    while !fixture.has_printed("told") && sent.elapsed() < DRAIN_DELAY / 2 {
        assert_eq!(status(probes, "/readyz"), 503);
    }

    fixture.wait_for_told(sent);
    fixture.end().assert_code(0).assert_line(&["front", "stopped in"]);
}

impl Fixture {
    /// The unit is told when the drain delay is over.
    fn wait_for_told(&mut self, sent: Instant) {
        until("the unit is told", || self.has_printed("told").then_some(()));
        let told = sent.elapsed();
        assert!(told >= DRAIN_DELAY, "told after {told:?}, within the drain delay");
        assert_within(DRAIN_DELAY, told, "SIGTERM to the unit's stop, a drain delay of 2 s");
    }
}

#[test]
fn a_probe_refuses_what_it_does_not_know_and_is_never_stored() {
    let mut fixture = Fixture::start(&["probed"]);
    let probes = fixture.probes();
    for (method, path, expected) in [
        ("GET", "/livez", 200),
        ("HEAD", "/livez", 200),
        ("GET", "/startupz", 503),
        ("GET", "/", 404),
        ("GET", "/livez/", 404),
        ("POST", "/livez", 405),
        ("POST", "/nowhere", 405),
    ] {
        let answer = ask(probes, method, path);
        assert_eq!(answer.status, expected, "{method} {path}: {answer:?}");
        assert!(answer.head.contains("\r\ncache-control: no-store"), "{method} {path}: {answer:?}");
        assert_eq!(
            answer.head.contains("\r\nallow: get, head"),
            expected == 405,
            "{method} {path}: {answer:?}"
        );
        assert_eq!(answer.body.is_empty(), method == "HEAD", "{method} {path}: {answer:?}");
    }
}

/// Waits until `/readyz` gives a reason, and returns its status and its whole body.
fn ready_with_reason(scenario: &str) -> (Fixture, u16, String) {
    let mut fixture = Fixture::start(&[scenario]);
    let probes = fixture.probes();
    until("/startupz answers 200", || (status(probes, "/startupz") == 200).then_some(()));
    let answer = until("/readyz gives a reason", || {
        let answer = ask(probes, "GET", "/readyz");
        (answer.body.lines().count() > 1).then_some(answer)
    });
    assert_eq!(status(probes, "/livez"), 200, "the process is not to be killed for it");
    (fixture, answer.status, answer.body)
}

#[test]
fn a_service_that_stays_failed_takes_readiness_and_is_named() {
    let (fixture, status, body) = ready_with_reason("failed-unit");
    assert_eq!((status, body.as_str()), (503, "Unhealthy\nunit `map` failed\n"));
    fixture.signal("TERM");
    fixture.end().assert_code(1).assert_line(&["map", "failed", "the map is torn"]);
}

#[test]
fn a_task_whose_last_run_failed_is_named_and_keeps_readiness() {
    let (fixture, status, body) = ready_with_reason("failing-task");
    assert_eq!((status, body.as_str()), (200, "Degraded\nthe last run of `beat` failed\n"));
    fixture.signal("TERM");
    fixture.end().assert_code(0).assert_line(&["beat", "stopped in"]);
}
