//! `docs/from-aspnet.md` names an example and a test for each line: all of them exist.

#![allow(clippy::unwrap_used, reason = "tests may fail")]

use std::fs;
use std::path::PathBuf;

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The cells of all rows that name a test, without their backquotes.
fn rows() -> Vec<(String, String, String)> {
    let text = fs::read_to_string(root().join("docs/from-aspnet.md")).unwrap();
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect()
    };
    let rows = text.lines().filter(|line| line.starts_with('|') && line.contains(".rs`: `")).map(cells);
    rows.map(|cells| {
        let (file, test) = cells[3].split_once(": ").unwrap();
        (cells[2].clone(), file.to_owned(), test.to_owned())
    })
    .collect()
}

#[test]
fn each_section_and_each_practice_has_a_test_that_exists() {
    let rows = rows();
    assert_eq!(rows.len(), 12 + 8);
    for (_, file, test) in rows {
        let text = fs::read_to_string(root().join(&file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(text.contains(&format!("fn {test}(")), "{file} has no test `{test}`");
    }
}

#[test]
fn each_example_exists() {
    let folders: Vec<String> = fs::read_dir(root().join("examples"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    for (example, ..) in rows() {
        let known =
            folders.iter().any(|folder| folder.split_once('-').is_some_and(|(_, name)| name == example));
        assert!(known, "there is no example `{example}`");
    }
}
