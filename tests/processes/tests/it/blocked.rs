//! Runtimes whose threads are all blocked: what still works is the sentinel's.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::harness::{
    ANSWER, Fixture, GRACE, ask, assert_between, assert_overrun, assert_within, status, until,
};

/// When the watchdog ends the process, after the grace; before the promised second is over.
const WATCHDOG: Duration = Duration::from_millis(850);

/// How long the main runtime may be silent before `/livez` fails.
const LIVE_WITHIN: Duration = Duration::from_secs(10);

/// How often it shows that it is alive.
const TICK: Duration = Duration::from_secs(1);

/// A forced end.
const PROMPT: Duration = Duration::from_secs(1);

/// A fixture that is up and whose runtime has all of its threads blocked.
fn blocked(seconds: &str, grace: &str) -> (Fixture, SocketAddr) {
    let mut fixture = Fixture::start(&["hog", seconds, grace]);
    let probes = fixture.probes();
    until("it is ready", || (status(probes, "/readyz") == 200).then_some(()));
    fixture.tell("eat");
    assert_eq!(fixture.wait_for("blocked "), "2 threads");
    (fixture, probes)
}

#[test]
fn probes_answer_while_every_thread_of_the_runtime_is_blocked() {
    let (mut fixture, probes) = blocked("5", "1");
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
    let (mut fixture, probes) = blocked("60", "1");
    let sent = fixture.signal("TERM");
    until("/readyz answers 503", || (status(probes, "/readyz") == 503).then_some(()));
    assert_within(ANSWER, sent.elapsed(), "SIGTERM to /readyz 503 during a block");
    assert!(!fixture.has_printed("free"));
    let end = fixture.end();
    assert_overrun(GRACE, sent.elapsed(), "SIGTERM to the end during a block");
    end.assert_code(75);
    // By the report, or where the host could not go on by the sentinel.
    let named = |how: &str| end.lines.iter().any(|line| line.contains("hog") && line.contains(how));
    assert!(named("abandoned") || named("units that had not ended"), "{:#?}", end.lines);
}

#[test]
fn livez_fails_while_the_runtime_is_stuck_and_comes_back() {
    let (mut fixture, probes) = blocked("60", "1");
    let began = Instant::now();
    assert_eq!(status(probes, "/livez"), 200);
    let failed = until("/livez answers 503", || {
        let answer = ask(probes, "GET", "/livez");
        (answer.status == 503).then_some(answer)
    });
    // Its last sign of life may be as old as one tick when the block begins.
    assert_between(LIVE_WITHIN - TICK, LIVE_WITHIN, 3 * LIVE_WITHIN, began.elapsed(), "block to /livez 503");
    assert!(failed.body.starts_with("Unhealthy\nthe main runtime has not ticked for "), "{failed:?}");
    assert!(!fixture.has_printed("free"));

    fixture.tell("be free");
    fixture.wait_for("free");
    let free = Instant::now();
    until("/livez answers 200", || (status(probes, "/livez") == 200).then_some(()));
    assert_within(ANSWER, free.elapsed(), "free again to /livez 200");
    fixture.signal("TERM");
    fixture.end().assert_code(0).assert_line(&["hog", "stopped in"]);
}

#[test]
fn probes_answer_beside_half_open_clients_while_every_thread_is_blocked() {
    const CLIENTS: usize = 200;
    const PROBES: usize = 300;
    let (mut fixture, probes) = blocked("60", "1");
    let half_open: Vec<TcpStream> = (0..CLIENTS)
        .map(|_| {
            let mut stream = TcpStream::connect(probes).expect("the probes listen");
            stream.write_all(b"GET /livez HTTP/1.1\r\nHost: fixture\r\nX-Slow: ").expect("the probes read");
            stream
        })
        .collect();
    let paths = ["/livez", "/readyz", "/readyz?verbose"];
    let mut times: Vec<Duration> = (0..PROBES)
        .map(|number| {
            let answer = ask(probes, "GET", paths[number % paths.len()]);
            assert_eq!(answer.status, 200, "{answer:?}");
            answer.took
        })
        .collect();
    assert!(!fixture.has_printed("free"), "the answers came after the block");
    times.sort();
    println!(
        "{PROBES} probes beside {} half-open clients: p50 {:.3?}, slowest {:.3?}",
        half_open.len(),
        times[PROBES / 2],
        times[PROBES - 1]
    );
    assert_within(Duration::from_millis(50), times[PROBES * 99 / 100], "p99 of a probe during a block");
    fixture.tell("be free");
    fixture.wait_for("free");
    fixture.signal("TERM");
    fixture.end().assert_code(0);
}

#[test]
fn a_runtime_that_is_blocked_says_so_and_recovers() {
    let (mut fixture, probes) = blocked("60", "1");
    let began = Instant::now();
    let answer = until("/readyz says that the runtime lags", || {
        let answer = ask(probes, "GET", "/readyz");
        answer.body.contains("the main runtime does not get to its work").then_some(answer)
    });
    assert_within(TICK, began.elapsed(), "block to the word of it");
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.body.starts_with("Degraded\n"), "{answer:?}");
    let page = ask(probes, "GET", "/readyz?verbose").body;
    assert!(
        page.contains(r#""changes":[{"name":"runtime","kind":"host","from":"Healthy","to":"Degraded""#),
        "{page}"
    );
    assert!(!fixture.has_printed("free"));
    fixture.tell("be free");
    fixture.wait_for("free");
    until("/readyz is healthy again", || (ask(probes, "GET", "/readyz").body == "Healthy\n").then_some(()));
    let page = ask(probes, "GET", "/readyz?verbose").body;
    assert!(
        page.contains(r#""changes":[{"name":"runtime","kind":"host","from":"Degraded","to":"Healthy""#),
        "{page}"
    );
    fixture.signal("TERM");
    fixture.end().assert_code(0);
}

#[test]
fn a_check_that_blocks_the_last_thread_has_timed_out_all_the_same() {
    const TIMEOUT: Duration = Duration::from_secs(1);
    let mut fixture = Fixture::start(&["blocking-check"]);
    let probes = fixture.probes();
    assert_eq!(fixture.wait_for("blocked "), "2 threads");
    let began = Instant::now();
    let body = until("/readyz answers 503", || {
        let answer = ask(probes, "GET", "/readyz");
        (answer.status == 503).then_some(answer.body)
    });
    assert_within(TIMEOUT, began.elapsed(), "block to the timeout of its check");
    assert!(body.contains("\ncheck `db`: timed out after 1s ("), "{body}");
    assert!(!fixture.has_printed("free"), "it was told by the check's own loop");
    fixture.tell("be free");
    fixture.wait_for("free");
    // What came too late is no answer.
    let (status, db) = until("the check's run has ended", || {
        let answer = ask(probes, "GET", "/readyz?verbose");
        let (_, db) = answer.body.split_once(r#"{"name":"db","kind":"check""#)?;
        let (db, _) = db.split_once('}')?;
        (!db.contains(r#""took_ms":null"#)).then(|| (answer.status, db.to_owned()))
    });
    assert_eq!(status, 503, "{db}");
    assert!(db.contains("timed out after 1s"), "{db}");
    fixture.signal("TERM");
    fixture.end().assert_code(0);
}

#[test]
fn the_health_file_is_gone_while_the_runtime_is_blocked_and_at_the_end() {
    let file = std::env::temp_dir().join(format!("ostler-health-file-{}", std::process::id()));
    let mut fixture = Fixture::start(&["hog-with-file", file.to_str().expect("a path in UTF-8")]);
    fixture.probes();
    let is_there = |there: bool| move |file: &std::path::Path| (file.exists() == there).then_some(());
    until("the file is there", || is_there(true)(&file));
    fixture.tell("eat");
    fixture.wait_for("blocked ");
    let began = Instant::now();
    until("the file is gone", || is_there(false)(&file));
    // The runtime may be silent for one second, and the file is looked after once a second.
    assert_within(Duration::from_secs(2), began.elapsed(), "block to the file's end");
    assert!(!fixture.has_printed("free"));
    fixture.tell("be free");
    until("the file is back", || is_there(true)(&file));
    fixture.signal("TERM");
    fixture.end().assert_code(0);
    assert!(!file.exists(), "it is left behind");
}

/// A fixture whose runtime has one thread, which is blocked for ever: the host cannot even begin to stop.
fn stuck(arguments: &[&str]) -> (Fixture, SocketAddr) {
    let mut fixture = Fixture::start(arguments);
    let probes = fixture.probes();
    fixture.wait_for("up");
    (fixture, probes)
}

#[test]
fn the_watchdog_ends_a_process_whose_only_thread_is_blocked_and_names_the_unit() {
    let (fixture, _) = stuck(&["current-thread-stuck"]);
    let sent = fixture.signal("TERM");
    let end = fixture.end();
    let took = sent.elapsed();
    assert_overrun(GRACE, took, "SIGTERM to the watchdog's end");
    assert!(took >= GRACE + WATCHDOG, "{took:?} is before the watchdog's time");
    end.assert_code(75).assert_line(&[
        "the grace is over and the host has not ended",
        "units that had not ended: stuck (running)",
    ]);
    assert_eq!(end.after("stopped ").len(), 0, "no report: the host had no thread to write one");
}

/// The other side of the watchdog: where it has no say, nothing else ends such a process.
#[test]
fn without_signals_a_stop_on_a_stuck_runtime_is_left_to_the_caller() {
    let (mut fixture, probes) = stuck(&["current-thread-stuck-alone"]);
    fixture.tell("stop the host");
    until("/readyz answers 503", || (status(probes, "/readyz") == 503).then_some(()));
    let asked = Instant::now();
    until("the watchdog would have ended it, twice", || {
        assert_eq!(status(probes, "/livez"), 200);
        (asked.elapsed() > 2 * (GRACE + WATCHDOG)).then_some(())
    });
    // And the signal is the system's own.
    fixture.signal("TERM");
    let end = fixture.end();
    assert_eq!(end.code, None, "{:#?}", end.lines);
}

/// A second SIGTERM, sent when the first one is seen to be taken.
fn second_sigterm(fixture: Fixture, probes: SocketAddr, named: &str) {
    fixture.signal("TERM");
    until("/readyz answers 503", || (status(probes, "/readyz") == 503).then_some(()));
    let sent = fixture.signal("TERM");
    let end = fixture.end();
    assert_within(PROMPT, sent.elapsed(), "a second SIGTERM while all threads are blocked");
    end.assert_code(143).assert_line(&["forced by SIGTERM; units that had not ended: ", named]);
    assert_eq!(end.after("free").len(), 0, "it was blocked all the time");
}

#[test]
fn a_second_signal_forces_143_while_every_worker_of_the_runtime_is_blocked() {
    let (fixture, probes) = blocked("60", "60");
    // Running or draining: the host may not have got to it yet.
    second_sigterm(fixture, probes, "hog (");
}

#[test]
fn a_second_signal_forces_143_while_the_only_thread_of_the_runtime_is_blocked() {
    let (fixture, probes) = stuck(&["current-thread-stuck", "60"]);
    second_sigterm(fixture, probes, "stuck (running)");
}
