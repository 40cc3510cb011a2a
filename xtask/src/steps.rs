//! The steps of a command: run in order up to the first failure, then summed up.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::failure::Failure;

/// What a step has to say for itself in the summary.
pub(crate) type Outcome = Result<String, Failure>;

/// A name and the work.
pub(crate) type Step<'a> = (&'static str, &'a dyn Fn() -> Outcome);

/// Runs the steps; the code of the one that failed is the code of the whole.
pub(crate) fn run(steps: &[Step<'_>]) -> ExitCode {
    let records = run_each(steps);
    print!("\n{}", summary(&records));
    ExitCode::from(code(&records))
}

/// How one step ended.
struct Record {
    name: &'static str,
    end: End,
}

enum End {
    Ran(Outcome, Duration),
    /// An earlier step failed.
    Skipped,
}

fn run_each(steps: &[Step<'_>]) -> Vec<Record> {
    let mut failed = false;
    let mut records = Vec::new();
    for &(name, work) in steps {
        let end = if failed { End::Skipped } else { run_one(name, work) };
        failed |= matches!(end, End::Ran(Err(_), _));
        records.push(Record { name, end });
    }
    records
}

fn run_one(name: &str, work: &dyn Fn() -> Outcome) -> End {
    println!("\n== {name}");
    let start = Instant::now();
    let outcome = work();
    End::Ran(outcome, start.elapsed())
}

fn code(records: &[Record]) -> u8 {
    let failure = records.iter().find_map(|record| match &record.end {
        End::Ran(Err(failure), _) => Some(failure.code),
        _ => None,
    });
    failure.unwrap_or(0)
}

fn summary(records: &[Record]) -> String {
    let mut text = String::from("== summary\n");
    for Record { name, end } in records {
        text += &match end {
            End::Ran(Ok(note), time) => {
                format!("ok       {name:<14} {:>6.1} s  {note}\n", time.as_secs_f64())
            }
            End::Ran(Err(failure), time) => {
                format!("FAILED   {name:<14} {:>6.1} s  {}\n", time.as_secs_f64(), failure.why)
            }
            End::Skipped => format!("not run  {name}\n"),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes() -> Outcome {
        Ok("7 of 7".to_owned())
    }

    fn fails() -> Outcome {
        Err(Failure::new(101, "a test failed"))
    }

    #[test]
    fn steps_that_pass_end_with_zero() {
        let records = run_each(&[("first", &passes), ("second", &passes)]);
        assert_eq!(code(&records), 0);
        assert_eq!(summary(&records).matches("7 of 7").count(), 2);
    }

    #[test]
    fn the_first_failure_ends_the_run_and_gives_the_code() {
        let records =
            run_each(&[("first", &passes), ("second", &fails), ("third", &|| panic!("the third step ran"))]);
        assert_eq!(code(&records), 101);
        let summary = summary(&records);
        let lines: Vec<&str> = summary.lines().collect();
        assert!(lines[1].starts_with("ok       first"), "{summary}");
        assert!(lines[2].starts_with("FAILED   second") && lines[2].ends_with("a test failed"), "{summary}");
        assert_eq!(lines[3], "not run  third");
    }
}
