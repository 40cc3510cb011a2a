//! The lines of `ostler::logs`: both formats, escaping, and a filter that changes. A subscriber is for a whole
//! process, so each case is a process: this very program, started again.

#![allow(clippy::unwrap_used, reason = "tests may fail")]

use std::collections::BTreeSet;
use std::fmt;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use ostler::Options;
use ostler::logs::{Format, Logs};
use serde_json::Value;

/// What somebody outside would like to have in a log: a line of its own, a cleared screen, another colour.
const HOSTILE: &str = "x\r\n2026-01-01 INFO FORGED\u{1b}[2J\u{9b}31m\u{7f}\t.";

/// The same, harmless.
const ESCAPED: &str = "x\\r\\n2026-01-01 INFO FORGED\\u{1b}[2J\\u{9b}31m\\u{7f}\\t.";

/// Names the case that a child is to play.
const CASE: &str = "LOGS_CASE";

/// Shows itself as it is, however it is asked.
struct Raw;

impl fmt::Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HOSTILE)
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HOSTILE)
    }
}

/// The child's side. As a test of its own it has nothing to do.
#[test]
fn child() {
    let Ok(case) = std::env::var(CASE) else { return };
    match case.as_str() {
        "pretty" => say_all(Logs::new().format(Format::Pretty)),
        "auto" => say_all(Logs::new()),
        "stdout" => say_all(Logs::new().writer(std::io::stdout)),
        "environment" => match Logs::new().init() {
            Ok(()) => {
                tracing::info!("information");
                tracing::debug!("details");
            }
            Err(error) => eprintln!("{error}"),
        },
        "live" => live(),
        "twice" => {
            Logs::new().init().unwrap();
            let second = Logs::new().init().unwrap_err();
            assert!(second.is_already_set() && !second.is_filter());
            eprintln!("{second}");
        }
        other => panic!("no case {other}"),
    }
}

/// Five lines.
fn say_all(logs: Logs) {
    logs.init().unwrap();
    tracing::info!("plain");
    tracing::warn!("{HOSTILE}");
    let source = std::io::Error::other(HOSTILE);
    let error: &(dyn std::error::Error + 'static) = &source;
    tracing::error!(display = %Raw, debug = ?Raw, text = HOSTILE, number = 7, error, "values");
    let span = tracing::info_span!("run", unit = %Raw, outcome = tracing::field::Empty);
    span.in_scope(|| tracing::info!("inside"));
    span.record("outcome", tracing::field::display(Raw));
    span.in_scope(|| tracing::info!(message = HOSTILE));
}

fn live() {
    let options = Options::new("info".to_owned());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let lines = Lines(Arc::clone(&seen));
    Logs::new().filter(options.map(String::clone)).writer(move || lines.clone()).init().unwrap();
    let shows_details = |text: &str| {
        seen.lock().unwrap().clear();
        tracing::debug!("{text}");
        String::from_utf8(seen.lock().unwrap().clone()).unwrap().contains(text)
    };
    assert!(!shows_details("hidden"));
    options.replace("debug".into()).unwrap();
    // At once, and without any runtime.
    assert!(shows_details("shown"));
    let refused = options.replace("info,shop=loud".into()).unwrap_err();
    assert!(refused.to_string().contains("the log filter `info,shop=loud` cannot be read"), "{refused}");
    assert!(shows_details("the last good one stays"));
    assert_eq!(*options.get(), "debug");
    options.replace("debug,logs_format=warn".into()).unwrap();
    assert!(!shows_details("hidden by its target"));
    options.replace(String::new()).unwrap();
    assert!(!shows_details("empty is info"));
    seen.lock().unwrap().clear();
    options.replace("trace".into()).unwrap();
    let said = String::from_utf8(seen.lock().unwrap().clone()).unwrap();
    assert!(said.contains("log filter changed") && said.contains("trace"), "{said}");
    eprintln!("all is well");
}

#[derive(Clone)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Plays a case with these variables set.
fn play(case: &str, variables: &[(&str, &str)]) -> Output {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", "child", "--nocapture"])
        .env_remove("RUST_LOG")
        .env_remove("NO_COLOR")
        .env(CASE, case);
    let output = child.envs(variables.iter().copied()).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", errors(&output));
    output
}

fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn text_for_people_is_one_line_for_each_event_whatever_stands_in_it() {
    let text = errors(&play("pretty", &[]));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 5, "{text}");
    let control: BTreeSet<char> = text.chars().filter(|c| c.is_control()).collect();
    assert_eq!(control, BTreeSet::from(['\n']), "{text:?}");
    assert!(lines[0].contains(" INFO ") && lines[0].ends_with("plain"), "{text}");
    assert!(lines[1].contains(" WARN ") && lines[1].ends_with(ESCAPED), "{text}");
    let debug = format!("{HOSTILE:?}");
    let values = format!("values display={ESCAPED} debug={ESCAPED} text={debug} number=7 error={ESCAPED}");
    assert!(lines[2].ends_with(&values), "{}\n{values}", lines[2]);
    assert!(lines[3].contains("run:") && lines[3].ends_with(&format!("inside unit={ESCAPED}")), "{text}");
    let last = format!("{ESCAPED} unit={ESCAPED} outcome={ESCAPED}");
    assert!(lines[4].ends_with(&last), "{}\n{last}", lines[4]);
}

#[test]
fn elsewhere_each_line_is_a_json_object_that_has_the_values_as_they_were() {
    let text = errors(&play("auto", &[]));
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert_eq!(lines.len(), 5, "{text}");
    assert!(!text.contains(['\r', '\u{1b}']), "{text:?}");
    assert_eq!((&lines[0]["level"], &lines[0]["target"]), (&"INFO".into(), &"logs_format".into()));
    assert!(lines[0]["timestamp"].as_str().unwrap().ends_with('Z'), "{text}");
    assert_eq!(lines[1]["fields"]["message"], HOSTILE);
    let values = &lines[2]["fields"];
    assert_eq!(
        (&values["display"], &values["text"], &values["error"]),
        (&HOSTILE.into(), &HOSTILE.into(), &HOSTILE.into())
    );
    assert_eq!(values["number"], 7);
    assert_eq!(
        (&lines[3]["spans"][0]["name"], &lines[3]["spans"][0]["unit"]),
        (&"run".into(), &HOSTILE.into())
    );
    assert_eq!(lines[4]["spans"][0]["outcome"], HOSTILE);
}

#[test]
fn another_writer_takes_all_lines() {
    let output = play("stdout", &[]);
    assert_eq!(errors(&output), "");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().filter(|line| line.starts_with('{')).count(), 5, "{text}");
}

#[test]
fn without_a_filter_of_its_own_it_is_that_of_the_environment_or_info() {
    let plain = errors(&play("environment", &[]));
    assert!(plain.contains("information") && !plain.contains("details"), "{plain}");
    let more = errors(&play("environment", &[("RUST_LOG", "logs_format=debug")]));
    assert!(more.contains("information") && more.contains("details"), "{more}");
    let none = errors(&play("environment", &[("RUST_LOG", "off")]));
    assert_eq!(none, "");
}

#[test]
fn a_filter_that_cannot_be_read_is_an_error_that_names_it() {
    let error = errors(&play("environment", &[("RUST_LOG", "info,shop=loud")]));
    let expected = "RUST_LOG: the log filter `info,shop=loud` cannot be read: ";
    assert!(error.starts_with(expected), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
}

#[test]
fn a_live_filter_takes_effect_when_its_options_change() {
    let said = errors(&play("live", &[]));
    assert!(said.contains("all is well"), "{said}");
}

#[test]
fn a_second_subscriber_is_refused() {
    let said = errors(&play("twice", &[]));
    assert_eq!(said, "somebody else logs already in this process\n");
}

#[test]
fn on_a_terminal_lines_are_for_people_and_coloured_unless_somebody_minds() {
    let Some(coloured) = on_a_terminal(&[]) else {
        assert!(
            std::env::var_os("CI").is_none_or(|ci| ci != "true"),
            "there is no `script` that gives a terminal"
        );
        eprintln!("skipped: there is no `script` that gives a terminal");
        return;
    };
    assert!(coloured.contains("\u{1b}[32m INFO"), "{coloured:?}");
    assert!(coloured.contains("\u{1b}[3mnumber\u{1b}[0m\u{1b}[2m=\u{1b}[0m7"), "{coloured:?}");
    assert!(coloured.contains(ESCAPED) && !coloured.contains("\u{1b}[2J"), "{coloured:?}");
    let plain = on_a_terminal(&[("NO_COLOR", "1")]).unwrap();
    assert!(plain.contains(" INFO ") && plain.contains(" number=7 "), "{plain:?}");
    assert!(!plain.contains('\u{1b}'), "{plain:?}");
}

/// What `auto` says on a terminal, which the program `script` of util-linux gives it.
fn on_a_terminal(variables: &[(&str, &str)]) -> Option<String> {
    let program = std::env::current_exe().unwrap();
    let command = format!("'{}' --exact child --nocapture", program.display());
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &command, "/dev/null"]);
    script.env_remove("RUST_LOG").env_remove("NO_COLOR").env(CASE, "auto");
    let output = script.envs(variables.iter().copied()).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
}
