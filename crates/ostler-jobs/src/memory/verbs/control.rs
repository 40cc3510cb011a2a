//! What people ask of jobs and queues.

use jiff::Timestamp;

use super::Verbs;
use crate::error::StoreError;
use crate::id::JobId;
use crate::memory::news::News;
use crate::memory::row::Place;
use crate::policy::Retention;
use crate::state::{JobState, Move};
use crate::store::{CANCELLED, CancelAnswer};

impl Verbs {
    pub(in crate::memory) fn cancel(
        &mut self,
        job: JobId,
        now: Timestamp,
        news: &mut News,
    ) -> Result<CancelAnswer, StoreError> {
        let Some(row) = self.table.get(job) else { return Ok(CancelAnswer::Unknown) };
        match row.place {
            Place::Finished { state, .. } => Ok(CancelAnswer::Over(state)),
            Place::Running(_) => {
                self.table.row(job)?.cancel_asked = true;
                news.cancel_asked = true;
                Ok(CancelAnswer::Asked)
            }
            Place::Scheduled(_) | Place::Ready(_) => {
                self.table.row(job)?.error = Some(CANCELLED.into());
                let keep = Retention::new().cancelled;
                let to = Place::Finished { state: JobState::Cancelled, at: now, keep };
                self.go(job, Move::Cancel, to, news)?;
                Ok(CancelAnswer::Cancelled)
            }
        }
    }

    pub(in crate::memory) fn pause(&mut self, queue: String) {
        self.paused.insert(queue);
    }

    pub(in crate::memory) fn resume(&mut self, queue: &str, news: &mut News) {
        news.ready |= self.paused.remove(queue);
    }

    pub(in crate::memory) fn paused(&self) -> Vec<String> {
        self.paused.iter().cloned().collect()
    }
}
