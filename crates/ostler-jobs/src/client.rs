//! The client: enqueues, asks and cancels.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::error::StoreError;
use crate::id::JobId;
use crate::job::{JobArgs, NewJob};
use crate::payload;
use crate::policy::Durability;
use crate::state::JobState;
use crate::store::{CancelAnswer, Count, Insert, Inserted, JobStatus, NewRow, Store};
use crate::wait::{self, WaitError};

/// How many jobs [`Client::enqueue_all`] sends at a time. Each part is atomic.
pub const CHUNK: usize = 1_000;

/// Enqueues jobs, and asks about them. Clones are cheap and share the store.
#[derive(Clone)]
pub struct Client {
    store: Arc<dyn Store>,
    limit: usize,
}

impl Client {
    /// A client of this store.
    pub fn new(store: impl Store) -> Self {
        Self { store: Arc::new(store), limit: payload::DEFAULT_LIMIT }
    }

    /// Takes payloads of up to `bytes`, at most [`HARD_LIMIT`](payload::HARD_LIMIT).
    #[must_use]
    pub fn payload_limit(self, bytes: usize) -> Self {
        Self { limit: bytes.min(payload::HARD_LIMIT), ..self }
    }

    /// Enqueues a job: its arguments alone, or with settings. When this returns `Ok`, the job is stored, and survives what its
    /// [`Durability`] says.
    ///
    /// # Errors
    /// [`StoreError`]: what is not allowed; the queue or the disk is full; it was not done in time.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, the job may be enqueued or not.
    pub async fn enqueue<A: JobArgs>(&self, job: impl Into<NewJob<A>>) -> Result<JobHandle<A>, StoreError> {
        let (row, durability) = job.into().into_row(self.limit)?;
        let inserted = self.store.insert(Insert { rows: vec![row], durability }).await?;
        match inserted.first() {
            Some(&inserted) => Ok(self.handle_of(inserted)),
            None => Err(StoreError::new(crate::ErrorKind::Bug, "the store gave no id for a job")),
        }
    }

    /// Enqueues jobs of a kind, a thousand at a time ([`CHUNK`]): each thousand is stored as a whole or not at all, in order. All
    /// of them are checked before the first is stored.
    ///
    /// # Errors
    /// As [`enqueue`](Self::enqueue); those of earlier thousands are enqueued then, and [`EnqueueAllError::enqueued`] tells which. Of the
    /// thousand that met the error it is not known where that [is ambiguous](StoreError::is_ambiguous).
    pub async fn enqueue_all<A, J>(
        &self,
        jobs: impl IntoIterator<Item = J>,
    ) -> Result<Vec<JobHandle<A>>, EnqueueAllError>
    where
        A: JobArgs,
        J: Into<NewJob<A>>,
    {
        let mut rows: Vec<NewRow> = Vec::new();
        let mut durability = Durability::Relaxed;
        for job in jobs {
            let (row, of_job) = job.into().into_row(self.limit).map_err(EnqueueAllError::before_the_first)?;
            if of_job == Durability::Full {
                durability = Durability::Full;
            }
            rows.push(row);
        }
        let mut handles = Vec::with_capacity(rows.len());
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let rows = rows.by_ref().take(CHUNK).collect();
            match self.store.insert(Insert { rows, durability }).await {
                Ok(inserted) => handles.extend(inserted.into_iter().map(|inserted| self.handle_of(inserted))),
                Err(error) => {
                    let enqueued = handles.iter().map(JobHandle::id).collect();
                    return Err(EnqueueAllError { error, enqueued });
                }
            }
        }
        Ok(handles)
    }

    /// The handle of a job whose id is known, as one of these arguments. Whether there is such a job is not looked up.
    pub fn job<A: JobArgs>(&self, id: JobId) -> JobHandle<A> {
        self.handle_of(Inserted { id, existing: true })
    }

    /// What is known of a job; `None` where there is none, or none any more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn status(&self, id: JobId) -> Result<Option<JobStatus>, StoreError> {
        self.store.status(id).await
    }

    /// Waits until a job has ended, and tells how. It waits through what passes of a store's trouble.
    ///
    /// # Errors
    /// [`WaitError`]: there is no such job; it has ended and is not kept; the store said no. A job that is not kept is known to have
    /// ended well only where it ends in this process, while this waits.
    ///
    /// # Panics
    /// Outside of a tokio runtime with timers.
    ///
    /// # Cancel safety
    /// Cancel safe: nothing but the waiting ends.
    pub async fn wait(&self, id: JobId) -> Result<Finished, WaitError> {
        wait::for_end(&*self.store, id, false).await
    }

    /// Cancels a job: at once where it waits; where it runs, its `Stop` is requested, and it is dropped where it goes on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn cancel(&self, id: JobId) -> Result<CancelAnswer, StoreError> {
        self.store.cancel(id).await
    }

    /// Lets nothing of a queue begin until it is resumed. What runs goes on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn pause(&self, queue: &str) -> Result<(), StoreError> {
        self.store.pause(&crate::name::checked("queue", queue)?).await
    }

    /// Takes that back.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn resume(&self, queue: &str) -> Result<(), StoreError> {
        self.store.resume(&crate::name::checked("queue", queue)?).await
    }

    /// How many jobs there are of each queue, kind and state: those of kinds that no worker knows as well.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn counts(&self) -> Result<Vec<Count>, StoreError> {
        self.store.counts().await
    }

    fn handle_of<A>(&self, inserted: Inserted) -> JobHandle<A> {
        JobHandle { client: self.clone(), inserted, args: PhantomData }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

/// An enqueued job.
pub struct JobHandle<A> {
    client: Client,
    inserted: Inserted,
    args: PhantomData<fn() -> A>,
}

impl<A> JobHandle<A> {
    /// Its id.
    pub fn id(&self) -> JobId {
        self.inserted.id
    }

    /// Whether it was there before, because its key was taken.
    pub fn is_existing(&self) -> bool {
        self.inserted.existing
    }

    /// As [`Client::status`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn status(&self) -> Result<Option<JobStatus>, StoreError> {
        self.client.status(self.id()).await
    }

    /// As [`Client::wait`]: errors, panics and cancel safety are the same.
    ///
    /// # Errors
    /// [`WaitError`].
    pub async fn wait(&self) -> Result<Finished, WaitError> {
        // Where it was enqueued here, it was there.
        wait::for_end(&*self.client.store, self.id(), !self.is_existing()).await
    }

    /// As [`Client::cancel`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn cancel(&self) -> Result<CancelAnswer, StoreError> {
        self.client.cancel(self.id()).await
    }
}

impl<A> fmt::Debug for JobHandle<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobHandle").field("id", &self.id()).finish_non_exhaustive()
    }
}

/// How a job ended.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The last that was known of it.
    pub status: JobStatus,
}

impl Finished {
    /// Whether it ended well.
    pub fn is_done(&self) -> bool {
        self.status.state == JobState::Done
    }

    /// The result that its handler returned in a [`Json`](crate::Json); `None` where it returned none.
    ///
    /// # Errors
    /// It is not a `T`.
    pub fn result<T: DeserializeOwned>(&self) -> Result<Option<T>, serde_json::Error> {
        self.status.result.as_deref().map(serde_json::from_str).transpose()
    }
}

/// Why not all jobs were enqueued, and which were.
#[derive(Debug)]
pub struct EnqueueAllError {
    error: StoreError,
    enqueued: Vec<JobId>,
}

impl EnqueueAllError {
    fn before_the_first(error: StoreError) -> Self {
        Self { error, enqueued: Vec::new() }
    }

    /// The ids of those that were enqueued, the first ones in order.
    pub fn enqueued(&self) -> &[JobId] {
        &self.enqueued
    }

    /// Why the next thousand ([`CHUNK`]) were not; where it [is ambiguous](StoreError::is_ambiguous), they may have been, and only those
    /// after them were not for sure.
    pub fn error(&self) -> &StoreError {
        &self.error
    }
}

impl fmt::Display for EnqueueAllError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let enqueued = self.enqueued.len();
        if self.error.is_ambiguous() {
            write!(f, "{enqueued} jobs were enqueued, and the next {CHUNK} may have been")
        } else {
            write!(f, "{enqueued} jobs were enqueued, the next ones were not")
        }
    }
}

impl std::error::Error for EnqueueAllError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn what_may_have_been_enqueued_is_not_said_not_to_be() {
        let text = |error| EnqueueAllError { error, enqueued: vec![JobId::from_u128(1)] }.to_string();
        let no = || StoreError::new(ErrorKind::Timeout, "too late");
        assert_eq!(text(no()), "1 jobs were enqueued, the next ones were not");
        assert_eq!(text(no().ambiguous()), "1 jobs were enqueued, and the next 1000 may have been");
    }
}
