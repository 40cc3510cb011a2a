//! The promises of the header, kept by the real program. Those about tests are kept by `src/tests.rs`.

use example_support::{Program, refuses_unknown_arguments};

const PROGRAM: &str = env!("CARGO_BIN_EXE_test-a-job");

#[test]
fn the_first_mail_is_tried_again_and_the_second_one_comes_later() {
    let mut program = Program::start(PROGRAM, &["--fast"]);
    let first = program.line("mail sent");
    assert!(first.contains("text=\"welcome\" attempt=2"), "{first}");
    let second = program.line("mail sent");
    assert!(second.contains("text=\"how do you like it?\" attempt=1"), "{second}");
    program.terminate();
    assert_eq!(program.exit_code(), 0);
}

#[test]
fn an_unknown_argument_is_refused() {
    refuses_unknown_arguments(PROGRAM);
}
