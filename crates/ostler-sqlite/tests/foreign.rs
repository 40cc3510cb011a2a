//! A foreign connection that holds the file's lock: typed timeouts, nothing lost, and all is well when it lets go.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail, and these are about real files, processes and threads, and the real clock"
)]

mod process;

use std::time::{Duration, Instant};

use ostler_jobs::{ErrorKind, Store};
use ostler_sqlite::SqliteStore;
use process::{Directory, Other, claim, insert, role, row, say, wait_to_be_told};
use rusqlite::{Connection, TransactionBehavior};

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
