//! Probes: what they answer at each time of a host's life, and that nothing keeps them from answering.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::harness::{Fixture, GRACE, ask, assert_within, status, until};

/// How long an answer may take, whatever the host is doing.
const ANSWER: Duration = Duration::from_secs(1);

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

#[test]
fn half_open_connections_do_not_keep_a_probe_from_answering() {
    let mut fixture = Fixture::start(&["probed"]);
    let probes = fixture.probes();
    let mut half_open = Vec::new();
    for number in 0..200 {
        let mut stream = TcpStream::connect(probes).expect("the probes listen");
        // Half of them say nothing at all, the others begin a request.
        if number % 2 == 0 {
            stream.write_all(b"GET /livez HTTP/1.1\r\nHost:").expect("the probes read");
        }
        half_open.push(stream);
    }
    for path in ["/livez", "/startupz", "/readyz"] {
        let answer = ask(probes, "GET", path);
        assert_eq!(answer.status, if path == "/livez" { 200 } else { 503 });
        assert_within(ANSWER, answer.took, &format!("{path} beside 200 half-open connections"));
    }
    drop(half_open);
}

/// A fixture that is up and whose runtime has all of its threads blocked.
fn blocked(seconds: &str) -> (Fixture, std::net::SocketAddr) {
    let mut fixture = Fixture::start(&["hog", seconds]);
    let probes = fixture.probes();
    until("it is ready", || (status(probes, "/readyz") == 200).then_some(()));
    fixture.tell("eat");
    assert_eq!(fixture.wait_for("blocked "), "2 threads");
    (fixture, probes)
}

#[test]
fn probes_answer_while_every_thread_of_the_runtime_is_blocked() {
    let (mut fixture, probes) = blocked("5");
    let mut slowest = Duration::ZERO;
    for _ in 0..20 {
        for path in ["/livez", "/startupz", "/readyz"] {
            let answer = ask(probes, "GET", path);
            assert_eq!(answer.status, 200, "{path}: {answer:?}");
            slowest = slowest.max(answer.took);
        }
    }
    assert!(!fixture.has_printed("free"), "the answers came after the block");
    assert_within(ANSWER, slowest, "slowest of 60 answers during a block");

    fixture.wait_for("free");
    fixture.signal("TERM");
    fixture.end().assert_code(0).assert_line(&["hog", "stopped in"]);
}

#[test]
fn sigterm_ends_a_process_whose_runtime_is_blocked_and_names_the_unit() {
    let (mut fixture, probes) = blocked("60");
    let sent = fixture.signal("TERM");
    until("/readyz answers 503", || (status(probes, "/readyz") == 503).then_some(()));
    assert_within(ANSWER, sent.elapsed(), "SIGTERM to /readyz 503 during a block");
    assert!(!fixture.has_printed("free"));
    let end = fixture.end();
    let took = sent.elapsed();
    assert_within(GRACE + Duration::from_secs(1), took, "SIGTERM to the end during a block");
    assert!(took >= GRACE, "it ended after {took:?}, within its grace");
    end.assert_code(75);
    // By the report, or where the host could not go on by the sentinel.
    let named = |how: &str| end.lines.iter().any(|line| line.contains("hog") && line.contains(how));
    assert!(named("abandoned") || named("units that had not ended"), "{:#?}", end.lines);
}
