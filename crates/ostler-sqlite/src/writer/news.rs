//! What a transaction has changed that others may wait for. It is told after the commit, when it can be seen.

use std::sync::Arc;

use jiff::Timestamp;
use ostler_jobs::{Hints, JobId, JobState, JobStatus};

use super::row::timestamp;

/// What is new.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// Jobs became ready, or may be claimed again.
    pub(crate) ready: bool,
    /// A running job is to be cancelled.
    pub(crate) cancel_asked: bool,
    /// The first time at which a job that was scheduled is due.
    due: Option<i64>,
    ended: Vec<Ended>,
}

/// A job that ended, and the last that is known of it: some are not kept.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    pub(crate) id: JobId,
    pub(crate) kind: Arc<str>,
    pub(crate) queue: Arc<str>,
    pub(crate) priority: u8,
    pub(crate) state: JobState,
    pub(crate) attempts: u32,
    pub(crate) crashes: u32,
    pub(crate) created: i64,
    pub(crate) finished: i64,
    /// The result of one that is done, else why it ended.
    pub(crate) detail: Option<Arc<str>>,
}

impl News {
    /// A job is due then.
    pub(crate) fn scheduled(&mut self, due: i64) {
        self.due = Some(self.due.map_or(due, |first| first.min(due)));
    }

    /// A job has ended.
    pub(crate) fn ended(&mut self, ended: Ended) {
        self.ended.push(ended);
    }

    /// How much is known, to take back what comes after: of ends, which alone would be false.
    pub(crate) fn mark(&self) -> usize {
        self.ended.len()
    }

    /// Takes it back. Other hints that are false only cost a look.
    pub(crate) fn take_back_to(&mut self, mark: usize) {
        self.ended.truncate(mark);
    }

    /// Tells all, and knows nothing more.
    pub(crate) fn tell(&mut self, hints: &Hints) {
        if std::mem::take(&mut self.ready) {
            hints.ready();
        }
        if let Some(due) = self.due.take() {
            hints.scheduled(timestamp(due));
        }
        if std::mem::take(&mut self.cancel_asked) {
            hints.cancel_asked();
        }
        for ended in self.ended.drain(..) {
            hints.ended_as(ended.id, || Some(ended.into_status()));
        }
    }

    /// Nothing of it is true.
    pub(crate) fn clear(&mut self) {
        self.ready = false;
        self.cancel_asked = false;
        self.due = None;
        self.ended.clear();
    }
}

impl Ended {
    /// As a caller sees it.
    pub(crate) fn into_status(self) -> JobStatus {
        let created: Timestamp = timestamp(self.created);
        let mut status = JobStatus::new(self.id, self.kind, self.queue, self.state, created);
        status.priority = self.priority;
        status.attempts = self.attempts;
        status.crashes = self.crashes;
        status.finished = Some(timestamp(self.finished));
        match self.state {
            JobState::Done => status.result = self.detail,
            _ => status.error = self.detail,
        }
        status
    }
}
