//! The crate budget: how many crates a user compiles for the first example.
//!
//! A crate is a name with a version, and the example counts as one. What is reachable only through the
//! borrowed cron crate is set apart: it is counted and printed, but not held against the budget.

use std::collections::BTreeSet;

use crate::failure::Failure;
use crate::program::Program;
use crate::steps::Outcome;

/// The first example: one timed service, with default features.
const EXAMPLE: &str = "timed-service";

/// The most crates that the example may have.
const LIMIT: usize = 60;

/// The crate whose own tree is set apart.
const BORROWED: &str = "croner";

/// Passes when the example keeps within the budget, and says the figure.
pub(crate) fn check() -> Outcome {
    let tree = tree().output()?;
    let figure = Figure::count(&parse(&tree)?, BORROWED);
    let said = figure.to_string();
    println!("{said}");
    if figure.counted.len() <= LIMIT {
        return Ok(said);
    }
    Err(Failure::check(format!("{said}:\n  {}", figure.counted.into_iter().collect::<Vec<_>>().join("\n  "))))
}

/// `--no-dedupe` repeats a subtree wherever it is reached. Without it a crate that is first met below the
/// borrowed one would have its subtree shown only there, and be set apart with it.
fn tree() -> Program {
    let shown = ["--edges", "normal", "--prefix", "depth", "--no-dedupe", "--locked"];
    Program::new("cargo", ["tree", "--package", EXAMPLE].into_iter().chain(shown))
}

/// One line of the tree.
#[derive(Debug, PartialEq, Eq)]
struct Node<'a> {
    depth: usize,
    name: &'a str,
    /// Name and version.
    id: &'a str,
}

fn parse(tree: &str) -> Result<Vec<Node<'_>>, Failure> {
    let lines = tree.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| parse_line(line).ok_or_else(|| Failure::check(format!("not a line of a tree: `{line}`"))))
        .collect()
}

/// A line is `2jiff v0.2.46`, perhaps followed by remarks. The remark `(*)` stands for a hidden subtree, with
/// which the count would be wrong.
fn parse_line(line: &str) -> Option<Node<'_>> {
    let start = line.find(|c: char| !c.is_ascii_digit())?;
    let (depth, package) = line.split_at(start);
    let (name, rest) = package.split_once(' ')?;
    let version = rest.split(' ').next().filter(|version| version.starts_with('v'))?;
    let id = &package[..name.len() + 1 + version.len()];
    (!line.ends_with("(*)")).then_some(Node { depth: depth.parse().ok()?, name, id })
}

/// The crates of a tree, told apart.
struct Figure<'a> {
    counted: BTreeSet<&'a str>,
    apart: BTreeSet<&'a str>,
}

impl<'a> Figure<'a> {
    fn count(nodes: &[Node<'a>], borrowed: &str) -> Self {
        let (mut counted, mut below) = (BTreeSet::new(), BTreeSet::new());
        let mut borrowed_at = None;
        for node in nodes {
            if borrowed_at.is_some_and(|depth| node.depth <= depth) {
                borrowed_at = None;
            }
            if node.name == borrowed {
                borrowed_at = borrowed_at.or(Some(node.depth));
            }
            match borrowed_at {
                Some(_) => below.insert(node.id),
                None => counted.insert(node.id),
            };
        }
        let apart = below.difference(&counted).copied().collect();
        Self { counted, apart }
    }
}

impl std::fmt::Display for Figure<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (counted, apart) = (self.counted.len(), self.apart.len());
        write!(
            out,
            "{EXAMPLE} has {counted} crates, {LIMIT} are allowed; {apart} of {BORROWED} are set apart"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "\
0timed-service v0.1.0 (/a folder/timed-service)
1ostler v0.1.0 (/a folder/ostler)
2croner v4.0.3
3strum v0.27.2
4syn v2.0.119
3jiff v0.2.46
4jiff-core v0.1.8
2jiff v0.2.46
3jiff-core v0.1.8
2tokio v1.54.1
3tokio-macros v2.7.2 (proc-macro)
4syn v3.0.10
2sha1 v0.10.6
";

    fn figure<'a>(tree: &'a str, borrowed: &str) -> Figure<'a> {
        Figure::count(&parse(tree).unwrap(), borrowed)
    }

    #[test]
    fn what_is_only_below_the_borrowed_crate_is_set_apart() {
        let figure = figure(TREE, "croner");
        assert_eq!(Vec::from_iter(figure.apart), ["croner v4.0.3", "strum v0.27.2", "syn v2.0.119"]);
    }

    #[test]
    fn what_is_also_reached_elsewhere_is_counted() {
        let figure = figure(TREE, "croner");
        assert!(figure.counted.contains("jiff v0.2.46"));
        assert!(figure.counted.contains("jiff-core v0.1.8"));
        assert_eq!(figure.counted.len(), 8, "{:?}", figure.counted);
    }

    #[test]
    fn counting_goes_on_after_the_last_crate_below() {
        let figure = figure("0a v1.0.0\n1croner v4.0.3\n2b v1.0.0\n1c v1.0.0\n", "croner");
        assert_eq!(Vec::from_iter(figure.counted), ["a v1.0.0", "c v1.0.0"]);
    }

    #[test]
    fn two_versions_are_two_crates_and_repeats_are_one() {
        assert_eq!(figure("0a v1.0.0\n1b v1.0.0\n1b v2.0.0\n1b v2.0.0\n", "croner").counted.len(), 3);
    }

    #[test]
    fn without_the_borrowed_crate_everything_is_counted() {
        let figure = figure(TREE, "no-such-crate");
        assert_eq!((figure.counted.len(), figure.apart.len()), (11, 0));
    }

    #[test]
    fn a_line_has_a_depth_a_name_and_a_version() {
        let node = parse_line("12sha1 v0.10.6 (proc-macro)").unwrap();
        assert_eq!(node, Node { depth: 12, name: "sha1", id: "sha1 v0.10.6" });
    }

    #[test]
    fn other_lines_are_refused() {
        for line in ["1syn v2.0.119 (*)", "syn v2.0.119", "[build-dependencies]", "1syn", "1"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
