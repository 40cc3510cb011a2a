//! A foreign connection that holds the file's lock: typed timeouts, nothing lost, and all is well when it lets go.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail, and these are about real files, processes and threads, and the real clock"
)]

mod process;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ostler_jobs::store::Beat;
use ostler_jobs::{ErrorKind, Store};
use ostler_sqlite::SqliteStore;
use process::{Directory, Other, begun, claim, insert, role, row, say, wait_to_be_told};
use rusqlite::{Connection, TransactionBehavior};
use tokio::task::JoinHandle;

const DEADLINE: Duration = Duration::from_secs(1);

/// What this binary does as another process.
#[test]
fn another_process() {
    let Some((role, file)) = role() else { return };
    assert_eq!(role, "hold");
    let mut connection = Connection::open(file).unwrap();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    say("holds");
    wait_to_be_told();
    transaction.rollback().unwrap();
    say("let go");
    wait_to_be_told();
}

#[tokio::test]
async fn calls_time_out_while_the_lock_is_held_and_go_through_afterwards() {
    let directory = Directory::new();
    let store = SqliteStore::options(directory.file()).deadline(DEADLINE).open().await.unwrap();
    let before = insert(&store, row(1)).await.unwrap().id;
    let mut other = Other::start("hold", &directory.file());
    other.hears("holds");
    // Three times the deadline, and a client's as well.
    for _ in 0..3 {
        let asked = Instant::now();
        let error = insert(&store, row(2)).await.unwrap_err();
        assert_eq!((error.kind(), error.is_ambiguous()), (ErrorKind::Timeout, false));
        // The deadline, and three times that as a margin for a machine with other things to do.
        assert!((DEADLINE..4 * DEADLINE).contains(&asked.elapsed()), "{:?}", asked.elapsed());
    }
    let transaction = store.transaction(|tx| tx.enqueue(process::Receipt { order: 3 })).await.unwrap_err();
    assert_eq!(transaction.store().unwrap().kind(), ErrorKind::Timeout);
    // What only reads is answered all the same.
    assert!(store.status(before).await.unwrap().is_some());
    let client = SqliteStore::open_client(directory.file()).await.unwrap();
    assert_eq!(insert(&client, row(4)).await.unwrap_err().kind(), ErrorKind::Timeout);

    other.tells();
    other.hears("let go");
    let after = insert(&store, row(5)).await.unwrap().id;
    let worker = store.join().await.unwrap();
    let claimed = claim(&store, worker, 9).await.unwrap();
    let ids: Vec<_> = claimed.jobs.iter().map(|job| job.id).collect();
    assert_eq!(ids, [before, after], "what had timed out was not done");
    other.ends();
}

/// Callers who ask for a write again and again, whatever comes of it, until they are told to end: for transactions, or for inserts.
fn keep_writing(store: &SqliteStore, ended: &Arc<AtomicBool>, transactions: &[bool]) -> Vec<JoinHandle<()>> {
    let caller = |&transaction: &bool| {
        let (store, ended) = (store.clone(), Arc::clone(ended));
        tokio::spawn(async move {
            while !ended.load(Ordering::Relaxed) {
                if transaction {
                    drop(store.transaction(|tx| tx.enqueue(process::Receipt { order: 1 })).await);
                } else {
                    drop(insert(&store, row(2)).await);
                }
            }
        })
    };
    transactions.iter().map(caller).collect()
}

/// A lease is lost where its beats are not answered: they never wait for the lock, nor for those who do.
#[tokio::test(flavor = "multi_thread")]
async fn beats_are_answered_while_transactions_wait_for_the_lock() {
    beats_are_answered_while_others_wait(&[true; 4]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn beats_are_answered_while_transactions_and_others_wait_for_the_lock() {
    beats_are_answered_while_others_wait(&[true, false, true, false, true, false]).await;
}

async fn beats_are_answered_while_others_wait(transactions: &[bool]) {
    let directory = Directory::new();
    let deadline = 3 * DEADLINE;
    let store = SqliteStore::options(directory.file()).deadline(deadline).open().await.unwrap();
    let worker = store.join().await.unwrap();
    let mut other = Other::start("hold", &directory.file());
    other.hears("holds");
    let ended = Arc::new(AtomicBool::new(false));
    let writers = keep_writing(&store, &ended, transactions);
    let start = Instant::now();
    while start.elapsed() < deadline + DEADLINE {
        let asked = Instant::now();
        let beat = store.beat(worker).await;
        assert!(matches!(beat, Ok(Beat::Alive { .. })), "after {:?}: {beat:?}", start.elapsed());
        // Some hundredths of a second, and many times that as a margin.
        assert!(asked.elapsed() < DEADLINE, "{:?}", asked.elapsed());
    }
    ended.store(true, Ordering::Relaxed);
    other.kill();
    for writer in writers {
        writer.await.unwrap();
    }
    insert(&store, row(1)).await.unwrap();
}

/// The time of a closure begins with it, however long its transaction waited for the lock.
#[tokio::test(flavor = "multi_thread")]
async fn a_closure_has_the_whole_deadline_after_a_wait_for_the_lock() {
    let deadline = 3 * DEADLINE;
    let directory = Directory::new();
    let store = SqliteStore::options(directory.file()).deadline(deadline).open().await.unwrap();
    let mut other = Other::start("hold", &directory.file());
    other.hears("holds");
    let asked = Instant::now();
    let transaction = begun({
        let store = store.clone();
        async move {
            store
                .transaction(|tx| {
                    let begun = Instant::now();
                    std::thread::sleep(2 * DEADLINE);
                    tx.enqueue(process::Receipt { order: 1 }).map(|_| begun)
                })
                .await
        }
    });
    // The time that the lock is held is what the test is about.
    tokio::time::sleep(2 * DEADLINE).await;
    other.tells();
    other.hears("let go");
    let begun = transaction.await.expect("it took less than its own time");
    assert!(begun.duration_since(asked) >= 2 * DEADLINE);
    other.ends();
}

#[tokio::test]
async fn a_file_that_is_locked_when_it_is_opened_is_a_timeout() {
    let directory = Directory::new();
    SqliteStore::options(directory.file()).open().await.unwrap().close().await;
    let mut other = Other::start("hold", &directory.file());
    other.hears("holds");
    let options = SqliteStore::options(directory.file()).deadline(DEADLINE);
    let error = options.clone().open().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    other.kill();
    options.open().await.unwrap();
}
