//! What a case works on: a fresh store and its clock, with the verbs made short.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use ostler::{Clock, DAY};

use super::suite::Subject;
use crate::id::{ClaimId, JobId, WorkerId};
use crate::policy::{Durability, Keep};
use crate::state::JobState;
use crate::store::{
    Claim, ClaimRequest, Claimed, Due, End, Finish, Insert, Inserted, JobStatus, NewRow, Store, Suspects,
    Verdict, Want, WorkerBeat,
};
use crate::unique::{Unique, UniqueKey, Until};

/// What the cases keep of finished jobs, where that is not what they are about.
pub(super) const KEEP: Keep = Keep::age(DAY);

/// The kinds that a worker of the suite knows.
const KINDS: [&str; 3] = ["mail", "report", "thumb"];

/// A fresh store on a clock that stands still.
#[derive(Debug)]
pub struct Stand<S> {
    pub(super) store: S,
    pub(super) clock: Clock,
}

/// After this time a case hangs: it waits for a hint, or a store for itself.
const HUNG: Duration = Duration::from_secs(60);

/// Runs a case on a fresh store of this subject.
pub fn run<S: Subject, F: Future<Output = ()>>(case: impl FnOnce(Stand<S::Store>) -> F) {
    let subject = S::default();
    runtime().block_on(async {
        let clock = noon();
        let store = subject.open(clock.clone()).await;
        // The virtual clock stands still, so only a real one can end a test that hangs.
        #[allow(clippy::disallowed_methods)]
        tokio::time::timeout(HUNG, case(Stand { store, clock })).await.expect("the case hangs");
    });
}

/// A runtime of its own.
pub(super) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// A clock that stands still at noon of some day.
pub(super) fn noon() -> Clock {
    Clock::virtual_at(Timestamp::from_second(1_772_366_400).unwrap())
}

/// A job of a kind in the queue `q`, due now.
pub(super) fn row(kind: &str) -> NewRow {
    row_in("q", kind)
}

/// A job of a kind in a queue.
pub(super) fn row_in(queue: &str, kind: &str) -> NewRow {
    NewRow::new(kind, queue, "{}").unwrap()
}

/// The same job with a key.
pub(super) fn keyed(row: NewRow, key: &str, until: Until) -> NewRow {
    row.unique(Some(Unique { key: UniqueKey::of("kind", key), until }))
}

/// A whole number of milliseconds.
pub(super) const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// The end of an attempt that ended well, without a result.
pub(super) const DONE: End = End::Done { result: None };

/// The end of one that failed and is tried again.
pub(super) fn retry(wait: Duration) -> End {
    End::Retry { error: "it failed".into(), wait }
}

/// The end of one that failed for good.
pub(super) fn dead() -> End {
    End::Dead { error: "it is of no use".into() }
}

/// The kinds with these names.
pub(super) fn kinds(names: &[&str]) -> Arc<BTreeSet<Arc<str>>> {
    Arc::new(names.iter().map(|&name| name.into()).collect())
}

/// So many of a queue.
pub(super) fn want(queue: &str, most: usize) -> Want {
    Want { queue: queue.into(), most }
}

impl<S: Store> Stand<S> {
    pub(super) async fn insert(&self, rows: Vec<NewRow>) -> Vec<Inserted> {
        self.store.insert(Insert { rows, durability: Durability::Full }).await.unwrap()
    }

    /// Adds a job that is not there yet.
    pub(super) async fn add(&self, row: NewRow) -> JobId {
        let inserted = self.insert(vec![row]).await;
        assert_eq!((inserted.len(), inserted[0].existing), (1, false));
        inserted[0].id
    }

    /// Adds jobs of these kinds to the queue `q`, one after the other.
    pub(super) async fn add_all(&self, kinds: &[&str]) -> Vec<JobId> {
        let mut jobs = Vec::new();
        for kind in kinds {
            jobs.push(self.add(row(kind)).await);
        }
        jobs
    }

    pub(super) async fn join(&self) -> WorkerId {
        self.store.join().await.unwrap()
    }

    pub(super) async fn claim_as(&self, worker: WorkerId, wants: &[Want], suspects: Suspects) -> Claimed {
        let request = ClaimRequest { worker, wants: wants.to_vec(), kinds: kinds(&KINDS), suspects };
        self.store.claim(request).await.unwrap()
    }

    /// Claims of the queue `q`, all alike.
    pub(super) async fn claim(&self, worker: WorkerId, most: usize) -> Option<Claim> {
        self.claim_as(worker, &[want("q", most)], Suspects::AsOthers).await.claim
    }

    /// The ids of what such a claim gets.
    pub(super) async fn claim_ids(&self, worker: WorkerId, most: usize) -> Vec<JobId> {
        ids(&self.claim(worker, most).await)
    }

    /// Claims the one job that is ready in `q`.
    pub(super) async fn take(&self, worker: WorkerId, job: JobId) -> ClaimId {
        let claim = self.claim(worker, 1).await.unwrap();
        assert_eq!(claim.jobs[0].id, job);
        claim.id
    }

    pub(super) async fn end(&self, claim: ClaimId, job: JobId, end: End) -> Verdict {
        self.end_keeping(claim, job, end, KEEP).await
    }

    pub(super) async fn end_keeping(&self, claim: ClaimId, job: JobId, end: End, keep: Keep) -> Verdict {
        let verdicts = self.store.finish(vec![Finish { claim, job, end, keep }]).await.unwrap();
        assert_eq!(verdicts.len(), 1);
        verdicts[0]
    }

    /// Adds a job to `q`, which is empty, and ends its first attempt.
    pub(super) async fn ended(&self, worker: WorkerId, row: NewRow, end: End, keep: Keep) -> JobId {
        let job = self.add(row).await;
        let claim = self.take(worker, job).await;
        assert_eq!(self.end_keeping(claim, job, end, keep).await, Verdict::Accepted);
        job
    }

    /// Lets a worker expire; how many jobs it lost.
    pub(super) async fn expire(&self, worker: WorkerId) -> usize {
        let seen = self.beat_of(worker).await.unwrap();
        self.store.expire(vec![seen]).await.unwrap()
    }

    pub(super) async fn beat_of(&self, worker: WorkerId) -> Option<WorkerBeat> {
        self.store.beats().await.unwrap().into_iter().find(|beat| beat.worker == worker)
    }

    pub(super) async fn status(&self, job: JobId) -> JobStatus {
        self.store.status(job).await.unwrap().unwrap()
    }

    pub(super) async fn state(&self, job: JobId) -> Option<JobState> {
        self.store.status(job).await.unwrap().map(|status| status.state)
    }

    /// Moves the clock and stages.
    pub(super) async fn after(&self, wait: Duration) -> usize {
        self.clock.advance(wait);
        self.store.stage().await.unwrap().moved
    }

    /// How many jobs there are of a state.
    pub(super) async fn count(&self, state: JobState) -> u64 {
        let counts = self.store.counts().await.unwrap();
        counts.iter().filter(|count| count.state == state).map(|count| count.jobs).sum()
    }
}

/// The ids of a claim's jobs, in order.
pub(super) fn ids(claim: &Option<Claim>) -> Vec<JobId> {
    claim.iter().flat_map(|claim| &claim.jobs).map(|job| job.id).collect()
}

/// The same row, due then.
pub(super) fn due(row: NewRow, wait: Duration) -> NewRow {
    row.due(Due::After(wait))
}
