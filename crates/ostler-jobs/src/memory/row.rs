//! A job as this store keeps it: what it was added with, what has become of it, and the place where it stands.

use std::sync::Arc;

use jiff::Timestamp;

use super::lanes::{Lane, Turn};
use crate::id::{ClaimId, JobId};
use crate::policy::Keep;
use crate::state::JobState;
use crate::store::{ClaimedJob, JobStatus};
use crate::unique::UniqueKey;

/// A job.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) kind: Arc<str>,
    pub(super) queue: Arc<str>,
    pub(super) priority: u8,
    pub(super) args: Arc<str>,
    pub(super) created: Timestamp,
    /// Attempts that have ended and count.
    pub(super) attempts: u32,
    pub(super) crashes: u32,
    pub(super) suspect: bool,
    pub(super) cancel_asked: bool,
    /// The key that it holds until it is finished.
    pub(super) key: Option<UniqueKey>,
    pub(super) error: Option<Arc<str>>,
    pub(super) result: Option<Arc<str>>,
    pub(super) place: Place,
}

/// Where a job stands, with what belongs to its being there.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// It is due then.
    Scheduled(Timestamp),
    /// It has this turn in its lane.
    Ready(Turn),
    /// This claim holds it.
    Running(ClaimId),
    /// It ended like this, then, and this is kept.
    Finished { state: JobState, at: Timestamp, keep: Keep },
}

impl Place {
    /// The state that it is.
    pub(super) fn state(self) -> JobState {
        match self {
            Self::Scheduled(_) => JobState::Scheduled,
            Self::Ready(_) => JobState::Ready,
            Self::Running(_) => JobState::Running,
            Self::Finished { state, .. } => state,
        }
    }
}

impl Row {
    /// Its state.
    pub(super) fn state(&self) -> JobState {
        self.place.state()
    }

    /// The lane in which it waits when it is ready.
    pub(super) fn lane(&self) -> Lane {
        Lane {
            queue: Arc::clone(&self.queue),
            priority: self.priority,
            kind: Arc::clone(&self.kind),
            suspect: self.suspect,
        }
    }

    /// Whether this claim holds it.
    pub(super) fn is_held_by(&self, claim: ClaimId) -> bool {
        matches!(self.place, Place::Running(held) if held == claim)
    }

    /// As a worker gets it: the attempt that begins is one more than have ended.
    pub(super) fn claimed(&self, id: JobId) -> ClaimedJob {
        ClaimedJob {
            id,
            kind: Arc::clone(&self.kind),
            queue: Arc::clone(&self.queue),
            priority: self.priority,
            args: Arc::clone(&self.args),
            attempt: self.attempts.saturating_add(1),
            crashes: self.crashes,
            created: self.created,
        }
    }

    /// What is known of it.
    pub(super) fn status(&self, id: JobId) -> JobStatus {
        let running = matches!(self.place, Place::Running(_));
        let (kind, queue) = (Arc::clone(&self.kind), Arc::clone(&self.queue));
        let mut status = JobStatus::new(id, kind, queue, self.state(), self.created);
        status.priority = self.priority;
        status.attempts = self.attempts.saturating_add(u32::from(running));
        status.crashes = self.crashes;
        status.error.clone_from(&self.error);
        status.result.clone_from(&self.result);
        status.cancel_asked = running && self.cancel_asked;
        match self.place {
            Place::Scheduled(due) => status.due = Some(due),
            Place::Finished { at, .. } => status.finished = Some(at),
            Place::Ready(_) | Place::Running(_) => {}
        }
        status
    }
}
