//! Which unit's code each thread is polling right now, for a watcher on another thread.
//!
//! A thread writes one atomic at the beginning and at the end of each poll. A watcher that sees the same poll twice knows
//! that it has not returned in between.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Bits of a [`Poll`] that hold the unit's id.
const ID_BITS: u32 = 24;

/// The threads that have polled a unit's code and are still there.
static THREADS: Mutex<Vec<Weak<PollingThread>>> = Mutex::new(Vec::new());

/// One thread's place for what it is polling.
#[derive(Debug, Default)]
pub(crate) struct PollingThread {
    /// The [`Poll`] that is going on; 0 is none.
    now: AtomicU64,
    polls: AtomicU64,
}

/// One poll of a unit's code on one thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Poll(u64);

impl Poll {
    /// The id of the unit; ids beyond sixteen million are not told apart.
    pub(crate) fn unit_id(self) -> u64 {
        self.0 & ((1 << ID_BITS) - 1)
    }
}

impl PollingThread {
    /// A place that watchers see, as long as it is kept.
    pub(crate) fn register() -> Arc<Self> {
        let thread = Arc::new(Self::default());
        let mut threads = threads();
        threads.retain(|thread| thread.strong_count() > 0);
        threads.push(Arc::downgrade(&thread));
        thread
    }

    /// A poll begins, perhaps inside of another, which is returned.
    pub(crate) fn begin(&self, unit_id: u64) -> u64 {
        let polls = self.polls.load(Ordering::Relaxed).wrapping_add(1);
        self.polls.store(polls, Ordering::Relaxed);
        let outer = self.now.load(Ordering::Relaxed);
        self.now.store(polls << ID_BITS | unit_id.min((1 << ID_BITS) - 1), Ordering::Relaxed);
        outer
    }

    /// The poll ends, and `outer` goes on.
    pub(crate) fn end(&self, outer: u64) {
        self.now.store(outer, Ordering::Relaxed);
    }
}

/// What all threads are polling, each with a number of its own.
pub(crate) fn polls() -> Vec<(usize, Poll)> {
    let threads: Vec<Arc<PollingThread>> = threads().iter().filter_map(Weak::upgrade).collect();
    let poll = |thread: &Arc<PollingThread>| match thread.now.load(Ordering::Relaxed) {
        0 => None,
        poll => Some((Arc::as_ptr(thread) as usize, Poll(poll))),
    };
    threads.iter().filter_map(poll).collect()
}

fn threads() -> MutexGuard<'static, Vec<Weak<PollingThread>>> {
    THREADS.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poll_is_seen_until_it_ends_and_each_is_another() {
        let thread = PollingThread::register();
        let mine =
            || polls().into_iter().find(|&(at, _)| at == Arc::as_ptr(&thread) as usize).map(|(_, poll)| poll);
        assert_eq!(mine(), None);
        let outer = thread.begin(7);
        let first = mine().unwrap();
        assert_eq!(first.unit_id(), 7);
        thread.end(outer);
        assert_eq!(mine(), None);
        let outer = thread.begin(7);
        assert_ne!(mine(), Some(first));
        let inner = thread.begin(8);
        assert_eq!(mine().unwrap().unit_id(), 8);
        thread.end(inner);
        assert_eq!(mine().unwrap().unit_id(), 7);
        thread.end(outer);
    }

    #[test]
    fn a_thread_that_is_gone_is_not_seen() {
        let thread = PollingThread::register();
        thread.begin(9);
        let place = Arc::as_ptr(&thread) as usize;
        assert!(polls().iter().any(|&(at, _)| at == place));
        drop(thread);
        assert!(polls().iter().all(|&(at, _)| at != place));
    }
}
