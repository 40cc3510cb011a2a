//! Each mistake has a message of its own with its place, and all mistakes come at once.

use std::time::Duration;

use ostler::{Format, Options};
use serde::{Deserialize, Serialize};

use super::{json, problems, toml, vars};

/// One line of TOML that is wrong, and what is said about it behind `ostler.toml:LINE:`.
const MISTAKES: &[(&str, &str)] = &[
    // A wrong type.
    ("enabled = 'maybe'", "11: `enabled`: expected `true` or `false`, found the text `maybe`"),
    ("hosts = 'x'", "9: `hosts`: expected a list, found the text `x`"),
    ("note = 4", "8: `note`: expected text, found the number `4`"),
    ("mail = 'x'", "8: `mail`: expected a section, found the text `x`"),
    ("letter = 'ab'", "10: `letter`: expected one character, found the text `ab`"),
    ("labels.a = ''", "12: `labels.a`: expected a whole number from 0 to 4294967295, found an empty text"),
    ("window = [1]", "10: `window`: expected a list of 2, found a list of 1"),
    // A bad number, and one that is out of range.
    ("port = '80x'", "8: `port`: expected a whole number from 0 to 65535, found the text `80x`"),
    (
        "port = 70000",
        "8: `port`: expected a whole number from 0 to 65535, found the number `70000`, which is out of range",
    ),
    (
        "interval_seconds = -1",
        "20: `interval_seconds`: expected a whole number, 0 or more, found the number `-1`, which is out of range",
    ),
    (
        "interval_seconds = 1.5",
        "20: `interval_seconds`: expected a whole number, 0 or more, found the number `1.5`",
    ),
    ("threads = 0", "11: `threads`: expected a whole number other than 0, found the number `0`"),
    ("ratio = 'much'", "9: `ratio`: expected a number, found the text `much`"),
    ("ratio = 1e300", "9: `ratio`: expected a number, found the number `1e300`, which is out of range"),
    // A bad duration.
    (
        "timeout = '5 parsecs'",
        "11: `timeout`: expected a duration such as `30s`, `5m`, `1h 30m`, `PT5M` or `00:05:00`, found the \
            text `5 parsecs`",
    ),
    (
        "timeout = 30",
        "11: `timeout`: expected a duration with its unit, such as `30s` or `5m`, found the number `30`",
    ),
    (
        "timeout = '30'",
        "11: `timeout`: expected a duration with its unit, such as `30s` or `5m`, found the text `30`",
    ),
    ("timeout = '-5s'", "11: `timeout`: expected a duration that is not negative, found the text `-5s`"),
    // A bad enum.
    (
        "mode = 'fats'",
        "8: `mode`: expected one of `slow`, `fast`, `drop_oldest`, found the text `fats`; did you mean `fast`?",
    ),
    ("mode = 4", "8: `mode`: expected one of `slow`, `fast`, `drop_oldest`, found the number `4`"),
    // What a type's own `Deserialize` says.
    ("listen = 'here'", "10: `listen`: invalid socket address syntax, found the text `here`"),
    // An unknown key.
    ("interval_second = 5", "1: `interval_second`: unknown key; did you mean `interval_seconds`?"),
    ("mail.zzz = 5", "6: `mail.zzz`: unknown key; known here: `from`, `password`, `pin`"),
    // A secret, which is not quoted.
    (
        "mail.password = 4711",
        "17: `mail.password`: expected text, found something else (a secret, not shown)",
    ),
    (
        "mail.pin = 'hunter2'",
        "12: `mail.pin`: expected a whole number from 0 to 65535, found something else (a secret, not shown)",
    ),
    (
        "mail.from_file = 'x'",
        "6: `mail.from_file`: unknown key; `from` is not a secret, so it cannot come from a file",
    ),
    // A required key that is missing.
    ("servers = [{ host = 'x' }]", "12: `servers[0].port`: this key is missing, and has no default"),
    // One key twice.
    (
        "port = 4\nPORT = 5",
        "1: `PORT` is the same key as `port` at ostler.toml:LINE:1; case, `_` and `-` do not count",
    ),
    ("port = 4\nport = 5", "1: `port` stands twice in one table, first at ostler.toml:LINE:1"),
    // Not the language.
    ("port = ", "8: this is not TOML: a value is missing"),
    ("mode = fast", "8: this is not TOML: expected a number, `true`, `false`, or a text in quotes"),
    ("port = t", "8: this is not TOML: expected a number, `true`, `false`, or a text in quotes"),
    ("port = ]", "8: this is not TOML: missing array opening, expected `[`"),
];

/// What is said about a text that begins in line `line`. A second line is where a key stands for the second time.
fn said(message: &str, line: usize, lines: usize) -> String {
    format!("ostler.toml:{}:{}", line + lines - 1, message.replace("LINE", &line.to_string()))
}

#[test]
fn each_mistake_has_its_own_message_and_its_place() {
    for (text, message) in MISTAKES {
        let expected = said(message, 1, text.lines().count());
        assert_eq!(problems(toml(text).load()), [expected], "{text}");
    }
}

#[test]
fn all_mistakes_of_a_file_come_at_once() {
    let mut lines: Vec<String> = Vec::new();
    let mut expected = Vec::new();
    let mut seen = Vec::new();
    for (text, message) in MISTAKES {
        let key = text.split([' ', '=']).next().unwrap();
        // One mistake a key, as a key may stand there once; what is not TOML is another test.
        let outer = key.split('.').next().unwrap();
        if seen.contains(&key) || message.contains("not TOML") || (outer != key && seen.contains(&outer)) {
            continue;
        }
        // It would be the only one about its section.
        if *text == "mail = 'x'" {
            continue;
        }
        seen.push(key);
        expected.push(said(message, lines.len() + 1, text.lines().count()));
        lines.extend(text.lines().map(str::to_owned));
    }
    assert!(expected.len() >= 17, "{expected:?}");
    assert_eq!(problems(toml(&lines.join("\n")).load()), expected);
}

#[test]
fn json_has_places_too() {
    let text =
        "{\n  // a comment\n  \"Port\": \"80x\",\n  \"Mail\": { \"Frm\": 1, },\n  \"servers\": [{}],\n}";
    assert_eq!(
        problems(json(text).load()),
        [
            "ostler.json:3:11: `port`: expected a whole number from 0 to 65535, found the text `80x`",
            "ostler.json:4:13: `mail.Frm`: unknown key; did you mean `from`?",
            "ostler.json:5:15: `servers[0].host`: this key is missing, and has no default",
            "ostler.json:5:15: `servers[0].port`: this key is missing, and has no default",
        ]
    );
}

#[test]
fn what_is_not_json_has_line_and_column() {
    for (text, expected) in [
        ("", "1:1: this is empty; expected `{`"),
        ("[1]", "1:1: expected `{`: the whole is a section"),
        ("{\n  \"port\": 4\n  \"mode\": 1\n}", "2:12: this is not JSON: expected comma"),
        ("{ port: 4 }", "1:3: this is not JSON: expected string for object property"),
        ("{ \"port\": 4", "1:1: this is not JSON: unterminated object"),
        ("{ \"ratio\": 1e999 }", "1:12: the number is too large"),
        ("{ \"port\": 4, \"port\": 5 }", "1:14: `port` stands twice in one table, first at ostler.json:1:3"),
    ] {
        assert_eq!(problems(json(text).load()), [format!("ostler.json:{expected}")], "{text}");
    }
}

#[test]
fn several_mistakes_of_language_come_at_once_and_nothing_follows_from_them() {
    // The required keys may well stand in what could not be read.
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Needs {
        host: String,
        port: u16,
    }
    let builder = Options::<Needs>::builder().text("a.toml", Format::Toml, "host = \nport = 4 5\n");
    let builder = builder.variables(vars([("APP__PORT", "x"), ("APP__HOTS", "x")]));
    assert_eq!(
        problems(builder.load()),
        [
            "a.toml:1:8: this is not TOML: a value is missing",
            "a.toml:2:8: this is not TOML: expected a number, `true`, `false`, or a text in quotes",
            "APP__HOTS: `HOTS`: unknown key; did you mean `host`?",
            "APP__PORT: `port`: expected a whole number from 0 to 65535, found the text `x`",
        ]
    );
}

#[test]
fn of_very_many_mistakes_only_the_first_are_listed() {
    let keys: String = (0..5_000).map(|at| format!("key{at} = {at}\n")).collect();
    let found = problems(toml(&format!("[labels]\n{keys}{keys}")).load());
    assert_eq!(found.len(), 101);
    // Each place of a first one takes a search of its own.
    let twice = |at: usize| format!("ostler.toml:{}:1: `key{at}` stands twice in one table", at + 5002);
    assert_eq!(found[19], format!("{}, first at ostler.toml:21:1", twice(19)));
    assert_eq!(found[99], twice(99));
    assert_eq!(found[100], "and 4900 more, which are not listed");
    let pairs: Vec<_> = (0..300).map(|_| "\"port\": 1").collect();
    let found = problems(json(&format!("{{{}}}", pairs.join(","))).load());
    assert_eq!((found.len(), found[100].as_str()), (101, "and 199 more, which are not listed"));
}

#[test]
fn a_key_that_stands_twice_is_told_with_the_first_of_its_table() {
    for (text, expected) in [
        (
            "[mail]\nfrom = 'x'\n[labels]\na = 1\na = 2",
            "5:1: `a` stands twice in one table, first at ostler.toml:4:1",
        ),
        ("\"port\" = 1\n'port' = 2", "2:1: `port` stands twice in one table, first at ostler.toml:1:1"),
        (
            "mail = { from = 'a' }\nport = 1\nport = 2",
            "3:1: `port` stands twice in one table, first at ostler.toml:2:1",
        ),
        (
            "[mail]\nfrom = 'x'\n[mail]\nfrom = 'y'",
            "3:2: `mail` stands twice in one table, first at ostler.toml:1:2",
        ),
    ] {
        assert_eq!(problems(toml(text).load())[0], format!("ostler.toml:{expected}"), "{text}");
    }
}

#[test]
fn missing_keys_are_told_with_the_place_of_their_section() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Needs {
        host: String,
        #[serde(rename = "RetryAfter")]
        retry_after: Duration,
        inner: Inner,
        optional: Option<u8>,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Inner {
        a: u8,
        b: u8,
    }
    let needs =
        |text: &str| Options::<Needs>::builder().text("a.toml", Format::Toml, text).variables([]).load();
    assert_eq!(
        problems(needs("\n[inner]\na = 1\n")),
        [
            "a.toml: `host`: this key is missing, and has no default",
            "a.toml: `RetryAfter`: this key is missing, and has no default",
            "a.toml:2:1: `inner.b`: this key is missing, and has no default",
        ]
    );
    assert_eq!(
        problems(Options::<Needs>::builder().folder("/nowhere/at/all").variables([]).load()),
        [
            "`host`: this key is missing, and has no default",
            "`RetryAfter`: this key is missing, and has no default",
            "`inner`: this key is missing, and has no default",
        ]
    );
}

#[test]
fn text_from_outside_forges_nothing() {
    let text = "\"a\\u001b[2J\" = 1\nport = \"4\\n2026-01-01 all is well\\r\"\nmode = \"\\u001b[31m\"";
    assert_eq!(
        problems(toml(text).load())[..2],
        [
            "ostler.toml:1:1: `a\\u{1b}[2J`: unknown key; known here: `enabled`, `interval_seconds`, \
                `port`, `threads`, `ratio`, \
             `timeout`, `mode`, `hosts`, `window`, `letter`, `note`, `labels`, `listen`, `mail`, `servers`",
            "ostler.toml:2:8: `port`: expected a whole number from 0 to 65535, found the text \
                `4\\n2026-01-01 all is well\\r`",
        ]
    );
    let long = "x".repeat(1000);
    assert_eq!(
        problems(toml(&format!("port = '{long}'")).load()),
        [format!(
            "ostler.toml:1:8: `port`: expected a whole number from 0 to 65535, found the text `{}..`",
            "x".repeat(60)
        )]
    );
}

#[test]
fn what_lies_too_deep_is_a_problem_and_no_crash() {
    let deep = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    let too_deep = problems(json(&deep(200)).load());
    assert!(too_deep[1].contains("more than 128 deep"), "{too_deep:?}");
    assert_eq!(too_deep.len(), 2, "the other is the unknown key: {too_deep:?}");
    assert_eq!(
        problems(json(&deep(2000)).load()),
        ["ostler.json:1:1282: this is not JSON: maximum nesting depth exceeded"]
    );
    let lists = |depth| format!("{{\"hosts\": {}{}}}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(problems(json(&lists(200)).load()).len(), 2, "and a list where text is expected");
    assert_eq!(problems(json(&lists(100_000)).load()).len(), 1);
    assert_eq!(
        problems(toml(&format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000))).load()).len(),
        1
    );
    assert_eq!(problems(toml(&format!("{}b = 1", "a.".repeat(100_000))).load()).len(), 1);
    let name = format!("APP{}", "__A".repeat(100_000));
    let problems = problems(toml("").variables([(name.clone(), "1".into())]).load());
    assert_eq!(problems, [format!("{name}: the key has more than 128 parts")]);
}

#[test]
fn an_error_of_options_ends_a_program_with_its_own_code() {
    fn app() -> Result<(), ostler::Error> {
        toml("port = 'x'\nmode = 'y'").load()?;
        Ok(())
    }
    let error = app().unwrap_err();
    assert_eq!(error.exit_code(), 78);
    assert_eq!(
        error.to_string(),
        "2 problems in the configuration\n  \
         - ostler.toml:1:8: `port`: expected a whole number from 0 to 65535, found the text `x`\n  \
         - ostler.toml:2:8: `mode`: expected one of `slow`, `fast`, `drop_oldest`, found the text `y`"
    );
}
