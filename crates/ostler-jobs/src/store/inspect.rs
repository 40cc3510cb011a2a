//! What is known of jobs.

use std::sync::Arc;

use jiff::Timestamp;

use crate::id::JobId;
use crate::state::JobState;

/// What is known of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobStatus {
    /// Its id.
    pub id: JobId,
    /// Its kind.
    pub kind: Arc<str>,
    /// Its queue.
    pub queue: Arc<str>,
    /// Its priority.
    pub priority: u8,
    /// Where it stands.
    pub state: JobState,
    /// Attempts that count, the running one among them.
    pub attempts: u32,
    /// How often its process died under it, as far as it is to blame.
    pub crashes: u32,
    /// When it was added.
    pub created: Timestamp,
    /// When it is due, where it is scheduled.
    pub due: Option<Timestamp>,
    /// When it ended, where it is finished.
    pub finished: Option<Timestamp>,
    /// Its last error; why it was cancelled, or is blocked.
    pub error: Option<Arc<str>>,
    /// Its result as JSON, where it ended well with one.
    pub result: Option<Arc<str>>,
    /// It is to be cancelled, and runs still.
    pub cancel_asked: bool,
}

impl JobStatus {
    /// One of a job that was just added; for stores, which then change what is otherwise.
    pub fn new(id: JobId, kind: Arc<str>, queue: Arc<str>, state: JobState, created: Timestamp) -> Self {
        Self {
            id,
            kind,
            queue,
            priority: crate::policy::DEFAULT_PRIORITY,
            state,
            attempts: 0,
            crashes: 0,
            created,
            due: None,
            finished: None,
            error: None,
            result: None,
            cancel_asked: false,
        }
    }
}

/// How many jobs there are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count {
    /// In this queue.
    pub queue: Arc<str>,
    /// Of this kind.
    pub kind: Arc<str>,
    /// In this state.
    pub state: JobState,
    /// So many.
    pub jobs: u64,
}
