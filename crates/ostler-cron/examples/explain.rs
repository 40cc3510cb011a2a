//! Explains an expression: in words, what to look out for, and when it fires next.
//!
//! Try
//! - `cargo run -p ostler-cron --example explain -- "0 30 2 * * *" Europe/Oslo --from 2026-03-27T00:00:00Z`
//! - `cargo run -p ostler-cron --example explain -- "0 0 13 * FRI"`
//! - `cargo run -p ostler-cron --example explain -- "H 3 * * *" --id nightly-cleanup`
//! - `cargo run -p ostler-cron --example explain -- "@every 90s"`

use std::process::ExitCode;

use jiff::Timestamp;
use ostler_cron::{Cron, Every, Expression, Note, Schedule, Zone};

const USAGE: &str = "usage: explain EXPRESSION [ZONE] [--from INSTANT] [--id NAME]
       explain --help

  EXPRESSION  such as \"0 0 8 * * *\", @daily or \"@every 90s\"
  ZONE        such as Europe/Oslo; without one, that of this machine
  --from      such as 2026-03-27T00:00:00Z; without it, now
  --id        what H is chosen by";

const POINT: &str = "a point: where the clocks change it fires once";
const INTERVAL: &str = "an interval: where the clocks change it keeps its grid";

fn main() -> ExitCode {
    if std::env::args().skip(1).any(|arg| arg == "--help") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    match Args::parse(std::env::args().skip(1)).and_then(|args| args.explain()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(mistake) => {
            eprintln!("{mistake}");
            ExitCode::from(2)
        }
    }
}

struct Args {
    expression: String,
    zone: String,
    from: Timestamp,
    id: Option<String>,
}

impl Args {
    fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut plain, mut from, mut id) = (Vec::new(), None, None);
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--from" => from = Some(args.next().ok_or(USAGE)?),
                "--id" => id = Some(args.next().ok_or(USAGE)?),
                option if is_option(option) => return Err(format!("unknown option {option}\n{USAGE}")),
                _ => plain.push(arg),
            }
        }
        let mut plain = plain.into_iter();
        let (Some(expression), zone, None) = (plain.next(), plain.next(), plain.next()) else {
            return Err(USAGE.to_owned());
        };
        let from = match from {
            Some(from) => from.parse().map_err(|error| format!("--from: {error}"))?,
            None => Timestamp::now(),
        };
        Ok(Self { expression, zone: zone.unwrap_or_else(|| "local".to_owned()), from, id })
    }

    fn explain(&self) -> Result<(), String> {
        let zone = Zone::get(&self.zone).map_err(|error| error.to_string())?;
        let expression = match &self.id {
            Some(id) => Expression::parse_with_id(&self.expression, id),
            None => Expression::parse(&self.expression),
        };
        match expression.map_err(|error| format!("{}\n{error}", error.caret(&self.expression)))? {
            Expression::Cron(cron) if cron.never_fires() => Err(format!("{}\n  {cron}", cron.describe())),
            Expression::Cron(cron) => explain_cron(cron, zone, self.from),
            Expression::Every(every) => explain_every(every, &zone, self.from),
            other => Err(format!("{other} is of a kind that is not known here")),
        }
    }
}

/// An expression may begin with `-` by mistake. Unlike an option it holds blanks.
fn is_option(arg: &str) -> bool {
    arg.starts_with('-') && !arg.contains([' ', '\t'])
}

fn explain_cron(cron: Cron, zone: Zone, from: Timestamp) -> Result<(), String> {
    let schedule: Schedule = cron.in_zone(zone);
    if schedule.next_after(from).is_none() {
        return Err(format!("{}\n  {cron}\n{}", cron.describe(), why_not(&schedule, from)));
    }
    println!("{}", cron.describe());
    println!("  {cron}");
    println!("  {}", if cron.is_interval() { INTERVAL } else { POINT });
    for warning in schedule.warnings(from) {
        println!("  warning: {warning}");
    }
    let next = schedule.after(from).map(|at| (at, schedule.note(at)));
    print_table(schedule.zone(), next);
    Ok(())
}

/// Why an expression that has its days does not fire any more.
fn why_not(schedule: &Schedule, from: Timestamp) -> String {
    let zone = schedule.zone();
    match schedule.previous_at_or_before(from) {
        None => format!("it never fires in {zone}: each of its times is in a gap"),
        Some(last) if has_times_left(schedule, from) => format!(
            "it does not fire in {zone} after {from}: each of its times is in a gap; the last time was {last}"
        ),
        Some(last) => format!("it does not fire in {zone} after {from}: the last time is {last}"),
    }
}

/// Whether a clock that is never changed would show one of its times again.
fn has_times_left(schedule: &Schedule, from: Timestamp) -> bool {
    let offset = schedule.zone().time_zone().to_offset(from);
    let unchanged = Zone::from(offset.to_time_zone());
    schedule.cron().in_zone(unchanged).next_after(from).is_some()
}

fn explain_every(every: Every, zone: &Zone, from: Timestamp) -> Result<(), String> {
    every
        .next_after(from, from)
        .ok_or_else(|| format!("{}\nit does not fire after {from}", every.describe()))?;
    println!("{}", every.describe());
    println!("  {every}");
    println!("  counted from {from}; no clock change matters");
    let next = std::iter::successors(Some(from), |&at| every.next_after(from, at)).skip(1);
    print_table(zone, next.map(|at| (at, None)));
    Ok(())
}

fn print_table(zone: &Zone, occurrences: impl Iterator<Item = (Timestamp, Option<Note>)>) {
    println!("\n{:<30}  UTC", zone.name());
    for (at, note) in occurrences.take(10) {
        let there = at.to_zoned(zone.time_zone().clone());
        let note = note.map_or_else(String::new, |note| format!("  {note}"));
        println!("{}  {at}{note}", there.strftime("%a %Y-%m-%d %H:%M:%S %:z"));
    }
}
