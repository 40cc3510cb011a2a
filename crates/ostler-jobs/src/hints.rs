//! Hints of a store: that something may be ready, that a job is due later, that a cancel was asked, that a job has ended. They only
//! save waiting; whoever gets none finds out by looking.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::watch;

use crate::id::JobId;
use crate::store::JobStatus;

/// The hints of one store, within this process.
#[derive(Debug, Clone, Default)]
pub struct Hints(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    ready: watch::Sender<u64>,
    cancels: watch::Sender<u64>,
    /// Whoever makes due jobs ready looks again at this time, in milliseconds: only what is due before is news.
    looks_at: AtomicI64,
    scheduled: watch::Sender<u64>,
    /// How many wait for a job's end, so that nobody takes the lock where nobody does.
    waiting: AtomicUsize,
    ends: Mutex<HashMap<JobId, Waiters>>,
}

/// Those who wait for the end of one job.
#[derive(Debug)]
struct Waiters {
    told: watch::Sender<Told>,
    count: usize,
}

/// What they have been told so far.
#[derive(Debug, Clone, Default)]
struct Told {
    times: u64,
    status: Option<Arc<JobStatus>>,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            ready: watch::Sender::new(0),
            cancels: watch::Sender::new(0),
            looks_at: AtomicI64::new(i64::MIN),
            scheduled: watch::Sender::new(0),
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

    /// For a store: a job is due at this time, after [`stage`](crate::Store::stage) would find it.
    pub fn scheduled(&self, due: Timestamp) {
        if due.as_millisecond() < self.0.looks_at.load(Ordering::SeqCst) {
            self.0.scheduled.send_modify(|count| *count = count.wrapping_add(1));
        }
    }

    /// For a store: a running job is to be cancelled.
    pub fn cancel_asked(&self) {
        self.0.cancels.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// For a store: this job has ended, after it can be seen by `status`.
    pub fn ended(&self, job: JobId) {
        self.ended_as(job, || None);
    }

    /// The same with how it ended, which is asked for only where somebody waits: so they learn it of a job that is not kept.
    pub fn ended_as(&self, job: JobId, status: impl FnOnce() -> Option<JobStatus>) {
        // Ordered by the lock of the store's own writes: whoever began to wait before them is counted here.
        if self.0.waiting.load(Ordering::SeqCst) > 0
            && let Some(waiters) = self.ends().get(&job)
        {
            let status = status().map(Arc::new);
            waiters.told.send_modify(|told| *told = Told { times: told.times.wrapping_add(1), status });
        }
    }

    /// Changes when jobs may have become ready.
    pub fn when_ready(&self) -> watch::Receiver<u64> {
        self.0.ready.subscribe()
    }

    /// Changes when a job is due before the time that was given to [`looks_at`](Self::looks_at).
    pub fn when_scheduled(&self) -> watch::Receiver<u64> {
        self.0.scheduled.subscribe()
    }

    /// Whoever makes due jobs ready says when it looks again. A receiver that was taken before misses nothing that was scheduled after
    /// this.
    pub fn looks_at(&self, time: Timestamp) {
        self.0.looks_at.store(time.as_millisecond(), Ordering::SeqCst);
    }

    /// Changes when a running job is to be cancelled.
    pub fn when_cancel_asked(&self) -> watch::Receiver<u64> {
        self.0.cancels.subscribe()
    }

    /// A place to wait for the end of a job. Taken before its status is read, it misses nothing.
    pub fn end_of(&self, job: JobId) -> EndHint {
        self.0.waiting.fetch_add(1, Ordering::SeqCst);
        let mut ends = self.ends();
        let waiters = ends.entry(job).or_insert_with(|| Waiters { told: watch::Sender::default(), count: 0 });
        waiters.count += 1;
        EndHint { hints: self.clone(), job, told: waiters.told.subscribe() }
    }

    fn ends(&self) -> MutexGuard<'_, HashMap<JobId, Waiters>> {
        self.0.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place to wait for the end of a job.
#[derive(Debug)]
pub struct EndHint {
    hints: Hints,
    job: JobId,
    told: watch::Receiver<Told>,
}

impl EndHint {
    /// Resolves at the next hint that the job has ended; one that was given since this place was taken, or since the last call, counts. Cancel
    /// safe.
    pub async fn ended(&mut self) {
        // The sender lives in the map for as long as this place does.
        let _ = self.told.changed().await;
    }

    /// How it ended, where a hint told so.
    pub fn status(&self) -> Option<Arc<JobStatus>> {
        self.told.borrow().status.clone()
    }
}

impl Drop for EndHint {
    fn drop(&mut self) {
        let mut ends = self.hints.ends();
        if let Some(waiters) = ends.get_mut(&self.job) {
            waiters.count -= 1;
            if waiters.count == 0 {
                ends.remove(&self.job);
            }
        }
        drop(ends);
        self.hints.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}
