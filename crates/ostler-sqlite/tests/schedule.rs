//! When jobs become ready: once each, whatever the millisecond of an opening; not kept from it by rows that nobody can read;
//! and no more of them than are allowed to be ready.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail, and these are about real files and threads"
)]

mod process;

use std::time::Duration;

use jiff::Timestamp;
use ostler::Clock;
use ostler_jobs::store::{Due, NewRow};
use ostler_jobs::{CancelAnswer, ErrorKind, JobId, JobState, Store};
use ostler_sqlite::SqliteStore;
use process::{Directory, claim, insert, row};
use rusqlite::Connection;

const SECOND: Duration = Duration::from_secs(1);

fn clock() -> Clock {
    Clock::virtual_at(Timestamp::from_second(1_772_366_400).unwrap())
}

async fn open(directory: &Directory, clock: &Clock) -> SqliteStore {
    SqliteStore::options(directory.file()).clock(clock.clone()).open().await.unwrap()
}

fn in_a_second(order: i64) -> NewRow {
    row(order).due(Due::After(SECOND))
}

/// All that can be claimed, in order.
async fn claimed(store: &SqliteStore) -> Vec<JobId> {
    let worker = store.join().await.unwrap();
    let claim = claim(store, worker, 9).await;
    claim.into_iter().flat_map(|claim| claim.jobs).map(|job| job.id).collect()
}

async fn count(store: &SqliteStore, state: JobState) -> u64 {
    let counts = store.counts().await.unwrap();
    counts.iter().filter(|count| count.state == state).map(|count| count.jobs).sum()
}

/// Another program's change of the row of the `at`th job.
fn spoil(directory: &Directory, at: usize, change: &str) {
    let connection = Connection::open(directory.file()).unwrap();
    let sql = format!(
        "UPDATE ostler_job SET {change} WHERE id = (SELECT id FROM ostler_job ORDER BY id LIMIT 1 OFFSET ?1)"
    );
    assert_eq!(connection.execute(&sql, (at as i64,)).unwrap(), 1);
}

/// Why the `at`th job is parked, as its row has it.
fn blocked(directory: &Directory, at: usize) -> Option<String> {
    let connection = Connection::open(directory.file()).unwrap();
    let sql = "SELECT blocked FROM ostler_job ORDER BY id LIMIT 1 OFFSET ?1";
    connection.query_row(sql, (at as i64,), |row| row.get(0)).unwrap()
}

async fn is_parked(store: &SqliteStore, job: JobId) {
    let status = store.status(job).await.unwrap().unwrap();
    assert_eq!(status.state, JobState::Blocked);
    assert!(status.error.unwrap().starts_with("its row cannot be read: "));
}

#[tokio::test]
async fn a_job_that_is_due_in_the_millisecond_of_an_opening_is_ready_once() {
    let (directory, clock) = (Directory::new(), clock());
    let store = open(&directory, &clock).await;
    let job = insert(&store, in_a_second(1)).await.unwrap().id;
    store.close().await;
    clock.advance(SECOND);
    let store = open(&directory, &clock).await;
    assert_eq!(store.stage().await.unwrap().moved, 0, "the opening has made it ready");
    assert_eq!((count(&store, JobState::Ready).await, count(&store, JobState::Scheduled).await), (1, 0));
    assert_eq!(claimed(&store).await, [job]);
    assert_eq!(store.stage().await.unwrap().moved, 0);
    assert_eq!(claimed(&store).await, []);
}

#[tokio::test]
async fn rows_that_cannot_be_read_at_an_opening_are_parked_and_keep_no_other_from_it() {
    let spoils = ["priority = 300", "due = 1772366400500.5", "due = 'soon'", "due = 0.5", "crashes = 'many'"];
    let (directory, clock) = (Directory::new(), clock());
    let store = open(&directory, &clock).await;
    let mut jobs = Vec::new();
    for order in 0..4 {
        jobs.push(insert(&store, in_a_second(order)).await.unwrap().id);
    }
    // It runs when its process ends, so that it is to be taken back.
    jobs.push(insert(&store, row(4)).await.unwrap().id);
    assert_eq!(claimed(&store).await, jobs[4..]);
    let ready = insert(&store, row(5)).await.unwrap().id;
    let due = insert(&store, in_a_second(6)).await.unwrap().id;
    let of_nobody = insert(&store, in_a_second(7)).await.unwrap().id;
    store.close().await;
    for (at, change) in spoils.into_iter().enumerate() {
        spoil(&directory, at, change);
    }
    spoil(&directory, 7, "queue = 999");

    open(&directory, &clock).await.close().await;
    assert!(blocked(&directory, 7).unwrap().contains("no name"));
    spoil(&directory, 7, "blocked = 'seen'");
    open(&directory, &clock).await.close().await;
    assert_eq!(blocked(&directory, 7).unwrap(), "seen", "what is parked is not told again");
    let store = open(&directory, &clock).await;
    for job in &jobs {
        is_parked(&store, *job).await;
    }
    assert_eq!(count(&store, JobState::Blocked).await, 5, "that of no queue is nobody's to count");
    clock.advance(SECOND);
    assert_eq!(store.stage().await.unwrap().moved, 1);
    assert_eq!(claimed(&store).await, [ready, due]);
    assert_eq!(store.cancel(jobs[0]).await.unwrap(), CancelAnswer::Cancelled);
    assert_eq!(count(&store, JobState::Blocked).await, 4);
    assert!(store.status(of_nobody).await.is_err(), "it stays in the file");
}

#[tokio::test]
async fn rows_that_cannot_be_read_when_they_are_due_are_parked_and_keep_no_other_from_it() {
    let (directory, clock) = (Directory::new(), clock());
    let store = open(&directory, &clock).await;
    let mut jobs = Vec::new();
    for order in 0..3 {
        jobs.push(insert(&store, in_a_second(order)).await.unwrap().id);
    }
    spoil(&directory, 0, "priority = 300");
    spoil(&directory, 1, "due = 1772366400500.5");
    assert!(store.stage().await.unwrap().next.is_some());
    clock.advance(SECOND);
    let staged = store.stage().await.unwrap();
    assert_eq!((staged.moved, staged.next), (1, None));
    assert_eq!(claimed(&store).await, jobs[2..]);
    is_parked(&store, jobs[0]).await;
    is_parked(&store, jobs[1]).await;
    assert_eq!((count(&store, JobState::Blocked).await, count(&store, JobState::Scheduled).await), (2, 0));
}

#[tokio::test]
async fn a_due_time_that_is_over_does_not_get_around_the_bound_of_ready_jobs() {
    let (directory, clock) = (Directory::new(), clock());
    let options = SqliteStore::options(directory.file()).clock(clock.clone()).max_ready(1);
    let store = options.open().await.unwrap();
    insert(&store, row(1)).await.unwrap();
    for due in [Due::Now, Due::After(Duration::ZERO), Due::At(clock.wall()), Due::At(Timestamp::UNIX_EPOCH)] {
        let error = insert(&store, row(2).due(due)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::QueueFull, "{due:?}");
    }
    insert(&store, in_a_second(3)).await.unwrap();
}
