//! Workers that are alive, and the claims that they hold. What becomes of a job is not decided here.

use std::collections::BTreeMap;

use crate::id::{ClaimId, JobId, WorkerId};
use crate::store::WorkerBeat;

/// Workers and claims. No number is given twice.
#[derive(Debug, Default)]
pub(super) struct Leases {
    workers: BTreeMap<WorkerId, u64>,
    claims: BTreeMap<ClaimId, Held>,
    last_worker: u64,
    last_claim: u64,
}

/// What one claim holds.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) worker: WorkerId,
    pub(super) alone: bool,
    /// At least one, in the order of the claim.
    pub(super) jobs: Vec<JobId>,
}

impl Leases {
    /// A new worker.
    pub(super) fn join(&mut self) -> WorkerId {
        self.last_worker += 1;
        let worker = WorkerId(self.last_worker);
        self.workers.insert(worker, 0);
        worker
    }

    /// Counts a beat; whether the worker is alive.
    pub(super) fn beat(&mut self, worker: WorkerId) -> bool {
        self.workers.get_mut(&worker).map(|beat| *beat += 1).is_some()
    }

    /// Whether a worker is.
    pub(super) fn is_alive(&self, worker: WorkerId) -> bool {
        self.workers.contains_key(&worker)
    }

    /// All beats.
    pub(super) fn beats(&self) -> Vec<WorkerBeat> {
        self.workers.iter().map(|(&worker, &beat)| WorkerBeat { worker, beat }).collect()
    }

    /// Whether this was its last beat.
    pub(super) fn is_unchanged(&self, seen: WorkerBeat) -> bool {
        self.workers.get(&seen.worker) == Some(&seen.beat)
    }

    /// A claim, which is there as soon as it holds a job.
    pub(super) fn next_claim(&mut self) -> ClaimId {
        self.last_claim += 1;
        ClaimId(self.last_claim)
    }

    /// Gives these jobs to a claim.
    pub(super) fn hold(&mut self, claim: ClaimId, held: Held) {
        self.claims.insert(claim, held);
    }

    /// Takes a job out of its claim; the last one takes the claim with it.
    pub(super) fn release(&mut self, claim: ClaimId, job: JobId) {
        let Some(held) = self.claims.get_mut(&claim) else { return };
        held.jobs.retain(|&held| held != job);
        if held.jobs.is_empty() {
            self.claims.remove(&claim);
        }
    }

    /// What a worker holds, by claim.
    pub(super) fn held_by(&self, worker: WorkerId) -> impl Iterator<Item = &Held> {
        self.claims.values().filter(move |held| held.worker == worker)
    }

    /// Whether a worker holds a job that it claimed alone.
    pub(super) fn holds_alone(&self, worker: WorkerId) -> bool {
        self.held_by(worker).any(|held| held.alone)
    }

    /// Ends a worker's life, and tells which jobs it held, in the order of the claims, and whether each was alone:
    /// claimed so, and with nothing beside it at the end.
    pub(super) fn end(&mut self, worker: WorkerId) -> Vec<(JobId, bool)> {
        self.workers.remove(&worker);
        let mut lost: Vec<(JobId, bool)> =
            self.held_by(worker).flat_map(|held| held.jobs.iter().map(|&job| (job, held.alone))).collect();
        if lost.len() > 1 {
            lost.iter_mut().for_each(|(_, alone)| *alone = false);
        }
        lost
    }
}
