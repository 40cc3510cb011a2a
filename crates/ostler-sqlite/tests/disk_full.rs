//! A disk that is full, on a small file system of its own: typed errors, nothing lost, and recovery without a
//! restart.
//!
//! Mounting needs root. Where that is not given, the tests say so and are skipped; where `CI` is set, they fail.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail, and these are about real files, processes and threads, and the real clock"
)]

mod process;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use ostler_jobs::store::{End, Finish, NewRow, Verdict};
use ostler_jobs::{ErrorKind, JobId, Keep, Store};
use ostler_sqlite::{OpenOptions, SqliteStore};
use process::{Directory, claim, insert};

/// So slow that the store's looks at the disk, four times a second, come well before it is full.
const SLOW: Duration = Duration::from_millis(20);

/// How soon it has to go on when there is room.
const RECOVERY: Duration = Duration::from_secs(5);

/// A file system of eight megabytes, in memory.
struct Small(Directory);

impl Small {
    fn mount() -> Option<Self> {
        let directory = Directory::new();
        let done = mount(directory.path(), "size=8m");
        if done {
            return Some(Self(directory));
        }
        assert!(std::env::var_os("CI").is_none(), "a file system cannot be mounted here, and CI has to");
        eprintln!("skipped: a file system can only be mounted as root");
        None
    }

    fn options(&self) -> OpenOptions {
        SqliteStore::options(self.0.file())
    }

    fn grow(&self) {
        assert!(mount(self.0.path(), "remount,size=64m"));
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // Lazily, since the store's thread may not have closed its files yet.
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

fn mount(path: &Path, options: &str) -> bool {
    let mut command = Command::new("mount");
    command.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(path);
    command.status().is_ok_and(|status| status.success())
}

fn large() -> NewRow {
    let args = format!("\"{}\"", "x".repeat(64 * 1024));
    NewRow::new("receipt", "default", args).unwrap()
}

/// Inserts until that is refused: the jobs that were acknowledged.
async fn fill(store: &SqliteStore, pace: Duration) -> Vec<JobId> {
    let mut jobs = Vec::new();
    loop {
        tokio::time::sleep(pace).await;
        match insert(store, large()).await {
            Ok(inserted) => jobs.push(inserted.id),
            Err(error) => {
                assert_eq!((error.kind(), error.is_ambiguous()), (ErrorKind::StoreFull, false), "{error}");
                return jobs;
            }
        }
        assert!(jobs.len() < 1_000, "the disk is never full");
    }
}

/// Inserts until that is done, with no restart.
async fn recovers(store: &SqliteStore) -> JobId {
    let start = Instant::now();
    loop {
        match insert(store, large()).await {
            Ok(inserted) => return inserted.id,
            Err(error) => assert_eq!(error.kind(), ErrorKind::StoreFull, "{error}"),
        }
        assert!(start.elapsed() < RECOVERY, "it does not recover");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn all_are_there(store: &SqliteStore, jobs: &[JobId]) {
    for &job in jobs {
        assert!(store.status(job).await.unwrap().is_some(), "an acknowledged job is lost");
    }
    let worker = store.join().await.unwrap();
    let claimed = claim(store, worker, 2_000).await.unwrap();
    assert_eq!(claimed.jobs.iter().map(|job| job.id).collect::<Vec<_>>(), jobs);
}

#[tokio::test]
async fn below_the_watermark_jobs_are_refused_and_running_ones_can_end() {
    let Some(disk) = Small::mount() else { return };
    let store = disk.options().watermark(2 * 1024 * 1024).open().await.unwrap();
    let worker = store.join().await.unwrap();
    let first = insert(&store, large()).await.unwrap().id;
    let running = claim(&store, worker, 1).await.unwrap();
    let mut jobs = fill(&store, SLOW).await;
    let free = rustix::fs::statvfs(disk.0.path()).unwrap();
    assert!(free.f_bavail * free.f_frsize > 1024 * 1024, "it was refused only when the disk was full");
    let error = store.transaction(|tx| tx.enqueue(process::Receipt { order: 1 })).await.unwrap_err();
    assert!(error.to_string().contains("make room"), "{error}");
    let done = Finish { claim: running.id, job: first, end: End::Done { result: None }, keep: Keep::NONE };
    assert_eq!(store.finish(vec![done]).await.unwrap(), [Verdict::Accepted]);
    disk.grow();
    jobs.push(recovers(&store).await);
    all_are_there(&store, &jobs).await;
}

#[tokio::test]
async fn a_disk_that_is_full_to_the_last_byte_is_the_same_error() {
    let Some(disk) = Small::mount() else { return };
    let store = disk.options().watermark(0).open().await.unwrap();
    let mut jobs = fill(&store, Duration::ZERO).await;
    // It stays so, and is no other error at a second try.
    assert_eq!(insert(&store, large()).await.unwrap_err().kind(), ErrorKind::StoreFull);
    disk.grow();
    jobs.push(recovers(&store).await);
    all_are_there(&store, &jobs).await;
}

#[tokio::test]
async fn a_small_file_system_has_a_watermark_that_leaves_it_of_use() {
    let Some(disk) = Small::mount() else { return };
    let store = disk.options().open().await.unwrap();
    // A twentieth of eight megabytes is kept free, so most of it can be used.
    assert!(fill(&store, Duration::ZERO).await.len() > 30);
}
