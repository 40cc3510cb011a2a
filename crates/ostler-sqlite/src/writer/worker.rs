//! The lives of workers: their begin, their beats, their end. Only an end with jobs left is written down.

use ostler_jobs::store::{Beat, CANCELLED, LOST, WorkerBeat};
use ostler_jobs::{JobState, Retention, StoreError, WorkerId};

use super::engine::Engine;
use super::finish::Final;
use crate::call::{Company, Sync, Verb};
use crate::index::{Index, Running};

/// The verbs.
pub(crate) struct Join;
pub(crate) struct Pulse(pub(crate) WorkerId);
pub(crate) struct Beats;
pub(crate) struct Leave(pub(crate) WorkerId);
pub(crate) struct Expire(pub(crate) Vec<WorkerBeat>);

impl Verb for Join {
    type Answer = WorkerId;

    fn company(&self, _: &Index) -> Company {
        Company::Aside
    }

    fn run(&mut self, engine: &mut Engine<'_>) -> Result<WorkerId, StoreError> {
        let worker = engine.ids.next()?;
        engine.index.join(worker);
        Ok(WorkerId(worker))
    }
}

impl Verb for Pulse {
    type Answer = Beat;

    fn company(&self, _: &Index) -> Company {
        Company::Aside
    }

    fn run(&mut self, engine: &mut Engine<'_>) -> Result<Beat, StoreError> {
        if !engine.index.beat(self.0.0) {
            return Ok(Beat::Lost);
        }
        let cancels = engine.index.cancels_of(self.0.0);
        Ok(Beat::Alive { cancels: cancels.into_iter().map(|job| engine.ids.job_id(job)).collect() })
    }
}

impl Verb for Beats {
    type Answer = Vec<WorkerBeat>;

    fn company(&self, _: &Index) -> Company {
        Company::Aside
    }

    fn run(&mut self, engine: &mut Engine<'_>) -> Result<Self::Answer, StoreError> {
        Ok(engine.index.beats())
    }
}

impl Verb for Leave {
    type Answer = ();

    fn company(&self, index: &Index) -> Company {
        company_of(index.claims_of(self.0.0).is_empty())
    }

    fn run(&mut self, engine: &mut Engine<'_>) -> Result<(), StoreError> {
        engine.lose_worker(self.0.0).map(drop)
    }
}

impl Verb for Expire {
    type Answer = usize;

    fn company(&self, index: &Index) -> Company {
        company_of(self.0.iter().all(|seen| index.claims_of(seen.worker.0).is_empty()))
    }

    fn run(&mut self, engine: &mut Engine<'_>) -> Result<usize, StoreError> {
        let mut lost = 0;
        for seen in &self.0 {
            if engine.index.is_unchanged(seen) {
                lost += engine.lose_worker(seen.worker.0)?;
            }
        }
        Ok(lost)
    }
}

fn company_of(holds_nothing: bool) -> Company {
    if holds_nothing { Company::Aside } else { Company::Group(Sync::Full) }
}

/// How often a job's process has died under it, after another time: only one that was claimed alone is to blame.
pub(crate) fn crashes(before: u32, alone: bool) -> u32 {
    if alone { before.saturating_add(1) } else { before.max(1) }
}

impl Engine<'_> {
    /// Ends a worker's life; how many jobs it lost. They are ready again in the order in which they were claimed.
    fn lose_worker(&mut self, worker: u64) -> Result<usize, StoreError> {
        let mut lost = 0;
        let claims = self.index.claims_of(worker);
        // With another beside it, nobody can tell which of them it was.
        let is_one = claims.iter().map(|&claim| self.index.alive_in(claim).len()).sum::<usize>() == 1;
        for claim in claims {
            let alone = is_one && self.index.held(claim).is_some_and(|held| held.alone);
            for (job, _) in self.index.alive_in(claim) {
                if let Some(running) = self.index.running(job).cloned() {
                    self.lose_job(job, &running, alone)?;
                    lost += 1;
                }
            }
        }
        self.index.end_worker(worker);
        Ok(lost)
    }

    fn lose_job(&mut self, job: u64, running: &Running, alone: bool) -> Result<(), StoreError> {
        let crashes = crashes(running.crashes, alone);
        if !running.cancel_asked {
            return self.lose(job, running, crashes, LOST);
        }
        let state = JobState::Cancelled;
        let attempts = running.attempt.saturating_add(1);
        let keep = Retention::new().of(state);
        self.end_running(
            job,
            running,
            Final { state, keep, attempts, crashes, detail: Some(CANCELLED.into()) },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_is_blamed_on_a_job_that_was_alone_and_never_raised_for_others() {
        assert_eq!([crashes(0, false), crashes(1, false), crashes(2, false)], [1, 1, 2]);
        assert_eq!([crashes(0, true), crashes(1, true)], [1, 2]);
    }
}
