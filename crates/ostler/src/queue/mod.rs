//! A bounded in-memory queue: many producers, many consumers, first in first out for each producer.
//!
//! [`bounded`] gives the two ends. The [`Queue`] goes wherever work comes from; the [`Items`] go to
//! [`Host::consume`](crate::Host::consume), or to a service that calls [`Items::recv`] itself. What is in it
//! is lost with the process.
//!
//! ```
//! # async fn example() {
//! use ostler::queue::{self, TrySendError};
//!
//! let (thumbnails, items) = queue::bounded::<u64>(1);
//! thumbnails.send(1).await.expect("open");
//! assert!(matches!(thumbnails.try_send(2), Err(TrySendError::Full(2))));
//! assert_eq!(items.recv().await, Some(1));
//! # }
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(example());
//! ```

mod core;
mod work;

/// The lock that the core uses; under the model checker this module is another one.
mod sync {
    pub(super) use std::sync::{Mutex, MutexGuard};
}

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use self::core::{Core, Refused, Taker};
pub use self::work::Work;
use crate::clock::Clock;
use crate::current::{self, Sitter};
use crate::record::QueueGauge;

/// What a send does when the queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Full {
    /// `send` waits for a place (`try_send` never does).
    #[default]
    Wait,
    /// `send` gives the item back at once.
    Reject,
    /// The item that is being sent is dropped and counted.
    DropNewest,
    /// The oldest item in the queue is dropped and counted.
    DropOldest,
}

/// A queue for `capacity` items; when it is full, senders wait.
///
/// A capacity of 0 is refused at start by the host that consumes it; until then it holds one item.
pub fn bounded<T>(capacity: usize) -> (Queue<T>, Items<T>) {
    bounded_with(capacity, Full::Wait)
}

/// A queue for `capacity` items with a policy for when it is full.
pub fn bounded_with<T>(capacity: usize, full: Full) -> (Queue<T>, Items<T>) {
    let shared = Arc::new(Shared::new(capacity, full));
    (Queue(Arc::new(Producers(Arc::clone(&shared)))), Items(Arc::new(Consumers(shared))))
}

/// An item and when it was sent, which is known once a host serves the queue.
#[derive(Debug)]
struct Entry<T> {
    item: T,
    sent: Option<Instant>,
}

#[derive(Debug)]
struct Shared<T> {
    core: Core<Entry<T>>,
    full: Full,
    requested_capacity: usize,
    id: u64,
    name: OnceLock<Arc<str>>,
    clock: OnceLock<Clock>,
    dropped: AtomicU64,
    /// The host's workers that serve it; 0 while none does.
    workers: AtomicUsize,
    /// Items that were dropped because nobody would take them any more.
    left: AtomicUsize,
    warned: AtomicBool,
}

impl<T> Shared<T> {
    fn new(capacity: usize, full: Full) -> Self {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        Self {
            core: Core::new(capacity),
            full,
            requested_capacity: capacity,
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            name: OnceLock::new(),
            clock: OnceLock::new(),
            dropped: AtomicU64::new(0),
            workers: AtomicUsize::new(0),
            left: AtomicUsize::new(0),
            warned: AtomicBool::new(false),
        }
    }

    fn name(&self) -> &str {
        self.name.get().map_or("unnamed", |name| name)
    }

    fn entry(&self, item: T) -> Entry<T> {
        Entry { item, sent: self.clock.get().map(Clock::now) }
    }

    /// Closes the queue and drops what is buffered, counted as left; how many items that were.
    fn close_and_drop(&self) -> usize {
        let items = self.core.close_and_clear();
        let count = items.len();
        self.left.fetch_add(count, Ordering::Relaxed);
        // An item's `Drop` is a user's code.
        items.into_iter().for_each(crate::panics::discard);
        count
    }

    fn count_dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

/// The last producer gone closes the queue.
#[derive(Debug)]
struct Producers<T>(Arc<Shared<T>>);

impl<T> Drop for Producers<T> {
    fn drop(&mut self) {
        self.0.core.close();
    }
}

/// The last consumer gone closes the queue too: nobody would ever take what is sent.
#[derive(Debug)]
struct Consumers<T>(Arc<Shared<T>>);

impl<T> Drop for Consumers<T> {
    fn drop(&mut self) {
        self.0.close_and_drop();
    }
}

/// The sending end of a queue. Clones are cheap; the queue closes when the last one is dropped.
pub struct Queue<T>(Arc<Producers<T>>);

impl<T> Queue<T> {
    /// Puts `item` in. When the queue is full it does what the queue's [`Full`] policy says: by default it waits.
    ///
    /// Senders that wait are served in the order in which they came.
    ///
    /// # Errors
    /// [`SendError`] with the item: the queue is closed; or it is full and its policy is [`Full::Reject`]; or it
    /// is full and this call is made by its own consumer while every worker of that consumer is waiting to do
    /// the same, which would never end.
    ///
    /// # Cancel safety
    /// Cancel safe: when the future is dropped before it is ready, the item was not put in (and is dropped).
    pub async fn send(&self, item: T) -> Result<(), SendError<T>> {
        tokio::task::coop::consume_budget().await;
        match self.offer(item)? {
            None => Ok(()),
            Some(item) => self.wait_for_room(item).await,
        }
    }

    /// Puts `item` in if there is room at once, whatever the policy; one that drops does so.
    ///
    /// # Errors
    /// [`TrySendError::Full`] or [`TrySendError::Closed`], with the item.
    pub fn try_send(&self, item: T) -> Result<(), TrySendError<T>> {
        match self.offer(item) {
            Ok(None) => Ok(()),
            Ok(Some(item)) => Err(TrySendError::Full(item)),
            Err(SendError { item, why: Why::Closed }) => Err(TrySendError::Closed(item)),
            Err(SendError { item, .. }) => Err(TrySendError::Full(item)),
        }
    }

    /// As [`send`](Self::send), but waits at most `limit` on `clock`.
    ///
    /// # Errors
    /// As [`send`](Self::send), and with [`SendError::is_timeout`] when the time is over.
    ///
    /// # Cancel safety
    /// As [`send`](Self::send).
    pub async fn send_timeout(&self, item: T, limit: Duration, clock: &Clock) -> Result<(), SendError<T>> {
        let Some(item) = self.offer(item)? else { return Ok(()) };
        let shared = self.shared();
        let mut push = shared.core.push(shared.entry(item), taker(shared));
        let pushed = tokio::select! {
            biased;
            pushed = &mut push => Some(pushed),
            () = clock.sleep(limit) => None,
        };
        match pushed {
            Some(Ok(())) => Ok(()),
            Some(Err(refused)) => Err(self.refusal(refused)),
            None => match push.into_item() {
                Some(Entry { item, .. }) => Err(SendError { item, why: Why::Timeout(self.label()) }),
                None => Ok(()),
            },
        }
    }

    /// How many items are in the queue.
    pub fn len(&self) -> usize {
        self.shared().core.len()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many items it can hold.
    pub fn capacity(&self) -> usize {
        self.shared().core.capacity()
    }

    /// Whether it takes no more items.
    pub fn is_closed(&self) -> bool {
        self.shared().core.is_closed()
    }

    /// How many items its [`Full`] policy has dropped.
    pub fn dropped(&self) -> u64 {
        self.shared().dropped.load(Ordering::Relaxed)
    }

    fn shared(&self) -> &Shared<T> {
        &self.0.0
    }

    fn refusal(&self, refused: Refused<Entry<T>>) -> SendError<T> {
        let (Entry { item, .. }, why) = match refused {
            Refused::Closed(entry) => (entry, Why::Closed),
            Refused::Full(entry) => (entry, Why::Full(self.label())),
            Refused::Deadlock(entry) => (entry, Why::Deadlock(self.label())),
        };
        SendError { item, why }
    }

    fn label(&self) -> String {
        self.shared().name().to_owned()
    }

    /// One try under the policy; `Some` is an item that has to wait.
    fn offer(&self, item: T) -> Result<Option<T>, SendError<T>> {
        let shared = self.shared();
        if shared.full == Full::DropOldest {
            let oldest = shared.core.push_dropping_oldest(shared.entry(item));
            return match oldest {
                Ok(None) => Ok(None),
                Ok(Some(_)) => {
                    shared.count_dropped();
                    Ok(None)
                }
                Err(Entry { item, .. }) => Err(SendError { item, why: Why::Closed }),
            };
        }
        match (shared.core.try_push(shared.entry(item)), shared.full) {
            (Ok(()), _) => Ok(None),
            (Err(Refused::Full(_)), Full::DropNewest) => {
                shared.count_dropped();
                Ok(None)
            }
            (Err(Refused::Full(Entry { item, .. })), Full::Wait) => Ok(Some(item)),
            (Err(refused), _) => Err(self.refusal(refused)),
        }
    }

    async fn wait_for_room(&self, item: T) -> Result<(), SendError<T>> {
        let shared = self.shared();
        shared.core.push(shared.entry(item), taker(shared)).await.map_err(|refused| self.refusal(refused))
    }
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shared = self.shared();
        f.debug_struct("Queue")
            .field("name", &shared.name())
            .field("len", &self.len())
            .field("capacity", &self.capacity())
            .finish()
    }
}

/// Who sends, where it is one that takes items out of the same queue.
fn taker<T>(shared: &Shared<T>) -> Option<Taker> {
    let seat = current::seat().filter(|seat| seat.feeds_on() == shared.id)?;
    if seat.sitter == Sitter::Worker {
        return Some(Taker { id: Arc::as_ptr(&seat) as usize, of: shared.workers.load(Ordering::Acquire) });
    }
    // A service that receives by itself: others may receive as well, so this is a suspicion only.
    if !shared.warned.swap(true, Ordering::Relaxed) {
        tracing::warn!(unit = %seat.unit, queue = %shared.name(),
            "a service waits for room in a queue that it receives from; if nothing else receives, it waits for ever");
    }
    None
}

/// The receiving end of a queue. Clones share it; the queue closes when the last one is dropped.
pub struct Items<T>(Arc<Consumers<T>>);

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
    pub(crate) fn serve(&self, name: &Arc<str>, workers: usize, clock: &Clock) {
        let shared = self.shared();
        let _ = shared.name.set(Arc::clone(name));
        let _ = shared.clock.set(clock.clone());
        shared.workers.store(workers, Ordering::Release);
    }

    pub(crate) fn id(&self) -> u64 {
        self.shared().id
    }

    pub(crate) fn requested_capacity(&self) -> usize {
        self.shared().requested_capacity
    }

    /// The next item for a worker, and how long it waited.
    pub(crate) async fn next(&self, clock: &Clock) -> Option<(T, Option<Duration>)> {
        let Entry { item, sent } = self.shared().core.pop().await?;
        Some((item, sent.map(|sent| clock.now().saturating_duration_since(sent))))
    }

    /// Closes the queue and drops what is buffered; how many items that were.
    pub(crate) fn close_and_drop(&self) -> usize {
        self.shared().close_and_drop()
    }
}

impl<T: Send + 'static> Items<T> {
    /// A reader of the queue's gauges that does not keep the queue open.
    pub(crate) fn gauge(&self) -> impl Fn() -> QueueGauge + Send + Sync + use<T> {
        let shared = Arc::clone(&self.0.0);
        move || QueueGauge {
            depth: shared.core.len(),
            left: shared.left.load(Ordering::Relaxed),
            capacity: shared.core.capacity(),
            dropped: shared.dropped.load(Ordering::Relaxed),
            workers: shared.workers.load(Ordering::Relaxed),
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

/// Why [`Queue::send`] did not put the item in.
#[derive(Clone, PartialEq, Eq)]
pub struct SendError<T> {
    item: T,
    why: Why,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Why {
    Closed,
    Full(String),
    Timeout(String),
    Deadlock(String),
}

impl<T> SendError<T> {
    /// The item that was not sent.
    pub fn into_item(self) -> T {
        self.item
    }

    /// Whether the queue is closed: its consumer has stopped, and no item will be taken again.
    pub fn is_closed(&self) -> bool {
        self.why == Why::Closed
    }

    /// Whether the queue was full (also when every worker waits for room in it, or the time was over).
    pub fn is_full(&self) -> bool {
        !self.is_closed()
    }

    /// Whether the time of [`Queue::send_timeout`] was over.
    pub fn is_timeout(&self) -> bool {
        matches!(self.why, Why::Timeout(_))
    }

    /// Whether waiting would never have ended, because all workers of the queue wait for room in it.
    pub fn is_deadlock(&self) -> bool {
        matches!(self.why, Why::Deadlock(_))
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.why {
            Why::Closed => f.write_str("the queue is closed"),
            Why::Full(queue) => write!(f, "queue `{queue}` is full"),
            Why::Timeout(queue) => write!(f, "queue `{queue}` stayed full for the whole wait"),
            Why::Deadlock(queue) => {
                write!(f, "queue `{queue}` is full and all of its workers wait for room in it")
            }
        }
    }
}

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SendError").field(&self.why).finish()
    }
}

impl<T> std::error::Error for SendError<T> {}

/// Why [`Queue::try_send`] did not put the item in.
#[derive(Clone, PartialEq, Eq)]
pub enum TrySendError<T> {
    /// There is no room now.
    Full(T),
    /// The queue takes no more items.
    Closed(T),
}

impl<T> TrySendError<T> {
    /// The item that was not sent.
    pub fn into_item(self) -> T {
        match self {
            Self::Full(item) | Self::Closed(item) => item,
        }
    }
}

impl<T> fmt::Display for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the queue is full",
            Self::Closed(_) => "the queue is closed",
        })
    }
}

impl<T> fmt::Debug for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> std::error::Error for TrySendError<T> {}

#[cfg(test)]
mod tests;
