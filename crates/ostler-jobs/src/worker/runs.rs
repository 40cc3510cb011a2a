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
    by_job: HashMap<JobId, Row>,
    /// Those that the last beat said are to be cancelled: also of jobs that run only after it.
    unwanted: Vec<JobId>,
    /// No run begins any more.
    closed: bool,
}

#[derive(Debug)]
struct Row {
    running: Running,
    /// It was told that it is cancelled, which is no reason of its stop where it had been told to stop before.
    cancelled: bool,
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
    /// A run begins, unless none may any more, or its job is to be cancelled. It takes the place of one of the same job that has lost its lease and has not ended.
    pub(super) fn begin(shared: &Arc<Shared>, job: JobId, running: Running) -> Option<Entry> {
        let claim = running.claim;
        {
            let mut table = shared.runs.table();
            if table.closed || table.unwanted.contains(&job) {
                return None;
            }
            table.by_job.insert(job, Row { running, cancelled: false });
        }
        Some(Entry { shared: Arc::clone(shared), job, claim })
    }

    /// Tells those of these jobs that run that they are no longer wanted; which of them had not been told before.
    pub(super) fn cancel(&self, jobs: &[JobId]) -> Vec<Told> {
        let mut table = self.table();
        table.unwanted = jobs.to_vec();
        let told: Vec<Told> =
            jobs.iter().filter_map(|job| table.by_job.get_mut(job).and_then(Row::cancel)).collect();
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
        table
            .by_job
            .values()
            .filter(|row| which(&row.running))
            .map(|row| row.running.stopper.clone())
            .collect()
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Row {
    /// Whom to tell, the first time.
    fn cancel(&mut self) -> Option<Told> {
        let Running { stopper, grace, .. } = &self.running;
        let told = Told { stopper: stopper.clone(), grace: *grace };
        (!std::mem::replace(&mut self.cancelled, true)).then_some(told)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut table = self.shared.runs.table();
        if table.by_job.get(&self.job).is_some_and(|row| row.running.claim == self.claim) {
            table.by_job.remove(&self.job);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use ostler::testing::TestHost;
    use ostler::{BoxError, Context, Host, SECOND, Service};

    /// Opens a run, and hands out how it is told to stop.
    struct Opens(mpsc::Sender<RunStopper>);

    impl Service<()> for Opens {
        async fn run(&self, cx: Context<()>) -> Result<(), BoxError> {
            self.0.send(cx.open_run(1, None).stopper().clone())?;
            Ok(())
        }
    }

    #[test]
    fn a_run_is_told_of_a_cancel_once_also_where_it_had_been_told_to_stop_before() {
        let (sender, stoppers) = mpsc::channel();
        let mut host = TestHost::start(Host::new(()).mount("opens", Opens(sender))).unwrap();
        host.run_until_idle();
        let stopper = stoppers.recv().unwrap();
        stopper.request(StopReason::Requested);
        let running = Running { claim: ClaimId(1), worker: WorkerId(1), stopper, grace: SECOND };
        let job = JobId::from_u128(1);
        let runs = Runs::default();
        runs.table().by_job.insert(job, Row { running, cancelled: false });
        assert_eq!(runs.cancel(&[job]).len(), 1, "it is dropped after its grace");
        assert!(runs.cancel(&[job]).is_empty(), "each beat names it again");
    }
}
