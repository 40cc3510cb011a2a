//! A store that writes down which ends of attempts were stored: the checker's only way to see that a late one was not.

use ostler_jobs::store::{
    Beat, ClaimRequest, Claimed, Finish, Insert, Inserted, Pending, Pruned, Staged, Verdict, WorkerBeat,
};
use ostler_jobs::{CancelAnswer, Count, ErrorKind, Hints, JobId, JobStatus, Store, StoreError, WorkerId};
use ostler_sqlite::SqliteStore;

use crate::work::Effects;

/// The store, watched.
#[derive(Clone)]
pub(crate) struct Witness {
    pub(crate) store: SqliteStore,
    pub(crate) effects: Effects,
}

impl Store for Witness {
    fn finish(&self, ends: Vec<Finish>) -> Pending<'_, Vec<Verdict>> {
        Box::pin(async move {
            let tokens: Vec<_> = ends.iter().map(|end| (end.job, end.claim)).collect();
            let verdicts = self.store.finish(ends).await?;
            for ((job, token), _) in
                tokens.iter().zip(&verdicts).filter(|(_, verdict)| **verdict == Verdict::Accepted)
            {
                let written = self.effects.line("stored", *job, *token, 0);
                written.map_err(|error| {
                    StoreError::new(ErrorKind::Bug, "the effects cannot be written").with_source(error)
                })?;
            }
            Ok(verdicts)
        })
    }

    fn insert(&self, insert: Insert) -> Pending<'_, Vec<Inserted>> {
        self.store.insert(insert)
    }

    fn join(&self) -> Pending<'_, WorkerId> {
        self.store.join()
    }

    fn beat(&self, worker: WorkerId) -> Pending<'_, Beat> {
        self.store.beat(worker)
    }

    fn leave(&self, worker: WorkerId) -> Pending<'_, ()> {
        self.store.leave(worker)
    }

    fn claim(&self, request: ClaimRequest) -> Pending<'_, Claimed> {
        self.store.claim(request)
    }

    fn beats(&self) -> Pending<'_, Vec<WorkerBeat>> {
        self.store.beats()
    }

    fn expire(&self, workers: Vec<WorkerBeat>) -> Pending<'_, usize> {
        self.store.expire(workers)
    }

    fn stage(&self) -> Pending<'_, Staged> {
        self.store.stage()
    }

    fn prune(&self, most: usize) -> Pending<'_, Pruned> {
        self.store.prune(most)
    }

    fn cancel(&self, job: JobId) -> Pending<'_, CancelAnswer> {
        self.store.cancel(job)
    }

    fn pause(&self, queue: &str) -> Pending<'_, ()> {
        self.store.pause(queue)
    }

    fn resume(&self, queue: &str) -> Pending<'_, ()> {
        self.store.resume(queue)
    }

    fn paused(&self) -> Pending<'_, Vec<String>> {
        self.store.paused()
    }

    fn status(&self, job: JobId) -> Pending<'_, Option<JobStatus>> {
        self.store.status(job)
    }

    fn counts(&self) -> Pending<'_, Vec<Count>> {
        self.store.counts()
    }

    fn hints(&self) -> &Hints {
        self.store.hints()
    }
}
