//! What people ask of jobs.

use crate::state::JobState;

/// The [`error`](crate::JobStatus::error) of a job that was cancelled because [`cancel`](crate::Store::cancel) asked
/// for it, whether it waited or ran.
pub const CANCELLED: &str = "cancelled on request";

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
