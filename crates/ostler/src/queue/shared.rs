//! What the two ends of a queue share, and what happens when the last of either is dropped.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use super::Full;
use super::core::Core;
use crate::clock::Clock;
use crate::live::Live;
use crate::panics;
use crate::trace;
use crate::trace::TraceContext;

/// An item and when it was sent, which is known once a host serves the queue.
#[derive(Debug)]
pub(crate) struct Entry<T> {
    pub(crate) item: T,
    pub(crate) sent: Option<Instant>,
    /// The span in which it was sent. Boxed, as most have none.
    pub(crate) from: Option<Box<TraceContext>>,
}

/// What the two ends of a queue share.
#[derive(Debug)]
pub(super) struct Shared<T> {
    pub(super) core: Core<Entry<T>>,
    pub(super) full: Live<Full>,
    pub(super) requested_capacity: usize,
    pub(super) id: u64,
    pub(super) name: OnceLock<Arc<str>>,
    pub(super) clock: OnceLock<Clock>,
    pub(super) dropped: AtomicU64,
    /// Items that were dropped because nobody would take them any more.
    pub(super) left: AtomicUsize,
    pub(super) warned: AtomicBool,
}

impl<T> Shared<T> {
    pub(super) fn new(capacity: usize, full: Live<Full>) -> Self {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        Self {
            core: Core::new(capacity),
            full,
            requested_capacity: capacity,
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            name: OnceLock::new(),
            clock: OnceLock::new(),
            dropped: AtomicU64::new(0),
            left: AtomicUsize::new(0),
            warned: AtomicBool::new(false),
        }
    }

    /// Its consumer's name; before it has one, or where a user's own loop receives, the type of its items.
    pub(super) fn name(&self) -> &str {
        self.name.get().map_or(std::any::type_name::<T>(), |name| name)
    }

    pub(super) fn entry(&self, item: T) -> Entry<T> {
        Entry { item, sent: self.clock.get().map(Clock::now), from: trace::capture().map(Box::new) }
    }

    /// Closes the queue and drops what is buffered, counted as left; how many items that were.
    pub(super) fn close_and_drop(&self) -> usize {
        let items = self.core.close_and_clear();
        let count = items.len();
        self.left.fetch_add(count, Ordering::Relaxed);
        // An item's `Drop` is a user's code.
        items.into_iter().for_each(panics::discard);
        count
    }

    /// Drops an item for which there was no room.
    pub(super) fn drop_counted(&self, entry: Entry<T>) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
        panics::discard(entry);
    }
}

/// The last producer gone closes the queue.
#[derive(Debug)]
pub(super) struct Producers<T>(pub(super) Arc<Shared<T>>);

impl<T> Drop for Producers<T> {
    fn drop(&mut self) {
        self.0.core.close();
    }
}

/// The last consumer gone closes the queue too: nobody would ever take what is sent.
#[derive(Debug)]
pub(super) struct Consumers<T>(pub(super) Arc<Shared<T>>);

impl<T> Drop for Consumers<T> {
    fn drop(&mut self) {
        self.0.close_and_drop();
    }
}
