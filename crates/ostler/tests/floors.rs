//! The floors of the crate: a file uses what stands on its own floor or below, never above.
//!
//! Across crates cargo enforces the direction; inside this one, this test reads the `crate::` paths of every file.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail, and drive clocks themselves"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The floor of each module, from the ground up. A new module gets its line here.
const FLOORS: &[&[&str]] = &[
    &[
        "backoff",
        "clock",
        "control",
        "current",
        "error",
        "events",
        "line",
        "live",
        "node",
        "occurrence",
        "outcome",
        "panics",
        "problem",
        "ready",
        "record",
        "report",
        "signal",
        "stall",
        "status",
        "stop",
        "tally",
        "times",
        "trace",
        "tracker",
    ],
    &[
        "attempt", "blocking", "board", "handle", "handler", "health", "logs", "options", "queue", "scope",
        "seat", "state", "unit",
    ],
    &["open_run", "trigger", "run", "service"],
    &["supervise"],
    &["metrics", "probe", "sentinel", "lag", "reload", "host", "process", "systemd", "testing"],
];

#[test]
fn no_file_uses_a_floor_above_its_own() {
    let floor_of: BTreeMap<&str, usize> = FLOORS
        .iter()
        .enumerate()
        .flat_map(|(floor, modules)| modules.iter().map(move |&module| (module, floor)))
        .collect();
    let mut wrong = Vec::new();
    for file in source_files(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))) {
        let module = module_of(&file);
        if module == "lib" {
            continue;
        }
        let own =
            *floor_of.get(module.as_str()).unwrap_or_else(|| panic!("{module} has no floor in this test"));
        let text = std::fs::read_to_string(&file).unwrap();
        // Tests may look anywhere.
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        assert!(!code.contains("crate::{"), "{module}: one `use` a line, so that this test can read it");
        for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for used in line.split("crate::").skip(1) {
                let used: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if floor_of.get(used.as_str()).is_some_and(|&floor| floor > own) {
                    wrong.push(format!("{module} (floor {own}) uses {used}: {}", line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "upward edges:\n{}", wrong.join("\n"));
}

#[test]
fn every_file_opens_by_saying_what_it_is() {
    for file in source_files(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))) {
        let text = std::fs::read_to_string(&file).unwrap();
        let is_test = file.ends_with("tests.rs");
        assert!(is_test || text.starts_with("//!") || text.starts_with("#![doc"), "{}", file.display());
    }
}

fn module_of(file: &Path) -> String {
    let inside = file.strip_prefix(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

fn source_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(source_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
