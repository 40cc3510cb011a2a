//! What a verb has changed that others may wait for. It is collected under the lock and told after it.

use jiff::Timestamp;

use super::row::Place;
use crate::hints::Hints;
use crate::store::JobStatus;

/// What is new.
#[derive(Debug, Default)]
pub(super) struct News {
    /// Jobs became ready, or may be claimed again.
    pub(super) ready: bool,
    /// The first time at which a job is due that was scheduled.
    pub(super) due: Option<Timestamp>,
    /// A running job is to be cancelled.
    pub(super) cancel_asked: bool,
    /// These jobs ended; the last that is known of each, as some are not kept.
    pub(super) ended: Vec<JobStatus>,
}

impl News {
    /// A job has come to this place.
    pub(super) fn placed(&mut self, place: Place) {
        match place {
            Place::Ready(_) => self.ready = true,
            Place::Scheduled(due) => self.due = Some(self.due.map_or(due, |first| first.min(due))),
            Place::Running(_) | Place::Finished { .. } => {}
        }
    }

    /// Tells it.
    pub(super) fn tell(self, hints: &Hints) {
        if self.ready {
            hints.ready();
        }
        if let Some(due) = self.due {
            hints.scheduled(due);
        }
        if self.cancel_asked {
            hints.cancel_asked();
        }
        for job in self.ended {
            hints.ended_as(job.id, || Some(job));
        }
    }
}
