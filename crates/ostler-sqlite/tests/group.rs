//! Callers who share a commit: what one of them does wrong is its own, and what is full or broken is told by its kind.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail, and these are about real files, threads and the real clock"
)]

mod process;

use std::sync::Arc;
use std::time::{Duration, Instant};

use ostler_jobs::store::{Due, End, Finish, Insert, NewRow, Verdict};
use ostler_jobs::{Durability, ErrorKind, JobState, Keep, Store, StoreError};
use ostler_sqlite::SqliteStore;
use process::{Directory, begun, claim, insert, row};
use rusqlite::{Connection, TransactionBehavior};

/// A trigger that fails the insert of rows whose arguments have this word in them, in this way.
fn trap(directory: &Directory, word: &str, how: &str) {
    let sql = format!(
        "CREATE TRIGGER {word} BEFORE INSERT ON ostler_job WHEN NEW.args LIKE '%{word}%'
         BEGIN SELECT RAISE({how}, 'a trap'); END"
    );
    Connection::open(directory.file()).unwrap().execute_batch(&sql).unwrap();
}

fn with(word: &str) -> NewRow {
    NewRow::new("receipt", "default", format!("{{\"word\":\"{word}\"}}")).unwrap()
}

async fn insert_all(store: SqliteStore, rows: Vec<NewRow>) -> Result<usize, StoreError> {
    let inserted = store.insert(Insert { rows, durability: Durability::Full }).await?;
    Ok(inserted.len())
}

/// Makes these inserts one group: they are asked while another connection holds the lock.
async fn in_one_group(
    store: &SqliteStore,
    directory: &Directory,
    inserts: Vec<Vec<NewRow>>,
) -> Vec<Result<usize, StoreError>> {
    let mut other = Connection::open(directory.file()).unwrap();
    let held = other.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    let asked: Vec<_> = inserts.into_iter().map(|rows| begun(insert_all(store.clone(), rows))).collect();
    // Answered in order with the others, where no lock is needed: so the writer has them all.
    store.counts().await.unwrap();
    held.rollback().unwrap();
    let mut answers = Vec::new();
    for asked in asked {
        answers.push(asked.await);
    }
    answers
}

async fn ready(store: &SqliteStore) -> u64 {
    let counts = store.counts().await.unwrap();
    counts.iter().filter(|count| count.state == JobState::Ready).map(|count| count.jobs).sum()
}

/// The same of the file, read by another.
fn rows_of(directory: &Directory) -> u64 {
    let connection = Connection::open(directory.file()).unwrap();
    connection.query_row("SELECT COUNT(*) FROM ostler_job", (), |row| row.get::<_, i64>(0)).unwrap() as u64
}

#[tokio::test]
async fn a_group_that_is_rolled_back_is_run_again_without_the_one_that_failed() {
    for how in ["ROLLBACK", "ABORT", "FAIL"] {
        let directory = Directory::new();
        let store = SqliteStore::open(directory.file()).await.unwrap();
        trap(&directory, "bomb", how);
        let inserts =
            vec![vec![row(1)], vec![row(2), row(3)], vec![with("bomb")], vec![row(4)], vec![row(5)]];
        let answers = in_one_group(&store, &directory, inserts).await;
        let (good, bad): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!((good.len(), bad.len()), (4, 1), "{how}: {bad:?}");
        assert_eq!((ready(&store).await, rows_of(&directory)), (5, 5), "{how}");
        let worker = store.join().await.unwrap();
        let jobs = claim(&store, worker, 9).await.unwrap().jobs;
        let orders: Vec<&str> = jobs.iter().map(|job| &*job.args).collect();
        assert_eq!(orders.len(), 5);
        assert!(orders.is_sorted(), "{how}: {orders:?}");
    }
}

#[tokio::test]
async fn a_batch_is_added_as_a_whole_or_not_at_all() {
    for how in ["ROLLBACK", "ABORT", "FAIL"] {
        let directory = Directory::new();
        let store = SqliteStore::open(directory.file()).await.unwrap();
        trap(&directory, "bomb", how);
        let inserts = vec![vec![row(1)], vec![row(2), row(3), with("bomb"), row(4)], vec![row(5)]];
        let answers = in_one_group(&store, &directory, inserts).await;
        assert_eq!(answers.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true], "{how}");
        assert_eq!((ready(&store).await, rows_of(&directory)), (2, 2), "{how}");
    }
}

#[tokio::test]
async fn a_group_is_run_again_once_and_then_all_of_it_fails() {
    let directory = Directory::new();
    let store = SqliteStore::open(directory.file()).await.unwrap();
    trap(&directory, "bomb", "ROLLBACK");
    let inserts = vec![vec![row(1)], vec![with("bomb")], vec![with("bomb")], vec![row(2)]];
    let answers = in_one_group(&store, &directory, inserts).await;
    assert!(answers.iter().all(Result::is_err), "{answers:?}");
    assert_eq!((ready(&store).await, rows_of(&directory)), (0, 0));
    insert(&store, row(3)).await.unwrap();
}

#[tokio::test]
async fn a_full_queue_is_told_and_passes_when_workers_catch_up() {
    let directory = Directory::new();
    let store = SqliteStore::options(directory.file()).max_ready(2).open().await.unwrap();
    insert(&store, row(1)).await.unwrap();
    let both = insert_all(store.clone(), vec![row(2), row(3)]).await.unwrap_err();
    assert_eq!(both.kind(), ErrorKind::QueueFull);
    insert(&store, row(2)).await.unwrap();
    assert_eq!(insert(&store, row(3)).await.unwrap_err().kind(), ErrorKind::QueueFull);
    let worker = store.join().await.unwrap();
    let held = claim(&store, worker, 1).await.unwrap();
    let end = End::Done { result: None };
    let finish = Finish { claim: held.id, job: held.jobs[0].id, end, keep: Keep::NONE };
    assert_eq!(store.finish(vec![finish]).await.unwrap(), [Verdict::Accepted]);
    insert(&store, row(3)).await.unwrap();
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_parked_and_its_queue_goes_on() {
    let broken: [(&str, &[u8]); 4] =
        [("no UTF-8", b"\"\xff\""), ("no JSON", b"{"), ("empty", b""), ("of the type", b"{}")];
    let directory = Directory::new();
    let store = SqliteStore::open(directory.file()).await.unwrap();
    let mut jobs = Vec::new();
    for order in 0..6 {
        jobs.push(insert(&store, row(order)).await.unwrap().id);
    }
    store.close().await;
    let connection = Connection::open(directory.file()).unwrap();
    for (at, (why, bytes)) in broken.into_iter().enumerate() {
        let value = if why == "of the type" { "?2" } else { "CAST(?2 AS TEXT)" };
        let sql = format!(
            "UPDATE ostler_job SET args = {value} WHERE id = (SELECT id FROM ostler_job ORDER BY id LIMIT 1 OFFSET ?1)"
        );
        connection.execute(&sql, (at as i64, bytes)).unwrap();
    }
    drop(connection);

    let store = SqliteStore::open(directory.file()).await.unwrap();
    let worker = store.join().await.unwrap();
    let claimed = claim(&store, worker, 2).await.unwrap();
    assert_eq!(claimed.jobs.iter().map(|job| job.id).collect::<Vec<_>>(), jobs[4..]);
    for (job, (why, _)) in jobs.iter().zip(broken) {
        let status = store.status(*job).await.unwrap().unwrap();
        assert_eq!(status.state, JobState::Blocked);
        let reason = status.error.unwrap();
        assert!(reason.starts_with("its row cannot be read: ") && reason.contains(why), "{why}: {reason}");
    }
    let blocked = store.counts().await.unwrap();
    assert!(blocked.iter().any(|count| (count.state, count.jobs) == (JobState::Blocked, 4)), "{blocked:?}");
    assert_eq!(store.cancel(jobs[0]).await.unwrap(), ostler_jobs::CancelAnswer::Cancelled);
}

/// How much later than promised a machine with other things to do may be.
const MARGIN: Duration = Duration::from_secs(5);

/// A commit that takes for ever, as with a disk that does not answer: here a closure that does not return.
#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_is_stuck_keeps_nobody_waiting_for_longer_than_was_promised() {
    let deadline = Duration::from_millis(500);
    let directory = Directory::new();
    let store = SqliteStore::options(directory.file()).deadline(deadline).open().await.unwrap();
    let (go_on, told) = std::sync::mpsc::channel::<()>();
    let start = Instant::now();
    let stuck = begun({
        let store = store.clone();
        async move { store.transaction(move |_| told.recv()).await }
    });
    let waiting = insert(&store, row(1)).await.unwrap_err();
    assert_eq!((waiting.kind(), waiting.is_ambiguous()), (ErrorKind::Timeout, false), "it was never begun");
    assert!((deadline..deadline + MARGIN).contains(&start.elapsed()), "{:?}", start.elapsed());
    let error = stuck.await.unwrap_err();
    let error = error.store().unwrap();
    assert_eq!((error.kind(), error.is_ambiguous()), (ErrorKind::Timeout, true), "nobody knows its end yet");
    assert!((2 * deadline..2 * deadline + MARGIN).contains(&start.elapsed()), "{:?}", start.elapsed());

    go_on.send(()).unwrap();
    let after = insert(&store, row(2)).await;
    after.unwrap();
    assert_eq!((ready(&store).await, rows_of(&directory)), (1, 1), "what timed out was not done");
}

/// The deadline is each request's own: those who share a transaction do not use up the time of the others.
#[tokio::test(flavor = "multi_thread")]
async fn many_slow_requests_do_not_fail_for_what_they_take_together() {
    let directory = Directory::new();
    let deadline = Duration::from_secs(1);
    let store = SqliteStore::options(directory.file()).deadline(deadline).open().await.unwrap();
    // Each takes some tens of milliseconds, all of them several deadlines.
    let slow = "CREATE TABLE number (n INTEGER PRIMARY KEY);
        WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < 1000) INSERT INTO number SELECT n FROM up;
        CREATE TRIGGER slow BEFORE INSERT ON ostler_job BEGIN
        SELECT count(*) FROM number a, number b WHERE a.n + b.n < 0; END";
    Connection::open(directory.file()).unwrap().execute_batch(slow).unwrap();
    let answers = in_one_group(&store, &directory, (0..200).map(|order| vec![row(order)]).collect()).await;
    let (good, bad): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert!(!good.is_empty(), "{:?}", bad.first());
    for error in bad.into_iter().filter_map(Result::err) {
        assert_eq!(
            (error.kind(), error.is_ambiguous()),
            (ErrorKind::Timeout, false),
            "it was not begun in time"
        );
        assert!(!error.to_string().contains("add a job"), "it was interrupted: {error}");
    }
    assert_eq!((ready(&store).await, rows_of(&directory)), (good.len() as u64, good.len() as u64));
}

#[tokio::test]
async fn many_callers_are_all_answered_and_share_commits() {
    let directory = Directory::new();
    let store = SqliteStore::open(directory.file()).await.unwrap();
    let callers: Vec<_> = (0..64)
        .map(|caller| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut ids = Vec::new();
                for order in 0..20 {
                    ids.push(insert(&store, row(caller * 100 + order)).await.unwrap().id);
                }
                ids
            })
        })
        .collect();
    let mut ids = std::collections::BTreeSet::new();
    for caller in callers {
        ids.extend(caller.await.unwrap());
    }
    assert_eq!((ids.len(), ready(&store).await, rows_of(&directory)), (1280, 1280, 1280));
}

/// On the machine's clock nobody has to stage: the writer wakes up when the next job is due, and not at its poll.
#[tokio::test]
async fn a_due_job_becomes_ready_by_itself() {
    let directory = Directory::new();
    let poll = Duration::from_secs(60);
    let store = SqliteStore::options(directory.file()).inbox_poll(poll).open().await.unwrap();
    let worker = store.join().await.unwrap();
    let soon = row(1).due(Due::After(Duration::from_millis(300)));
    let start = Instant::now();
    let job = insert(&store, soon).await.unwrap().id;
    assert!(claim(&store, worker, 1).await.is_none());
    let (_, claimed) = process::claim_next(&store, worker).await;
    assert_eq!(claimed, job);
    let took = start.elapsed();
    assert!((Duration::from_millis(300)..MARGIN).contains(&took), "{took:?}");
}

/// A store does not need a runtime of tokio's: any executor can wait for it.
#[test]
fn it_works_without_a_runtime() {
    struct Unpark(std::thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(std::thread::current())).into();
    let mut context = std::task::Context::from_waker(&waker);
    let directory = Directory::new();
    let mut all = std::pin::pin!(async {
        let store = SqliteStore::open(directory.file()).await.unwrap();
        let id = insert(&store, row(1)).await.unwrap().id;
        assert!(store.status(id).await.unwrap().is_some());
        store.close().await;
    });
    while all.as_mut().poll(&mut context).is_pending() {
        std::thread::park();
    }
}
