//! The notify protocol of systemd, against a real datagram socket that plays the service manager.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::harness::{Fixture, PATIENCE, assert_between, assert_within, status};
use super::reload::Settings;

/// How long after something happened it is told, where it is told at once.
const AT_ONCE: Duration = Duration::from_millis(100);

/// A status is at most this old, and a time-out is extended at this pace.
const LOOK: Duration = Duration::from_secs(1);

/// How long one extension lasts.
const EXTENSION: &str = "EXTEND_TIMEOUT_USEC=3000000";

const WATCHDOG: &str = "WATCHDOG=1";

/// The socket that plays systemd.
struct Systemd {
    socket: UnixDatagram,
    /// The value of `NOTIFY_SOCKET`.
    name: String,
    folder: Option<PathBuf>,
    /// Lines that came with the last datagram and have not been looked at.
    rest: VecDeque<String>,
    seen: Vec<String>,
}

impl Systemd {
    fn at_a_path() -> Self {
        let folder = std::env::temp_dir().join(unique());
        std::fs::create_dir_all(&folder).expect("a folder can be made");
        let path = folder.join("notify");
        let socket = UnixDatagram::bind(&path).expect("a socket can be bound");
        let name = path.to_str().expect("a plain path").to_owned();
        Self { socket, name, folder: Some(folder), rest: VecDeque::new(), seen: Vec::new() }
    }

    fn at_an_abstract_name() -> Self {
        let name = unique();
        let address = SocketAddr::from_abstract_name(&name).expect("a short name");
        let socket = UnixDatagram::bind_addr(&address).expect("a socket can be bound");
        Self { socket, name: format!("@{name}"), folder: None, rest: VecDeque::new(), seen: Vec::new() }
    }

    /// Starts a fixture under it.
    fn start(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Fixture {
        let mut all = vec![("NOTIFY_SOCKET", self.name.as_str())];
        all.extend(variables);
        Fixture::start_with(arguments, &all)
    }

    /// Waits for a line that begins with `start`, and says when it came.
    #[track_caller]
    fn wait_for(&mut self, start: &str) -> Instant {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.next(deadline.saturating_duration_since(Instant::now())) {
                Some(line) if line.starts_with(start) => return Instant::now(),
                Some(_) => {}
                None => panic!("systemd was not told `{start}`, only {:#?}", self.seen),
            }
        }
    }

    /// The next line, unless none comes within `patience`.
    fn next(&mut self, patience: Duration) -> Option<String> {
        if self.rest.is_empty() {
            let mut buffer = [0; 4096];
            self.socket.set_read_timeout(Some(patience.max(Duration::from_millis(1)))).expect("a time-out");
            let length = match self.socket.recv(&mut buffer) {
                Ok(length) => length,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return None;
                }
                Err(error) => panic!("{error}"),
            };
            let text = std::str::from_utf8(&buffer[..length]).expect("text");
            assert!(text.ends_with('\n'), "{text:?}");
            self.rest.extend(text.lines().map(str::to_owned));
        }
        let line = self.rest.pop_front()?;
        self.seen.push(line.clone());
        Some(line)
    }

    /// All lines that come within `time`.
    fn all_within(&mut self, time: Duration) -> Vec<String> {
        let deadline = Instant::now() + time;
        std::iter::from_fn(|| self.next(deadline.saturating_duration_since(Instant::now()))).collect()
    }

    fn has_been_told(&mut self, line: &str) -> bool {
        while self.next(Duration::ZERO).is_some() {}
        self.seen.iter().any(|seen| seen == line)
    }
}

impl Drop for Systemd {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

fn unique() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("ostler-systemd-{}-{number}", std::process::id())
}

#[test]
fn systemd_is_told_of_a_whole_life() {
    let mut systemd = Systemd::at_a_path();
    let mut fixture = systemd.start(&["probed"], &[]);
    let probes = fixture.probes();
    systemd.wait_for("STATUS=starting: waiting for front");
    // The start is extended again and again, and is not over.
    for _ in 0..3 {
        systemd.wait_for(EXTENSION);
    }
    assert_eq!(status(probes, "/startupz"), 503);
    assert!(!systemd.has_been_told("READY=1"), "{:#?}", systemd.seen);

    fixture.tell("be ready");
    fixture.wait_for("up");
    let up = Instant::now();
    assert_within(AT_ONCE, systemd.wait_for("READY=1") - up, "`notify` to READY");
    systemd.wait_for("STATUS=running: 1 unit");
    let sent = fixture.signal("TERM");
    assert_within(AT_ONCE, systemd.wait_for("STOPPING=1") - sent, "SIGTERM to STOPPING");
    systemd.wait_for("STATUS=stopping (SIGTERM): waiting for front");
    fixture.end().assert_code(0);

    while systemd.next(Duration::ZERO).is_some() {}
    let states: Vec<&str> = systemd
        .seen
        .iter()
        .map(String::as_str)
        .filter(|line| ["READY=1", "STOPPING=1"].contains(line))
        .collect();
    assert_eq!(states, ["READY=1", "STOPPING=1"], "each once");
    let statuses: Vec<&str> = systemd.seen.iter().filter_map(|line| line.strip_prefix("STATUS=")).collect();
    assert!(statuses.windows(2).all(|pair| pair[0] != pair[1]), "only what has changed: {statuses:#?}");
    assert!(!systemd.seen.iter().any(|line| line == WATCHDOG), "nobody asked for it");
}

#[test]
fn systemd_is_told_at_an_abstract_name_too() {
    let mut systemd = Systemd::at_an_abstract_name();
    let mut fixture = systemd.start(&["obedient"], &[]);
    fixture.wait_for("up");
    systemd.wait_for("READY=1");
    systemd.wait_for("STATUS=running: 4 units");
    fixture.signal("TERM");
    systemd.wait_for("STOPPING=1");
    fixture.end().assert_code(0);
}

#[test]
fn a_host_that_ends_at_once_was_ready_and_has_stopped() {
    let mut systemd = Systemd::at_a_path();
    // Many, because it is a race: the process ends as soon as the host has.
    for _ in 0..100 {
        systemd.start(&["brief"], &[]).end().assert_code(0);
        let told = systemd.all_within(Duration::ZERO);
        let states: Vec<&String> =
            told.iter().filter(|line| line.starts_with("READY") || line.starts_with("STOPPING")).collect();
        assert_eq!(states, ["READY=1", "STOPPING=1"], "{told:#?}");
    }
}

#[test]
fn a_failed_start_is_never_told_ready() {
    let mut systemd = Systemd::at_a_path();
    let fixture = systemd.start(&["failed-start"], &[]);
    fixture.end().assert_code(1);
    assert!(!systemd.has_been_told("READY=1"), "{:#?}", systemd.seen);
}

#[test]
fn a_stop_is_extended_in_time_while_a_unit_drains() {
    let mut systemd = Systemd::at_a_path();
    let mut fixture = systemd.start(&["draining"], &[]);
    fixture.wait_for("up");
    systemd.wait_for("READY=1");
    let mut last = fixture.signal("TERM");
    systemd.wait_for("STOPPING=1");
    for extension in 1..=4 {
        let told = systemd.wait_for(EXTENSION);
        // It has to come before the one before has run out: three times as long as promised.
        assert_within(LOOK, told - last, &format!("extension {extension}, since the one before"));
        last = told;
    }
    fixture.signal("TERM");
    fixture.end().assert_code(143);
}

#[test]
fn a_host_that_runs_extends_nothing() {
    let mut systemd = Systemd::at_a_path();
    let mut fixture = systemd.start(&["obedient"], &[]);
    fixture.wait_for("up");
    systemd.wait_for("STATUS=running");
    assert_eq!(systemd.all_within(3 * LOOK), Vec::<String>::new());
    fixture.signal("TERM");
    fixture.end().assert_code(0);
}

/// The interval of the watchdog in these tests. It is shorter than what liveness allows, so it is what counts.
const INTERVAL: Duration = Duration::from_secs(2);
const INTERVAL_USEC: (&str, &str) = ("WATCHDOG_USEC", "2000000");

#[test]
fn the_watchdog_is_fed_while_the_runtime_is_alive_and_only_then() {
    let mut systemd = Systemd::at_a_path();
    let mut fixture = systemd.start(&["hog", "60", "1"], &[INTERVAL_USEC]);
    systemd.wait_for("READY=1");
    let mut last = systemd.wait_for(WATCHDOG);
    for _ in 0..4 {
        let told = systemd.wait_for(WATCHDOG);
        assert_within(INTERVAL / 2, told - last, "from one WATCHDOG to the next");
        last = told;
    }

    fixture.tell("eat");
    fixture.wait_for("blocked ");
    let blocked = Instant::now();
    let stuck = systemd.wait_for("STATUS=running: 1 unit; the main runtime is stuck");
    let what = "block to the status that says it";
    assert_between(Duration::ZERO, INTERVAL + LOOK, 3 * (INTERVAL + LOOK), stuck - blocked, what);
    // Both are told in one look, so from here on the order alone counts.
    assert_eq!(systemd.all_within(2 * INTERVAL), Vec::<String>::new(), "withheld");
    assert!(!fixture.has_printed("free"));

    fixture.tell("be free");
    fixture.wait_for("free");
    let free = Instant::now();
    assert_within(LOOK, systemd.wait_for(WATCHDOG) - free, "free again to WATCHDOG");
    fixture.signal("TERM");
    fixture.end().assert_code(0);
}

#[test]
fn a_stop_is_told_and_extended_while_the_runtime_is_stuck() {
    let mut systemd = Systemd::at_a_path();
    let mut fixture = systemd.start(&["current-thread-stuck", "4"], &[INTERVAL_USEC]);
    fixture.wait_for("up");
    systemd.wait_for("READY=1");
    let sent = fixture.signal("TERM");
    assert_within(AT_ONCE, systemd.wait_for("STOPPING=1") - sent, "SIGTERM to STOPPING on a stuck runtime");
    for _ in 0..4 {
        systemd.wait_for(EXTENSION);
    }
    fixture.end().assert_code(75);
}

#[test]
fn the_watchdog_of_another_process_is_not_fed() {
    let mut systemd = Systemd::at_a_path();
    let mut fixture = systemd.start(&["obedient"], &[("WATCHDOG_USEC", "200000"), ("WATCHDOG_PID", "1")]);
    fixture.wait_for("up");
    systemd.wait_for("STATUS=running");
    systemd.all_within(LOOK);
    assert!(!systemd.has_been_told(WATCHDOG), "{:#?}", systemd.seen);
    fixture.signal("TERM");
    fixture.end().assert_code(0);
}

/// The line of the log that says that systemd cannot be told.
const COMPLAINT: &str = "systemd cannot be told";

#[test]
fn without_a_socket_nothing_is_told_and_nothing_is_said() {
    let mut fixture = Fixture::start_with(&["logged"], &[("NOTIFY_SOCKET", ""), INTERVAL_USEC]);
    fixture.wait_for("up");
    fixture.signal("TERM");
    let end = fixture.end();
    end.assert_code(0);
    assert!(!end.lines.iter().any(|line| line.contains(COMPLAINT)), "{:#?}", end.lines);
}

#[test]
fn a_program_that_handles_its_signals_itself_speaks_for_itself() {
    let mut systemd = Systemd::at_a_path();
    let mut fixture = systemd.start(&["own-signals"], &[]);
    fixture.wait_for("up");
    fixture.signal("TERM");
    fixture.wait_for("draining");
    fixture.tell("end");
    fixture.end().assert_code(0);
    assert_eq!(systemd.next(Duration::ZERO), None);
}

/// A host runs and ends as it would without systemd, and complains once.
fn lives_without(name: &str, why: &str) {
    let began = Instant::now();
    // Every look finds something to tell, and fails.
    let variables = [("NOTIFY_SOCKET", name), ("WATCHDOG_USEC", "200000")];
    let mut fixture = Fixture::start_with(&["logged"], &variables);
    fixture.wait_for("up");
    assert_within(LOOK, began.elapsed(), &format!("start where {why}"));
    fixture.wait_for_part(COMPLAINT);
    let sent = fixture.signal("TERM");
    let end = fixture.end();
    assert_within(LOOK, sent.elapsed(), &format!("SIGTERM where {why}"));
    end.assert_code(0);
    let complaints = end.lines.iter().filter(|line| line.contains(COMPLAINT)).count();
    assert_eq!(complaints, 1, "{:#?}", end.lines);
}

#[test]
fn a_socket_that_is_not_there_or_cannot_be_does_not_hold_the_host() {
    lives_without("/nowhere/notify", "the socket is not there");
    lives_without("vsock:2:1234", "the socket is of a kind that is not known");
}

/// Fills the socket up, as one that nobody reads.
fn fill(systemd: &Systemd) -> usize {
    let sender = UnixDatagram::unbound().expect("a socket");
    sender.set_nonblocking(true).expect("it can be set");
    let full = (0..100_000).find(|_| sender.send_to(b"X=1\n", &systemd.name).is_err());
    full.expect("a queue has an end")
}

#[test]
fn a_socket_that_nobody_reads_does_not_hold_the_host() {
    let systemd = Systemd::at_a_path();
    assert!(fill(&systemd) > 0);
    lives_without(&systemd.name, "nobody reads the socket");
}

#[test]
fn what_a_full_socket_did_not_take_is_told_when_it_is_read_again() {
    let mut systemd = Systemd::at_a_path();
    fill(&systemd);
    let mut fixture = systemd.start(&["logged"], &[]);
    fixture.wait_for("up");
    fixture.wait_for_part(COMPLAINT);
    fixture.wait_for_part("started units=4");
    // Not for luck: what could not be sent is to have been tried while the socket is full.
    std::thread::sleep(LOOK);
    let read = Instant::now();
    assert_within(LOOK, systemd.wait_for("READY=1") - read, "read again to READY");
    systemd.wait_for("STATUS=running: 4 units");
    fixture.signal("TERM");
    systemd.wait_for("STOPPING=1");
    fixture.end().assert_code(0);
}

#[test]
fn a_reload_is_told_with_its_time_and_its_end() {
    let settings = Settings::new("number = 1");
    let mut systemd = Systemd::at_a_path();
    let mut fixture = systemd.start(&["reloaded", settings.path()], &[]);
    systemd.wait_for("READY=1");
    settings.save("number = 2");
    let sent = fixture.signal("HUP");
    systemd.wait_for("RELOADING=1");
    systemd.wait_for("MONOTONIC_USEC=");
    let ready = systemd.wait_for("READY=1");
    assert_within(AT_ONCE, ready - sent, "from SIGHUP to READY=1");
    assert!(fixture.has_printed("number 2") || fixture.wait_for("number 2").is_empty());
}
