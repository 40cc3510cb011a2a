//! Transactions of the application's own on the store's file: its statements and its new jobs in one commit.
//!
//! A closure runs on the writer's thread between two groups, so that nobody's jobs are rolled back with it, and
//! under the deadline, since all others wait meanwhile. `verb.rs` runs it, `watch.rs` sees to it that only the
//! store ends the transaction.

mod error;
mod guarded;
mod verb;
mod watch;

use std::fmt;

use ostler_jobs::store::{Inserted, NewRow};
use ostler_jobs::{JobArgs, JobId, NewJob, StoreError, payload};
use rusqlite::Connection;

use crate::store::SqliteStore;
use crate::writer::Row;

pub use self::error::TransactionError;
use self::verb::Transaction;

impl SqliteStore {
    /// Runs the closure in a transaction of the file: what it writes and the jobs that it enqueues are
    /// committed together, or not at all. This holds for tables **in the same file** only.
    ///
    /// ```no_run
    /// # use ostler_jobs::JobArgs;
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Serialize, Deserialize)] struct Receipt { order: i64 }
    /// # impl JobArgs for Receipt { const KIND: &'static str = "receipt"; }
    /// # async fn example(store: ostler_sqlite::SqliteStore) -> Result<(), Box<dyn std::error::Error>> {
    /// use ostler_jobs::StoreError;
    ///
    /// let job = store
    ///     .transaction(|tx| {
    ///         tx.sql().execute("INSERT INTO orders (item) VALUES (?1)", ["a lamp"])?;
    ///         let order = tx.sql().last_insert_rowid();
    ///         Ok::<_, Box<dyn std::error::Error + Send + Sync>>(tx.enqueue(Receipt { order })?)
    ///     })
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The closure runs on the thread that does all writes of the store: nothing is enqueued, claimed or
    /// finished before it has returned. It should do its statements and nothing else: not wait for anything,
    /// and never for this store. It has as long as the store's deadline; statements that are running then are
    /// interrupted, and a closure that returns later is rolled back. One that never returns stops the store.
    ///
    /// The commit survives a power loss, whatever the durability of the jobs; that of a store that is relaxed
    /// as a whole does not.
    ///
    /// # Errors
    /// [`TransactionError::Failed`] what the closure returned, and [`TransactionError::Store`] all else: of
    /// kind [`RolledBack`](ostler_jobs::ErrorKind::RolledBack) where it panicked or ended the transaction
    /// itself, [`Timeout`](ostler_jobs::ErrorKind::Timeout) where it took too long. All of it has been rolled
    /// back then, unless the error [is ambiguous](StoreError::is_ambiguous). No other caller's jobs are
    /// concerned.
    ///
    /// # Cancel safety
    /// Dropped after it was first polled, the closure may run all the same, and be committed.
    // Not an `async fn`: with an `E` that is a boxed `dyn Error`, rustc does not see that the future of one is
    // `Send`, and refuses to spawn whatever awaits it.
    #[expect(clippy::manual_async_fn, reason = "the future is said to be `Send`")]
    pub fn transaction<T, E, F>(&self, f: F) -> impl Future<Output = Result<T, TransactionError<E>>> + Send
    where
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        async move {
            let mut end = self.call(Transaction::new(f)).await.map_err(TransactionError::Store)?;
            end.take().unwrap_or_else(|| Err(TransactionError::Store(verb::no_answer())))
        }
    }
}

/// A transaction of [`SqliteStore::transaction`].
pub struct Tx<'a> {
    connection: &'a Connection,
    rows: &'a mut dyn Rows,
    broken: Option<StoreError>,
}

/// Where the rows of jobs go.
trait Rows {
    /// Whether there is room for it.
    fn room(&self, row: &Row) -> Result<(), StoreError>;
    /// Adds it in the open transaction.
    fn add(&mut self, row: &Row) -> Result<Inserted, StoreError>;
}

impl Tx<'_> {
    /// The connection, for the application's own statements, on its own tables in the same file.
    ///
    /// It is the store's connection as well. A `BEGIN`, `COMMIT` or `ROLLBACK` of one's own makes the whole
    /// transaction fail (`SAVEPOINT` is allowed). No other database can be attached, since a commit over two
    /// files is not atomic here. Pragmas, hooks and temporary tables would stay and change the store's own
    /// work: leave them as they are. The tables whose names begin with `ostler_` are the store's.
    pub fn sql(&self) -> &Connection {
        self.connection
    }

    /// Enqueues a job as [`Client::enqueue`](ostler_jobs::Client::enqueue) does, with this transaction: nobody
    /// sees it before the commit. Its id, or that of the job which holds its unique key.
    ///
    /// # Errors
    /// What is not allowed, among it a payload of more than [`payload::DEFAULT_LIMIT`] bytes; the queue or the
    /// disk is full. The transaction can go on after these. After any other error it can only be rolled back.
    pub fn enqueue<A: JobArgs>(&mut self, job: impl Into<NewJob<A>>) -> Result<JobId, StoreError> {
        let (row, _) = job.into().into_row(payload::DEFAULT_LIMIT)?;
        self.add(row)
    }

    /// Enqueues jobs of a kind. Their ids in the same order.
    ///
    /// # Errors
    /// As [`enqueue`](Self::enqueue). All of them are checked before the first is added; those before the one
    /// that failed stay in the transaction.
    pub fn enqueue_all<A, J>(&mut self, jobs: impl IntoIterator<Item = J>) -> Result<Vec<JobId>, StoreError>
    where
        A: JobArgs,
        J: Into<NewJob<A>>,
    {
        let rows = jobs.into_iter().map(|job| Ok(job.into().into_row(payload::DEFAULT_LIMIT)?.0));
        let rows: Vec<NewRow> = rows.collect::<Result<_, StoreError>>()?;
        rows.into_iter().map(|row| self.add(row)).collect()
    }

    fn add(&mut self, row: NewRow) -> Result<JobId, StoreError> {
        let row = row.into();
        self.rows.room(&row)?;
        match self.rows.add(&row) {
            Ok(inserted) => Ok(inserted.id),
            Err(error) => {
                // One of several statements may have been done, so nothing of this may be committed any more.
                self.broken.get_or_insert_with(|| error.for_another());
                Err(error)
            }
        }
    }
}

impl fmt::Debug for Tx<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx").finish_non_exhaustive()
    }
}
