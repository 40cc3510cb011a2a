//! `Containerfile`, by a reader of a few lines.

use super::facts::{assert_flags, default_of, longest_stop, value_of};
use super::{read, root};

/// Instruction and the rest of its line, in the order of the file.
pub(super) struct Containerfile(Vec<(String, String)>);

impl Containerfile {
    pub(super) fn read() -> Self {
        let text = read("Containerfile");
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        let instruction = |line: &str| {
            let (name, rest) = line.split_once(' ').unwrap_or_else(|| panic!("not an instruction: {line}"));
            (name.to_owned(), rest.to_owned())
        };
        Self(lines.map(instruction).collect())
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(own, _)| own == name).map(|(_, rest)| rest.as_str())
    }

    /// What follows an instruction that stands there once.
    #[track_caller]
    pub(super) fn one<'a>(&'a self, name: &'a str) -> &'a str {
        let all: Vec<&str> = self.all(name).collect();
        assert_eq!(all.len(), 1, "{name}: {all:?}");
        all[0]
    }

    /// The words of an instruction in exec form; in shell form this fails.
    #[track_caller]
    fn words(&self, name: &str) -> Vec<String> {
        let list = self.one(name);
        serde_json::from_str(list).unwrap_or_else(|error| panic!("{name} {list} has no exec form: {error}"))
    }
}

#[test]
fn signals_arrive_at_the_program_itself() {
    let file = Containerfile::read();
    let program = file.words("ENTRYPOINT");
    assert_eq!(program.len(), 1);
    let copied = format!("--from=build /src/target/release/shop {}", program[0]);
    assert!(file.all("COPY").any(|copy| copy == copied), "{copied}");
    assert_eq!(file.one("STOPSIGNAL"), "SIGTERM");
    let text = read("Containerfile");
    let given = text.split_once("--time ").unwrap().1.split('`').next().unwrap();
    assert!(given.parse::<u64>().unwrap() > longest_stop().as_secs(), "{given} s");
}

#[test]
fn its_flags_and_ports_are_the_programs() {
    let file = Containerfile::read();
    let words = file.words("CMD");
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    assert_flags(words.iter().copied());
    let ports = ["--listen", "--probes"].map(|flag| {
        let port = default_of(flag).port();
        assert_eq!(value_of(&words, flag), format!("0.0.0.0:{port}"));
        port.to_string()
    });
    assert_eq!(file.one("EXPOSE"), ports.join(" "));
    assert_eq!(value_of(&words, "--data"), file.one("VOLUME"));
}

#[test]
fn it_does_not_run_as_root_and_its_user_owns_the_data() {
    let file = Containerfile::read();
    let user = file.one("USER");
    assert!(user.split(':').all(|id| id.parse::<u32>().unwrap() > 0), "{user}");
    let owned = format!("--chown={user} ");
    let data = format!(" {}", file.one("VOLUME"));
    assert!(file.all("COPY").any(|copy| copy.contains(&owned) && copy.ends_with(&data)));
}

#[test]
fn what_it_builds_from_is_there_and_new_enough() {
    let file = Containerfile::read();
    let sources: Vec<&str> = file
        .all("COPY")
        .filter(|copy| !copy.starts_with("--"))
        .flat_map(|copy| copy.rsplit_once(' ').unwrap().0.split(' '))
        .collect();
    for source in &sources {
        assert!(root().join(source).exists(), "{source}");
    }
    // Cargo reads all members of the workspace, also to build one of them.
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let members = manifest.lines().find_map(|line| line.strip_prefix("members = ")).unwrap();
    for member in serde_json::from_str::<Vec<String>>(members).unwrap() {
        let folder = member.trim_end_matches("/*").to_owned();
        assert!(sources.contains(&folder.as_str()), "{folder} is not copied: {sources:?}");
    }
    let from = file.all("FROM").find_map(|from| from.split_once("/rust:")).unwrap().1;
    let wanted = env!("CARGO_PKG_RUST_VERSION");
    assert!(minor(from) >= minor(wanted), "it builds with {from}, and {wanted} is asked for");
}

/// The second number of a version.
fn minor(version: &str) -> u32 {
    version.split(['.', '-']).nth(1).unwrap().parse().unwrap()
}
