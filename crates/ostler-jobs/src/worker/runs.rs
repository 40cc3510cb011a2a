//! The runs that are going on, and how each is told to stop. Which they are is known by job, because that is what a cancel names.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ostler::{RunStopper, StopReason};

use super::shared::Shared;
use crate::id::{ClaimId, JobId, WorkerId};

/// All runs of a process that are going on.
#[derive(Debug, Default)]
pub(crate) struct Runs(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    by_job: HashMap<JobId, Running>,
    /// No run begins any more.
    closed: bool,
}

/// One that is going on.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) claim: ClaimId,
    pub(super) worker: WorkerId,
    pub(super) stopper: RunStopper,
    /// How long it may take to stop.
    pub(super) grace: Duration,
}

/// A run's place among them, given up when this is dropped.
pub(super) struct Entry {
    shared: Arc<Shared>,
    job: JobId,
    claim: ClaimId,
}

/// A run that was told to stop, and is to be dropped after this time.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) stopper: RunStopper,
    pub(super) grace: Duration,
}

impl Runs {
    /// A run begins, unless none may any more. It takes the place of one of the same job that has lost its lease and has not ended.
    pub(super) fn begin(shared: &Arc<Shared>, job: JobId, running: Running) -> Option<Entry> {
        let claim = running.claim;
        {
            let mut table = shared.runs.table();
            if table.closed {
                return None;
            }
            table.by_job.insert(job, running);
        }
        Some(Entry { shared: Arc::clone(shared), job, claim })
    }

    /// Tells those of these jobs that run that they are no longer wanted; which of them had not been told before.
    pub(super) fn cancel(&self, jobs: &[JobId]) -> Vec<Told> {
        let table = self.table();
        let running = jobs.iter().filter_map(|job| table.by_job.get(job));
        let told = running.filter(|running| running.stopper.reason() != Some(StopReason::Cancelled));
        let told: Vec<Told> =
            told.map(|running| Told { stopper: running.stopper.clone(), grace: running.grace }).collect();
        drop(table);
        told.iter().for_each(|told| told.stopper.request(StopReason::Cancelled));
        told
    }

    /// Those of a worker that lost its lease are dropped.
    pub(super) fn lose(&self, worker: WorkerId) {
        for stopper in self.stoppers(|running| running.worker == worker) {
            stopper.request(StopReason::LeaseLost);
            stopper.abort(StopReason::LeaseLost);
        }
    }

    /// Tells all to stop, and lets none begin any more.
    pub(crate) fn close(&self, reason: &StopReason) {
        self.table().closed = true;
        self.stoppers(|_| true).iter().for_each(|stopper| stopper.request(reason.clone()));
    }

    /// Drops all.
    pub(crate) fn abort(&self, reason: &StopReason) {
        self.stoppers(|_| true).iter().for_each(|stopper| stopper.abort(reason.clone()));
    }

    /// To be told when the table has been let go: whoever is woken may come here.
    fn stoppers(&self, which: impl Fn(&Running) -> bool) -> Vec<RunStopper> {
        let table = self.table();
        table.by_job.values().filter(|run| which(run)).map(|run| run.stopper.clone()).collect()
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut table = self.shared.runs.table();
        if table.by_job.get(&self.job).is_some_and(|running| running.claim == self.claim) {
            table.by_job.remove(&self.job);
        }
    }
}
