//! The receiving end of a queue, for a user's own loop and for the host's workers.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::core::Taken;
use super::shared::{Consumers, Entry, Shared};
use crate::clock::Clock;
use crate::current::{self, Sitter};
use crate::live::Origin;
use crate::record::QueueGauge;

/// The receiving end of a queue. Clones share it; the queue closes when the last one is dropped.
pub struct Items<T>(pub(super) Arc<Consumers<T>>);

impl<T> Items<T> {
    /// The next item; `None` when the queue is closed and empty. Cancel safe: no item is lost.
    ///
    /// For a value or a service that owns its loop. Mount it ([`Host::mount`](crate::Host::mount)) where services send
    /// into this queue: those are stopped first, so that it is still there for their last items.
    pub async fn recv(&self) -> Option<T> {
        // A loop that is never kept waiting must still let others run.
        tokio::task::coop::consume_budget().await;
        let shared = self.shared();
        let mut pop = shared.core.pop();
        let mut seat = None;
        poll_fn(|cx| {
            // A service that receives is remembered, so that a send into its own full queue is noticed.
            if seat.is_none() {
                seat = current::seat().filter(|seat| seat.sitter != Sitter::Worker);
                if let Some(seat) = &seat {
                    seat.fed_by(shared.id);
                }
            }
            Pin::new(&mut pop).poll(cx)
        })
        .await
        .item()
        .map(|entry| entry.item)
    }

    /// The next item if one is there.
    pub fn try_recv(&self) -> Option<T> {
        self.shared().core.try_pop().map(|entry| entry.item)
    }

    /// Refuses all further items; what is buffered stays readable.
    pub fn close(&self) {
        self.shared().core.close();
    }

    /// How many items are in the queue.
    pub fn len(&self) -> usize {
        self.shared().core.len()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn shared(&self) -> &Shared<T> {
        &self.0.0
    }
}

/// What the host does with a queue that it serves.
impl<T> Items<T> {
    pub(crate) fn serve(&self, name: &Arc<str>, clock: &Clock) {
        let shared = self.shared();
        let _ = shared.name.set(Arc::clone(name));
        let _ = shared.clock.set(clock.clone());
    }

    pub(crate) fn id(&self) -> u64 {
        self.shared().id
    }

    /// Where its policy comes from, if that may change.
    pub(crate) fn origin(&self) -> Option<Arc<dyn Origin>> {
        self.shared().full.origin()
    }

    pub(crate) fn requested_capacity(&self) -> usize {
        self.shared().requested_capacity
    }

    /// Lets so many workers take items, or none of them while `held`. How many items workers have taken so far.
    pub(crate) fn set_crew(&self, workers: usize, held: bool) -> u64 {
        self.shared().core.set_crew(workers, held)
    }

    /// Counts a worker as there until the guard is dropped.
    pub(crate) fn worker(&self) -> Present<T> {
        self.shared().core.worker_came();
        Present(Arc::clone(&self.0.0))
    }

    /// Closes the queue and drops what is buffered; how many items that were.
    pub(crate) fn close_and_drop(&self) -> usize {
        self.shared().close_and_drop()
    }
}

/// A worker that is there.
#[derive(Debug)]
pub(crate) struct Present<T>(Arc<Shared<T>>);

impl<T> Present<T> {
    /// The next item for the worker with this number.
    pub(crate) async fn take(&self, number: usize) -> Taken<Entry<T>> {
        self.0.core.take(number).await
    }
}

impl<T> Drop for Present<T> {
    fn drop(&mut self) {
        self.0.core.worker_left();
    }
}

impl<T: Send + 'static> Items<T> {
    /// A reader of the queue's gauges that does not keep the queue open. How many workers there are it does not know.
    pub(crate) fn gauge(&self) -> impl Fn() -> QueueGauge + Send + Sync + use<T> {
        let shared = Arc::clone(&self.0.0);
        move || QueueGauge {
            depth: shared.core.len(),
            left: shared.left.load(Ordering::Relaxed),
            capacity: shared.core.capacity(),
            dropped: shared.dropped.load(Ordering::Relaxed),
            workers: 0,
        }
    }
}

impl<T> Clone for Items<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").field("name", &self.shared().name()).field("len", &self.len()).finish()
    }
}
