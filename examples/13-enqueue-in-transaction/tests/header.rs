//! The promises of the header, kept by the real program.

use example_support::{Database, Program, refuses_unknown_arguments};

const PROGRAM: &str = env!("CARGO_BIN_EXE_enqueue-in-transaction");

#[test]
fn an_order_that_fails_half_way_leaves_neither_row_nor_job() {
    let file = Database::new("enqueue-in-transaction-half-way");
    let mut program = Program::start(PROGRAM, &["--fast", file.path()]);
    for customer in 1..=3 {
        program.line(&format!("ordered customer={customer} order={customer}"));
    }
    for customer in 4..=5 {
        let line = program.line(&format!("no order, and no receipt customer={customer}"));
        assert!(line.contains("CHECK constraint failed"), "{line}");
    }
    // A second start finds three orders: the two that failed have used up no number, so they left no row.
    for _ in 1..=3 {
        program.line("receipt sent");
    }
    program.terminate();
    assert_eq!(program.exit_code(), 0);
    assert_eq!(receipts(&program), [1, 2, 3]);

    let mut again = Program::start(PROGRAM, &["--fast", file.path()]);
    again.line("ordered customer=1 order=4");
    for _ in 4..=6 {
        again.line("receipt sent");
    }
    again.terminate();
    assert_eq!(again.exit_code(), 0);
    assert_eq!(receipts(&again), [4, 5, 6]);
}

#[test]
fn an_unknown_argument_is_refused() {
    refuses_unknown_arguments(PROGRAM);
}

/// The orders whose receipts were sent, sorted: several slots send them side by side.
fn receipts(program: &Program) -> Vec<u32> {
    let output = program.output();
    let orders = output.lines().filter_map(|line| line.split_once("receipt sent order="));
    let mut orders: Vec<u32> = orders.map(|(_, order)| order.trim().parse().expect("a number")).collect();
    orders.sort_unstable();
    orders
}
