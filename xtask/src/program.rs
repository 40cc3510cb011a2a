//! Other programs: each is printed before it runs, so that a reader can run it by hand.

use std::env;
use std::process::{Command, ExitStatus, Stdio};

use crate::failure::{CHECK, Failure};

/// A program and its arguments.
pub(crate) struct Program {
    name: String,
    arguments: Vec<String>,
}

impl Program {
    pub(crate) fn new<A: AsRef<str>>(name: &str, arguments: impl IntoIterator<Item = A>) -> Self {
        let arguments = arguments.into_iter().map(|argument| argument.as_ref().to_owned()).collect();
        Self { name: name.to_owned(), arguments }
    }

    /// Runs it in the foreground.
    pub(crate) fn run(&self) -> Result<(), Failure> {
        self.announce();
        let status = self.command().status().map_err(|error| self.not_started(&error))?;
        self.must_succeed(status)
    }

    /// Runs it and returns what it printed. Its complaints still go to the terminal.
    pub(crate) fn output(&self) -> Result<String, Failure> {
        self.announce();
        let output =
            self.command().stderr(Stdio::inherit()).output().map_err(|error| self.not_started(&error))?;
        self.must_succeed(output.status)?;
        String::from_utf8(output.stdout)
            .map_err(|_| Failure::check(format!("`{self}` printed bytes that are not text")))
    }

    /// Whether it succeeds, without a word. A program that does not exist does not succeed.
    pub(crate) fn succeeds(&self) -> bool {
        let quiet = self.command().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        quiet.is_ok_and(|status| status.success())
    }

    fn announce(&self) {
        println!("$ {self}");
    }

    /// The cargo that started us is asked again, so that a toolchain chosen with `cargo +name` stays chosen.
    fn command(&self) -> Command {
        let cargo = env::var_os("CARGO").filter(|_| self.name == "cargo");
        let mut command = Command::new(cargo.unwrap_or_else(|| self.name.clone().into()));
        command.args(&self.arguments);
        command
    }

    fn must_succeed(&self, status: ExitStatus) -> Result<(), Failure> {
        if status.success() {
            return Ok(());
        }
        // A program that a signal ended has no code.
        let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(CHECK);
        Err(Failure::new(code, format!("`{self}` ended with {status}")))
    }

    fn not_started(&self, error: &std::io::Error) -> Failure {
        Failure::check(format!("`{self}` could not be started: {error}"))
    }
}

impl std::fmt::Display for Program {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.name)?;
        for argument in &self.arguments {
            match argument.is_empty() || argument.contains(char::is_whitespace) {
                true => write!(out, " '{argument}'")?,
                false => write!(out, " {argument}")?,
            }
        }
        Ok(())
    }
}

/// Whether a program of this name is on the `PATH`.
pub(crate) fn is_installed(name: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_prints_as_it_would_be_typed() {
        assert_eq!(Program::new("cargo", ["test", "two words", ""]).to_string(), "cargo test 'two words' ''");
    }

    #[test]
    fn the_exit_code_passes_through() {
        let failure = Program::new("sh", ["-c", "exit 101"]).run().unwrap_err();
        assert_eq!(failure.code, 101);
        assert!(failure.why.contains("exit status: 101"), "{}", failure.why);
    }

    #[test]
    fn a_program_ended_by_a_signal_is_a_failure() {
        let failure = Program::new("sh", ["-c", "kill -9 $$"]).run().unwrap_err();
        assert_eq!(failure.code, CHECK);
    }

    #[test]
    fn a_program_that_does_not_exist_is_a_failure() {
        let nothing = Program::new("no-such-program", [""; 0]);
        assert!(nothing.run().is_err());
        assert!(!nothing.succeeds());
        assert!(!is_installed("no-such-program"));
        assert!(is_installed("sh"));
    }

    #[test]
    fn output_is_what_was_printed() {
        assert_eq!(Program::new("echo", ["hello"]).output().unwrap(), "hello\n");
    }
}
