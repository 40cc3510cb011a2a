//! Ending attempts.
//!
//! A pair of a claim's row is live while the job's row is there with the pair's number of attempts. So an end that counts needs no
//! write to the claim: it removes the job or raises its number. One that does not count, a snooze or a give-back, would leave the
//! pair alive, and an open after a crash would count an attempt that had ended: it takes its pair out of the row, in the same
//! transaction. When a claim's last job ends, the row goes.

use std::sync::Arc;
use std::time::Duration;

use ostler_jobs::store::{CANCELLED, End, Finish as Ended1, Verdict};
use ostler_jobs::{JobState, Keep, StoreError};

use super::claim::packed;
use super::engine::Engine;
use super::news::Ended;
use super::row::later;
use crate::call::{Company, Sync, Verb};
use crate::file::fault;
use crate::index::{ClassId, ClassKey, Index, LaneId, Place, Running, Stage};

/// The verb.
pub(crate) struct Finish(pub(crate) Vec<Ended1>);

impl Verb for Finish {
    type Answer = Vec<Verdict>;

    fn company(&self, index: &Index) -> Company {
        let is_held = |end: &Ended1| index.held(end.claim.0).is_some();
        if self.0.iter().any(is_held) { Company::Group(Sync::Full) } else { Company::Aside }
    }

    fn run(&mut self, engine: &mut Engine<'_>) -> Result<Self::Answer, StoreError> {
        engine.removed = Some(Vec::with_capacity(self.0.len()));
        let verdicts: Result<_, _> = self.0.iter().map(|end| engine.finish(end)).collect();
        let removed = engine.removed.take().unwrap_or_default();
        let verdicts = verdicts?;
        engine.remove_runs(removed)?;
        Ok(verdicts)
    }
}

/// How a job ends, and what of it counts.
pub(super) struct Final {
    pub(super) state: JobState,
    pub(super) keep: Keep,
    /// Attempts, with this one where it counts.
    pub(super) attempts: u32,
    pub(super) crashes: u32,
    /// Its result where it is done, else why it ended.
    pub(super) detail: Option<Arc<str>>,
}

/// What becomes of a running job.
enum Next<'a> {
    Ends(Final),
    Retried { error: &'a str, wait: Duration },
    Snoozed(Duration),
    GivenBack,
}

/// What follows from the end of its attempt. One that is to be cancelled is not tried again, but its attempt counts only where its
/// end does.
fn next<'a>(finish: &'a Ended1, running: &Running) -> Next<'a> {
    let counted = running.attempt.saturating_add(1);
    let ends = |state, attempts, detail| {
        let (keep, crashes) = (finish.keep, running.crashes);
        Next::Ends(Final { state, keep, attempts, crashes, detail })
    };
    match &finish.end {
        End::Done { result } => ends(JobState::Done, counted, result.clone()),
        End::Dead { error } => ends(JobState::Dead, counted, Some(error.clone())),
        End::Cancelled { reason } => ends(JobState::Cancelled, counted, Some(reason.clone())),
        End::Retry { .. } if running.cancel_asked => {
            ends(JobState::Cancelled, counted, Some(CANCELLED.into()))
        }
        _ if running.cancel_asked => ends(JobState::Cancelled, running.attempt, Some(CANCELLED.into())),
        End::Retry { error, wait } => Next::Retried { error, wait: *wait },
        End::Snooze { wait } => Next::Snoozed(*wait),
        // As is an end that this version does not know, which loses nothing.
        _ => Next::GivenBack,
    }
}

impl Engine<'_> {
    fn finish(&mut self, finish: &Ended1) -> Result<Verdict, StoreError> {
        let Some(job) = self.ids.number(finish.job) else { return Ok(Verdict::Stale) };
        let claim = finish.claim.0;
        let Some(running) = self.index.running(job).filter(|running| running.claim == claim) else {
            return Ok(Verdict::Stale);
        };
        let running = running.clone();
        match next(finish, &running) {
            Next::Ends(end) => self.end_running(job, &running, end)?,
            Next::Retried { error, wait } => self.retry(job, &running, wait, error)?,
            Next::Snoozed(wait) => self.postpone(job, &running, self.due_in(wait), false)?,
            Next::GivenBack => self.postpone(job, &running, None, true)?,
        }
        Ok(Verdict::Accepted)
    }

    /// Ends a running job for good.
    pub(super) fn end_running(&mut self, job: u64, running: &Running, end: Final) -> Result<(), StoreError> {
        self.keep(job, running, &end)?;
        self.remove(job, running.key.as_ref())?;
        self.rest(job, running)?;
        self.tell_end(job, running.lane, running.created, end)
    }

    /// Into the history, where something is kept.
    fn keep(&mut self, job: u64, running: &Running, end: &Final) -> Result<(), StoreError> {
        let Some(class) = self.class_of(running.lane, end)? else { return Ok(()) };
        let (_, kind, priority) = self.index.lane_key(running.lane);
        let kept = self.sql.keep_job.execute((
            class,
            job as i64,
            kind,
            priority,
            end.attempts,
            end.crashes,
            running.created,
            self.now.as_millisecond(),
            end.detail.as_deref(),
            &*running.args,
        ));
        kept.map_err(|error| fault("keep a finished job", error))?;
        self.index.count_kept(class, kind, 1);
        Ok(())
    }

    /// The class of a job that ends so; `None` where nothing is kept.
    pub(super) fn class_of(&mut self, lane: LaneId, end: &Final) -> Result<Option<ClassId>, StoreError> {
        if end.keep.is_none() {
            return Ok(None);
        }
        let key = ClassKey::of(self.index.lane_key(lane).0, end.state, end.keep);
        if let Some(class) = self.index.class_id(key) {
            return Ok(Some(class));
        }
        let class = self.index.next_class_id();
        let added = self.sql.add_class.execute((class, key.queue, key.state, key.age, key.most as i64));
        added.map_err(|error| fault("add a class", error))?;
        self.index.add_class(class, key);
        Ok(Some(class))
    }

    /// Out of the table, with its key.
    pub(super) fn remove(&mut self, job: u64, key: Option<&[u8; 16]>) -> Result<(), StoreError> {
        match &mut self.removed {
            Some(removed) => removed.push(job),
            None => self.remove_run(job, job)?,
        }
        if let Some(key) = key {
            self.sql.free_key.execute((key, job as i64)).map_err(|error| fault("free a key", error))?;
        }
        Ok(())
    }

    /// Jobs that were added one after another often end together: their rows are removed in runs.
    fn remove_runs(&mut self, mut jobs: Vec<u64>) -> Result<(), StoreError> {
        jobs.sort_unstable();
        for run in jobs.chunk_by(|one, next| one + 1 == *next) {
            if let (Some(&first), Some(&last)) = (run.first(), run.last()) {
                self.remove_run(first, last)?;
            }
        }
        Ok(())
    }

    fn remove_run(&mut self, first: u64, last: u64) -> Result<(), StoreError> {
        let removed = if first == last {
            self.sql.end_job.execute((first as i64,))
        } else {
            self.sql.end_jobs.execute((first as i64, last as i64))
        };
        removed.map(drop).map_err(|error| fault("remove finished jobs", error))
    }

    /// A job runs no more; its claim goes with its last one.
    fn rest(&mut self, job: u64, running: &Running) -> Result<(), StoreError> {
        self.index.rest(job);
        if self.index.release(running.claim) {
            let ended = self.sql.end_claim.execute((running.claim as i64,));
            ended.map_err(|error| fault("end a claim", error))?;
        }
        Ok(())
    }

    pub(super) fn tell_end(
        &mut self,
        job: u64,
        lane: LaneId,
        created: i64,
        end: Final,
    ) -> Result<(), StoreError> {
        let (queue, kind, priority) = self.index.lane_key(lane);
        if let Some((queue, kind)) = self.index.name(queue).zip(self.index.name(kind)) {
            self.news.ended(Ended {
                id: self.ids.job_id(job),
                kind: Arc::clone(kind),
                queue: Arc::clone(queue),
                priority,
                state: end.state,
                attempts: end.attempts,
                crashes: end.crashes,
                created,
                finished: self.now.as_millisecond(),
                detail: end.detail,
            });
        }
        Ok(())
    }

    fn retry(&mut self, job: u64, running: &Running, wait: Duration, error: &str) -> Result<(), StoreError> {
        let due = self.due_in(wait);
        let attempt = running.attempt.saturating_add(1);
        let retried = self.sql.retry_job.execute((job as i64, attempt, due, error));
        retried.map_err(|error| fault("retry a job", error))?;
        self.rest(job, running)?;
        self.wait(job, running.lane, due)
    }

    /// A snooze or a give-back: the attempt does not count.
    fn postpone(
        &mut self,
        job: u64,
        running: &Running,
        due: Option<i64>,
        front: bool,
    ) -> Result<(), StoreError> {
        let postponed = self.sql.postpone_job.execute((job as i64, due));
        postponed.map_err(|error| fault("put a job off", error))?;
        self.rest(job, running)?;
        let left = self.index.alive_in(running.claim);
        if !left.is_empty() {
            let cut = self.sql.cut_claim.execute((running.claim as i64, packed(&left)));
            cut.map_err(|error| fault("take a job out of its claim", error))?;
        }
        if front {
            self.index.make_ready(running.lane, job, Place::Front);
            self.news.ready = true;
            return Ok(());
        }
        self.wait(job, running.lane, due)
    }

    /// `None`: at once.
    fn due_in(&self, wait: Duration) -> Option<i64> {
        (!wait.is_zero()).then(|| later(self.now(), wait))
    }

    /// A job waits, for its time or for a worker.
    pub(super) fn wait(&mut self, job: u64, lane: LaneId, due: Option<i64>) -> Result<(), StoreError> {
        if let Some(due) = due {
            self.index.count_lane(lane, Stage::SCHEDULED, 1);
            self.index.schedule((due, job), lane);
            self.news.scheduled(due);
        } else {
            let turn = self.ids.next()?;
            self.index.make_ready(lane, job, Place::Back(turn));
            self.news.ready = true;
        }
        Ok(())
    }

    /// A job that its worker lost is ready again, and suspect. Its claim's row goes with the worker.
    pub(super) fn lose(
        &mut self,
        job: u64,
        running: &Running,
        crashes: u32,
        error: &str,
    ) -> Result<(), StoreError> {
        let attempt = running.attempt.saturating_add(1);
        let lost = self.sql.lose_job.execute((job as i64, attempt, crashes, error));
        lost.map_err(|error| fault("take a job back", error))?;
        self.rest(job, running)?;
        let turn = self.ids.next()?;
        self.index.make_ready(running.lane, job, Place::Suspect(turn));
        self.news.ready = true;
        Ok(())
    }
}
