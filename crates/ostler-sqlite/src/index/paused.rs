//! The queues of which nothing is claimed.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Index;
use super::undo::Undo;

/// Their names: a queue can be paused before it has a job.
#[derive(Debug, Default)]
pub(super) struct Paused(BTreeSet<Arc<str>>);

impl Index {
    /// Whether a queue is paused.
    pub(crate) fn is_paused(&self, queue: &str) -> bool {
        self.paused.0.contains(queue)
    }

    /// All paused queues.
    pub(crate) fn paused(&self) -> impl Iterator<Item = &str> {
        self.paused.0.iter().map(|queue| &**queue)
    }

    /// Pauses a queue; whether it was not.
    pub(crate) fn pause(&mut self, queue: &Arc<str>) -> bool {
        let is_new = self.paused.0.insert(Arc::clone(queue));
        if is_new {
            self.undo.push(Undo::Paused(Arc::clone(queue)));
        }
        is_new
    }

    /// Resumes a queue; whether it was paused.
    pub(crate) fn resume(&mut self, queue: &Arc<str>) -> bool {
        let was_paused = self.paused.0.remove(queue);
        if was_paused {
            self.undo.push(Undo::Resumed(Arc::clone(queue)));
        }
        was_paused
    }

    pub(super) fn undo_pause(&mut self, queue: &Arc<str>) {
        self.paused.0.remove(queue);
    }

    pub(super) fn undo_resume(&mut self, queue: Arc<str>) {
        self.paused.0.insert(queue);
    }
}
