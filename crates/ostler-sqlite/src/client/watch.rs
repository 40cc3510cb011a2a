//! The watch over the client's calls: it answers for the thread where that hangs, as a call into a file whose disk
//! does not answer.
//!
//! An answer is given once: by the thread or by the watch. A call that was not begun by its deadline never is, so
//! it is certain that nothing was done.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ostler::Clock;
use ostler_jobs::StoreError;
use tokio::sync::oneshot;

use crate::queue::too_late;

/// A call that may wait for its answer.
pub(super) trait Waiting: Send + Sync {
    /// Said by the thread before it looks whether it is too late.
    fn begin(&self);
    /// Gives it up where it is overdue. Whether it goes on waiting.
    fn look(&self, now: Instant, deadline: Duration) -> bool;
}

/// Where the answer of a call goes.
pub(super) struct Answer<T> {
    to: Mutex<Option<oneshot::Sender<Result<T, StoreError>>>>,
    until: Instant,
    begun: AtomicBool,
}

impl<T> Answer<T> {
    /// It is to be begun until then.
    pub(super) fn new(to: oneshot::Sender<Result<T, StoreError>>, until: Instant) -> Self {
        Self { to: Mutex::new(Some(to)), until, begun: AtomicBool::new(false) }
    }

    /// Gives it, where there is none yet.
    pub(super) fn give(&self, answer: Result<T, StoreError>) {
        if let Some(to) = locked(&self.to).take() {
            // Nobody hears it where the caller has gone.
            let _ = to.send(answer);
        }
    }
}

impl<T: Send> Waiting for Answer<T> {
    fn begin(&self) {
        self.begun.store(true, Ordering::SeqCst);
    }

    fn look(&self, now: Instant, deadline: Duration) -> bool {
        if let Some(error) = overdue(self.begun.load(Ordering::SeqCst), self.until, deadline, now) {
            self.give(Err(error));
        }
        locked(&self.to).is_some()
    }
}

/// What a call without an answer gets: after its deadline where it was not begun, and else after as much again.
fn overdue(begun: bool, until: Instant, deadline: Duration, now: Instant) -> Option<StoreError> {
    match begun {
        false if until <= now => Some(too_late()),
        true if until + deadline <= now => Some(too_late().ambiguous()),
        _ => None,
    }
}

/// The watch, which sleeps while there are no calls.
#[derive(Default)]
pub(super) struct Watch {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Default)]
struct Inner {
    calls: Vec<Arc<dyn Waiting>>,
    closed: bool,
}

impl Watch {
    /// Watches over this call as well.
    pub(super) fn add(&self, call: Arc<dyn Waiting>) {
        let mut inner = locked(&self.inner);
        inner.calls.push(call);
        let sleeps = inner.calls.len() == 1;
        drop(inner);
        if sleeps {
            self.changed.notify_one();
        }
    }

    /// No call will come, and nobody waits for one.
    pub(super) fn close(&self) {
        locked(&self.inner).closed = true;
        self.changed.notify_one();
    }

    /// Its life: it looks often enough for no answer to be later than by a tenth of the deadline.
    pub(super) fn run(&self, deadline: Duration) {
        let clock = Clock::real();
        let pause = (deadline / 10).clamp(Duration::from_millis(1), Duration::from_secs(1));
        let mut inner = locked(&self.inner);
        while !inner.closed {
            let now = clock.now();
            inner.calls.retain(|call| call.look(now, deadline));
            inner = self.sleep(inner, pause);
        }
    }

    /// Until it is worth another look. Woken early, it only looks early.
    fn sleep<'a>(&self, inner: MutexGuard<'a, Inner>, pause: Duration) -> MutexGuard<'a, Inner> {
        if inner.calls.is_empty() {
            let idle = |inner: &mut Inner| inner.calls.is_empty() && !inner.closed;
            return self.changed.wait_while(inner, idle).unwrap_or_else(PoisonError::into_inner);
        }
        self.changed.wait_timeout(inner, pause).unwrap_or_else(PoisonError::into_inner).0
    }
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_given_up_after_its_deadline_and_a_begun_one_after_as_much_again() {
        let until = Clock::real().now();
        let deadline = Duration::from_secs(5);
        let of =
            |begun, after| overdue(begun, until, deadline, until + after).map(|error| error.is_ambiguous());
        let before = deadline - Duration::from_nanos(1);
        assert_eq!(of(false, Duration::ZERO), Some(false));
        assert_eq!(of(true, Duration::ZERO), None);
        assert_eq!(of(true, before), None);
        assert_eq!(of(true, deadline), Some(true));
        assert!(overdue(false, until + deadline, deadline, until).is_none());
    }
}
