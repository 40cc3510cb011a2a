//! Another program holds the lock of the file for longer than every deadline and several leases: calls are told so, health says so,
//! nothing is lost, and all recovers by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ostler::{Clock, Host, HostHandle, State, Status};
use ostler_jobs::{Client, ErrorKind, JobArgs, JobState, Workers};
use ostler_sqlite::SqliteStore;
use rusqlite::{Connection, TransactionBehavior};
use serde::{Deserialize, Serialize};

use crate::process::Scratch;
use crate::results;

const DEADLINE: Duration = Duration::from_secs(1);
const LEASE: Duration = Duration::from_secs(2);
const JOBS: usize = 50;

/// How long the lock is held.
fn held_for() -> Duration {
    let is_full = std::env::var("TORTURE").is_ok_and(|scale| scale == "full");
    Duration::from_secs(if is_full { 60 } else { 3 * LEASE.as_secs() })
}

#[derive(Serialize, Deserialize)]
struct Short;

impl JobArgs for Short {
    const KIND: &'static str = "short";
}

async fn short(_job: Short, State(runs): State<Arc<AtomicUsize>>, clock: Clock) {
    clock.sleep(Duration::from_millis(100)).await;
    runs.fetch_add(1, Ordering::SeqCst);
}

#[test]
fn a_lock_that_another_program_keeps_loses_nothing() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(test());
}

async fn test() {
    let scratch = Scratch::new("locked");
    let path = scratch.path().join("jobs.db");
    let store = SqliteStore::options(&path).deadline(DEADLINE).open().await.unwrap();
    let client = Client::new(store.clone());
    let jobs = client.enqueue_all((0..JOBS).map(|_| Short)).await.unwrap();
    let runs = Arc::new(AtomicUsize::new(0));
    let workers = Workers::new(store.clone()).queue("default", 4).lease(LEASE).handle(short);
    let host = Host::new(Arc::clone(&runs)).mount("jobs", workers);
    let handle = host.handle();
    let ends = tokio::spawn(host.run());
    until("a job has run", || runs.load(Ordering::SeqCst) > 0).await;

    let mut other = Connection::open(&path).unwrap();
    other.busy_timeout(Duration::from_secs(10)).unwrap();
    let lock = other.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    let (taken, mut timeouts) = (Instant::now(), 0);
    until("the workers are degraded", || of_workers(&handle) == Status::Degraded).await;
    while taken.elapsed() < held_for() {
        let error = client.enqueue(Short).await.unwrap_err();
        assert_eq!((error.kind(), error.is_ambiguous()), (ErrorKind::Timeout, false), "{error}");
        timeouts += 1;
    }
    assert_eq!(of_workers(&handle), Status::Degraded);
    lock.rollback().unwrap();

    let after = client.enqueue(Short).await.unwrap();
    until("all have run", || runs.load(Ordering::SeqCst) == JOBS + 1).await;
    until("the workers are healthy", || of_workers(&handle) == Status::Healthy).await;
    for job in jobs.iter().chain([&after]) {
        let end = job.wait().await.unwrap().status;
        assert_eq!((end.state, end.attempts, end.crashes), (JobState::Done, 1, 0), "{end:?}");
    }
    println!(
        "lock held for {:?}: {timeouts} enqueues timed out, {} jobs done once each",
        held_for(),
        JOBS + 1
    );
    results::locked(held_for(), timeouts, JOBS + 1);
    handle.stop();
    ends.await.unwrap().unwrap();
    store.close().await;
}

fn of_workers(host: &HostHandle) -> Status {
    host.health().entries.iter().find(|entry| entry.name == "jobs").unwrap().status
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(60), "a minute has passed, and not: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
