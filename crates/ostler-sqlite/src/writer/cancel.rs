//! Cancelling jobs.

use ostler_jobs::store::CANCELLED;
use ostler_jobs::{CancelAnswer, JobId, JobState, Retention, StoreError};

use super::engine::Engine;
use super::finish::Final;
use super::inspect::Live;
use crate::call::{Company, Sync, Verb};
use crate::file::fault;
use crate::index::{Index, LaneId, Stage};

/// The verb.
pub(crate) struct Cancel(pub(crate) JobId);

impl Verb for Cancel {
    type Answer = CancelAnswer;

    fn company(&self, _: &Index) -> Company {
        Company::Group(Sync::Full)
    }

    fn run(&mut self, engine: &mut Engine<'_>) -> Result<CancelAnswer, StoreError> {
        let Some(job) = engine.ids.number(self.0) else { return Ok(CancelAnswer::Unknown) };
        if engine.index.running(job).is_some() {
            return engine.ask_cancel(job);
        }
        match engine.live(job)? {
            Some(live) => engine.cancel_waiting(job, live),
            None => {
                Ok(engine.kept(job)?.map_or(CancelAnswer::Unknown, |ended| CancelAnswer::Over(ended.state)))
            }
        }
    }
}

impl Engine<'_> {
    fn ask_cancel(&mut self, job: u64) -> Result<CancelAnswer, StoreError> {
        self.sql.ask_cancel.execute((job as i64,)).map_err(|error| fault("ask for a cancel", error))?;
        self.index.ask_cancel(job);
        self.news.cancel_asked = true;
        Ok(CancelAnswer::Asked)
    }

    fn cancel_waiting(&mut self, job: u64, live: Live) -> Result<CancelAnswer, StoreError> {
        let lane = self.index.lane(live.queue, live.kind, live.priority);
        let place = self.state_of(job, &live);
        let state = JobState::Cancelled;
        let keep = Retention::new().of(state);
        let (attempts, crashes) = (live.attempt, live.crashes);
        let end = Final { state, keep, attempts, crashes, detail: Some(CANCELLED.into()) };
        if let Some(class) = self.class_of(lane, &end)? {
            let now = self.now_ms();
            let kept = self.sql.keep_waiting_job.execute((job as i64, class, now, end.detail.as_deref()));
            kept.map_err(|error| fault("keep a cancelled job", error))?;
            self.index.count_kept(class, live.kind, 1);
        }
        self.remove(job, live.key.as_ref())?;
        self.forget_place(job, lane, place, live.due);
        self.tell_end(job, lane, live.created, end)?;
        Ok(CancelAnswer::Cancelled)
    }

    /// A job whose process died, and which was to be cancelled; nothing is in the index yet.
    pub(crate) fn cancel_lost(&mut self, job: u64) -> Result<(), StoreError> {
        match self.live(job)? {
            Some(live) => self.cancel_waiting(job, live).map(drop),
            None => Ok(()),
        }
    }

    /// Out of the index.
    fn forget_place(&mut self, job: u64, lane: LaneId, place: JobState, due: Option<i64>) {
        self.fresh.take(job);
        match place {
            JobState::Blocked => self.index.count_lane(lane, Stage::BLOCKED, -1),
            JobState::Scheduled => {
                self.index.count_lane(lane, Stage::SCHEDULED, -1);
                if let Some(due) = due {
                    self.index.unschedule((due, job));
                }
            }
            _ => _ = self.index.remove_ready(lane, job),
        }
    }
}
