//! The promises of the header, kept by the real program.

use std::collections::BTreeSet;

use example_support::{Program, refuses_unknown_arguments};

const PROGRAM: &str = env!("CARGO_BIN_EXE_parallel-workers");

#[test]
fn twelve_photos_are_done_by_four_workers_at_a_time() {
    let mut program = Program::start(PROGRAM, &["--fast"]);
    let first: Vec<String> = (0..4).map(|_| program.line("begun photo=")).collect();
    assert!(!program.output().contains("done photo="), "{}", program.output());
    let workers: BTreeSet<String> = first.iter().map(|line| worker_of(line)).collect();
    assert_eq!(Vec::from_iter(workers), ["1", "2", "3", "4"]);

    program.line("stopping reason=all units completed");
    assert_eq!(program.exit_code(), 0);
    let output = program.output();
    let mut going_on = 0;
    for line in output.lines() {
        going_on += i32::from(line.contains("begun photo=")) - i32::from(line.contains("done photo="));
        assert!((0..=4).contains(&going_on), "{going_on} at a time:\n{output}");
    }
    for photo in 1..=12 {
        assert_eq!(output.matches(&format!("done photo={photo} ")).count(), 1, "photo {photo}:\n{output}");
    }
}

#[test]
fn the_photos_in_the_queue_are_done_before_a_stop() {
    let mut program = Program::start(PROGRAM, &["--fast"]);
    program.line("begun photo=");
    program.terminate();
    program.line("stopping reason=SIGTERM");
    assert_eq!(program.exit_code(), 0);
    assert_eq!(program.output().matches("done photo=").count(), 12);
}

#[test]
fn the_count_follows_its_file_and_zero_is_refused() {
    let folder = std::env::temp_dir().join(format!("parallel-workers-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    let file = folder.join("appsettings.json");
    let save = |count: u32| {
        let text = format!("{{ \"BackgroundWorkers\": {{ \"Count\": {count} }} }}");
        std::fs::write(&file, text).expect("a file can be written");
    };
    save(1);
    let mut program = Program::start(PROGRAM, &[folder.to_str().expect("a plain path")]);
    assert_eq!(worker_of(&program.line("begun photo=1 ")), "1");
    save(0);
    let refused = program.line("options refused, the last good values stay");
    assert!(refused.contains("workers: must be 1 to 10000"), "{refused}");
    save(6);
    program.line("resized by its options unit=photos workers=6");
    program.line("stopping reason=all units completed");
    assert_eq!(program.exit_code(), 0);
    let output = program.output();
    assert!(output.contains("worker=6"), "{output}");
    assert_eq!(output.matches("done photo=").count(), 12);
    let _ = std::fs::remove_dir_all(&folder);
}

#[test]
fn an_unknown_argument_is_refused() {
    refuses_unknown_arguments(PROGRAM);
}

/// The worker's number, which stands in the span and in the line itself.
fn worker_of(line: &str) -> String {
    let numbers: BTreeSet<&str> = line
        .split("worker=")
        .skip(1)
        .map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default())
        .collect();
    assert_eq!(line.matches("worker=").count(), 2, "{line}");
    assert_eq!(numbers.len(), 1, "{line}");
    numbers.into_iter().collect()
}
