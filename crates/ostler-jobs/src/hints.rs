//! Hints of a store: that something may be ready, that a cancel was asked, that a job has ended. They only save waiting; whoever
//! gets none finds out by looking.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};

use crate::id::JobId;

/// The hints of one store, within this process.
#[derive(Debug, Clone, Default)]
pub struct Hints(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    ready: watch::Sender<u64>,
    cancels: watch::Sender<u64>,
    /// How many wait for a job's end, so that nobody takes the lock where nobody does.
    waiting: AtomicUsize,
    ends: Mutex<HashMap<JobId, Arc<Waiters>>>,
}

#[derive(Debug, Default)]
struct Waiters {
    ended: Notify,
    count: AtomicUsize,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            ready: watch::Sender::new(0),
            cancels: watch::Sender::new(0),
            waiting: AtomicUsize::new(0),
            ends: Mutex::default(),
        }
    }
}

impl Hints {
    /// For a store: jobs may have become ready.
    pub fn ready(&self) {
        self.0.ready.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// For a store: a running job is to be cancelled.
    pub fn cancel_asked(&self) {
        self.0.cancels.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// For a store: this job has ended, after it can be seen by `status`.
    pub fn ended(&self, job: JobId) {
        // Ordered by the lock of the store's own writes: whoever began to wait before them is counted here.
        if self.0.waiting.load(Ordering::SeqCst) > 0
            && let Some(waiters) = self.ends().get(&job)
        {
            waiters.ended.notify_waiters();
        }
    }

    /// Changes when jobs may have become ready.
    pub fn when_ready(&self) -> watch::Receiver<u64> {
        self.0.ready.subscribe()
    }

    /// Changes when a running job is to be cancelled.
    pub fn when_cancel_asked(&self) -> watch::Receiver<u64> {
        self.0.cancels.subscribe()
    }

    /// A place to wait for the end of a job. Taken before its status is read, it misses nothing.
    pub fn end_of(&self, job: JobId) -> EndHint {
        self.0.waiting.fetch_add(1, Ordering::SeqCst);
        let waiters = Arc::clone(self.ends().entry(job).or_default());
        waiters.count.fetch_add(1, Ordering::SeqCst);
        EndHint { hints: self.clone(), job, waiters }
    }

    fn ends(&self) -> MutexGuard<'_, HashMap<JobId, Arc<Waiters>>> {
        self.0.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place to wait for the end of a job.
#[derive(Debug)]
pub struct EndHint {
    hints: Hints,
    job: JobId,
    waiters: Arc<Waiters>,
}

impl EndHint {
    /// Resolves at the next hint that the job has ended. Cancel safe, but a hint between two calls is missed: make it, and poll it
    /// once, before the status is read.
    pub fn ended(&self) -> impl Future<Output = ()> + Send + '_ {
        self.waiters.ended.notified()
    }
}

impl Drop for EndHint {
    fn drop(&mut self) {
        self.hints.0.waiting.fetch_sub(1, Ordering::SeqCst);
        let mut ends = self.hints.ends();
        if self.waiters.count.fetch_sub(1, Ordering::SeqCst) == 1 {
            ends.remove(&self.job);
        }
    }
}
