//! Waiting for the end of a job. A hint of the store ends it at once where the job ends in this process; elsewhere looking does.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::client::Finished;
use crate::error::StoreError;
use crate::hints::EndHint;
use crate::id::JobId;
use crate::store::{JobStatus, Store};

/// How often a job's status is read where no hint comes.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long a hint may come after the row is gone: it is given right after that, by a thread that may have to wait for its turn.
const LATE_HINT: Duration = Duration::from_millis(100);

/// Why the end of a job is not known.
pub struct WaitError(Why);

#[derive(Debug)]
enum Why {
    Unknown(JobId),
    NotKept(JobId),
    Store(StoreError),
}

impl WaitError {
    /// Whether the store has no such job, and this wait never saw it: there was none, or it ended before and is kept no longer.
    pub fn is_unknown(&self) -> bool {
        matches!(self.0, Why::Unknown(_))
    }

    /// Whether the job has ended, and nothing says how: its kind's [`Retention`](crate::Retention) keeps nothing of such jobs.
    pub fn is_not_kept(&self) -> bool {
        matches!(self.0, Why::NotKept(_))
    }

    /// What the store said, where it is to blame.
    pub fn store_error(&self) -> Option<&StoreError> {
        match &self.0 {
            Why::Store(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Why::Unknown(job) => write!(f, "there is no job {job}, or none any more"),
            Why::NotKept(job) => {
                write!(f, "job {job} has ended and is not kept: its kind's retention decides about that")
            }
            Why::Store(_) => f.write_str("the job's status could not be read"),
        }
    }
}

impl fmt::Debug for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WaitError").field(&self.0).finish()
    }
}

impl std::error::Error for WaitError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.store_error().map(|error| error as _)
    }
}

/// Waits for the end of `job`; `known`: it was there.
pub(crate) async fn for_end(store: &dyn Store, job: JobId, mut known: bool) -> Result<Finished, WaitError> {
    let mut hint = store.hints().end_of(job);
    loop {
        let seen = match store.status(job).await {
            Ok(seen) => seen,
            // What passes is waited for too.
            Err(error) if error.is_transient() => {
                until_told(&mut hint).await;
                continue;
            }
            Err(error) => return Err(WaitError(Why::Store(error))),
        };
        if let Some(end) = ended(seen.as_ref(), hint.status()) {
            return Ok(Finished { status: end });
        }
        match seen {
            Some(_) => known = true,
            None if known => return not_kept(job, &mut hint).await,
            None => return Err(WaitError(Why::Unknown(job))),
        }
        until_told(&mut hint).await;
    }
}

/// The end of a job whose row is gone: as a hint tells it that is on its way.
async fn not_kept(job: JobId, hint: &mut EndHint) -> Result<Finished, WaitError> {
    told_within(LATE_HINT, hint).await;
    match hint.status() {
        Some(told) => Ok(Finished { status: (*told).clone() }),
        None => Err(WaitError(Why::NotKept(job))),
    }
}

/// The end, as the store shows it, or where it shows nothing any more, as a hint told it.
fn ended(seen: Option<&JobStatus>, told: Option<Arc<JobStatus>>) -> Option<JobStatus> {
    match seen {
        Some(seen) => seen.state.is_finished().then(|| seen.clone()),
        None => told.map(|told| (*told).clone()),
    }
}

async fn until_told(hint: &mut EndHint) {
    told_within(LOOK_EVERY, hint).await;
}

// A client has no host, and so no clock of one. Under a virtual clock hints are what ends a wait, and these looks are in real time.
#[allow(clippy::disallowed_methods)]
async fn told_within(time: Duration, hint: &mut EndHint) {
    tokio::select! {
        () = hint.ended() => {}
        () = tokio::time::sleep(time) => {}
    }
}
