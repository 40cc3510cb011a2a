//! What holds for every numbered example: it is short, it says how to run it, and its tests run.

use std::fs;
use std::path::{Path, PathBuf};

/// What a newcomer reads first has to fit on one screen, or nearly.
const MOST_LINES: usize = 79;

#[test]
fn every_example_is_under_80_lines() {
    for example in examples() {
        let lines = example.main().lines().count();
        assert!(lines <= MOST_LINES, "{}: {lines} lines", example.folder.display());
    }
}

#[test]
fn every_header_says_how_to_run_it() {
    for example in examples() {
        let main = example.main();
        let header: Vec<&str> = main.lines().take_while(|line| line.starts_with("//!")).collect();
        let command = format!("cargo run -p {}", example.name());
        assert!(header.concat().contains(&command), "{}: `{command}`", example.folder.display());
        assert!(header.concat().contains("--fast"), "{}: `--fast`", example.folder.display());
    }
}

#[test]
fn every_package_is_named_as_its_folder_and_tested() {
    for example in examples() {
        let manifest = read(&example.folder.join("Cargo.toml"));
        assert!(manifest.contains(&format!("name = \"{}\"", example.name())), "{manifest}");
        assert!(example.folder.join("tests/header.rs").exists(), "{}", example.folder.display());
    }
}

struct Example {
    folder: PathBuf,
}

impl Example {
    /// `timed-service` of `01-timed-service`; nothing where the folder is not a numbered one.
    fn name(&self) -> &str {
        let folder = self.folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        match folder.split_once('-') {
            // `cargo run -p opentelemetry` could mean a crate that it depends on.
            Some(("10", "opentelemetry")) => "opentelemetry-links",
            Some((number, name)) if number.len() == 2 && number.parse::<u8>().is_ok() => name,
            _ => "",
        }
    }

    fn main(&self) -> String {
        read(&self.folder.join("src/main.rs"))
    }
}

fn examples() -> Vec<Example> {
    let parent = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("it lies in `examples`");
    let folders = fs::read_dir(parent).expect("it can be read").map(|entry| entry.expect("an entry").path());
    let examples: Vec<_> =
        folders.map(|folder| Example { folder }).filter(|example| !example.name().is_empty()).collect();
    assert!(examples.len() >= 8, "only {} examples were found", examples.len());
    examples
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}
