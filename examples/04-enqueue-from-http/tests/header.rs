//! The promises of the header, kept by the real program.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use example_support::{PATIENCE, Program, refuses_unknown_arguments};
use serde_json::{Value, json};
use ureq::Body;
use ureq::http::Response;

const SECOND: Duration = Duration::from_secs(1);

const PROGRAM: &str = env!("CARGO_BIN_EXE_enqueue-from-http");

#[test]
fn a_report_is_accepted_at_once_and_done_later() {
    let (mut program, site) = start();
    let mut accepted = post(&site);
    assert_eq!(accepted.status(), 202);
    let place = header(&accepted, "location").to_owned();
    assert_eq!(place, "/reports/0");
    assert_eq!(body(&mut accepted), json!({ "id": 0 }));

    let deadline = Instant::now() + PATIENCE;
    let mut seen = Vec::new();
    while seen.last().is_none_or(|state| state != "done") {
        let mut report = get(&format!("{site}{place}"));
        assert_eq!(report.status(), 200);
        seen.push(body(&mut report)["state"].as_str().expect("a state").to_owned());
        assert!(Instant::now() < deadline, "not done in {PATIENCE:?}");
    }
    seen.dedup();
    assert!(["waiting", "working", "done"].ends_with(&seen.iter().map(String::as_str).collect::<Vec<_>>()));

    assert_eq!(get(&format!("{site}/reports/1")).status(), 404);
    program.terminate();
    assert_eq!(program.exit_code(), 0);
}

#[test]
fn a_full_queue_is_503_and_what_was_accepted_is_finished_before_a_stop() {
    let (mut program, site) = start();
    let deadline = Instant::now() + PATIENCE;
    let mut accepted = 0;
    let refused = loop {
        let answer = post(&site);
        match answer.status().as_u16() {
            202 => accepted += 1,
            _ => break answer,
        }
        assert!(Instant::now() < deadline, "never full");
    };
    assert_eq!(refused.status(), 503);
    assert_eq!(header(&refused, "retry-after"), "1");
    assert!(accepted >= 10, "full after {accepted}");

    program.terminate();
    program.line("stopping reason=SIGTERM");
    assert_eq!(program.exit_code(), 0);
    assert_eq!(program.output().matches("the report is done").count(), accepted);
}

#[test]
fn an_address_that_cannot_be_used_is_named() {
    let mut program = Program::start(PROGRAM, &["--listen", "nowhere:x"]);
    program.line("--listen nowhere:x: ");
    assert_eq!(program.exit_code(), 78);

    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken = taken.local_addr().expect("an address").to_string();
    let mut program = Program::start(PROGRAM, &["--listen", &taken]);
    program.line(&format!("--listen {taken}: "));
    assert_eq!(program.exit_code(), 78);
}

#[test]
fn a_slow_client_does_not_hold_up_a_stop() {
    let (mut program, site) = start();
    let mut slow = TcpStream::connect(site.trim_start_matches("http://")).expect("a connection");
    slow.write_all(b"POST /reports HTTP/1.1\r\nHost: local").expect("half a head");
    // Taken in after it: by now the server knows both.
    assert_eq!(get(&format!("{site}/reports/0")).status(), 404);
    let started = Instant::now();
    program.terminate();
    assert_eq!(program.exit_code(), 0);
    assert!(started.elapsed() < 8 * SECOND, "{:?}", started.elapsed());
}

#[test]
fn an_unknown_argument_is_refused() {
    refuses_unknown_arguments(PROGRAM);
}

fn start() -> (Program, String) {
    let mut program = Program::start(PROGRAM, &["--fast", "--listen", "127.0.0.1:0"]);
    let line = program.line("listening on http://");
    let (_, site) = line.split_once("listening on ").expect("it is in the line");
    (program, site.to_owned())
}

fn post(site: &str) -> Response<Body> {
    agent().post(format!("{site}/reports")).send_empty().expect("an answer")
}

fn get(place: &str) -> Response<Body> {
    agent().get(place).call().expect("an answer")
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build().into()
}

fn header<'a>(response: &'a Response<Body>, name: &str) -> &'a str {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn body(response: &mut Response<Body>) -> Value {
    response.body_mut().read_json().expect("JSON")
}
