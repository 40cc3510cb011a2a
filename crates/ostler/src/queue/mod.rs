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
mod error;
mod items;
mod sender;
mod shared;
#[cfg(test)]
mod tests;
mod work;

/// The lock that the core uses; under the model checker this module is another one.
mod sync {
    pub(super) use std::sync::{Mutex, MutexGuard};
}

use std::sync::Arc;

pub(crate) use self::core::Taken;
pub use self::error::{SendError, TrySendError};
pub use self::items::Items;
pub(crate) use self::items::Present;
pub use self::sender::Queue;
pub(crate) use self::shared::Entry;
use self::shared::{Consumers, Producers, Shared};
pub use self::work::Work;
use crate::live::Live;

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

/// A queue for `capacity` items with a policy for when it is full. A live policy applies to the sends that follow; senders that
/// wait already are served.
pub fn bounded_with<T>(capacity: usize, full: impl Into<Live<Full>>) -> (Queue<T>, Items<T>) {
    let full = full.into();
    // One that cannot be told from new options is refused with them, and not found in a send.
    full.guard_for_ever(|_| Ok(()));
    let shared = Arc::new(Shared::new(capacity, full));
    (Queue(Arc::new(Producers(Arc::clone(&shared)))), Items(Arc::new(Consumers(shared))))
}
