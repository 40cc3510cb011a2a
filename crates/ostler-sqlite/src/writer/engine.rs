//! What the writer works with: the connection, its statements, the index, the clock; and transactions around the verbs.
//!
//! Between two transactions the index is what is committed. A transaction that fails leaves neither file nor index changed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use ostler_jobs::{Durability, ErrorKind, Hints, StoreError};
use rusqlite::Connection;

use super::fresh::FreshJobs;
use super::news::News;
use super::sql::Sql;
use super::wall;
use crate::call::Sync;
use crate::file::disk::Disk;
use crate::file::fault;
use crate::ids::Ids;
use crate::index::Index;
use crate::options::OpenOptions;

/// After how many steps of SQLite's machine the time is looked at: some tens of microseconds.
const STEPS: i32 = 4_000;

/// The writer's things.
pub(crate) struct Engine<'c> {
    pub(crate) connection: &'c Connection,
    pub(crate) options: &'c OpenOptions,
    pub(crate) sql: Sql<'c>,
    pub(crate) index: Index,
    pub(crate) ids: Ids,
    pub(crate) fresh: FreshJobs,
    pub(crate) news: News,
    pub(crate) disk: Disk,
    pub(crate) kinds: super::claim::KindsSeen,
    /// Rows of finished jobs that are removed together; `None` where each is at once.
    pub(super) removed: Option<Vec<u64>>,
    hints: Hints,
    pub(super) now: Timestamp,
    sync: Sync,
    limit: Limit,
}

impl<'c> Engine<'c> {
    /// On a connection that was opened for the store: its transactions are durable.
    pub(crate) fn new(
        connection: &'c Connection,
        options: &'c OpenOptions,
        ids: Ids,
        hints: Hints,
    ) -> Result<Self, StoreError> {
        let limit = Limit::new(connection)?;
        Ok(Self {
            connection,
            options,
            sql: Sql::prepare(connection).map_err(|error| fault("prepare its statements", error))?,
            index: Index::default(),
            ids,
            fresh: FreshJobs::default(),
            news: News::default(),
            disk: Disk::new(options),
            kinds: Default::default(),
            removed: None,
            hints,
            now: options.clock.wall(),
            sync: Sync::Full,
            limit,
        })
    }

    /// The store's time, as it was when the transaction began.
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// The same in milliseconds.
    pub(crate) fn now_ms(&self) -> i64 {
        self.now.as_millisecond()
    }

    /// Reads the store's clock.
    pub(crate) fn look_at_clock(&mut self) {
        self.now = self.options.clock.wall();
    }

    /// Interrupts statements that run after this instant.
    pub(crate) fn limit(&mut self, until: Option<Instant>) {
        self.limit.set(until);
    }

    /// Begins a transaction: tried until `until`, and once at least, where another connection holds the lock. Statements are
    /// interrupted from the store's deadline on.
    ///
    /// # Errors
    /// Of kind Timeout, where another holds the lock. Nothing is open then.
    pub(crate) fn begin(&mut self, sync: Sync, until: Instant) -> Result<(), StoreError> {
        self.limit(None);
        self.set_sync(sync)?;
        loop {
            match self.sql.begin.execute(()) {
                Ok(_) => break,
                Err(error) if is_busy(&error) && wall::now() < until => {}
                Err(error) => return Err(fault("begin a transaction", error)),
            }
        }
        self.look_at_clock();
        self.limit(Some(wall::now() + self.options.deadline));
        Ok(())
    }

    /// Commits, keeps what the index has become, and tells the hints.
    ///
    /// # Errors
    /// All is taken back then. Where the disk failed in the middle it may all the same be found in the file after a crash: the error is
    /// ambiguous.
    pub(crate) fn commit(&mut self) -> Result<(), StoreError> {
        self.limit(None);
        if let Err(error) = self.sql.commit.execute(()) {
            self.roll_back();
            let error = fault("commit", error);
            return Err(if error.kind() == ErrorKind::StoreFull { error } else { error.ambiguous() });
        }
        self.index.keep();
        self.news.tell(&self.hints);
        Ok(())
    }

    /// Takes back all since `begin`.
    pub(crate) fn roll_back(&mut self) {
        self.limit(None);
        // SQLite may have done it by itself.
        if !self.connection.is_autocommit()
            && let Err(error) = self.sql.roll_back.execute(())
        {
            tracing::error!(%error, "a transaction could not be rolled back");
        }
        self.index.undo_all();
        self.index.keep();
        self.fresh.clear();
        self.news.clear();
    }

    /// Keeps what was changed in memory alone, and tells the hints.
    pub(crate) fn keep_aside(&mut self) {
        self.index.keep();
        self.news.tell(&self.hints);
    }

    /// Whether so many more jobs may be added.
    ///
    /// # Errors
    /// Of the kinds QueueFull and StoreFull.
    pub(crate) fn room(&self, due_now: usize) -> Result<(), StoreError> {
        self.disk.check()?;
        let most = self.options.max_ready;
        if due_now > 0 && self.index.ready().saturating_add(due_now) > most {
            let text =
                format!("{} jobs are ready, and {most} may be: workers have to catch up", self.index.ready());
            return Err(StoreError::new(ErrorKind::QueueFull, text));
        }
        Ok(())
    }

    /// How the next transaction is committed; it cannot be said within one.
    fn set_sync(&mut self, sync: Sync) -> Result<(), StoreError> {
        let sync = if self.options.durability == Durability::Relaxed { Sync::Normal } else { sync };
        if sync == self.sync {
            return Ok(());
        }
        let pragma = match sync {
            Sync::Full => "PRAGMA synchronous = FULL",
            Sync::Normal => "PRAGMA synchronous = NORMAL",
        };
        self.connection.execute_batch(pragma).map_err(|error| fault("set synchronous", error))?;
        self.sync = sync;
        Ok(())
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
}

/// Until when statements may run, read by SQLite while they do.
struct Limit {
    start: Instant,
    /// Nanoseconds from `start`; all ones where there is none.
    until: Arc<AtomicU64>,
}

impl Limit {
    fn new(connection: &Connection) -> Result<Self, StoreError> {
        let start = wall::now();
        let until = Arc::new(AtomicU64::new(u64::MAX));
        let limit = Arc::clone(&until);
        let is_over = move || {
            let until = limit.load(Ordering::Relaxed);
            until != u64::MAX && wall::now().duration_since(start) > Duration::from_nanos(until)
        };
        connection
            .progress_handler(STEPS, Some(is_over))
            .map_err(|error| fault("set a limit for its statements", error))?;
        Ok(Self { start, until })
    }

    fn set(&mut self, until: Option<Instant>) {
        let nanos = until.map(|until| until.saturating_duration_since(self.start).as_nanos());
        let nanos = nanos.and_then(|nanos| u64::try_from(nanos).ok()).unwrap_or(u64::MAX);
        self.until.store(nanos, Ordering::Relaxed);
    }
}
