//! The example `explain`, as a process of its own.
//!
//! `cargo test` builds examples only where it is not told which targets to test, so here cargo is asked for this
//! one, once a process: it does nothing where the example is up to date.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

static EXAMPLE: LazyLock<PathBuf> = LazyLock::new(build);

pub(crate) fn explain() -> Command {
    Command::new(&*EXAMPLE)
}

/// Builds it into the directory, and with the profile, of this test.
fn build() -> PathBuf {
    let this = std::env::current_exe().unwrap();
    let profile = this.ancestors().nth(2).unwrap();
    let release = profile.ends_with("release").then_some("--release");
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--quiet", "--locked", "--example", "explain", "--manifest-path"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .arg("--target-dir")
        .arg(profile.parent().unwrap())
        .args(release)
        .status()
        .unwrap();
    assert!(status.success(), "cargo could not build the example: {status}");
    profile.join(format!("examples/explain{}", std::env::consts::EXE_SUFFIX))
}
