//! The crate budget: how many crates a user compiles for the first example.
//!
//! A crate is a name with a version, and the example counts as one.

use std::collections::BTreeSet;

use crate::failure::Failure;
use crate::program::Program;
use crate::steps::Outcome;

/// The first example: one timed service, with default features.
const EXAMPLE: &str = "timed-service";

/// The most crates that the example may have.
const LIMIT: usize = 60;

/// Passes when the example keeps within the budget, and says the figure.
pub(crate) fn check() -> Outcome {
    let tree = tree().output()?;
    let crates = crates(&tree)?;
    let said = format!("{EXAMPLE} has {} crates, {LIMIT} are allowed", crates.len());
    println!("{said}");
    if crates.len() <= LIMIT {
        return Ok(said);
    }
    Err(Failure::check(format!("{said}:\n  {}", crates.into_iter().collect::<Vec<_>>().join("\n  "))))
}

fn tree() -> Program {
    let shown = ["--edges", "normal", "--prefix", "none", "--locked"];
    Program::new("cargo", ["tree", "--package", EXAMPLE].into_iter().chain(shown))
}

/// The crates of a tree, each by its name and version.
fn crates(tree: &str) -> Result<BTreeSet<&str>, Failure> {
    let lines = tree.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| {
            name_and_version(line).ok_or_else(|| Failure::check(format!("not a line of a tree: `{line}`")))
        })
        .collect()
}

/// A line is `jiff v0.2.46`, perhaps followed by remarks.
fn name_and_version(line: &str) -> Option<&str> {
    let (name, rest) = line.split_once(' ')?;
    let version = rest.split(' ').next().filter(|version| version.starts_with('v'))?;
    Some(&line[..name.len() + 1 + version.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_versions_are_two_crates_and_repeats_are_one() {
        let tree = "a v1.0.0 (/a folder/a)\nb v1.0.0\nb v2.0.0 (proc-macro)\nb v2.0.0 (*)\n\n";
        assert_eq!(Vec::from_iter(crates(tree).unwrap()), ["a v1.0.0", "b v1.0.0", "b v2.0.0"]);
    }

    #[test]
    fn other_lines_are_refused() {
        for line in ["syn", "[build-dependencies]", "syn 2.0.119"] {
            assert!(crates(line).is_err(), "{line}");
        }
    }
}
