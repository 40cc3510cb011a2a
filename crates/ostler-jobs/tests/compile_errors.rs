//! Wrong programs, and the compiler's answer to each: it must name the true cause.
//!
//! The answers are recorded from the compiler below and differ in wording from one to the next, so another compiler
//! skips them, and says so; under `CI=true` that is a failure, because then they must be recorded anew:
//! `TRYBUILD=overwrite cargo test -p ostler-jobs --test compile_errors`.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail, and drive clocks themselves"
)]

use std::process::Command;

/// The compiler whose answers are recorded.
const RECORDED_WITH: &str = "rustc 1.95.";

#[test]
fn wrong_programs_are_told_their_true_cause() {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = Command::new(rustc).arg("--version").output().expect("rustc runs").stdout;
    let version = String::from_utf8_lossy(&version);
    if !version.starts_with(RECORDED_WITH) {
        println!("skipped: the answers are recorded with {RECORDED_WITH}, this is {version}");
        assert!(std::env::var_os("CI").is_none(), "record the answers anew");
        return;
    }
    trybuild::TestCases::new().compile_fail("tests/compile_errors/*.rs");
}

/// What each recorded answer must say, so that recording anew cannot accept a worse one.
#[test]
fn each_recorded_answer_names_the_cause() {
    for (case, cause) in [
        ("missing_dependency", "the host state `App` has no `Redis` in it"),
        ("missing_dependency_in_workers", "the host state `App` has no `Redis` in it"),
        ("not_an_extractor", "`String` is not an extractor for the host state"),
        ("not_job_args", "`Receipt` is not a job that a handler can take"),
        ("not_job_args_enqueued", "`Receipt: Into<NewJob<Receipt>>` is not satisfied"),
        ("non_send_future", "future cannot be sent between threads safely"),
        ("wrong_return_type", "`u32` is not what a job's handler may return"),
        ("forgotten_async", "`()` is not a future"),
    ] {
        let path = format!("{}/tests/compile_errors/{case}.stderr", env!("CARGO_MANIFEST_DIR"));
        let answer = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let first = answer.lines().next().unwrap_or_default();
        assert!(first.contains(cause), "{case}: {first}");
    }
}
