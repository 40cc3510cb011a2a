//! What was asked and not begun yet, and what the writer is at: the one place where callers, the writer and the watch meet.
//!
//! A request is in the queue or it was taken, never both: whoever takes it out under the lock, the writer or the watch, has it
//! alone. So a request that timed out in the queue was certainly not done.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ostler_jobs::{ErrorKind, StoreError};

use crate::call::{Overdue, Request, broken_down};

/// The queue.
#[derive(Default)]
pub(crate) struct Queue {
    inner: Mutex<Inner>,
    for_writer: Condvar,
    for_watch: Condvar,
}

#[derive(Default)]
struct Inner {
    waiting: VecDeque<Box<dyn Request>>,
    taken: Vec<(Instant, Arc<dyn Overdue>)>,
    /// The writer sleeps: only then a notification is worth a system call.
    writer_sleeps: bool,
    closed: bool,
}

/// What the writer finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// Something waits.
    Requests,
    /// Nothing came until the time.
    Nothing,
    /// Nothing waits and nothing will come.
    Closed,
}

impl Queue {
    /// Adds a request; one that comes too late is refused.
    pub(crate) fn push(&self, request: Box<dyn Request>) {
        let mut inner = self.lock();
        if inner.closed {
            drop(inner);
            return request.refuse(closed());
        }
        inner.waiting.push_back(request);
        let wake = std::mem::take(&mut inner.writer_sleeps);
        drop(inner);
        if wake {
            self.for_writer.notify_one();
        }
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Nothing more is taken in. What waits is still done.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.for_writer.notify_one();
        self.for_watch.notify_one();
    }

    /// Sleeps until something waits, for so long at most.
    pub(crate) fn wait(&self, most: Duration) -> Found {
        let mut inner = self.lock();
        if inner.waiting.is_empty() && !inner.closed {
            inner.writer_sleeps = true;
            let asleep = |inner: &mut Inner| inner.waiting.is_empty() && !inner.closed;
            let woken = self.for_writer.wait_timeout_while(inner, most, asleep);
            inner = woken.unwrap_or_else(PoisonError::into_inner).0;
            inner.writer_sleeps = false;
        }
        match (inner.waiting.is_empty(), inner.closed) {
            (false, _) => Found::Requests,
            (true, false) => Found::Nothing,
            (true, true) => Found::Closed,
        }
    }

    /// The writer takes up to `most`. `busy`: those that it took before are not done yet.
    pub(crate) fn take(&self, most: usize, busy: bool, into: &mut VecDeque<Box<dyn Request>>) {
        let mut inner = self.lock();
        let inner = &mut *inner;
        if !busy {
            inner.taken.clear();
        }
        let most = most.min(inner.waiting.len());
        for request in inner.waiting.drain(..most) {
            inner.taken.push((request.deadline(), request.overdue()));
            into.push_back(request);
        }
    }

    /// The writer gives back what it has not begun, to the front; `in_hand` is what it goes on with.
    pub(crate) fn put_back(
        &self,
        rest: &mut VecDeque<Box<dyn Request>>,
        in_hand: impl FnOnce() -> Vec<(Instant, Arc<dyn Overdue>)>,
    ) {
        if rest.is_empty() {
            return;
        }
        let in_hand = in_hand();
        let mut inner = self.lock();
        inner.taken = in_hand;
        while let Some(last) = rest.pop_back() {
            inner.waiting.push_front(last);
        }
    }

    /// The watch gives up what is overdue at `now`: what waits, after its deadline; what was taken, after as much again. Then it sleeps
    /// for `pause`. Whether it is to go on.
    pub(crate) fn watch(&self, now: Instant, deadline: Duration, pause: Duration) -> bool {
        let inner = self.lock();
        let (late, mut inner) = take_late(inner, now);
        let is_stuck = |(begun_by, _): &(Instant, _)| *begun_by + deadline <= now;
        let stuck: Vec<_> = inner.taken.extract_if(.., |taken| is_stuck(taken)).collect();
        drop(inner);
        late.into_iter().for_each(|request| request.refuse(too_late()));
        stuck.into_iter().for_each(|(_, caller)| caller.give_up(too_late().ambiguous()));
        self.pause(pause)
    }

    fn pause(&self, pause: Duration) -> bool {
        let inner = self.lock();
        let is_over = |inner: &Inner| inner.closed && inner.waiting.is_empty() && inner.taken.is_empty();
        if is_over(&inner) {
            return false;
        }
        // Woken early, it only looks early.
        let inner = self.for_watch.wait_timeout(inner, pause).unwrap_or_else(PoisonError::into_inner).0;
        // Until the writer has ended, its callers may have to be told.
        !is_over(&inner)
    }

    /// The writer is gone: nobody waits in vain.
    pub(crate) fn end(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        let waiting = std::mem::take(&mut inner.waiting);
        let taken = std::mem::take(&mut inner.taken);
        drop(inner);
        waiting.into_iter().for_each(|request| request.refuse(closed()));
        // Those that have their answer do not notice.
        taken.into_iter().for_each(|(_, caller)| caller.give_up(broken_down()));
        self.for_watch.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn take_late(
    mut inner: MutexGuard<'_, Inner>,
    now: Instant,
) -> (Vec<Box<dyn Request>>, MutexGuard<'_, Inner>) {
    let mut late = Vec::new();
    // All callers have the same deadline, so the first is the next to be late; a racing push is at most a moment out of order.
    while inner.waiting.front().is_some_and(|first| first.deadline() <= now) {
        late.extend(inner.waiting.pop_front());
    }
    (late, inner)
}

/// It was not begun in time.
pub(crate) fn too_late() -> StoreError {
    StoreError::new(ErrorKind::Timeout, "the store did not do it within its deadline")
}

fn closed() -> StoreError {
    StoreError::new(ErrorKind::Closed, "the store was closed")
}
