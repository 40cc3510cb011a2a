//! What is known of jobs.

#[cfg(feature = "testing")]
use std::sync::Arc;

use super::Verbs;
use crate::id::JobId;
use crate::store::{Count, JobStatus};

impl Verbs {
    pub(in crate::memory) fn status(&self, job: JobId) -> Option<JobStatus> {
        self.table.get(job).map(|row| row.status(job))
    }

    pub(in crate::memory) fn counts(&self) -> Vec<Count> {
        self.table.counts()
    }

    #[cfg(feature = "testing")]
    pub(in crate::memory) fn all(&self) -> Vec<(JobStatus, Arc<str>)> {
        self.table.iter().map(|(job, row)| (row.status(job), Arc::clone(&row.args))).collect()
    }
}
