//! Transactions of the application's own: committed with their jobs or rolled back alone, whatever the closure does.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail, and these are about real files, processes and threads, and the real clock"
)]

mod process;

use std::panic::panic_any;
use std::sync::mpsc;
use std::time::Duration;

use ostler_jobs::store::Inserted;
use ostler_jobs::{Client, ErrorKind, JobArgs, JobState, Store, StoreError};
use ostler_sqlite::{OpenOptions, SqliteStore, TransactionError, Tx};
use process::{Directory, HUNG, Receipt, Waiting, begun, claim, insert, one, row};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

const CALLERS: i64 = 256;

/// A statement that ends only when it is interrupted.
const ENDLESS: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

struct World {
    store: SqliteStore,
    directory: Directory,
}

impl World {
    async fn new() -> Self {
        Self::with(|options| options).await
    }

    async fn with(set: impl FnOnce(OpenOptions) -> OpenOptions) -> Self {
        let directory = Directory::new();
        let store = set(SqliteStore::options(directory.file())).open().await.unwrap();
        let table = store.transaction(|tx| tx.sql().execute_batch("CREATE TABLE orders (item TEXT)"));
        table.await.unwrap();
        Self { store, directory }
    }

    async fn orders(&self) -> i64 {
        let count = self
            .store
            .transaction(|tx| tx.sql().query_row("SELECT count(*) FROM orders", (), |row| row.get(0)));
        count.await.unwrap()
    }

    /// Jobs that are not finished, as the store counts them and as they stand in the file.
    async fn jobs(&self) -> u64 {
        let counted = self.store.counts().await.unwrap().iter().map(|count| count.jobs).sum();
        let rows = self.store.transaction(|tx| {
            tx.sql().query_row("SELECT count(*) FROM ostler_job", (), |row| row.get::<_, i64>(0))
        });
        assert_eq!(rows.await.unwrap(), i64::try_from(counted).unwrap(), "the file and the memory differ");
        counted
    }

    /// Calls to enqueue, all of them waiting.
    fn callers(&self) -> Vec<Waiting<Result<Vec<Inserted>, StoreError>>> {
        let call = |order| {
            let store = self.store.clone();
            begun(async move { store.insert(one(row(order))).await })
        };
        (0..CALLERS).map(call).collect()
    }

    /// The transaction alone fails, and what comes of it; all who wait meanwhile get what they asked for.
    async fn with_callers<T, E>(
        &self,
        closure: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, TransactionError<E>>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        let (begins, began) = mpsc::channel();
        let (go_on, told) = mpsc::channel::<()>();
        let store = self.store.clone();
        let transaction = begun(async move {
            let closure = move |tx: &mut Tx<'_>| {
                order(tx, "a lamp").unwrap();
                tx.enqueue(Receipt { order: 1 }).unwrap();
                begins.send(()).unwrap();
                told.recv().unwrap();
                closure(tx)
            };
            store.transaction(closure).await
        });
        tokio::task::spawn_blocking(move || began.recv_timeout(HUNG).unwrap()).await.unwrap();
        let callers = self.callers();
        go_on.send(()).unwrap();
        let end = transaction.await;
        for caller in callers {
            caller.await.expect("a caller that only waited");
        }
        end
    }

    /// It left nothing, and the callers' jobs are there.
    async fn is_rolled_back(&self) {
        assert_eq!(self.orders().await, 0);
        assert_eq!(self.jobs().await, u64::try_from(CALLERS).unwrap());
    }
}

fn order(tx: &Tx<'_>, item: &str) -> rusqlite::Result<usize> {
    tx.sql().execute("INSERT INTO orders VALUES (?1)", [item])
}

fn kind<T, E>(end: Result<T, TransactionError<E>>) -> ErrorKind {
    match end {
        Err(TransactionError::Store(error)) => error.kind(),
        Err(TransactionError::Failed(_)) => panic!("the closure's own error"),
        Ok(_) => panic!("it was committed"),
    }
}

#[tokio::test]
async fn rows_and_jobs_are_committed_together() {
    let world = World::new().await;
    let mut ready = world.store.hints().when_ready();
    ready.borrow_and_update();
    let job = world.store.transaction(|tx| {
        order(tx, "a lamp")?;
        Ok::<_, BoxError>(tx.enqueue(Receipt { order: 7 })?)
    });
    let job = job.await.unwrap();
    assert!(ready.has_changed().unwrap(), "nobody was told of the job");
    assert_eq!((world.orders().await, world.jobs().await), (1, 1));
    let worker = world.store.join().await.unwrap();
    let claim = claim(&world.store, worker, 9).await.expect("a job is ready");
    assert_eq!((claim.jobs[0].id, &*claim.jobs[0].args), (job, "{\"order\":7}"));
}

#[tokio::test]
async fn a_transaction_that_fails_is_rolled_back_alone() {
    let world = World::new().await;
    let end = world.with_callers(|_| Err::<(), _>("no more lamps")).await;
    assert!(matches!(end, Err(TransactionError::Failed("no more lamps"))));
    world.is_rolled_back().await;
}

#[tokio::test]
async fn one_that_panics_is_rolled_back_alone() {
    let world = World::new().await;
    let end = world.with_callers(|_| -> Result<(), &str> { panic!("no lamp at all") }).await;
    let error = end.unwrap_err();
    assert_eq!(error.store().unwrap().kind(), ErrorKind::RolledBack);
    assert!(error.to_string().contains("no lamp at all"), "{error}");
    world.is_rolled_back().await;
}

/// Half of its time is gone when the others come, so that theirs is not over when it is stopped.
fn overruns(tx: &mut Tx<'_>, begins: &mpsc::Sender<()>) -> Result<i64, BoxError> {
    order(tx, "a lamp")?;
    tx.enqueue(Receipt { order: 1 })?;
    std::thread::sleep(Duration::from_secs(2));
    begins.send(())?;
    Ok(tx.sql().query_row(ENDLESS, (), |row| row.get(0))?)
}

#[tokio::test]
async fn one_that_overruns_is_interrupted_and_rolled_back_alone() {
    let world = World::with(|options| options.deadline(Duration::from_secs(4))).await;
    let started = std::time::Instant::now();
    let store = world.store.clone();
    let (begins, began) = mpsc::channel();
    let transaction = begun(async move { store.transaction(move |tx| overruns(tx, &begins)).await });
    tokio::task::spawn_blocking(move || began.recv_timeout(HUNG).unwrap()).await.unwrap();
    let callers = world.callers();
    assert_eq!(kind(transaction.await), ErrorKind::Timeout);
    // Four seconds, and three times that as a margin for a machine with other things to do.
    assert!(started.elapsed() < Duration::from_secs(12), "{:?}", started.elapsed());
    for caller in callers {
        caller.await.expect("a caller that only waited");
    }
    world.is_rolled_back().await;
}

#[tokio::test]
async fn one_that_returns_too_late_is_rolled_back() {
    let world = World::with(|options| options.deadline(Duration::from_millis(200))).await;
    let late = world.store.transaction(|tx| {
        order(tx, "a lamp")?;
        std::thread::sleep(Duration::from_millis(300));
        Ok::<_, BoxError>(())
    });
    let error = late.await.unwrap_err();
    let error = error.store().unwrap();
    assert_eq!((error.kind(), error.is_ambiguous()), (ErrorKind::Timeout, false));
    assert_eq!((world.orders().await, world.jobs().await), (0, 0));
}

#[tokio::test]
async fn a_closure_that_ends_the_transaction_itself_has_written_nothing() {
    let world = World::new().await;
    for ends in
        ["COMMIT", "ROLLBACK", "COMMIT; BEGIN", "ROLLBACK; BEGIN; INSERT INTO orders VALUES ('a lamp')"]
    {
        let end = world.store.transaction(move |tx| {
            order(tx, "a lamp")?;
            tx.enqueue(Receipt { order: 1 })?;
            let _ = tx.sql().execute_batch(ends);
            Ok::<_, BoxError>(())
        });
        assert_eq!(kind(end.await), ErrorKind::RolledBack, "{ends}");
        assert_eq!((world.orders().await, world.jobs().await), (0, 0), "{ends}");
    }
    insert(&world.store, row(1)).await.unwrap();
}

#[tokio::test]
async fn a_job_after_the_end_of_the_transaction_is_not_left_behind() {
    let world = World::new().await;
    let end = world.store.transaction(|tx| {
        let _ = tx.sql().execute_batch("ROLLBACK");
        let refused = tx.enqueue(Receipt { order: 1 });
        assert!(refused.is_err());
        Ok::<_, BoxError>(())
    });
    assert!(end.await.is_err());
    assert_eq!(world.jobs().await, 0);
}

#[tokio::test]
async fn savepoints_are_the_closures_own() {
    let world = World::new().await;
    let kept = world.store.transaction(|tx| {
        tx.sql()
            .execute_batch("SAVEPOINT one; INSERT INTO orders VALUES ('a'); ROLLBACK TO one; RELEASE one")?;
        order(tx, "b")?;
        Ok::<_, BoxError>(())
    });
    kept.await.unwrap();
    assert_eq!(world.orders().await, 1);
}

#[tokio::test]
async fn no_other_database_is_attached() {
    let world = World::new().await;
    let other = world.directory.path().join("other.db").display().to_string();
    let end = world.store.transaction(move |tx| tx.sql().execute("ATTACH ?1 AS other", [other]));
    let error = end.await.unwrap_err();
    assert!(error.to_string().contains("attached"), "{error}");
}

#[tokio::test]
async fn a_job_that_is_not_allowed_leaves_the_transaction_as_it_was() {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Misnamed;
    impl JobArgs for Misnamed {
        const KIND: &'static str = "no name";
    }
    let world = World::new().await;
    let end = world.store.transaction(|tx| {
        assert_eq!(tx.enqueue(Misnamed).unwrap_err().kind(), ErrorKind::Invalid);
        let jobs = tx.enqueue_all((0..3).map(|order| Receipt { order }))?;
        Ok::<_, BoxError>(jobs)
    });
    let jobs = end.await.unwrap();
    assert_eq!((jobs.len(), world.jobs().await), (3, 3));
    let worker = world.store.join().await.unwrap();
    let claimed = claim(&world.store, worker, 9).await.unwrap();
    assert_eq!(claimed.jobs.iter().map(|job| job.id).collect::<Vec<_>>(), jobs);
}

#[tokio::test]
async fn the_bound_of_ready_jobs_holds_in_it() {
    let world = World::with(|options| options.max_ready(2)).await;
    let end = world.store.transaction(|tx| {
        let jobs = tx.enqueue_all((0..3).map(|order| Receipt { order }));
        Ok::<_, BoxError>(jobs.map_err(|error| error.kind()))
    });
    assert_eq!(end.await.unwrap(), Err(ErrorKind::QueueFull));
    assert_eq!(world.jobs().await, 2);
}

#[tokio::test]
async fn a_job_that_is_due_later_does_not_count_towards_that_bound() {
    let world = World::with(|options| options.max_ready(1)).await;
    insert(&world.store, row(1)).await.unwrap();
    let end = world.store.transaction(|tx| {
        assert_eq!(tx.enqueue(Receipt { order: 2 }).unwrap_err().kind(), ErrorKind::QueueFull);
        tx.enqueue(Receipt { order: 3 }.after(HUNG))
    });
    let job = end.await.unwrap();
    assert_eq!(world.store.status(job).await.unwrap().unwrap().state, JobState::Scheduled);
}

#[tokio::test]
async fn a_unique_key_of_a_rolled_back_job_is_free_again() {
    let world = World::new().await;
    let failed = world.store.transaction(|tx| {
        tx.enqueue(Receipt { order: 1 }.unique()).unwrap();
        Err::<(), _>("no")
    });
    failed.await.unwrap_err();
    let first = Client::new(world.store.clone()).enqueue(Receipt { order: 1 }.unique()).await.unwrap();
    assert!(!first.is_existing());
    let second = world.store.transaction(|tx| tx.enqueue(Receipt { order: 1 }.unique())).await.unwrap();
    assert_eq!((second, world.jobs().await), (first.id(), 1));
}

#[tokio::test]
async fn a_scheduled_job_of_a_transaction_waits() {
    let world = World::new().await;
    let job = world.store.transaction(|tx| tx.enqueue(Receipt { order: 1 }.after(HUNG))).await.unwrap();
    assert_eq!(world.store.status(job).await.unwrap().unwrap().state, JobState::Scheduled);
}

#[tokio::test]
async fn values_that_panic_when_they_are_dropped_end_nothing() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic_any(Later);
        }
    }
    struct Later;
    impl Drop for Later {
        fn drop(&mut self) {
            panic!("and again");
        }
    }
    let world = World::new().await;
    let panicked = world.store.transaction(|_| -> Result<(), &str> { panic_any(Bomb) });
    assert_eq!(kind(panicked.await), ErrorKind::RolledBack);
    let (go_on, told) = mpsc::channel::<()>();
    let unheard = world.store.clone();
    let nobody_waits = begun(async move {
        unheard.transaction(move |_| told.recv().map(|()| Bomb)).await.map(std::mem::forget)
    });
    drop(nobody_waits);
    go_on.send(()).unwrap();
    insert(&world.store, row(1)).await.unwrap();
    assert_eq!(world.jobs().await, 1);
}
