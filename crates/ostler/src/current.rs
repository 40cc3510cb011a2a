//! The seat on which this thread is polling right now: how free functions such as [`blocking`](crate::blocking) and
//! the queue know whose code calls them.
//!
//! A seat is one place where runs happen one after another: a worker of a consumer, one run of a task, one
//! instance of a service. It is put into a thread-local for the length of each poll only, so work that a handler
//! spawns elsewhere has no seat.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::tracker::Tracker;

/// One place where runs happen one after another.
#[derive(Debug)]
pub(crate) struct Seat {
    /// The unit's name.
    pub(crate) unit: Arc<str>,
    /// The blocking calls of the run that sits here.
    pub(crate) blocking: Arc<Tracker>,
    /// The queue from which this seat takes its items; 0 is none.
    feeds_on: AtomicU64,
    /// Whose code sits here.
    pub(crate) sitter: Sitter,
    /// Sleeps that the code here is in.
    pub(crate) sleeps: AtomicUsize,
}

/// Whose code a seat is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sitter {
    /// A run of a task.
    Task,
    /// A worker of a consumer: one of a known number.
    Worker,
    /// An instance of a service, which is no run and may never end.
    Service,
}

impl Seat {
    /// A seat in a unit, whose blocking calls are those of the unit too.
    pub(crate) fn new(unit: &Arc<str>, unit_blocking: &Arc<Tracker>, sitter: Sitter) -> Arc<Self> {
        let blocking = Tracker::child(unit_blocking);
        Arc::new(Self {
            unit: Arc::clone(unit),
            blocking,
            feeds_on: AtomicU64::new(0),
            sitter,
            sleeps: AtomicUsize::new(0),
        })
    }

    pub(crate) fn feeds_on(&self) -> u64 {
        self.feeds_on.load(Ordering::Relaxed)
    }

    /// Remembers that this seat took an item from `queue`.
    pub(crate) fn fed_by(&self, queue: u64) {
        self.feeds_on.store(queue, Ordering::Relaxed);
    }
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<Seat>>> = const { RefCell::new(None) };
}

/// The seat that is being polled on this thread.
pub(crate) fn seat() -> Option<Arc<Seat>> {
    CURRENT.with_borrow(Option::clone)
}

/// The seat that is being polled on this thread, if it is that of a run.
pub(crate) fn seat_of_run() -> Option<Arc<Seat>> {
    CURRENT.with_borrow(|seat| seat.as_ref().filter(|seat| seat.sitter != Sitter::Service).map(Arc::clone))
}

/// Runs `f` with `seat` as the current one. The seat is moved in and out, which costs no reference count.
pub(crate) fn on<R>(seat: &mut Option<Arc<Seat>>, f: impl FnOnce() -> R) -> R {
    struct Restore<'a>(&'a mut Option<Arc<Seat>>);
    impl Drop for Restore<'_> {
        fn drop(&mut self) {
            CURRENT.with_borrow_mut(|current| std::mem::swap(current, self.0));
        }
    }
    CURRENT.with_borrow_mut(|current| std::mem::swap(current, seat));
    let _restore = Restore(seat);
    f()
}
