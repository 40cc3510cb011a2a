//! What the fuzzer, and the test that replays its corpus, do with an input: load options from it.

use std::collections::BTreeMap;
use std::time::Duration;

use ostler::{Format, Options, Secret};
use serde::{Deserialize, Serialize};

/// A field of every sort.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Everything {
    #[serde(default)]
    flag: bool,
    port: u16,
    #[serde(default)]
    ratio: f32,
    #[serde(default)]
    large: i128,
    #[serde(default)]
    wait: Duration,
    #[serde(default)]
    timeout: Option<Duration>,
    #[serde(default)]
    letter: Option<char>,
    #[serde(default)]
    mode: Option<Mode>,
    #[serde(default)]
    hosts: Vec<String>,
    #[serde(default)]
    pair: Option<(u8, String)>,
    #[serde(default)]
    labels: BTreeMap<String, u8>,
    #[serde(default)]
    by_number: BTreeMap<i16, Vec<bool>>,
    #[serde(default)]
    secret: Secret,
    #[serde(default)]
    pin: Option<Secret<u32>>,
    #[serde(default)]
    sink: Option<Sink>,
    #[serde(default)]
    tagged: Option<Tagged>,
    #[serde(default)]
    either: Option<Either>,
    #[serde(default)]
    address: Option<std::net::SocketAddr>,
    #[serde(default)]
    tree: Option<Tree>,
    #[serde(default)]
    nothing: (),
    #[serde(default)]
    flat: Option<Flat>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Slow,
    DropOldest,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Sink {
    Off,
    File(String),
    Pair(u8, u8),
    Post { url: String, wait: Duration },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Tagged {
    Post { url: String, wait: Duration, count: u8 },
    Off,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Either {
    Number(u32),
    Text(String),
    Section { a: u8 },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Tree {
    value: u8,
    #[serde(default)]
    below: Vec<Tree>,
    next: Option<Box<Tree>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Flat {
    id: u8,
    #[serde(flatten)]
    inner: Inner,
    #[serde(flatten)]
    rest: BTreeMap<String, u8>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Inner {
    max_retries: u8,
    #[serde(default)]
    period: Duration,
}

/// Loads options from `data`: its first byte is the form, the rest a text; behind a NUL come variables, as lines.
///
/// # Panics
/// Where a property is broken that holds for every input.
pub(crate) fn load(data: &[u8]) {
    let Some((form, rest)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(rest);
    let (text, variables) = text.split_once('\0').unwrap_or((&text, ""));
    let format = if form % 2 == 0 { Format::Toml } else { Format::Json };
    let names = ["ostler.toml", "appsettings.json"];
    let variables = variables.lines().filter_map(|line| line.split_once('='));
    // Files of this machine are none of the fuzzer's business.
    let variables = variables.filter(|(name, _)| !reads_a_file(name));
    let text = if reads_a_file(text) { "" } else { text };
    let mut builder = Options::<Everything>::builder()
        .text(names[usize::from(form / 2 % 2)], format, text)
        .variables(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
    if form & 4 != 0 {
        builder = builder.prefix("");
    }
    if form & 8 != 0 {
        builder = builder.section("flat").set("flat.id", "1");
    }
    let printed = builder.print();
    match builder.load() {
        Ok(options) => {
            let printed = printed.expect("what can be loaded can be printed");
            assert!(
                !printed.chars().any(|c| c.is_control() && c != '\n'),
                "a control character: {printed:?}"
            );
            assert_eq!(options.reload(), Ok(false), "read again it is the same");
        }
        Err(error) => {
            assert!(!error.problems().is_empty(), "no reason");
            let text = error.to_string();
            assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "a control character: {text:?}");
            for problem in error.problems() {
                assert!(!problem.to_string().contains('\n'), "a forged line: {problem}");
            }
        }
    }
}

/// Whether a text may name a secret's file, which would be read: `/dev/zero`, for example.
fn reads_a_file(text: &str) -> bool {
    let text: String =
        text.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_ascii_lowercase();
    ["secretfile", "pinfile"].iter().any(|key| text.contains(key)) || text.contains("ufile")
}
