//! `cargo xtask test`: all that must hold before a change is merged, on any machine that has Rust.
//!
//! What it does not do: format, lint or build the documentation. Those are steps of `.ci/run`.

use std::process::ExitCode;

use crate::program::Program;
use crate::steps::{self, Outcome};
use crate::{budget, packages};

/// The extra arguments go to both runs of `cargo test`.
pub(crate) fn run(extra: &[String]) -> ExitCode {
    steps::run(&[
        ("packages", &packages::check),
        ("crate budget", &budget::check),
        ("tests", &|| cargo_test("--all-targets", extra)),
        // `--all-targets` leaves the doctests out, and cargo refuses both in one run.
        ("doctests", &|| cargo_test("--doc", extra)),
        ("cron's oracle", &cron_oracle),
    ])
}

fn cargo_test(targets: &str, extra: &[String]) -> Outcome {
    command(targets, extra).run()?;
    Ok("passed".to_owned())
}

/// The oracle is too slow for a debug build, which runs a hundredth of its cases; its figures are part of the answer.
fn cron_oracle() -> Outcome {
    let oracle = [
        "test",
        "--release",
        "--package",
        "ostler-cron",
        "--test",
        "oracle",
        "--locked",
        "--",
        "--nocapture",
    ];
    Program::new("cargo", oracle).run()?;
    Ok("passed".to_owned())
}

fn command(targets: &str, extra: &[String]) -> Program {
    let ours = ["test", "--workspace", targets, "--locked"];
    Program::new("cargo", ours.into_iter().chain(extra.iter().map(String::as_str)))
}

#[cfg(test)]
mod cases {
    use super::*;

    #[test]
    fn extra_arguments_come_last() {
        let extra = ["queue", "--", "--nocapture"].map(str::to_owned);
        assert_eq!(
            command("--doc", &extra).to_string(),
            "cargo test --workspace --doc --locked queue -- --nocapture"
        );
    }
}
