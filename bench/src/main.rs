//! Measures ostler's in-memory parts, through its public API, beside the raw limit and its peers.
//!
//! Each measurement is a process of its own: this program runs itself once for each contender and round, so that
//! no contender inherits another's heap or caches, and a machine that changes its speed meanwhile changes it for all
//! of them.

mod channel;
mod computer;
mod cron;
mod full;
mod gate;
mod instructions;
mod job;
mod jobs;
mod lateness;
mod machinery;
mod once;
mod process;
mod queue;
mod results;
mod round;
mod row;
mod runtime;
mod series;
mod target;
mod timers_due;
mod timers_idle;
mod units;
mod year;

use std::process::ExitCode;

use ostler::BoxError;

use crate::row::Row;

const USAGE: &str = "\
usage: cargo run --release -- <all | row ..> [--rounds <n>] [--write]

  all            every row; rewrites RESULTS.md
  --rounds <n>   so many rounds instead of each row's own number
  --write        rewrite RESULTS.md: the rows that were run, the others stay

rows:";

const RESULTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/RESULTS.md");

/// A wrong command line, as ostler's own.
const WRONG_USAGE: u8 = 2;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        // What this program runs itself as.
        ["measure", name, contender] => measure(name, contender),
        ["count", what, items] => instructions::count(what, items),
        ["count", contender, call, calls] => cron::count(contender, call, calls),
        _ => match Request::parse(&words) {
            Ok(request) => request.run(),
            Err(mistake) => {
                eprintln!("error: {mistake}\n\n{USAGE}");
                rows().iter().for_each(|row| eprintln!("  {:14} {}", row.name, row.about));
                return ExitCode::from(WRONG_USAGE);
            }
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn rows() -> Vec<Row> {
    let mut rows = vec![
        machinery::row(),
        full::row(),
        queue::row(),
        timers_idle::row(),
        timers_due::row(),
        units::row(),
        year::row(),
        instructions::row(),
        cron::row(),
        cron::counts_row(),
    ];
    rows.extend(jobs::rows());
    rows
}

/// One measurement of one contender, its figures printed for the process that asked.
fn measure(name: &str, contender: &str) -> Result<(), BoxError> {
    let rows = rows();
    let row = rows.iter().find(|row| row.name == name).ok_or("no such row")?;
    for (figure, value) in (row.measure)(contender)? {
        row::say(figure, value);
    }
    Ok(())
}

/// What is to be measured.
struct Request {
    rows: Vec<Row>,
    rounds: Option<usize>,
    write: bool,
    everything: bool,
}

impl Request {
    fn parse(words: &[&str]) -> Result<Self, String> {
        let mut names = Vec::new();
        let (mut rounds, mut write) = (None, false);
        let mut words = words.iter().copied();
        while let Some(word) = words.next() {
            match word {
                "--write" => write = true,
                "--rounds" => {
                    let number = words.next().and_then(|number| number.parse().ok());
                    rounds =
                        Some(number.filter(|&number| number > 0).ok_or("--rounds needs a number above 0")?);
                }
                name => names.push(name),
            }
        }
        let all = rows();
        if let Some(unknown) =
            names.iter().find(|name| **name != "all" && all.iter().all(|row| row.name != **name))
        {
            return Err(format!("there is no row `{unknown}`"));
        }
        if names.is_empty() {
            return Err("which rows?".to_owned());
        }
        let everything = names.contains(&"all");
        let rows = all.into_iter().filter(|row| everything || names.contains(&row.name)).collect();
        Ok(Self { rows, rounds, write: write || everything, everything })
    }

    fn run(self) -> Result<(), BoxError> {
        let computer = computer::Computer::look();
        println!("{computer}");
        let mut sections = Vec::new();
        for row in &self.rows {
            let measured = round::run(row, self.rounds.unwrap_or(row.rounds))?;
            let mut section = results::section(row, &measured);
            if !self.everything {
                section = results::dated(&section, &computer);
            }
            println!("{section}");
            sections.push(section);
            // After each row, so that what has been measured is kept when a later one fails.
            if self.write {
                let page = if self.everything {
                    results::page(&computer, &sections)
                } else {
                    results::replaced(&std::fs::read_to_string(RESULTS)?, &sections)
                };
                std::fs::write(RESULTS, page)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_picked_by_name() {
        let request = Request::parse(&["queue", "--rounds", "7"]).unwrap();
        assert_eq!(request.rows.iter().map(|row| row.name).collect::<Vec<_>>(), ["queue"]);
        assert_eq!((request.rounds, request.write), (Some(7), false));
        let all = Request::parse(&["all"]).unwrap();
        assert_eq!((all.rows.len(), all.write), (rows().len(), true));
    }

    #[test]
    fn a_wrong_command_line_is_refused() {
        for wrong in
            [&[][..], &["--write"], &["no-such-row"], &["queue", "--rounds"], &["queue", "--rounds", "0"]]
        {
            assert!(Request::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn every_name_that_a_row_refers_to_is_one_of_its_contenders() {
        for row in rows() {
            let known = |name: &str| row.contenders.iter().any(|contender| contender.name == name);
            for contender in &row.contenders {
                assert!(contender.against.is_none_or(known), "{}: {}", row.name, contender.name);
            }
            for target in &row.targets {
                assert!(known(target.contender), "{}: {}", row.name, target.contender);
            }
        }
    }
}
