//! The promises of the header, kept by the real program.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use example_support::{PATIENCE, Program, refuses_unknown_arguments};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_monitored-service");

/// A file of a test's own, gone at its end.
struct Mood(PathBuf);

impl Drop for Mood {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn start(test: &str) -> (Program, String, Mood) {
    let mood = Mood(std::env::temp_dir().join(format!("monitored-header-{test}-{}", std::process::id())));
    let path = mood.0.to_str().expect("a path in UTF-8");
    let mut program = Program::start(PROGRAM, &["--fast", "--probes", "127.0.0.1:0", "--mood", path]);
    let line = program.line("probes on http://");
    let (_, address) = line.split_once("http://").expect("an address");
    let site = format!("http://{address}");
    (program, site, mood)
}

/// Status and body.
fn get(url: &str) -> (u16, String) {
    let agent =
        ureq::Agent::new_with_config(ureq::Agent::config_builder().http_status_as_error(false).build());
    let mut answer = agent.get(url).call().expect("the probes answer");
    (answer.status().as_u16(), answer.body_mut().read_to_string().expect("a text"))
}

/// Asks until `/readyz` says what it should, and returns the whole.
#[track_caller]
fn until(site: &str, says: impl Fn(u16, &str) -> bool) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (status, body) = get(&format!("{site}/readyz"));
        if says(status, &body) {
            return body;
        }
        assert!(Instant::now() < deadline, "not in {PATIENCE:?}, last: {status} {body}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn it_is_well_until_a_run_fails_and_again_when_one_succeeds() {
    let (mut program, site, mood) = start("failing");
    until(&site, |status, body| status == 200 && body == "Healthy\n");
    program.line("worked");

    fs::write(&mood.0, "the disk is full").expect("it can be written");
    let body = until(&site, |status, _| status == 503);
    assert!(body.contains("check `background-service`: last run: "), "{body}");
    assert!(body.contains("last error: the disk is full"), "{body}");

    fs::remove_file(&mood.0).expect("it is there");
    until(&site, |status, body| status == 200 && body == "Healthy\n");
    let page: Value = serde_json::from_str(&get(&format!("{site}/readyz?verbose")).1).expect("JSON");
    let entries = page["entries"].as_array().expect("entries");
    let check = entries.iter().find(|entry| entry["kind"] == "check").expect("the check");
    assert_eq!(check["name"], "background-service");
    let reason = check["reason"].as_str().expect("a reason");
    assert!(reason.starts_with("last run: ") && reason.ends_with("last error: the disk is full"), "{reason}");

    program.terminate();
    program.line("stopping reason=SIGTERM");
    assert_eq!(program.exit_code(), 0);
}

#[test]
fn a_stop_is_not_kept_waiting_by_a_slow_run() {
    let (mut program, site, mood) = start("slow");
    fs::write(&mood.0, "slow").expect("it can be written");
    program.line("working slowly");
    until(&site, |status, _| status == 200);
    let asked = Instant::now();
    program.terminate();
    assert_eq!(program.exit_code(), 0);
    assert!(asked.elapsed() < Duration::from_secs(8), "it slept to its end");
}

#[test]
fn an_unknown_argument_is_refused() {
    refuses_unknown_arguments(PROGRAM);
}
