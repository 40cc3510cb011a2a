//! The client of a file that another process owns: it enqueues through the inbox and reads. It never claims,
//! ends or changes a job.
//!
//! `thread.rs` has its connection on a thread of its own, `watch.rs` sees that every call is answered, `insert.rs`
//! and `read.rs` (with `state.rs`) are what it does there.

mod insert;
mod read;
mod state;
mod thread;
mod watch;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use ostler::Clock;
use ostler_jobs::store::{
    Beat, ClaimRequest, Claimed, Finish, Insert, Inserted, Pending, Pruned, Staged, Verdict, WorkerBeat,
};
use ostler_jobs::{CancelAnswer, Count, ErrorKind, Hints, JobId, JobStatus, Store, StoreError, WorkerId};

use self::thread::Thread;
use crate::options::DEFAULT_DEADLINE;
use crate::store::SqliteStore;

impl SqliteStore {
    /// Opens a file that another process owns, to enqueue jobs there and to ask about them. The owner may be
    /// away: what is enqueued waits for it.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] where the file is not there or cannot be opened, [`ErrorKind::Version`] where
    /// it has no tables of jobs of this version (the owner makes them), [`ErrorKind::Corrupt`] where it is no
    /// database.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, the file is closed again.
    pub async fn open_client(path: impl Into<PathBuf>) -> Result<SqliteClient, StoreError> {
        SqliteClient::open(path.into()).await
    }
}

/// A store for the processes that do not own the file: as an [`ostler_jobs::Client`]'s, it enqueues and reads. From
/// [`SqliteStore::open_client`]. Clones share one connection, on a thread of its own.
///
/// A job is written into the inbox in a commit of its own that survives a power loss, whatever durability is
/// asked for. The owner takes it from there within its poll interval, in the order of the rows, as long as there is
/// room for them; its id stays. Each call has 5 seconds ([`DEFAULT_DEADLINE`]): it is answered within them while it
/// waits, and within twice as long where it had begun, also where the disk hangs.
///
/// - A unique job whose key is held, by a job or by one in the inbox, is left out, and the holder's id is
///   given. Where the owner enqueues one of the same key before it looks at the inbox, the job from the inbox
///   is dropped and logged there, and its id is unknown from then on.
/// - [`status`](Store::status) reads what is committed. A job in the inbox is ready or scheduled, and counts as
///   created now. One that an owner had claimed which is no longer there reads as running until the next owner
///   opens the file.
/// - Hints never come: who waits for a job's end looks from time to time.
/// - Cancel, pause and resume, and all that a worker does, are refused as [`ErrorKind::NotOwner`].
///
/// # Other programs
/// Any program that can write SQLite files can enqueue, with a library of version 3.51.3 or later (older ones
/// have a fault that damages files):
///
/// ```sql
/// INSERT INTO ostler_inbox (kind, args) VALUES ('receipt', '{"order":7}');
/// ```
///
/// The columns are `kind`, `queue` (`'default'`), `priority` (0 to 9), `due` (milliseconds since 1970), `args`
/// (JSON), `uniq` (a text, as in [`NewJob::key`](ostler_jobs::NewJob::key), or the 16 bytes of a
/// [`UniqueKey`](ostler_jobs::UniqueKey)) and `uniq_for` (milliseconds; without it, the key holds until the job
/// is finished). `id` is left to SQLite: a row with a number that was taken before, or one that is far ahead of the
/// others, is parked under another id. The connection's `synchronous` pragma decides what the insert
/// survives, and a transaction that it holds open holds up the owner. A row that describes no job is parked as
/// a blocked job with the reason; its arguments are kept up to 1 MiB.
#[derive(Clone)]
pub struct SqliteClient(Arc<Shared>);

struct Shared {
    thread: Thread,
    /// The random number of the file, which ids carry.
    file: u64,
    clock: Clock,
    hints: Hints,
}

impl SqliteClient {
    async fn open(path: PathBuf) -> Result<Self, StoreError> {
        let (thread, file) = Thread::start(path, DEFAULT_DEADLINE).await?;
        let shared = Shared { thread, file, clock: Clock::real(), hints: Hints::default() };
        Ok(Self(Arc::new(shared)))
    }

    fn now(&self) -> Timestamp {
        self.0.clock.wall()
    }

    fn refused<T: Send + 'static>(&self, what: &'static str) -> Pending<'_, T> {
        let text = format!("a client cannot {what}: only the process that owns the store can");
        Box::pin(async move { Err(StoreError::new(ErrorKind::NotOwner, text)) })
    }
}

impl Store for SqliteClient {
    fn insert(&self, insert: Insert) -> Pending<'_, Vec<Inserted>> {
        Box::pin(async move {
            let (file, now) = (self.0.file, self.now());
            self.0.thread.ask(move |connection| insert::insert(connection, insert.rows, file, now)).await
        })
    }

    fn status(&self, job: JobId) -> Pending<'_, Option<JobStatus>> {
        Box::pin(async move {
            let (file, now) = (self.0.file, self.now().as_millisecond());
            self.0.thread.ask(move |connection| read::status(connection, job, file, now)).await
        })
    }

    fn counts(&self) -> Pending<'_, Vec<Count>> {
        Box::pin(async move {
            let now = self.now().as_millisecond();
            self.0.thread.ask(move |connection| read::counts(connection, now)).await
        })
    }

    fn paused(&self) -> Pending<'_, Vec<String>> {
        Box::pin(async move { self.0.thread.ask(read::paused).await })
    }

    fn hints(&self) -> &Hints {
        &self.0.hints
    }

    fn join(&self) -> Pending<'_, WorkerId> {
        self.refused("work")
    }

    fn beat(&self, _: WorkerId) -> Pending<'_, Beat> {
        self.refused("work")
    }

    fn leave(&self, _: WorkerId) -> Pending<'_, ()> {
        self.refused("work")
    }

    fn claim(&self, _: ClaimRequest) -> Pending<'_, Claimed> {
        self.refused("claim jobs")
    }

    fn finish(&self, _: Vec<Finish>) -> Pending<'_, Vec<Verdict>> {
        self.refused("finish jobs")
    }

    fn beats(&self) -> Pending<'_, Vec<WorkerBeat>> {
        self.refused("see workers")
    }

    fn expire(&self, _: Vec<WorkerBeat>) -> Pending<'_, usize> {
        self.refused("rescue jobs")
    }

    fn stage(&self) -> Pending<'_, Staged> {
        self.refused("stage jobs")
    }

    fn prune(&self, _: usize) -> Pending<'_, Pruned> {
        self.refused("prune")
    }

    fn cancel(&self, _: JobId) -> Pending<'_, CancelAnswer> {
        self.refused("cancel a job")
    }

    fn pause(&self, _: &str) -> Pending<'_, ()> {
        self.refused("pause a queue")
    }

    fn resume(&self, _: &str) -> Pending<'_, ()> {
        self.refused("resume a queue")
    }
}

impl fmt::Debug for SqliteClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteClient").finish_non_exhaustive()
    }
}
