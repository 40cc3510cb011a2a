//! The local queues, one for each queue that is worked: how many slots it has, how many of them are taken, and whether the store
//! is known to have more for it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use ostler::queue::{self, Items, Queue, TrySendError};
use tokio::sync::Notify;

use super::shared::Assigned;
use crate::store::Want;

/// All lanes of a process.
#[derive(Debug)]
pub(crate) struct Lanes {
    lanes: Vec<Arc<Lane>>,
    /// A slot of a hungry lane has become free.
    freed: Arc<Notify>,
}

/// The local queue of one queue.
pub(crate) struct Lane {
    queue: Arc<str>,
    slots: usize,
    /// Slots that have a job, or will have.
    taken: AtomicUsize,
    /// The store may have more for it.
    hungry: AtomicBool,
    freed: Arc<Notify>,
    jobs: Queue<Assigned>,
    items: Items<Assigned>,
}

/// A taken slot, free again when this is dropped.
#[derive(Debug)]
pub(crate) struct TakenSlot(Arc<Lane>);

impl Lanes {
    /// Lanes for these queues, each with so many slots.
    pub(crate) fn new(queues: impl IntoIterator<Item = (Arc<str>, usize)>) -> Self {
        let freed = Arc::new(Notify::new());
        let lanes = queues.into_iter().map(|(queue, slots)| Arc::new(Lane::new(queue, slots, &freed)));
        Self { lanes: lanes.collect(), freed }
    }

    /// For each slot of all lanes, where its jobs come from.
    pub(crate) fn slots(&self) -> impl Iterator<Item = Items<Assigned>> {
        self.lanes.iter().flat_map(|lane| std::iter::repeat_n(lane.items.clone(), lane.slots))
    }

    /// The store may have more for all of them.
    pub(super) fn all_hungry(&self) {
        self.lanes.iter().for_each(|lane| lane.hungry.store(true, Ordering::SeqCst));
    }

    /// Whether one that is hungry has a free slot.
    pub(super) fn want_something(&self) -> bool {
        self.lanes.iter().any(|lane| lane.hungry.load(Ordering::SeqCst) && lane.free() > 0)
    }

    /// What can be asked for: of each lane as much as it has free slots.
    pub(super) fn wants(&self) -> Vec<Want> {
        self.lanes.iter().map(|lane| Want { queue: Arc::clone(&lane.queue), most: lane.free() }).collect()
    }

    /// After a claim of what was wanted gave these numbers of jobs: a lane that got less than it wanted needs a hint or a poll to be
    /// hungry again.
    pub(super) fn fed(&self, wanted: &[Want], got: &[usize]) {
        for ((lane, want), &got) in self.lanes.iter().zip(wanted).zip(got) {
            lane.hungry.store(got >= want.most, Ordering::SeqCst);
        }
    }

    /// The place of a queue among the lanes.
    pub(super) fn place(&self, queue: &str) -> Option<usize> {
        self.lanes.iter().position(|lane| &*lane.queue == queue)
    }

    /// Takes a slot of this lane.
    pub(super) fn take(&self, place: usize) -> TakenSlot {
        let lane = &self.lanes[place];
        lane.taken.fetch_add(1, Ordering::SeqCst);
        TakenSlot(Arc::clone(lane))
    }

    /// Hands a job to the slots of its lane; where they are closed, it comes back.
    pub(super) fn hand_over(&self, place: usize, job: Assigned) -> Option<Assigned> {
        match self.lanes[place].jobs.try_send(job) {
            Ok(()) => None,
            Err(TrySendError::Full(job) | TrySendError::Closed(job)) => Some(job),
        }
    }

    /// Resolves when a slot of a hungry lane has become free, or all that was open is settled. For the fetcher alone.
    pub(super) async fn freed(&self) {
        self.freed.notified().await;
    }

    /// Wakes whoever waits for that.
    pub(super) fn tell(&self) {
        self.freed.notify_one();
    }

    /// Ends all slots when they have done what they have in hand; what waits is returned, the last one first.
    pub(crate) fn close(&self) -> Vec<Assigned> {
        let mut waiting: Vec<Assigned> = Vec::new();
        for lane in &self.lanes {
            lane.items.close();
            waiting.extend(std::iter::from_fn(|| lane.items.try_recv()));
        }
        waiting.reverse();
        waiting
    }

    /// How many lanes there are.
    pub(super) fn len(&self) -> usize {
        self.lanes.len()
    }

    /// How many slots all of them have.
    pub(super) fn all_slots(&self) -> usize {
        self.lanes.iter().map(|lane| lane.slots).sum()
    }
}

impl Lane {
    fn new(queue: Arc<str>, slots: usize, freed: &Arc<Notify>) -> Self {
        // Never full: whoever sends has taken a slot first. One that has not been settled may count twice for a moment.
        let (jobs, items) = queue::bounded(2 * slots);
        let (taken, hungry) = (AtomicUsize::new(0), AtomicBool::new(true));
        Self { queue, slots, taken, hungry, freed: Arc::clone(freed), jobs, items }
    }

    fn free(&self) -> usize {
        self.slots.saturating_sub(self.taken.load(Ordering::SeqCst))
    }
}

impl Drop for TakenSlot {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::SeqCst);
        if self.0.hungry.load(Ordering::SeqCst) {
            self.0.freed.notify_one();
        }
    }
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane").field("queue", &self.queue).field("slots", &self.slots).finish_non_exhaustive()
    }
}
