//! Starts the fixture, reads what it prints, sends it signals, and waits for its end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The grace of the fixtures.
pub(crate) const GRACE: Duration = Duration::from_secs(1);

/// What a stop may take beyond its grace.
const AFTER_GRACE: Duration = Duration::from_secs(1);

/// How long an answer of a probe may take, whatever the host is doing.
pub(crate) const ANSWER: Duration = Duration::from_secs(1);

/// Longer than anything here takes: what has not happened by then hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// How often is looked for what can only be asked for.
const POLL: Duration = Duration::from_millis(2);

/// A running fixture, killed when it is dropped.
pub(crate) struct Fixture {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
    seen: Vec<String>,
    readers: Vec<JoinHandle<()>>,
}

/// How a fixture ended.
pub(crate) struct End {
    /// `None` when a signal killed it.
    pub(crate) code: Option<i32>,
    /// All that it printed, on both streams.
    pub(crate) lines: Vec<String>,
}

impl Fixture {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, &[])
    }

    /// With these variables of its environment.
    pub(crate) fn start_with(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_process-tests"))
            .args(arguments)
            .env("TOKIO_WORKER_THREADS", "2")
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the fixture starts");
        let (sender, lines) = channel();
        let stdin = child.stdin.take().expect("piped");
        let stdout = child.stdout.take().expect("piped");
        let stderr = child.stderr.take().expect("piped");
        let readers = vec![read(stdout, sender.clone()), read(stderr, sender)];
        Self { child, stdin, lines, seen: Vec::new(), readers }
    }

    /// Waits for a line that begins with `start` and returns the rest of it.
    pub(crate) fn wait_for(&mut self, start: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("no line `{start}` came, only {:#?}", self.seen);
            };
            self.seen.push(line.clone());
            if let Some(rest) = line.strip_prefix(start) {
                return rest.trim().to_owned();
            }
        }
    }

    /// Whether `line` has been printed by now.
    pub(crate) fn has_printed(&mut self, line: &str) -> bool {
        self.seen.extend(self.lines.try_iter());
        self.seen.iter().any(|seen| seen == line)
    }

    /// Waits for a line that contains `part`, or has been printed before.
    pub(crate) fn wait_for_part(&mut self, part: &str) {
        until(part, || {
            self.seen.extend(self.lines.try_iter());
            self.seen.iter().any(|line| line.contains(part)).then_some(())
        });
    }

    /// Where its probes are.
    pub(crate) fn probes(&mut self) -> SocketAddr {
        self.wait_for("probes on ").parse().expect("an address")
    }

    /// Gives it a line on its standard input.
    pub(crate) fn tell(&mut self, line: &str) {
        writeln!(self.stdin, "{line}").expect("it reads");
    }

    /// Sends a signal, by its name without `SIG`, and says when.
    pub(crate) fn signal(&self, name: &str) -> Instant {
        let now = Instant::now();
        let id = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", name, &id]).status().expect("`kill` is there");
        assert!(status.success(), "SIG{name} was not sent");
        now
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> End {
        let status = until("it ends", || self.child.try_wait().expect("it is ours"));
        for reader in self.readers.drain(..) {
            reader.join().expect("a reader does not panic");
        }
        self.seen.extend(self.lines.try_iter());
        End { code: status.code(), lines: std::mem::take(&mut self.seen) }
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        // It fails where it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(stream: impl Read + Send + 'static, lines: Sender<String>) -> JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(stream).lines() {
            let Ok(line) = line else { return };
            if lines.send(line).is_err() {
                return;
            }
        }
    })
}

impl End {
    /// Fails unless it ended with `code`.
    #[track_caller]
    pub(crate) fn assert_code(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{:#?}", self.lines);
        self
    }

    /// Fails unless one line has all of `parts`.
    #[track_caller]
    pub(crate) fn assert_line(&self, parts: &[&str]) -> &Self {
        let found = self.lines.iter().any(|line| parts.iter().all(|part| line.contains(part)));
        assert!(found, "no line has {parts:?}: {:#?}", self.lines);
        self
    }

    /// What follows `start` on the lines that begin with it.
    pub(crate) fn after(&self, start: &str) -> Vec<&str> {
        self.lines.iter().filter_map(|line| line.strip_prefix(start)).collect()
    }
}

/// Prints how long something took. It fails beyond three times what is promised, and never less than a second after.
#[track_caller]
pub(crate) fn assert_within(promised: Duration, took: Duration, what: &str) {
    let limit = (3 * promised).max(promised + Duration::from_secs(1));
    assert_between(Duration::ZERO, promised, limit, took, what);
}

/// Prints how long a stop took that overran its grace. It fails before the grace is over, and beyond the promise and
/// three times the second that the promise allows after the grace.
#[track_caller]
pub(crate) fn assert_overrun(grace: Duration, took: Duration, what: &str) {
    let promised = grace + AFTER_GRACE;
    assert_between(grace, promised, promised + 3 * AFTER_GRACE, took, what);
}

/// Prints how long something took. It fails before `earliest` and beyond `limit`.
#[track_caller]
pub(crate) fn assert_between(
    earliest: Duration,
    promised: Duration,
    limit: Duration,
    took: Duration,
    what: &str,
) {
    println!("{what}: {took:.3?} (promised {promised:?}, fails before {earliest:?} and beyond {limit:?})");
    assert!(took >= earliest, "{what} took only {took:?}, and at least {earliest:?} is promised");
    assert!(took <= limit, "{what} took {took:?}, promised {promised:?}");
}

/// Asks until there is an answer.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        thread::sleep(POLL);
    }
}

/// What a probe answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The status line and the headers, in lower case.
    pub(crate) head: String,
    pub(crate) body: String,
    pub(crate) took: Duration,
}

/// Asks a probe, on a connection of its own.
pub(crate) fn ask(probes: SocketAddr, method: &str, path: &str) -> Answer {
    let began = Instant::now();
    let mut stream = TcpStream::connect(probes).expect("the probes listen");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket takes a timeout");
    let request = format!("{method} {path} HTTP/1.1\r\nHost: fixture\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("the probes read");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("the probes answer");
    let took = began.elapsed();
    let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line");
    Answer { status, head: head.to_lowercase(), body: body.to_owned(), took }
}

/// The status that a probe answers with.
pub(crate) fn status(probes: SocketAddr, path: &str) -> u16 {
    ask(probes, "GET", path).status
}
