//! The promises of the header, kept by the real program, which speaks to a real socket.

use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;

use example_support::{PATIENCE, Program, refuses_unknown_arguments};

const PROGRAM: &str = env!("CARGO_BIN_EXE_systemd");

/// A folder of its own, removed with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ostler-example-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder can be made");
        Self(path)
    }

    /// Where the socket is.
    fn socket(&self) -> String {
        self.0.join("notify").to_str().expect("a plain path").to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The program, as systemd starts it.
fn start_under(socket: &str, arguments: &[&str]) -> Program {
    let socket = format!("NOTIFY_SOCKET={socket}");
    let mut all = vec![socket.as_str(), "WATCHDOG_USEC=500000", PROGRAM];
    all.extend(arguments);
    // It becomes the program, and has its process id.
    Program::start("env", &all)
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "there is no systemd here, and nothing is told")]
fn systemd_is_told_of_the_start_the_watchdog_and_the_stop() {
    let folder = Folder::new("told");
    let systemd = UnixDatagram::bind(folder.socket()).unwrap();
    systemd.set_read_timeout(Some(PATIENCE)).unwrap();
    let wait_for = |start: &str| {
        let mut buffer = [0; 4096];
        loop {
            let length = systemd.recv(&mut buffer).unwrap_or_else(|error| panic!("no {start}: {error}"));
            let told = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if told.lines().any(|line| line.starts_with(start)) {
                return told;
            }
            assert!(start == "STOPPING" || !told.contains("STOPPING"), "{told}");
        }
    };
    let mut program = start_under(&folder.socket(), &["--fast"]);
    wait_for("STATUS=starting: waiting for cache");
    assert!(wait_for("READY=1").contains("STATUS=running: 2 units"));
    wait_for("WATCHDOG=1");
    wait_for("WATCHDOG=1");
    program.terminate();
    let stopping = wait_for("STOPPING=1");
    assert!(stopping.contains("EXTEND_TIMEOUT_USEC=") && stopping.contains("STATUS=stopping (SIGTERM)"));
    assert_eq!(program.exit_code(), 0);
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "there is no systemd here, and nothing is told")]
fn the_listener_prints_what_the_program_tells() {
    let folder = Folder::new("listener");
    let mut listener = Program::start(PROGRAM, &["--listen", &folder.socket()]);
    listener.line("what is told here is printed");
    let mut program = start_under(&folder.socket(), &["--fast"]);
    listener.line("told READY=1, STATUS=running: 2 units");
    program.terminate();
    listener.line("told STOPPING=1");
    assert_eq!(program.exit_code(), 0);
}

#[test]
fn without_systemd_it_runs_as_any_other_program() {
    let mut program = Program::start("env", &["-u", "NOTIFY_SOCKET", PROGRAM, "--fast"]);
    program.line("started units=2");
    program.terminate();
    program.line("writing back");
    assert_eq!(program.exit_code(), 0);
}

#[test]
fn an_unknown_argument_is_refused() {
    refuses_unknown_arguments(PROGRAM);
}
