//! The sending end of a queue, and what its policy does when there is no room.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Full;
use super::core::{Refused, Taker};
use super::error::{SendError, TrySendError, Why};
use super::shared::{Entry, Producers, Shared};
use crate::clock::Clock;
use crate::current::{self, Sitter};

/// The sending end of a queue. Clones are cheap; the queue closes when the last one is dropped.
pub struct Queue<T>(pub(super) Arc<Producers<T>>);

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
        let full = shared.full.get();
        if full == Full::DropOldest {
            let oldest = shared.core.push_dropping_oldest(shared.entry(item));
            return match oldest {
                Ok(None) => Ok(None),
                Ok(Some(oldest)) => {
                    shared.drop_counted(oldest);
                    Ok(None)
                }
                Err(Entry { item, .. }) => Err(SendError { item, why: Why::Closed }),
            };
        }
        match (shared.core.try_push(shared.entry(item)), full) {
            (Ok(()), _) => Ok(None),
            (Err(Refused::Full(newest)), Full::DropNewest) => {
                shared.drop_counted(newest);
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
        return Some(Arc::as_ptr(&seat) as usize);
    }
    // A service that receives by itself: others may receive as well, so this is a suspicion only.
    if !shared.warned.swap(true, Ordering::Relaxed) {
        tracing::warn!(unit = %seat.unit.name(), queue = %shared.name(),
            "a service waits for room in a queue that it receives from; if nothing else receives, it waits for ever");
    }
    None
}
