//! The promises of the header, kept by the real program.

use std::collections::{BTreeMap, BTreeSet};

use example_support::{Database, Program, refuses_unknown_arguments};

const PROGRAM: &str = env!("CARGO_BIN_EXE_durable-jobs");

/// Slots of the queue, and so the most that a crash may repeat.
const SLOTS: usize = 4;

#[test]
fn a_kill_loses_no_mail_and_repeats_only_those_on_their_way() {
    let file = Database::new("durable-jobs-kill");
    let mut first = Program::start(PROGRAM, &["--fast", file.path()]);
    first.line("enqueued, and on disk mails=50");
    for _ in 0..10 {
        first.line("mail sent");
    }
    // From here on at least this one is on its way, for longer than a kill takes.
    first.line("sending");
    first.kill();
    let before = sent(&first);
    assert!(before.len() < 50, "all were sent before the kill");

    let mut second = Program::start(PROGRAM, &["--fast", file.path()]);
    let mut all: BTreeSet<u32> = before.keys().copied().collect();
    while all.len() < 50 {
        all.insert(field(&second.line("mail sent"), "number"));
    }
    // A stop takes no new mail and ends those on their way, so that the output has all that was sent.
    second.terminate();
    assert_eq!(second.exit_code(), 0);
    assert!(!second.output().contains("enqueued"), "it began anew:\n{}", second.output());

    let after = sent(&second);
    let again: Vec<_> = before.keys().filter(|number| after.contains_key(number)).collect();
    assert!(again.len() <= SLOTS, "sent again: {again:?}");
    assert!(before.values().all(|attempt| *attempt == 1), "{before:?}");
    let repeated: Vec<_> = after.iter().filter(|(_, attempt)| **attempt > 1).collect();
    assert!((1..=SLOTS).contains(&repeated.len()), "the kill met {repeated:?}");
    assert!(again.iter().all(|number| after[number] == 2), "a second time without being counted: {after:?}");
}

#[test]
fn a_stop_and_a_start_send_each_mail_once() {
    let file = Database::new("durable-jobs-stop");
    let mut first = Program::start(PROGRAM, &["--fast", file.path()]);
    first.line("mail sent");
    first.terminate();
    assert_eq!(first.exit_code(), 0);
    let before = sent(&first);

    let mut second = Program::start(PROGRAM, &["--fast", file.path()]);
    for _ in before.len()..50 {
        second.line("mail sent");
    }
    second.terminate();
    assert_eq!(second.exit_code(), 0);
    let after = sent(&second);
    assert_eq!(before.len() + after.len(), 50);
    assert!(before.keys().all(|number| !after.contains_key(number)), "{before:?}\n{after:?}");
    assert!(after.values().all(|attempt| *attempt == 1), "a stop counts as no attempt: {after:?}");
}

#[test]
fn a_second_process_on_the_same_file_is_refused_and_told_whose_it_is() {
    let file = Database::new("durable-jobs-owner");
    let mut owner = Program::start(PROGRAM, &["--fast", file.path()]);
    let pid: u32 = field(&owner.line("opening"), "pid");
    owner.line("mail sent");
    let mut second = Program::start(PROGRAM, &["--fast", file.path()]);
    assert_eq!(second.exit_code(), 1);
    assert!(second.output().contains(&pid.to_string()), "{}", second.output());
}

#[test]
fn an_unknown_argument_is_refused() {
    refuses_unknown_arguments(PROGRAM);
}

/// Which mails were sent, each with the attempt that sent it last.
fn sent(program: &Program) -> BTreeMap<u32, u32> {
    let output = program.output();
    let lines = output.lines().filter(|line| line.contains("mail sent"));
    lines.map(|line| (field(line, "number"), field(line, "attempt"))).collect()
}

fn field(line: &str, name: &str) -> u32 {
    let start = format!("{name}=");
    let value = line.split_whitespace().find_map(|word| word.strip_prefix(&start));
    // The last field of a span has the span's end behind it.
    value
        .and_then(|value| value.trim_end_matches("}:").parse().ok())
        .unwrap_or_else(|| panic!("no `{name}` in {line}"))
}
