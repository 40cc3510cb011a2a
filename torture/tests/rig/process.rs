//! The processes of a run: started, killed, and started again.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::time::{ClockId, clock_gettime};

/// A folder of its own for each run, removed when the test passes and kept when it fails.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Tells the processes: `enough` or `drained`.
    pub(crate) fn say(&self, word: &str) {
        std::fs::write(self.0.join(word), "").unwrap();
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        match std::thread::panicking() {
            true => eprintln!("what is left: {}", self.0.display()),
            false => drop(std::fs::remove_dir_all(&self.0)),
        }
    }
}

/// A running process of the rig, which does not outlive the test.
pub(crate) struct Process {
    child: Child,
}

/// How and when a process was killed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kill {
    pub(crate) pid: u32,
    pub(crate) at: u128,
}

impl Process {
    /// Starts it; what it says goes to a file of its own in the folder.
    pub(crate) fn start(folder: &Path, log: &str, args: &[&str]) -> Self {
        let log = folder.join(format!("log.{log}"));
        let log = std::fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_torture"));
        command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        Self { child: command.spawn().unwrap() }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`, and gone when this returns.
    pub(crate) fn kill(&mut self) -> Kill {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        Kill { pid: self.pid(), at: boot_nanos() }
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// As the processes write it.
pub(crate) fn boot_nanos() -> u128 {
    let now = clock_gettime(ClockId::Boottime);
    std::time::Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap()).as_nanos()
}
