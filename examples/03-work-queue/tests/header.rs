//! The promises of the header, kept by the real program.

use example_support::{Program, refuses_unknown_arguments};

const PROGRAM: &str = env!("CARGO_BIN_EXE_work-queue");

#[test]
fn a_sender_waits_for_room_and_all_is_sent() {
    let mut program = Program::start(PROGRAM, &["--fast"]);
    program.line("floor swept");
    program.line("mail handed in number=250");
    // 100 wait in the queue and one is on its way: the others had to be sent before this one had room.
    let sent = count(&program, "mail sent");
    assert!(sent >= 148, "{sent} were sent when the last one was handed in");
    program.line("mail sent number=250");
    program.terminate();
    assert_eq!(program.exit_code(), 0);

    let output = program.output();
    let written: Vec<usize> = output
        .lines()
        .filter_map(|line| line.split_once("journal written lines="))
        .map(|(_, lines)| lines.parse().expect("a number"))
        .collect();
    assert_eq!(written.iter().sum::<usize>(), 250, "{written:?}");
    assert!(written.len() < 50, "lines were written one by one: {written:?}");
}

#[test]
fn what_is_in_the_queue_at_a_stop_is_still_sent() {
    let mut program = Program::start(PROGRAM, &["--fast"]);
    program.line("mail handed in number=120");
    program.terminate();
    assert_eq!(program.exit_code(), 0);
    let (handed_in, sent) = (count(&program, "mail handed in"), count(&program, "mail sent"));
    assert!(handed_in < 250, "it went on handing in");
    assert_eq!(sent, handed_in);
}

#[test]
fn an_unknown_argument_is_refused() {
    refuses_unknown_arguments(PROGRAM);
}

fn count(program: &Program, text: &str) -> usize {
    program.output().matches(text).count()
}
