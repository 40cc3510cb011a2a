//! The files in `deploy`, held against the program: its ports, paths, grace and thresholds stand there a second time,
//! and none of them may be stale.
//!
//! What the program really has is asked of itself: its `--help` has the defaults, its log says its grace, its probes
//! answer or do not. So no number is written down here a third time.

mod container;
mod facts;
mod kubernetes;
mod unit_file;

use std::path::PathBuf;

/// A file of the folder.
fn read(name: &str) -> String {
    let path = root().join("deploy").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The root of the repository.
fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
