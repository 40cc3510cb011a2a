//! What is known of jobs: one of them by a look at its row, all of them by counts in memory.

use std::sync::Arc;

use ostler_jobs::{Count, ErrorKind, JobId, JobState, JobStatus, StoreError};
use rusqlite::OptionalExtension;

use super::engine::Engine;
use super::news::Ended;
use super::row::timestamp;
use crate::call::{Company, Verb};
use crate::file::fault;
use crate::index::{Class, Index, NameId, ended_state};

/// The verbs.
pub(crate) struct Status(pub(crate) JobId);
pub(crate) struct Counts;

impl Verb for Status {
    type Answer = Option<JobStatus>;

    fn company(&self, _: &Index) -> Company {
        Company::Aside
    }

    fn run(&mut self, engine: &mut Engine<'_>) -> Result<Self::Answer, StoreError> {
        let Some(job) = engine.ids.number(self.0) else { return Ok(None) };
        match engine.live(job)? {
            Some(live) => engine.status_of(job, live).map(Some),
            None => Ok(engine.kept(job)?.map(Ended::into_status)),
        }
    }
}

impl Verb for Counts {
    type Answer = Vec<Count>;

    fn company(&self, _: &Index) -> Company {
        Company::Aside
    }

    fn run(&mut self, engine: &mut Engine<'_>) -> Result<Self::Answer, StoreError> {
        Ok(engine.index.counts())
    }
}

/// The row of a job that has not ended.
pub(super) struct Live {
    pub(super) kind: NameId,
    pub(super) queue: NameId,
    pub(super) priority: u8,
    pub(super) due: Option<i64>,
    pub(super) attempt: u32,
    pub(super) crashes: u32,
    pub(super) flags: i64,
    pub(super) created: i64,
    pub(super) blocked: Option<String>,
    pub(super) error: Option<String>,
    pub(super) key: Option<[u8; 16]>,
}

impl Engine<'_> {
    /// A job that has not ended.
    pub(super) fn live(&mut self, job: u64) -> Result<Option<Live>, StoreError> {
        let live = self.sql.live_job.query_row((job as i64,), |row| {
            Ok(Live {
                kind: row.get(0)?,
                queue: row.get(1)?,
                priority: row.get(2)?,
                due: row.get(3)?,
                attempt: row.get(4)?,
                crashes: row.get(5)?,
                flags: row.get(6)?,
                created: row.get(7)?,
                blocked: row.get(8)?,
                error: row.get(9)?,
                key: row.get(10)?,
            })
        });
        live.optional().map_err(|error| fault("read a job", error))
    }

    /// Where a job that has not ended stands.
    pub(super) fn state_of(&self, job: u64, live: &Live) -> JobState {
        let is_scheduled = |due| self.index.dues.is_scheduled((due, job));
        if live.blocked.is_some() {
            JobState::Blocked
        } else if self.index.running(job).is_some() {
            JobState::Running
        } else if live.due.is_some_and(is_scheduled) {
            JobState::Scheduled
        } else {
            JobState::Ready
        }
    }

    fn status_of(&self, job: u64, live: Live) -> Result<JobStatus, StoreError> {
        let state = self.state_of(job, &live);
        let (kind, queue) = (self.text(live.kind)?, self.text(live.queue)?);
        let mut status = JobStatus::new(self.ids.job_id(job), kind, queue, state, timestamp(live.created));
        status.priority = live.priority;
        status.attempts = live.attempt.saturating_add(u32::from(state == JobState::Running));
        status.crashes = live.crashes;
        status.due = live.due.filter(|_| state == JobState::Scheduled).map(timestamp);
        status.error = live.blocked.or(live.error).map(Arc::from);
        status.cancel_asked = state == JobState::Running && live.flags & 2 != 0;
        Ok(status)
    }

    /// A job that has ended, where it is kept.
    pub(super) fn kept(&mut self, job: u64) -> Result<Option<Ended>, StoreError> {
        let classes: Vec<Class> = self.index.classes().copied().collect();
        for class in classes {
            if let Some(ended) = self.kept_in(class, job)? {
                return Ok(Some(ended));
            }
        }
        Ok(None)
    }

    fn kept_in(&mut self, class: Class, job: u64) -> Result<Option<Ended>, StoreError> {
        let kept = self.sql.kept_job.query_row((class.id, job as i64), |row| {
            let ended = Ended {
                id: self.ids.job_id(job),
                kind: "".into(),
                queue: "".into(),
                priority: row.get(1)?,
                state: ended_state(class.key.state),
                attempts: row.get(2)?,
                crashes: row.get(3)?,
                created: row.get(4)?,
                finished: row.get(5)?,
                detail: row.get::<_, Option<String>>(6)?.map(Arc::from),
            };
            Ok((row.get::<_, NameId>(0)?, ended))
        });
        let Some((kind, ended)) = kept.optional().map_err(|error| fault("read a finished job", error))?
        else {
            return Ok(None);
        };
        Ok(Some(Ended { kind: self.text(kind)?, queue: self.text(class.key.queue)?, ..ended }))
    }

    fn text(&self, name: NameId) -> Result<Arc<str>, StoreError> {
        let unknown =
            || StoreError::new(ErrorKind::Corrupt, format!("the file has no name of the number {name}"));
        self.index.name(name).cloned().ok_or_else(unknown)
    }
}
