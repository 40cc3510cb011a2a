//! Workers and their beats.

use crate::id::{JobId, WorkerId};

/// The [`error`](crate::JobStatus::error) of a job that is ready again because its worker was lost.
pub const LOST: &str = "its worker was lost while it ran";

/// The answer to a beat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beat {
    /// The worker is alive; these of its running jobs are to be cancelled.
    Alive {
        /// Told again by each beat until they end.
        cancels: Vec<JobId>,
    },
    /// It has expired: what it holds is no longer its own.
    Lost,
}

/// How often a worker has beaten, by which a rescuer sees that it does not any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkerBeat {
    /// Who.
    pub worker: WorkerId,
    /// A number that each beat changes.
    pub beat: u64,
}
