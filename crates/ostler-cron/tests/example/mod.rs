//! The example `explain`, as a process of its own.
//!
//! `cargo test` builds examples, but not where it is told of one test alone; then `cargo build -p ostler-cron
//! --examples` does.

use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) fn explain() -> Command {
    Command::new(example())
}

/// Examples are built into a directory beside that of the tests.
fn example() -> PathBuf {
    let this = std::env::current_exe().unwrap();
    let name = format!("examples/explain{}", std::env::consts::EXE_SUFFIX);
    let example = this.ancestors().nth(2).unwrap().join(name);
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/explain.rs");
    let changed = |path: &Path| path.metadata().and_then(|file| file.modified()).ok();
    let is_built = changed(&example) >= changed(Path::new(source));
    assert!(example.exists() && is_built, "it is not built: cargo build -p ostler-cron --examples");
    example
}
