//! `cargo xtask mutants`: takes one promise at a time out of a copy of the workspace, and expects a test to notice.
//!
//! A mutant is a patch in `torture/mutants`, never code that is shipped. That each of them still fits is a test of
//! every run; whether each is noticed takes a build apiece, and is run by hand.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use crate::failure::Failure;
use crate::patch::{self, FilePatch};
use crate::steps::{self, Outcome};

/// Where the patches are.
const MUTANTS: &str = "torture/mutants";

/// What the copy leaves out: what is built, and what others keep.
const LEFT_OUT: &[&str] = &["target", ".git", "shop-data"];

/// Where the table of results stands in the file of results.
const MARKS: (&str, &str) = ("<!-- mutants -->", "<!-- /mutants -->");

/// `extra`: `--write` puts the table into `torture/RESULTS.md`; other words choose mutants by their names.
pub(crate) fn run(extra: &[String]) -> ExitCode {
    steps::run(&[("mutants", &|| caught(extra))])
}

fn caught(extra: &[String]) -> Outcome {
    let root = root();
    let wanted: Vec<&String> = extra.iter().filter(|word| *word != "--write").collect();
    let mut mutants = all(&root)?;
    mutants
        .retain(|mutant| wanted.is_empty() || wanted.iter().any(|word| mutant.name.contains(word.as_str())));
    let bench = Bench::new(&root)?;
    let mut rows = Vec::new();
    for mutant in &mutants {
        println!("\n-- {}: {}", mutant.name, mutant.why);
        let end = bench.try_out(mutant)?;
        println!("   {}", end.word());
        rows.push((mutant, end));
    }
    let table = table(&rows);
    println!("\n{table}");
    if extra.iter().any(|word| word == "--write") {
        write(&root, &table)?;
    }
    let missed: Vec<&str> =
        rows.iter().filter(|(_, end)| *end != End::Caught).map(|(mutant, _)| mutant.name.as_str()).collect();
    match missed.is_empty() {
        true => Ok(format!("{} of {} caught", rows.len(), rows.len())),
        false => Err(Failure::check(format!("not caught: {}", missed.join(", ")))),
    }
}

/// One promise taken out.
struct Mutant {
    name: String,
    why: String,
    /// The arguments of `cargo test` for the test that must notice.
    test: Vec<String>,
    files: Vec<FilePatch>,
}

/// How a mutant ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Caught,
    /// The test passes without the promise.
    Missed,
    /// The mutant does not compile, which proves nothing.
    Broken,
}

impl End {
    fn word(self) -> &'static str {
        match self {
            Self::Caught => "caught",
            Self::Missed => "NOT CAUGHT",
            Self::Broken => "DOES NOT COMPILE",
        }
    }
}

fn all(root: &Path) -> Result<Vec<Mutant>, Failure> {
    let failed = |error: std::io::Error| Failure::check(format!("{MUTANTS}: {error}"));
    let mut paths: Vec<PathBuf> = fs::read_dir(root.join(MUTANTS))
        .map_err(failed)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "patch"));
    paths.sort();
    paths.iter().map(|path| mutant(path)).collect()
}

fn mutant(path: &Path) -> Result<Mutant, Failure> {
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let wrong = |what: String| Failure::check(format!("{MUTANTS}/{name}.patch: {what}"));
    let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let field = |field: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(field));
        line.map(str::trim).map(str::to_owned).ok_or_else(|| wrong(format!("a line `{field} ..` is missing")))
    };
    let test = field("test:")?.split_whitespace().map(str::to_owned).collect();
    let why = field("why:")?;
    let files = patch::read(&text).map_err(wrong)?;
    Ok(Mutant { name, why, test, files })
}

/// A copy of the workspace, with a target folder of its own that all mutants share.
struct Bench {
    root: PathBuf,
    copy: PathBuf,
    target: PathBuf,
}

impl Bench {
    fn new(root: &Path) -> Result<Self, Failure> {
        let place = root.join("target/mutants");
        let copy = place.join("copy");
        copy_tree(root, &copy).map_err(|error| Failure::check(format!("the copy failed: {error}")))?;
        Ok(Self { root: root.to_owned(), copy, target: place.join("target") })
    }

    fn try_out(&self, mutant: &Mutant) -> Result<End, Failure> {
        if !self.passes(&mutant.test, false) {
            return Err(Failure::check(format!("the test of {} fails without it", mutant.name)));
        }
        for file in &mutant.files {
            let text = file.apply(&read(&self.root.join(&file.path))?).map_err(Failure::check)?;
            self.put(&file.path, &text)?;
        }
        let end = match (self.passes(&mutant.test, true), self.passes(&mutant.test, false)) {
            (false, _) => End::Broken,
            (true, true) => End::Missed,
            (true, false) => End::Caught,
        };
        for file in &mutant.files {
            self.put(&file.path, &read(&self.root.join(&file.path))?)?;
        }
        Ok(end)
    }

    fn put(&self, path: &str, text: &str) -> Result<(), Failure> {
        let path = self.copy.join(path);
        fs::write(&path, text).map_err(|error| Failure::check(format!("{}: {error}", path.display())))
    }

    /// Whether the test passes, or only compiles.
    fn passes(&self, test: &[String], only_compiles: bool) -> bool {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.arg("test").arg("--locked").args(only_compiles.then_some("--no-run")).args(test);
        command.current_dir(&self.copy).env("CARGO_TARGET_DIR", &self.target);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::check(format!("{}: {error}", path.display())))
}

/// Copies what has changed, so that what has not is not built again.
fn copy_tree(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, copy) = (entry.path(), to.join(entry.file_name()));
        if LEFT_OUT.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy_tree(&source, &copy)?;
        } else if fs::read(&copy).ok() != fs::read(&source).ok() {
            fs::copy(&source, &copy)?;
        }
    }
    Ok(())
}

fn table(rows: &[(&Mutant, End)]) -> String {
    let mut text =
        String::from("| mutant | what it takes out | the test that notices | result |\n|---|---|---|---|\n");
    for (mutant, end) in rows {
        text +=
            &format!("| {} | {} | `{}` | {} |\n", mutant.name, mutant.why, mutant.test.join(" "), end.word());
    }
    text
}

fn write(root: &Path, table: &str) -> Result<(), Failure> {
    let path = root.join("torture/RESULTS.md");
    let text = read(&path)?;
    let text = between(&text, table)
        .ok_or_else(|| Failure::check(format!("{}: the marks {MARKS:?} are missing", path.display())))?;
    fs::write(&path, text).map_err(|error| Failure::check(format!("{}: {error}", path.display())))
}

/// The text with the table between its marks.
fn between(text: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(MARKS.0)?;
    let (_, after) = rest.split_once(MARKS.1)?;
    Some(format!("{before}{}\n{table}{}{after}", MARKS.0, MARKS.1))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned()
}

#[cfg(test)]
mod cases {
    use super::*;

    #[test]
    fn the_promises_that_are_taken_out_are_all_there() {
        let names: Vec<String> = all(&root()).unwrap().into_iter().map(|mutant| mutant.name).collect();
        for name in [
            "deferred-begin",
            "ids-come-back",
            "lost-attempt-not-counted",
            "no-deadline",
            "no-token-check",
            "synchronous-normal",
        ] {
            assert!(names.iter().any(|known| known == name), "{name} is missing");
        }
    }

    #[test]
    fn every_mutant_still_fits() {
        let root = root();
        for mutant in all(&root).unwrap() {
            for file in &mutant.files {
                let text = fs::read_to_string(root.join(&file.path)).unwrap();
                let mutated = file.apply(&text).unwrap_or_else(|error| panic!("{}: {error}", mutant.name));
                assert_ne!(mutated, text, "{} changes nothing in {}", mutant.name, file.path);
            }
        }
    }

    #[test]
    fn the_table_stands_between_its_marks() {
        let text = "a\n<!-- mutants -->\nold\n<!-- /mutants -->\nb\n";
        assert_eq!(between(text, "new\n").unwrap(), "a\n<!-- mutants -->\nnew\n<!-- /mutants -->\nb\n");
        assert_eq!(between("a", "new"), None);
    }
}
