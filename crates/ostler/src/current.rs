//! The seat on which this thread is polling right now: how free functions such as [`blocking`](crate::blocking) and
//! the queue know whose code calls them.
//!
//! A seat is one place where runs happen one after another: a worker of a consumer, one run of a task, one
//! instance of a service. It is put into a thread-local for the length of each poll only, so work that a handler
//! spawns elsewhere has no seat.

use std::cell::{OnceCell, RefCell};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use crate::record::Record;
use crate::stall::PollingThread;
use crate::tracker::{Live, Tracker};

/// One place where runs happen one after another.
#[derive(Debug)]
pub(crate) struct Seat {
    /// The unit whose place it is.
    pub(crate) unit: Arc<Record>,
    /// The blocking calls of the unit, and those among them of the run that sits here: counted from its first one on.
    unit_blocking: Arc<Tracker>,
    blocking: OnceLock<Arc<Tracker>>,
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
    pub(crate) fn new(unit: &Arc<Record>, unit_blocking: &Arc<Tracker>, sitter: Sitter) -> Arc<Self> {
        Arc::new(Self {
            unit: Arc::clone(unit),
            unit_blocking: Arc::clone(unit_blocking),
            blocking: OnceLock::new(),
            feeds_on: AtomicU64::new(0),
            sitter,
            sleeps: AtomicUsize::new(0),
        })
    }

    /// A blocking call begins here; it is over when the guard is dropped.
    pub(crate) fn blocking_call(&self) -> Live {
        self.blocking.get_or_init(|| Tracker::child(&self.unit_blocking)).enter()
    }

    /// Blocking calls of this seat that are not over.
    pub(crate) fn blocking_calls(&self) -> usize {
        self.blocking.get().map_or(0, |calls| calls.live())
    }

    /// Resolves when none are left. Cancel safe.
    pub(crate) async fn no_blocking_calls(&self) {
        if let Some(calls) = self.blocking.get() {
            calls.idle().await;
        }
    }

    pub(crate) fn feeds_on(&self) -> u64 {
        self.feeds_on.load(Ordering::Relaxed)
    }

    /// Remembers that this seat took an item from `queue`.
    pub(crate) fn fed_by(&self, queue: u64) {
        self.feeds_on.store(queue, Ordering::Relaxed);
    }
}

/// What this thread polls.
struct Here {
    seat: RefCell<Option<Arc<Seat>>>,
    /// Where watchers see it.
    thread: OnceCell<Arc<PollingThread>>,
}

thread_local! {
    static HERE: Here = const { Here { seat: RefCell::new(None), thread: OnceCell::new() } };
}

/// The seat that is being polled on this thread.
pub(crate) fn seat() -> Option<Arc<Seat>> {
    HERE.with(|here| here.seat.borrow().clone())
}

/// The seat that is being polled on this thread, if it is that of a run.
pub(crate) fn seat_of_run() -> Option<Arc<Seat>> {
    seat().filter(|seat| seat.sitter != Sitter::Service)
}

/// Runs `f` with `seat` as the current one. The seat is moved in and out, which costs no reference count.
pub(crate) fn on<R>(seat: &mut Option<Arc<Seat>>, f: impl FnOnce() -> R) -> R {
    struct Restore<'a> {
        seat: &'a mut Option<Arc<Seat>>,
        outer: u64,
    }
    impl Drop for Restore<'_> {
        fn drop(&mut self) {
            HERE.with(|here| {
                here.thread.get_or_init(PollingThread::register).end(self.outer);
                std::mem::swap(&mut *here.seat.borrow_mut(), self.seat);
            });
        }
    }
    let unit = seat.as_ref().map_or(0, |seat| seat.unit.id());
    let outer = HERE.with(|here| {
        std::mem::swap(&mut *here.seat.borrow_mut(), seat);
        here.thread.get_or_init(PollingThread::register).begin(unit)
    });
    let _restore = Restore { seat, outer };
    f()
}
