//! The store: a handle by which callers ask the writer. It does nothing itself.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ostler_jobs::store::{
    Beat, ClaimRequest, Claimed, Finish, Insert, Inserted, Pending, Pruned, Staged, Verdict, WorkerBeat,
};
use ostler_jobs::{CancelAnswer, Count, Hints, JobId, JobStatus, Store, StoreError, WorkerId};

use crate::call::{Verb, call};
use crate::options::OpenOptions;
use crate::writer::{self, Opened, wall};

/// Durable jobs in one SQLite file, which this process owns.
///
/// Clones are handles of the same store. It ends when the last one is dropped, or with [`close`](Self::close): what was asked
/// before is still done.
///
/// Names of queues and kinds are rows that stay: where they are made from what users type, they add up.
#[derive(Clone)]
pub struct SqliteStore(Arc<Handle>);

struct Handle {
    opened: Opened,
    deadline: Duration,
}

impl SqliteStore {
    /// How to open this file, with settings.
    pub fn options(path: impl Into<PathBuf>) -> OpenOptions {
        OpenOptions::new(path)
    }

    /// Opens this file, or makes it, as its one owner.
    ///
    /// # Errors
    /// As [`OpenOptions::open`].
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        Self::options(path).open().await
    }

    pub(crate) async fn start(options: OpenOptions) -> Result<Self, StoreError> {
        let deadline = options.deadline;
        let opened = writer::start(options).await?;
        Ok(Self(Arc::new(Handle { opened, deadline })))
    }

    /// Closes the file for all handles: what was asked before is still done, what is asked later is refused as
    /// [`Closed`](ostler_jobs::ErrorKind::Closed). When this returns, another process can open the file.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, the store is closed all the same.
    pub async fn close(&self) {
        self.0.opened.queue.close();
        let mut closed = self.0.opened.closed.clone();
        // Nothing is ever sent; the end of the sender is the sign.
        while closed.changed().await.is_ok() {}
    }

    /// Asks the writer. What it has not begun within the deadline is not done; what it is at is waited for as long again, and its
    /// end is not known then.
    pub(crate) async fn call<V: Verb>(&self, verb: V) -> Result<V::Answer, StoreError> {
        let (request, waiting) = call(verb, wall::now() + self.0.deadline);
        self.0.opened.queue.push(request);
        waiting.await
    }

    fn pending<V: Verb>(&self, verb: V) -> Pending<'_, V::Answer> {
        Box::pin(self.call(verb))
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}

impl Store for SqliteStore {
    fn insert(&self, insert: Insert) -> Pending<'_, Vec<Inserted>> {
        self.pending(writer::Insert::new(insert))
    }

    fn join(&self) -> Pending<'_, WorkerId> {
        self.pending(writer::Join)
    }

    fn beat(&self, worker: WorkerId) -> Pending<'_, Beat> {
        self.pending(writer::Pulse(worker))
    }

    fn leave(&self, worker: WorkerId) -> Pending<'_, ()> {
        self.pending(writer::Leave(worker))
    }

    fn claim(&self, request: ClaimRequest) -> Pending<'_, Claimed> {
        self.pending(writer::Claim(request))
    }

    fn finish(&self, ends: Vec<Finish>) -> Pending<'_, Vec<Verdict>> {
        self.pending(writer::Finish(ends))
    }

    fn beats(&self) -> Pending<'_, Vec<WorkerBeat>> {
        self.pending(writer::Beats)
    }

    fn expire(&self, workers: Vec<WorkerBeat>) -> Pending<'_, usize> {
        self.pending(writer::Expire(workers))
    }

    fn stage(&self) -> Pending<'_, Staged> {
        self.pending(writer::Stage)
    }

    fn prune(&self, most: usize) -> Pending<'_, Pruned> {
        self.pending(writer::Prune(most))
    }

    fn cancel(&self, job: JobId) -> Pending<'_, CancelAnswer> {
        self.pending(writer::Cancel(job))
    }

    fn pause(&self, queue: &str) -> Pending<'_, ()> {
        self.pending(writer::Pause(queue.into()))
    }

    fn resume(&self, queue: &str) -> Pending<'_, ()> {
        self.pending(writer::Resume(queue.into()))
    }

    fn paused(&self) -> Pending<'_, Vec<String>> {
        self.pending(writer::Paused)
    }

    fn status(&self, job: JobId) -> Pending<'_, Option<JobStatus>> {
        self.pending(writer::Status(job))
    }

    fn counts(&self) -> Pending<'_, Vec<Count>> {
        self.pending(writer::Counts)
    }

    fn hints(&self) -> &Hints {
        &self.0.opened.hints
    }
}
