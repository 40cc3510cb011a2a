//! Power loss: what a process wrote and synced is replayed onto a disk that forgets whatever was not synced, and the file is opened
//! again. It needs `strace`, and leave to trace a child.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests may fail, and live in real time")]

mod disk;
mod trace;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ostler_jobs::{Client, JobId};
use ostler_sqlite::SqliteStore;

use crate::disk::Disk;
use crate::trace::Call;

const JOBS: usize = 40;

#[test]
fn what_was_acknowledged_survives_the_loss_of_all_that_was_not_synced() {
    if !can_trace() {
        return skip("strace is missing, or may not trace a child here");
    }
    let scratch = Scratch::new();
    let live = scratch.folder("live");
    let calls = trace::read(&traced(&live, &scratch.0.join("trace")));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (mut disk, mut acknowledged) = (Disk::default(), Vec::new());
    for call in calls {
        let ids = acks(&call, &live);
        disk.apply(call);
        if ids.is_empty() {
            continue;
        }
        acknowledged.extend(ids);
        let image = scratch.folder(&format!("after-{}", acknowledged.len()));
        disk.write_synced(&image);
        runtime.block_on(all_are_there(&image, &acknowledged));
    }
    assert_eq!(acknowledged.len(), JOBS);
    println!("{JOBS} jobs, a power loss after each: none is lost");
}

/// Runs the enqueuing process under `strace`; what that wrote.
fn traced(live: &Path, trace: &Path) -> String {
    let calls = "trace=openat,write,pwrite64,lseek,fsync,fdatasync,ftruncate,unlink";
    let status = Command::new("strace")
        .args(["-f", "-y", "-xx", "-s", "100000", "-e", calls, "-o"])
        .arg(trace)
        .arg(env!("CARGO_BIN_EXE_torture"))
        .arg("acknowledge")
        .arg(live)
        .arg(JOBS.to_string())
        .stdin(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    std::fs::read_to_string(trace).unwrap()
}

/// The ids that a call hands to the outside.
fn acks(call: &Call, live: &Path) -> Vec<JobId> {
    match call {
        Call::Write { path, data, .. } if *path == live.join("acks") => {
            std::str::from_utf8(data).unwrap().lines().map(|line| line.parse().unwrap()).collect()
        }
        _ => Vec::new(),
    }
}

async fn all_are_there(image: &Path, acknowledged: &[JobId]) {
    let store = SqliteStore::open(image.join("jobs.db")).await.unwrap();
    let client = Client::new(store.clone());
    for (number, &id) in acknowledged.iter().enumerate() {
        let status = client.status(id).await.unwrap();
        assert!(status.is_some(), "job {number} of {} acknowledged ones is lost", acknowledged.len());
    }
    store.close().await;
}

fn can_trace() -> bool {
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-o", "/dev/null", "true"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    strace.status().is_ok_and(|status| status.success())
}

fn skip(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "skipped, which is a failure under CI: {why}");
    println!("SKIPPED: {why}");
}

/// A folder that is removed when the test passes.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("power-loss-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn folder(&self, name: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::create_dir_all(&path).unwrap();
        path
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
