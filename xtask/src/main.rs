//! The project's own commands, run as `cargo xtask <command>`.
//!
//! This file is the table of commands and reads the command line. What a command does lives in the file of its
//! noun.
//! It has no dependencies, so that it is the first thing to build on a new machine.

use std::process::ExitCode;

mod budget;
mod failure;
mod mutants;
mod packages;
mod patch;
mod program;
mod steps;
mod tests;

const COMMANDS: &[Command] = &[
    Command {
        name: "test",
        about: "install what the tests need, check the crate budget, run all tests and doctests",
        takes: Some("cargo test arguments"),
        run: tests::run,
    },
    Command {
        name: "budget",
        about: "check how many crates the first example depends on",
        takes: None,
        run: |_| steps::run(&[("crate budget", &budget::check)]),
    },
    Command {
        name: "mutants",
        about: "take one promise after another out of a copy, and see a test fail for each",
        takes: Some("--write | names of mutants"),
        run: mutants::run,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match Request::parse(&arguments) {
        Request::Run(command, extra) => (command.run)(extra),
        Request::Help => {
            print!("{}", usage());
            ExitCode::SUCCESS
        }
        Request::Mistake(mistake) => {
            eprint!("error: {mistake}\n\n{}", usage());
            ExitCode::from(failure::USAGE)
        }
    }
}

/// One line of the table.
struct Command {
    name: &'static str,
    about: &'static str,
    /// What may follow a `--`, if anything may.
    takes: Option<&'static str>,
    run: fn(&[String]) -> ExitCode,
}

impl Command {
    fn form(&self) -> String {
        match self.takes {
            Some(what) => format!("{} [-- <{what}>]", self.name),
            None => self.name.to_owned(),
        }
    }
}

/// What the command line asks for.
enum Request<'a> {
    Help,
    Run(&'static Command, &'a [String]),
    Mistake(String),
}

impl<'a> Request<'a> {
    fn parse(arguments: &'a [String]) -> Self {
        let Some((name, rest)) = arguments.split_first() else {
            return Self::Mistake("a command is missing".to_owned());
        };
        if asks_for_help(name) {
            return Self::Help;
        }
        match COMMANDS.iter().find(|command| command.name == name) {
            Some(command) => Self::parse_rest(command, rest),
            None => Self::Mistake(format!("there is no command `{name}`")),
        }
    }

    fn parse_rest(command: &'static Command, rest: &'a [String]) -> Self {
        let name = command.name;
        match rest.split_first() {
            None => Self::Run(command, &[]),
            Some((first, _)) if asks_for_help(first) => Self::Help,
            Some((first, extra)) if first == "--" && command.takes.is_some() => Self::Run(command, extra),
            Some((first, _)) => Self::Mistake(format!("`{name}` does not take `{first}`")),
        }
    }
}

fn asks_for_help(argument: &str) -> bool {
    matches!(argument, "--help" | "-h" | "help")
}

fn usage() -> String {
    let mut text = String::from("Usage: cargo xtask <command>\n\nCommands:\n");
    for command in COMMANDS {
        text += &format!("  {}\n      {}\n", command.form(), command.about);
    }
    text
}

#[cfg(test)]
mod command_line {
    use super::*;

    /// Says in one line what was understood.
    fn understood(arguments: &[&str]) -> String {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        match Request::parse(&arguments) {
            Request::Help => "help".to_owned(),
            Request::Run(command, extra) => format!("run {} {extra:?}", command.name),
            Request::Mistake(mistake) => format!("mistake: {mistake}"),
        }
    }

    #[test]
    fn a_command_runs_with_what_follows_the_dashes() {
        assert_eq!(understood(&["test"]), "run test []");
        assert_eq!(understood(&["test", "--"]), "run test []");
        assert_eq!(
            understood(&["test", "--", "queue", "--", "--nocapture"]),
            r#"run test ["queue", "--", "--nocapture"]"#
        );
    }

    #[test]
    fn help_is_understood_before_and_after_a_command() {
        assert_eq!(understood(&["--help"]), "help");
        assert_eq!(understood(&["-h"]), "help");
        assert_eq!(understood(&["test", "--help"]), "help");
    }

    #[test]
    fn arguments_for_cargo_are_never_taken_as_our_own() {
        assert_eq!(understood(&["test", "--", "--help"]), r#"run test ["--help"]"#);
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(understood(&[]), "mistake: a command is missing");
        assert_eq!(understood(&["tset"]), "mistake: there is no command `tset`");
        assert_eq!(understood(&["test", "queue"]), "mistake: `test` does not take `queue`");
        assert_eq!(understood(&["budget", "--", "x"]), "mistake: `budget` does not take `--`");
    }

    #[test]
    fn usage_names_every_command() {
        let usage = usage();
        for command in COMMANDS {
            assert!(usage.contains(&command.form()), "{usage}");
        }
    }
}
