//! For the tests of the examples: starts one as a real program, reads what it prints as it comes, tells it to stop.
//!
//! Nothing here sleeps: every wait is for a line or for the end, and [`PATIENCE`] is only there to end a hung test.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How long a line or the end of a program may take.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A running program. It is killed when this is dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Program {
    /// Starts the program at `path`. Both of its outputs go into one pipe, so that their order is the true one.
    pub fn start(path: &str, arguments: &[&str]) -> Self {
        Self::start_with(path, arguments, &[])
    }

    /// As [`start`](Self::start), with these variables in its environment.
    pub fn start_with(path: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let (reader, writer) = std::io::pipe().expect("a pipe can be made");
        let errors = writer.try_clone().expect("a pipe can be cloned");
        // The command keeps our copies of the writing end, and is gone after this statement. Otherwise the pipe
        // would outlive the program.
        let child = Command::new(path)
            .args(arguments)
            .env("NO_COLOR", "1")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(writer)
            .stderr(errors)
            .spawn()
            .unwrap_or_else(|error| panic!("{path} cannot be started: {error}"));
        let (sender, lines) = channel();
        thread::spawn(move || {
            let mut lines = BufReader::new(reader).lines().map_while(Result::ok);
            lines.try_for_each(|line| sender.send(line))
        });
        Self { child, lines, seen: Vec::new() }
    }

    /// Waits for the next line that contains `text`. The lines before it are passed over.
    #[track_caller]
    pub fn line(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.next(deadline) {
                Ok(line) if line.contains(text) => return line,
                Ok(_) => {}
                Err(why) => panic!("no line with `{text}` ({why}):\n{}", self.output()),
            }
        }
    }

    /// Sends SIGTERM, as systemd and Kubernetes do.
    #[track_caller]
    pub fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Sends SIGINT, as Ctrl-C does.
    #[track_caller]
    pub fn interrupt(&self) {
        self.signal("-INT");
    }

    /// Kills it, as `kill -9` does, and reads the rest of its lines.
    #[track_caller]
    pub fn kill(&mut self) {
        self.signal("-KILL");
        self.read_to_the_end();
        self.child.wait().expect("a started program can be waited for");
    }

    /// Waits for the program's end, reads the rest of its lines, and returns its exit code.
    #[track_caller]
    pub fn exit_code(&mut self) -> i32 {
        self.read_to_the_end();
        // The pipe was closed by the program's end, so this does not wait.
        let status = self.child.wait().expect("a started program can be waited for");
        status.code().unwrap_or_else(|| panic!("it was ended by a signal ({status}):\n{}", self.output()))
    }

    #[track_caller]
    fn read_to_the_end(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.next(deadline) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("no end within {PATIENCE:?}:\n{}", self.output()),
            }
        }
    }

    /// All lines that were read so far.
    pub fn output(&self) -> String {
        self.seen.join("\n")
    }

    #[track_caller]
    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args([signal, &pid]).status().expect("`kill` can be started");
        assert!(status.success(), "kill {signal} {pid}: {status}");
    }

    fn next(&mut self, deadline: Instant) -> Result<String, RecvTimeoutError> {
        let line = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now()))?;
        self.seen.push(line.clone());
        Ok(line)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Both fail where it has ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A database file of a test's own: gone at its end, with what SQLite and its owner's lock have laid beside it.
#[derive(Debug)]
pub struct Database(PathBuf);

impl Database {
    /// A path where there is no file yet. Each test has a name of its own.
    pub fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("{name}-{}.db", std::process::id())))
    }

    /// The path, as an argument.
    pub fn path(&self) -> &str {
        self.0.to_str().expect("the temporary folder is named in UTF-8")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm", ".lock"] {
            // Most of them are gone already, which is as good.
            let _ = std::fs::remove_file(format!("{}{end}", self.path()));
        }
    }
}

/// Checks that the program at `path` refuses what it does not know: it names the argument and exits with 2.
#[track_caller]
pub fn refuses_unknown_arguments(path: &str) {
    for arguments in [&["--nonsense"][..], &["--fast", "--nonsense"]] {
        let mut program = Program::start(path, arguments);
        let code = program.exit_code();
        let output = program.output();
        assert!(output.contains("--nonsense"), "the argument is not named:\n{output}");
        assert_eq!(code, 2, "{output}");
    }
}
