//! Whatever is put in, the loader answers; and what it reads is what was written.

use std::path::PathBuf;
use std::time::Duration;

use ostler::{Format, Options};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::problems;

/// The function that the fuzzer calls, of the same file.
#[path = "../../../../fuzz/src/options.rs"]
mod fuzzed;

#[test]
fn the_fuzzers_corpus_is_answered() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/options"));
    let mut inputs = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        fuzzed::load(&std::fs::read(entry.unwrap().path()).unwrap());
        inputs += 1;
    }
    assert!(inputs >= 10, "{inputs} inputs");
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        fuzzed::load(&bytes);
    }

    #[test]
    fn any_lines_are_answered(lines in proptest::collection::vec(line(), 0..12), json in any::<bool>()) {
        let text = if json {
            format!("{{{}}}", lines.join(",").replace(" = ", ":").replace('\'', "\""))
        } else {
            lines.join("\n")
        };
        fuzzed::load(format!("{}{text}", if json { 'j' } else { 't' }).as_bytes());
    }
}

/// A line that is mostly close to being right.
fn line() -> impl Strategy<Value = String> {
    let key = prop_oneof![
        Just("port"),
        Just("timeout"),
        Just("mode"),
        Just("hosts"),
        Just("secret"),
        Just("secret_file"),
        Just("tagged.kind"),
        Just("tagged"),
        Just("sink.file"),
        Just("flag"),
        Just("wait"),
        Just("labels.a"),
        Just("pair"),
        Just("x"),
        Just("id"),
    ];
    let value = prop_oneof![
        Just("1"),
        Just("'1s'"),
        Just("'fast'"),
        Just("[]"),
        Just("['a', 1]"),
        Just("{}"),
        Just("true"),
        Just("'4'"),
        Just("'post'"),
        Just("-1"),
        Just("1e9"),
        Just("{kind = 'post'}"),
        Just("'/dev/null'"),
        Just("null"),
        Just("[1, 2]"),
    ];
    (key, value).prop_map(|(key, value)| format!("{key} = {value}"))
}

/// What can be written as TOML.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Written {
    number: i64,
    large: u32,
    ratio: f64,
    flag: bool,
    name: String,
    wait: Duration,
    hosts: Vec<String>,
    pairs: Vec<(u8, bool)>,
    inner: Inner,
    note: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Inner {
    small: i8,
    letter: char,
}

prop_compose! {
    fn written()(
        number in any::<i64>(), large in any::<u32>(), ratio in -1e300..1e300, flag in any::<bool>(),
        name in any::<String>(),
        wait in any::<(u32, u32)>().prop_map(|(seconds, nanos)| Duration::new(seconds.into(), nanos % 1_000_000_000)),
        hosts in proptest::collection::vec(any::<String>(), 0..4),
        pairs in proptest::collection::vec(any::<(u8, bool)>(), 0..3),
        small in any::<i8>(), letter in any::<char>(), note in proptest::option::of("[a-z]{0,5}"),
    ) -> Written {
        Written { number, large, ratio, flag, name, wait, hosts, pairs, inner: Inner { small, letter }, note }
    }
}

/// `value` as TOML. JSON's texts, numbers and lists are TOML's too.
fn as_toml(value: &Written) -> String {
    let json = |value: &dyn erased::Json| value.json().replace('\u{7f}', "\\u007f");
    let mut text = format!(
        "number = {}\nlarge = {}\nratio = {:?}\nflag = {}\nname = {}\nwait = \"{}s {}ns\"\nhosts = {}\npairs = {}\n",
        value.number,
        value.large,
        value.ratio,
        value.flag,
        json(&value.name),
        value.wait.as_secs(),
        value.wait.subsec_nanos(),
        json(&value.hosts),
        json(&value.pairs),
    );
    if let Some(note) = &value.note {
        text.push_str(&format!("note = {}\n", json(note)));
    }
    text + &format!(
        "[inner]\nsmall = {}\nletter = {}\n",
        value.inner.small,
        json(&value.inner.letter.to_string())
    )
}

mod erased {
    pub(super) trait Json {
        fn json(&self) -> String;
    }

    impl<T: serde::Serialize> Json for T {
        fn json(&self) -> String {
            serde_json::to_string(self).unwrap()
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(value in written()) {
        let text = as_toml(&value);
        let options = Options::<Written>::builder().text("a.toml", Format::Toml, &text).variables([]).load();
        prop_assert_eq!(problems(options.clone()), Vec::<String>::new(), "{}", text);
        prop_assert_eq!(&*options.unwrap().get(), &value);
        // The same as JSON, in which a duration is written as serde does.
        let text = serde_json::to_string(&value).unwrap();
        let options = Options::<Written>::builder().text("a.json", Format::Json, &text).variables([]).load();
        prop_assert_eq!(problems(options.clone()), Vec::<String>::new(), "{}", text);
        prop_assert_eq!(&*options.unwrap().get(), &value);
    }
}
