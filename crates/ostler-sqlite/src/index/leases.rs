//! Workers that are alive, the claims that they hold, and the jobs that run. A claim here is what its row says there, so that the
//! token of a write is checked without asking the file.

use std::collections::BTreeMap;
use std::sync::Arc;

use ostler_jobs::WorkerId;
use ostler_jobs::store::WorkerBeat;

use super::undo::Undo;
use super::{IdMap, Index, LaneId, Stage};

/// A job that runs: what is needed of its row when it ends.
#[derive(Debug, Clone)]
pub(crate) struct Running {
    pub(crate) claim: u64,
    pub(crate) lane: LaneId,
    /// Attempts that have ended and count.
    pub(crate) attempt: u32,
    pub(crate) crashes: u32,
    /// In milliseconds.
    pub(crate) created: i64,
    /// That which holds until it is finished.
    pub(crate) key: Option<[u8; 16]>,
    pub(crate) cancel_asked: bool,
    pub(crate) args: Arc<str>,
}

/// What a claim holds.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) worker: u64,
    pub(crate) alone: bool,
    /// With how many attempts each was claimed; those that have ended as well.
    pub(crate) jobs: Vec<(u64, u32)>,
    /// How many have not ended.
    pub(crate) left: usize,
}

/// Workers, claims, running jobs.
#[derive(Debug, Default)]
pub(super) struct Leases {
    /// Each with the number of its beats.
    workers: BTreeMap<u64, u64>,
    claims: BTreeMap<u64, Held>,
    running: IdMap<u64, Running>,
    /// How many running jobs are to be cancelled.
    asked: usize,
}

/// Workers. Their lives are in memory alone: with the process all of them end.
impl Index {
    pub(crate) fn join(&mut self, worker: u64) {
        self.leases.workers.insert(worker, 0);
    }

    /// Counts a beat; whether the worker is alive.
    pub(crate) fn beat(&mut self, worker: u64) -> bool {
        self.leases.workers.get_mut(&worker).map(|beat| *beat += 1).is_some()
    }

    pub(crate) fn is_alive(&self, worker: u64) -> bool {
        self.leases.workers.contains_key(&worker)
    }

    pub(crate) fn beats(&self) -> Vec<WorkerBeat> {
        let workers = self.leases.workers.iter();
        workers.map(|(&worker, &beat)| WorkerBeat { worker: WorkerId(worker), beat }).collect()
    }

    /// Whether this was its last beat.
    pub(crate) fn is_unchanged(&self, seen: &WorkerBeat) -> bool {
        self.leases.workers.get(&seen.worker.0) == Some(&seen.beat)
    }

    /// Ends a worker's life.
    pub(crate) fn end_worker(&mut self, worker: u64) {
        if let Some(beat) = self.leases.workers.remove(&worker) {
            self.undo.push(Undo::WorkerEnded { worker, beat });
        }
    }

    /// The claims of a worker, in order.
    pub(crate) fn claims_of(&self, worker: u64) -> Vec<u64> {
        let claims = self.leases.claims.iter().filter(|(_, held)| held.worker == worker);
        claims.map(|(&claim, _)| claim).collect()
    }

    /// Whether a worker holds a job that it claimed alone.
    pub(crate) fn holds_alone(&self, worker: u64) -> bool {
        self.leases.claims.values().any(|held| held.worker == worker && held.alone)
    }

    /// The running jobs of a worker that are to be cancelled, in the order in which they were claimed.
    pub(crate) fn cancels_of(&self, worker: u64) -> Vec<u64> {
        if self.leases.asked == 0 {
            return Vec::new();
        }
        let claims = self.leases.claims.iter().filter(|(_, held)| held.worker == worker);
        let jobs = claims.flat_map(|(&claim, held)| held.jobs.iter().map(move |&(job, _)| (claim, job)));
        let is_asked = |&(claim, job): &(u64, u64)| {
            self.running(job).is_some_and(|running| running.claim == claim && running.cancel_asked)
        };
        jobs.filter(is_asked).map(|(_, job)| job).collect()
    }
}

/// Claims and what they hold.
impl Index {
    pub(crate) fn hold(&mut self, claim: u64, held: Held) {
        self.leases.claims.insert(claim, held);
        self.undo.push(Undo::Held { claim });
    }

    pub(crate) fn held(&self, claim: u64) -> Option<&Held> {
        self.leases.claims.get(&claim)
    }

    /// The jobs of a claim that run, with the attempts they were claimed with.
    pub(crate) fn alive_in(&self, claim: u64) -> Vec<(u64, u32)> {
        let jobs = self.held(claim).map(|held| &*held.jobs).unwrap_or_default();
        let is_alive =
            |(job, _): &&(u64, u32)| self.running(*job).is_some_and(|running| running.claim == claim);
        jobs.iter().filter(is_alive).copied().collect()
    }

    /// One job fewer in a claim; whether that was the last, which takes the claim with it.
    pub(crate) fn release(&mut self, claim: u64) -> bool {
        let Some(held) = self.leases.claims.get_mut(&claim) else { return false };
        held.left = held.left.saturating_sub(1);
        self.undo.push(Undo::Released { claim });
        if held.left > 0 {
            return false;
        }
        if let Some(held) = self.leases.claims.remove(&claim) {
            self.undo.push(Undo::ClaimEnded { claim, held: Box::new(held) });
        }
        true
    }

    /// A job runs.
    pub(crate) fn run(&mut self, job: u64, running: Running) {
        let lane = running.lane;
        self.leases.asked += usize::from(running.cancel_asked);
        self.leases.running.insert(job, running);
        self.undo.push(Undo::Ran { job });
        self.count_lane(lane, Stage::RUNNING, 1);
    }

    pub(crate) fn running(&self, job: u64) -> Option<&Running> {
        self.leases.running.get(&job)
    }

    /// A running job is to be cancelled.
    pub(crate) fn ask_cancel(&mut self, job: u64) {
        if let Some(running) = self.leases.running.get_mut(&job)
            && !running.cancel_asked
        {
            running.cancel_asked = true;
            self.leases.asked += 1;
            self.undo.push(Undo::CancelAsked { job });
        }
    }

    /// A job runs no more.
    pub(crate) fn rest(&mut self, job: u64) {
        let Some(running) = self.leases.running.remove(&job) else { return };
        let lane = running.lane;
        self.leases.asked -= usize::from(running.cancel_asked);
        self.rested.push(running);
        self.undo.push(Undo::Rested { job });
        self.count_lane(lane, Stage::RUNNING, -1);
    }
}

/// Taking it back.
impl Index {
    pub(super) fn undo_worker_ended(&mut self, worker: u64, beat: u64) {
        self.leases.workers.insert(worker, beat);
    }

    pub(super) fn undo_held(&mut self, claim: u64) {
        self.leases.claims.remove(&claim);
    }

    pub(super) fn undo_released(&mut self, claim: u64) {
        if let Some(held) = self.leases.claims.get_mut(&claim) {
            held.left += 1;
        }
    }

    pub(super) fn undo_claim_ended(&mut self, claim: u64, held: Held) {
        self.leases.claims.insert(claim, held);
    }

    pub(super) fn undo_ran(&mut self, job: u64) {
        if let Some(running) = self.leases.running.remove(&job) {
            self.leases.asked -= usize::from(running.cancel_asked);
        }
    }

    pub(super) fn undo_rested(&mut self, job: u64) {
        if let Some(running) = self.rested.pop() {
            self.leases.asked += usize::from(running.cancel_asked);
            self.leases.running.insert(job, running);
        }
    }

    pub(super) fn undo_cancel_asked(&mut self, job: u64) {
        if let Some(running) = self.leases.running.get_mut(&job) {
            running.cancel_asked = false;
            self.leases.asked -= 1;
        }
    }
}

#[cfg(test)]
impl Index {
    /// For a comparison.
    pub(super) fn leases_shown(&self) -> Vec<String> {
        let running = self.leases.running.iter().map(|(job, running)| format!("{job} {running:?}"));
        let others = format!("{:?} {:?} {}", self.leases.workers, self.leases.claims, self.leases.asked);
        running.chain([others]).collect()
    }
}
