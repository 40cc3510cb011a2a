//! What the tests of this crate share: a directory of their own, a second process (this test's binary, run
//! again), and jobs.

#![allow(dead_code, reason = "each test's binary uses a part of it")]

use std::future::Future;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use ostler_jobs::store::{Claim, ClaimRequest, Insert, Inserted, NewRow, Suspects, Want};
use ostler_jobs::{Durability, JobArgs, JobId, Store, StoreError, WorkerId};
use serde::{Deserialize, Serialize};

/// Ends a test that hangs; nothing is asserted by it.
pub(crate) const HUNG: Duration = Duration::from_secs(60);

const ROLE: &str = "OSTLER_TEST_ROLE";
const FILE: &str = "OSTLER_TEST_FILE";

/// The test by which a binary plays another process.
pub(crate) const ENTRY: &str = "another_process";

/// A directory that goes with the test.
#[derive(Debug)]
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("ostler-sqlite-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.join("jobs.db")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// This binary as another process: it runs the test `another_process`, which asks for its [`role`].
#[derive(Debug)]
pub(crate) struct Other {
    child: Child,
    words: BufReader<ChildStdout>,
    told: Option<ChildStdin>,
}

impl Other {
    pub(crate) fn start(role: &str, file: &Path) -> Self {
        Self::spawn(Command::new(std::env::current_exe().unwrap()), role, file)
    }

    /// With this file mode creation mask.
    pub(crate) fn start_masked(role: &str, file: &Path, mask: &str) -> Self {
        let mut shell = Command::new("sh");
        let script = format!("umask {mask}; exec \"$0\" \"$@\"");
        shell.args(["-c", &script]).arg(std::env::current_exe().unwrap());
        Self::spawn(shell, role, file)
    }

    fn spawn(mut command: Command, role: &str, file: &Path) -> Self {
        command.args(["--exact", ENTRY, "--nocapture", "--test-threads=1"]).env(ROLE, role).env(FILE, file);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let words = BufReader::new(child.stdout.take().unwrap());
        let told = child.stdin.take();
        Self { child, words, told }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it says something that begins with this word; the rest of it.
    pub(crate) fn hears(&mut self, word: &str) -> String {
        let mut line = String::new();
        while self.words.read_line(&mut line).unwrap() > 0 {
            // The test harness may have written the beginning of the line.
            if let Some((_, said)) = line.split_once("said: ")
                && let Some(rest) = said.strip_prefix(word)
            {
                return rest.trim().to_owned();
            }
            line.clear();
        }
        panic!("the other process ended without saying {word}");
    }

    /// Lets it go on.
    pub(crate) fn tells(&mut self) {
        self.told.as_mut().unwrap().write_all(b"go\n").unwrap();
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn ends(mut self) {
        drop(self.told.take());
        assert!(self.child.wait().unwrap().success());
    }
}

/// What this process is to do, and with which file; `None` where it is the test itself.
pub(crate) fn role() -> Option<(String, PathBuf)> {
    Some((std::env::var(ROLE).ok()?, std::env::var_os(FILE)?.into()))
}

/// Says something to the test.
pub(crate) fn say(text: impl std::fmt::Display) {
    println!("said: {text}");
}

/// Waits until the test says so, or is gone.
pub(crate) fn wait_to_be_told() -> bool {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap() > 0
}

/// A runtime for a process that has no `#[tokio::test]`.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Arguments of a kind.
#[derive(Debug, Serialize, Deserialize, PartialEq)]
pub(crate) struct Receipt {
    pub(crate) order: i64,
}

impl JobArgs for Receipt {
    const KIND: &'static str = "receipt";
}

/// A plain job.
pub(crate) fn row(order: i64) -> NewRow {
    NewRow::new("receipt", "default", format!("{{\"order\":{order}}}")).unwrap()
}

pub(crate) fn one(row: NewRow) -> Insert {
    Insert { rows: vec![row], durability: Durability::Full }
}

pub(crate) async fn insert(store: &impl Store, row: NewRow) -> Result<Inserted, StoreError> {
    store.insert(one(row)).await.map(|inserted| inserted[0])
}

/// Takes up to so many jobs of the kind `receipt` from the default queue.
pub(crate) async fn claim(store: &impl Store, worker: WorkerId, most: usize) -> Option<Claim> {
    let request = ClaimRequest {
        worker,
        wants: vec![Want { queue: "default".into(), most }],
        kinds: Arc::new([Arc::from("receipt")].into()),
        suspects: Suspects::AsOthers,
    };
    store.claim(request).await.unwrap().claim
}

/// Waits until a worker gets a job, and says which.
pub(crate) async fn claim_next(store: &impl Store, worker: WorkerId) -> (Claim, JobId) {
    let mut ready = store.hints().when_ready();
    let waits = async {
        loop {
            ready.borrow_and_update();
            if let Some(claim) = claim(store, worker, 1).await {
                let job = claim.jobs[0].id;
                return (claim, job);
            }
            ready.changed().await.unwrap();
        }
    };
    tokio::time::timeout(HUNG, waits).await.expect("no job came")
}

/// A call that has been made, and waits for its answer.
pub(crate) type Waiting<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Makes the call: it is polled once, and has to wait.
pub(crate) fn begun<T>(call: impl Future<Output = T> + Send + 'static) -> Waiting<T> {
    let mut call: Waiting<T> = Box::pin(call);
    let mut context = Context::from_waker(std::task::Waker::noop());
    match call.as_mut().poll(&mut context) {
        Poll::Pending => call,
        Poll::Ready(_) => panic!("it did not wait"),
    }
}
