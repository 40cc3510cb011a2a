//! Rounds: all contenders of a row take turns, a process each, and each round has all of them.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use ostler::BoxError;

use crate::computer;
use crate::row::{Contender, Program, Row};
use crate::series::Series;

/// What the rounds of a row gave, in the order of its contenders.
pub(crate) struct Measured {
    pub(crate) rounds: usize,
    /// What else the machine had to do before the first round and after the last one.
    pub(crate) load: (String, String),
    pub(crate) contenders: Vec<Taken>,
}

/// What was measured of a contender.
pub(crate) enum Taken {
    Figures(Vec<Series>),
    /// Why there are none.
    LeftOut(String),
}

/// Runs all rounds of a row.
pub(crate) fn run(row: &Row, rounds: usize) -> Result<Measured, BoxError> {
    let mut contenders: Vec<Taken> = row
        .contenders
        .iter()
        .map(|contender| match prepare(contender) {
            Ok(()) => Taken::Figures(Vec::new()),
            Err(reason) => Taken::LeftOut(reason),
        })
        .collect();
    let before = computer::load();
    for round in 1..=rounds {
        eprintln!("{}: round {round} of {rounds}", row.name);
        for (contender, taken) in row.contenders.iter().zip(&mut contenders) {
            if let Taken::Figures(series) = taken {
                let printed = output(&mut command(row, contender)?)?;
                add(series, &printed).map_err(|mistake| format!("{}: {mistake}", contender.name))?;
            }
        }
    }
    Ok(Measured { rounds, load: (before, computer::load()), contenders })
}

/// Builds a peer, looks for a command; the reason why the contender cannot take part otherwise.
fn prepare(contender: &Contender) -> Result<(), String> {
    match contender.program {
        Program::Own => Ok(()),
        Program::OwnWith(name) => match Command::new(name).arg("--version").stdout(Stdio::null()).status() {
            Ok(status) if status.success() => Ok(()),
            _ => Err(format!("`{name}` is not installed")),
        },
        Program::Peer(name, _) => {
            let built = cargo(name, "build").status();
            let built = built.is_ok_and(|status| status.success());
            built.then_some(()).ok_or_else(|| format!("`peers/{name}` could not be built"))
        }
    }
}

fn command(row: &Row, contender: &Contender) -> Result<Command, BoxError> {
    Ok(match contender.program {
        Program::Own | Program::OwnWith(_) => {
            let mut command = Command::new(std::env::current_exe()?);
            command.args(["measure", row.name, contender.name]);
            command
        }
        Program::Peer(name, arguments) => {
            let mut command = cargo(name, "run");
            command.arg("--").args(arguments);
            command
        }
    })
}

fn cargo(peer: &str, verb: &str) -> Command {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("peers").join(peer).join("Cargo.toml");
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args([verb, "--quiet", "--release", "--locked", "--manifest-path"]).arg(manifest);
    command
}

fn output(command: &mut Command) -> Result<String, BoxError> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("{command:?} ended with {}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Adds the lines `figure <tab> value` of one round. A value that is no number is a word that stands for the figure.
fn add(series: &mut Vec<Series>, printed: &str) -> Result<(), String> {
    for line in printed.lines() {
        let (figure, value) = line.split_once('\t').ok_or_else(|| format!("not a figure: `{line}`"))?;
        let place = series.iter().position(|known| known.figure == figure).unwrap_or_else(|| {
            series.push(Series::new(figure, Vec::new()));
            series.len() - 1
        });
        match value.parse() {
            Ok(value) => series[place].values.push(value),
            Err(_) => series[place].word = Some(value.to_owned()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_collected_over_rounds() {
        let mut series = Vec::new();
        add(&mut series, "ns/item\t12.5\nlost\t0\n").unwrap();
        add(&mut series, "ns/item\t13\nlost\t1\n").unwrap();
        let expected = [("ns/item", [12.5, 13.0]), ("lost", [0.0, 1.0])];
        let expected: Vec<_> = expected.map(|(figure, values)| Series::new(figure, values.into())).into();
        assert_eq!(series, expected);
        assert!(add(&mut series, "thread panicked").is_err());
        add(&mut series, "previous\tunsaid").unwrap();
        assert_eq!(series[2].word.as_deref(), Some("unsaid"));
    }
}
