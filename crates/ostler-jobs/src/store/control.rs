//! What people ask of jobs.

use crate::state::JobState;

/// The answer to a cancel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CancelAnswer {
    /// It waited, and is cancelled.
    Cancelled,
    /// It runs, and its worker is told.
    Asked,
    /// It had ended like this before.
    Over(JobState),
    /// There is no such job, or none any more.
    Unknown,
}
