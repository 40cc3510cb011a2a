//! The example `explain`, as a process of its own.
//!
//! `cargo test` builds examples, but not where it is told of one test alone; then `cargo build -p ostler-cron
//! --examples` does, or this is the one of the last time.

use std::path::PathBuf;
use std::process::Command;

pub(crate) fn explain() -> Command {
    Command::new(example())
}

/// Examples are built into a directory beside that of the tests.
fn example() -> PathBuf {
    let this = std::env::current_exe().unwrap();
    let name = format!("examples/explain{}", std::env::consts::EXE_SUFFIX);
    let example = this.ancestors().nth(2).unwrap().join(name);
    assert!(example.exists(), "it is not built: cargo build -p ostler-cron --examples");
    example
}
