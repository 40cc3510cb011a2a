//! The fixture of the process tests: one program whose first argument picks a scenario.
//!
//! The tests in `tests/it` start it, wait for the lines that it prints, send signals, and look at the exit code.

mod failing;
mod lagging;
mod leaving;
mod notifying;
mod probed;
mod reloading;
mod runtimes;
mod stopping;

use std::process::ExitCode;

/// A scenario: the whole `main` of a program.
type Scenario = fn() -> ExitCode;

const SCENARIOS: &[(&str, Scenario)] = &[
    // Stops.
    ("obedient", || ostler::main(stopping::obedient)),
    ("draining", || ostler::main(stopping::draining)),
    ("deaf", || ostler::main(stopping::deaf)),
    ("stuck", || ostler::main(stopping::stuck)),
    ("blocking-call", || ostler::main(stopping::blocking_call)),
    ("crowd", || ostler::main(stopping::crowd)),
    ("never-ready", || ostler::main(stopping::never_ready)),
    ("never-ready-select", || ostler::main(stopping::never_ready_select)),
    ("never-ready-again", || ostler::main(stopping::never_ready_again)),
    ("half-blocked", || ostler::main(stopping::half_blocked)),
    ("own-signals", || ostler::main(stopping::own_signals)),
    ("exit-in", || ostler::main(leaving::exit_in)),
    ("own-code", leaving::own_code),
    // Errors.
    ("failing-service", || ostler::main(failing::service)),
    ("panicking-service", || ostler::main(failing::panicking)),
    ("service-with-code", || ostler::main(failing::with_code)),
    ("config", || ostler::main(failing::config)),
    ("usage", || ostler::main(failing::usage)),
    ("registration", || ostler::main(failing::registration)),
    ("failed-start", || ostler::main(failing::start)),
    ("blocking-start", || ostler::main(failing::blocking_start)),
    ("panicking-app", || ostler::main(failing::app)),
    // Probes.
    ("probed", || ostler::main(probed::front)),
    ("hog", || ostler::main(probed::hog)),
    ("hog-with-file", || ostler::main(probed::hog_with_file)),
    ("blocking-check", || ostler::main(probed::blocking_check)),
    ("failed-unit", || ostler::main(probed::failed_unit)),
    ("failing-task", || ostler::main(probed::failing_task)),
    // Word to systemd.
    ("brief", || ostler::main(notifying::brief)),
    ("logged", || ostler::main(notifying::logged)),
    // Options that are read again.
    ("reloaded", || ostler::main(reloading::on_hangup)),
    // Units that block threads.
    ("hogs", || ostler::main(lagging::hogs)),
    // Runtimes of the user's own.
    ("tokio-main", runtimes::tokio_main),
    ("current-thread", runtimes::current_thread),
    ("current-thread-deaf", runtimes::current_thread_deaf),
    ("current-thread-stuck", runtimes::current_thread_stuck),
    ("current-thread-stuck-alone", runtimes::current_thread_stuck_alone),
];

fn main() -> ExitCode {
    let name = std::env::args().nth(1).unwrap_or_default();
    match SCENARIOS.iter().find(|(scenario, _)| *scenario == name) {
        Some((_, run)) => run(),
        None => {
            eprintln!("no scenario is called `{name}`");
            ExitCode::FAILURE
        }
    }
}
