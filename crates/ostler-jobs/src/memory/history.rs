//! Finished jobs that are kept, in classes: those of one queue that ended alike, and of which the same is kept.
//!
//! Within a class the job that was added first is the first to go, by age as by number: a job that took long keeps
//! those after it for as long. That is what a store can do with one ordered key for each job, and it removes nothing
//! too early.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::id::JobId;
use crate::policy::Keep;
use crate::state::JobState;

/// What is kept alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Class {
    pub(super) queue: Arc<str>,
    pub(super) state: JobState,
    pub(super) keep: Keep,
}

/// All classes; none of them is empty.
#[derive(Debug, Default)]
pub(super) struct History(BTreeMap<Class, BTreeSet<JobId>>);

impl History {
    /// Keeps a job.
    pub(super) fn add(&mut self, class: Class, job: JobId) {
        self.0.entry(class).or_default().insert(job);
    }

    /// Forgets a job.
    pub(super) fn remove(&mut self, class: &Class, job: JobId) {
        if let Some(jobs) = self.0.get_mut(class) {
            jobs.remove(&job);
            if jobs.is_empty() {
                self.0.remove(class);
            }
        }
    }

    /// The first job that is kept no longer, of those whose time `finished` tells.
    pub(super) fn next(&self, now: Timestamp, finished: impl Fn(JobId) -> Timestamp) -> Option<JobId> {
        self.0.iter().find_map(|(class, jobs)| {
            let &first = jobs.first()?;
            let too_many = u64::try_from(jobs.len()).unwrap_or(u64::MAX) > class.keep.most;
            (too_many || is_over(finished(first), class.keep, now)).then_some(first)
        })
    }
}

/// Whether a job that finished then has been kept long enough.
fn is_over(finished: Timestamp, keep: Keep, now: Timestamp) -> bool {
    finished.saturating_add(keep.age).unwrap_or(Timestamp::MAX) <= now
}
