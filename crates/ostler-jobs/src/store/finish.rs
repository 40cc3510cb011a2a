//! Ending attempts.

use std::sync::Arc;
use std::time::Duration;

use crate::id::{ClaimId, JobId};
use crate::policy::Keep;

/// The end of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finish {
    /// By which claim.
    pub claim: ClaimId,
    /// Of which job.
    pub job: JobId,
    /// How it ended.
    pub end: End,
    /// What is kept of it, where it is finished.
    pub keep: Keep,
}

/// How an attempt ended. Each but the last two counts as an attempt.
///
/// A job that is to be cancelled is so after [`Retry`](Self::Retry), [`Snooze`](Self::Snooze) and [`GiveBack`](Self::GiveBack) too.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// Well, with this result, as JSON.
    Done {
        /// At most [`MAX_RESULT`](crate::MAX_RESULT).
        result: Option<Arc<str>>,
    },
    /// With this error, and it is tried again after `wait`.
    Retry {
        /// Why.
        error: Arc<str>,
        /// From now, by the store's clock.
        wait: Duration,
    },
    /// It is no longer wanted.
    Cancelled {
        /// Why.
        reason: Arc<str>,
    },
    /// It will not be tried again.
    Dead {
        /// Why.
        error: Arc<str>,
    },
    /// It is tried again after `wait`, and this attempt does not count.
    Snooze {
        /// From now, by the store's clock.
        wait: Duration,
    },
    /// Its worker stops; it is ready at once, before all others of its priority, and this attempt does not count.
    GiveBack,
}

/// Whether the end of an attempt was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was.
    Accepted,
    /// The claim does not hold the job any more: nothing was changed.
    Stale,
}
