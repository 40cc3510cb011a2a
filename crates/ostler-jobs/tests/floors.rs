//! The floors of the crate: a file uses what stands on its own floor or below, never above.

#![allow(clippy::unwrap_used, reason = "tests may fail")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The floor of each module, from the ground up. A new module gets its line here.
const FLOORS: &[&[&str]] = &[
    &["answer", "error", "id", "name", "payload", "policy", "state", "unique"],
    &["client", "hints", "job", "memory", "store", "wait"],
    &["conformance", "lease"],
    &["worker"],
    &["workers", "testing"],
];

#[test]
fn no_file_uses_a_floor_above_its_own() {
    let floor_of: BTreeMap<&str, usize> = FLOORS
        .iter()
        .enumerate()
        .flat_map(|(floor, modules)| modules.iter().map(move |&module| (module, floor)))
        .collect();
    let mut wrong = Vec::new();
    for file in source_files(&source()) {
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
    for file in source_files(&source()) {
        let text = std::fs::read_to_string(&file).unwrap();
        let is_test = file.ends_with("tests.rs");
        assert!(is_test || text.starts_with("//!") || text.starts_with("#![doc"), "{}", file.display());
    }
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn module_of(file: &Path) -> String {
    let inside = file.strip_prefix(source()).unwrap();
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
