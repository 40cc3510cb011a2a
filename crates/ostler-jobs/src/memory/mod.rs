//! The store in memory: the specification of what the verbs of [`Store`] mean, and the store of tests.
//!
//! It is not durable: it ends with its process. It never parks a job, because it has no row that cannot be read.
//!
//! One lock is around all of it, so that each verb is atomic; hints are given when that has been let go, so that
//! whoever follows one sees what it is about. A job changes its state in [`table::Table::step`] alone, which refuses
//! what is not in the table of legal moves.

mod ending;
mod history;
mod keys;
mod lanes;
mod leases;
mod news;
mod row;
mod table;
mod verbs;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use ostler::Clock;

use self::news::News;
use self::verbs::Verbs;
use crate::error::StoreError;
use crate::hints::Hints;
use crate::id::{JobId, WorkerId};
use crate::store::{
    Beat, CancelAnswer, ClaimRequest, Claimed, Count, Finish, Insert, Inserted, JobStatus, Pending, Pruned,
    Staged, Store, Verdict, WorkerBeat,
};

/// A store in memory: for tests, and as the specification of every other one. Nothing of it survives its process.
///
/// Clones are handles of the same store. On its own it makes no job ready: [`stage`](Store::stage) does.
#[derive(Clone)]
pub struct MemoryStore(Arc<Shared>);

struct Shared {
    clock: Clock,
    hints: Hints,
    verbs: Mutex<Verbs>,
}

impl MemoryStore {
    /// An empty one, on the machine's clock.
    pub fn new() -> Self {
        Self::on(Clock::real())
    }

    /// An empty one, on this clock.
    pub fn on(clock: Clock) -> Self {
        Self(Arc::new(Shared { clock, hints: Hints::default(), verbs: Mutex::default() }))
    }

    /// All jobs that are there, finished ones that are kept among them, and their arguments as JSON: in the order in
    /// which they were added. For tests.
    #[cfg(feature = "testing")]
    pub fn all(&self) -> Vec<(JobStatus, Arc<str>)> {
        self.read(Verbs::all)
    }

    /// Reads; no hint comes of it.
    fn read<T>(&self, read: impl FnOnce(&Verbs) -> T) -> T {
        read(&self.0.verbs.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Carries out a verb at the time that the clock shows, and then tells what is new.
    fn act<T>(&self, verb: impl FnOnce(&mut Verbs, Timestamp, &mut News) -> T) -> T {
        let mut news = News::default();
        let answer = {
            let mut verbs = self.0.verbs.lock().unwrap_or_else(PoisonError::into_inner);
            // Read under the lock, so that what is done later is never dated earlier.
            let now = self.0.clock.wall();
            verb(&mut verbs, now, &mut news)
        };
        news.tell(&self.0.hints);
        answer
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

/// The answer of a verb, which is carried out when that is first polled.
fn when_polled<'a, T: Send>(verb: impl FnOnce() -> Result<T, StoreError> + Send + 'a) -> Pending<'a, T> {
    Box::pin(async move { verb() })
}

impl Store for MemoryStore {
    fn insert(&self, insert: Insert) -> Pending<'_, Vec<Inserted>> {
        when_polled(move || self.act(|verbs, now, news| Ok(verbs.insert(insert.rows, now, news))))
    }

    fn join(&self) -> Pending<'_, WorkerId> {
        when_polled(|| self.act(|verbs, _, _| Ok(verbs.join())))
    }

    fn beat(&self, worker: WorkerId) -> Pending<'_, Beat> {
        when_polled(move || self.act(|verbs, _, _| Ok(verbs.beat(worker))))
    }

    fn leave(&self, worker: WorkerId) -> Pending<'_, ()> {
        when_polled(move || self.act(|verbs, now, news| verbs.leave(worker, now, news)))
    }

    fn claim(&self, request: ClaimRequest) -> Pending<'_, Claimed> {
        when_polled(move || self.act(|verbs, _, _| verbs.claim(&request)))
    }

    fn finish(&self, ends: Vec<Finish>) -> Pending<'_, Vec<Verdict>> {
        when_polled(move || self.act(|verbs, now, news| verbs.finish(ends, now, news)))
    }

    fn beats(&self) -> Pending<'_, Vec<WorkerBeat>> {
        when_polled(|| Ok(self.read(Verbs::beats)))
    }

    fn expire(&self, workers: Vec<WorkerBeat>) -> Pending<'_, usize> {
        when_polled(move || self.act(|verbs, now, news| verbs.expire(&workers, now, news)))
    }

    fn stage(&self) -> Pending<'_, Staged> {
        when_polled(|| self.act(Verbs::stage))
    }

    fn prune(&self, most: usize) -> Pending<'_, Pruned> {
        when_polled(move || self.act(|verbs, now, _| Ok(verbs.prune(most, now))))
    }

    fn cancel(&self, job: JobId) -> Pending<'_, CancelAnswer> {
        when_polled(move || self.act(|verbs, now, news| verbs.cancel(job, now, news)))
    }

    fn pause(&self, queue: &str) -> Pending<'_, ()> {
        let queue = queue.to_owned();
        when_polled(move || {
            self.act(|verbs, _, _| verbs.pause(queue));
            Ok(())
        })
    }

    fn resume(&self, queue: &str) -> Pending<'_, ()> {
        let queue = queue.to_owned();
        when_polled(move || {
            self.act(|verbs, _, news| verbs.resume(&queue, news));
            Ok(())
        })
    }

    fn paused(&self) -> Pending<'_, Vec<String>> {
        when_polled(|| Ok(self.read(Verbs::paused)))
    }

    fn status(&self, job: JobId) -> Pending<'_, Option<JobStatus>> {
        when_polled(move || Ok(self.read(|verbs| verbs.status(job))))
    }

    fn counts(&self) -> Pending<'_, Vec<Count>> {
        when_polled(|| Ok(self.read(Verbs::counts)))
    }

    fn hints(&self) -> &Hints {
        &self.0.hints
    }
}
