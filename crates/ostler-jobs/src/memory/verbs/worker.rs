//! Workers, and what they lose.

use jiff::Timestamp;

use super::Verbs;
use crate::error::StoreError;
use crate::id::{JobId, WorkerId};
use crate::memory::ending;
use crate::memory::news::News;
use crate::store::{Beat, WorkerBeat};

impl Verbs {
    pub(in crate::memory) fn join(&mut self) -> WorkerId {
        self.table.leases.join()
    }

    pub(in crate::memory) fn beat(&mut self, worker: WorkerId) -> Beat {
        if !self.table.leases.beat(worker) {
            return Beat::Lost;
        }
        let held = self.table.leases.held_by(worker).flat_map(|held| held.jobs.iter().copied());
        let asked = |job: &JobId| self.table.get(*job).is_some_and(|row| row.cancel_asked);
        Beat::Alive { cancels: held.filter(asked).collect() }
    }

    pub(in crate::memory) fn beats(&self) -> Vec<WorkerBeat> {
        self.table.leases.beats()
    }

    pub(in crate::memory) fn leave(
        &mut self,
        worker: WorkerId,
        now: Timestamp,
        news: &mut News,
    ) -> Result<(), StoreError> {
        self.lose(worker, now, news).map(drop)
    }

    pub(in crate::memory) fn expire(
        &mut self,
        workers: &[WorkerBeat],
        now: Timestamp,
        news: &mut News,
    ) -> Result<usize, StoreError> {
        let mut lost = 0;
        for &seen in workers {
            if self.table.leases.is_unchanged(seen) {
                lost += self.lose(seen.worker, now, news)?;
            }
        }
        Ok(lost)
    }

    /// Ends a worker's life; how many jobs it lost. They are ready in the order in which they were claimed.
    fn lose(&mut self, worker: WorkerId, now: Timestamp, news: &mut News) -> Result<usize, StoreError> {
        let lost = self.table.leases.end(worker);
        for &(job, alone) in &lost {
            let row = self.table.row(job)?;
            row.crashes = ending::crashes(row.crashes, alone);
            row.suspect = true;
            let ending = ending::of_loss(row.cancel_asked);
            self.end(job, ending, now, news)?;
        }
        Ok(lost.len())
    }
}
