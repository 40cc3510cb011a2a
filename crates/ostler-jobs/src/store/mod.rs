//! What every store can do: one wide trait of semantic verbs, each atomic, and one file for each group of them.
//!
//! [`MemoryStore`](crate::MemoryStore) is the specification: where the text of a verb leaves a question open, what it does is the
//! answer, and the suite in `conformance` asks.

mod claim;
mod control;
mod finish;
mod insert;
mod inspect;
mod upkeep;
mod worker;

use std::future::Future;
use std::pin::Pin;

use crate::error::StoreError;
use crate::hints::Hints;
use crate::id::{JobId, WorkerId};

pub use self::claim::{Claim, ClaimRequest, Claimed, ClaimedJob, Suspects, Want};
pub use self::control::{CANCELLED, CancelAnswer};
pub use self::finish::{End, Finish, Verdict};
pub use self::insert::{Due, Insert, Inserted, NewRow};
pub use self::inspect::{Count, JobStatus};
pub use self::upkeep::{Pruned, Staged};
pub use self::worker::{Beat, LOST, WorkerBeat};

/// What a verb returns. The call is made when it is first polled.
///
/// # Cancel safety
/// Dropped after that, it may be carried out all the same, as a whole or not at all.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A store of jobs.
///
/// It is public because stores are crates of their own. It is not meant to be implemented by others yet: verbs will
/// be added, and change, without a word.
///
/// Every verb is atomic, ends within the store's deadline, and reads the store's own clock.
pub trait Store: Send + Sync + 'static {
    /// Adds these jobs, all or none; their ids in the same order. A job whose unique key is taken is left out, and the id of
    /// the one that holds the key is given.
    fn insert(&self, insert: Insert) -> Pending<'_, Vec<Inserted>>;

    /// Starts a life of a worker, which holds leases as long as it beats.
    fn join(&self) -> Pending<'_, WorkerId>;

    /// Says that a worker is alive, and asks which of its running jobs are to be cancelled.
    fn beat(&self, worker: WorkerId) -> Pending<'_, Beat>;

    /// Ends a worker's life in good order. What it still holds counts as lost, as in [`expire`](Self::expire).
    fn leave(&self, worker: WorkerId) -> Pending<'_, ()>;

    /// Takes ready jobs for a worker: of the kinds it names, at most as many of each queue as it wants, those of the lowest priority
    /// number first and in the order in which they became ready. All of them are one claim. A worker that has expired gets none and
    /// an error of kind [`ErrorKind::NotOwner`](crate::ErrorKind::NotOwner).
    fn claim(&self, request: ClaimRequest) -> Pending<'_, Claimed>;

    /// Ends attempts; a verdict for each, in the same order. One whose claim does not hold the job any more changes nothing.
    fn finish(&self, ends: Vec<Finish>) -> Pending<'_, Vec<Verdict>>;

    /// The beats of all workers that are alive.
    fn beats(&self) -> Pending<'_, Vec<WorkerBeat>>;

    /// Ends the lives of these workers, where they have not beaten since, and takes their jobs back: each attempt counts, each job is a
    /// suspect, and one that was claimed alone has one crash more, where its worker held nothing beside it; the others have at least
    /// one. One that was to be cancelled is. Gives the number of jobs.
    fn expire(&self, workers: Vec<WorkerBeat>) -> Pending<'_, usize>;

    /// Makes due jobs ready.
    fn stage(&self) -> Pending<'_, Staged>;

    /// Removes finished jobs that are kept no longer, and keys that hold no longer: at most so many rows.
    fn prune(&self, most: usize) -> Pending<'_, Pruned>;

    /// Cancels a job: at once where it waits; where it runs, its worker is told by its next beat, and the job is cancelled whatever
    /// its attempt comes to, unless that ends well or for good first.
    fn cancel(&self, job: JobId) -> Pending<'_, CancelAnswer>;

    /// Nothing of this queue is claimed until it is resumed.
    fn pause(&self, queue: &str) -> Pending<'_, ()>;

    /// Takes that back.
    fn resume(&self, queue: &str) -> Pending<'_, ()>;

    /// The queues that are paused.
    fn paused(&self) -> Pending<'_, Vec<String>>;

    /// What is known of a job; `None` where there is none, or none any more.
    fn status(&self, job: JobId) -> Pending<'_, Option<JobStatus>>;

    /// How many jobs there are of each queue, kind and state. Those of a state that are none are left out.
    fn counts(&self) -> Pending<'_, Vec<Count>>;

    /// Where the store says that something may have happened. A hint may be late or missing: whoever acts on one also looks by
    /// itself from time to time.
    fn hints(&self) -> &Hints;
}
