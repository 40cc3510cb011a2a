//! One life of a worker: for how long it may trust that what it holds is its own. A life that was lost never comes back, and one that was
//! retired never claims again.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use crate::id::WorkerId;

/// The share of a lease that is not trusted: clocks of two machines may run apart, and a write takes its time.
const MARGIN: u32 = 10;

/// One life of a worker.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) worker: WorkerId,
    lease: Duration,
    /// In nanoseconds of the [`Timer`](super::Timer).
    until: AtomicU64,
    is_lost: AtomicBool,
    lost: Notify,
    is_retired: AtomicBool,
    retired: Notify,
    /// Jobs that it is known to hold.
    held: AtomicUsize,
    settled: Notify,
}

impl Life {
    /// One whose first beat was sent at this time.
    pub(crate) fn new(worker: WorkerId, lease: Duration, sent: Duration) -> Self {
        let (is_lost, lost) = (AtomicBool::new(false), Notify::new());
        let (is_retired, retired) = (AtomicBool::new(false), Notify::new());
        let (until, held, settled) = (AtomicU64::new(0), AtomicUsize::new(0), Notify::new());
        let life = Self { worker, lease, until, is_lost, lost, is_retired, retired, held, settled };
        life.beaten(sent);
        life
    }

    /// A beat that was sent at this time has been answered. When it was sent is what counts: the store may have seen it at once.
    pub(crate) fn beaten(&self, sent: Duration) {
        let until = sent + self.lease - self.lease / MARGIN;
        self.until.fetch_max(u64::try_from(until.as_nanos()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    /// Until when it is trusted unless another beat is answered.
    pub(crate) fn until(&self) -> Duration {
        Duration::from_nanos(self.until.load(Ordering::SeqCst))
    }

    /// Whether what it holds is its own at this time.
    pub(crate) fn holds(&self, now: Duration) -> bool {
        !self.is_lost.load(Ordering::SeqCst) && now < self.until()
    }

    /// It has ended, or is trusted no more.
    pub(crate) fn lose(&self) {
        self.is_lost.store(true, Ordering::SeqCst);
        self.lost.notify_one();
    }

    /// Resolves when it is. For its keeper alone. Cancel safe.
    pub(crate) async fn lost(&self) {
        while !self.is_lost.load(Ordering::SeqCst) {
            self.lost.notified().await;
        }
    }

    /// It claims nothing more, and ends when all that it is known to hold has ended.
    pub(crate) fn retire(&self) {
        self.is_retired.store(true, Ordering::SeqCst);
        self.retired.notify_one();
    }

    /// Resolves when it is retired. For its keeper alone. Cancel safe.
    pub(crate) async fn retired(&self) {
        while !self.is_retired.load(Ordering::SeqCst) {
            self.retired.notified().await;
        }
    }

    /// It holds a job more.
    pub(crate) fn hold(&self) {
        self.held.fetch_add(1, Ordering::SeqCst);
    }

    /// And one fewer.
    pub(crate) fn let_go(&self) {
        if self.held.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.settled.notify_one();
        }
    }

    /// Resolves when it holds no job that is known. For the keeper of one that is retired alone. Cancel safe.
    pub(crate) async fn settled(&self) {
        while self.held.load(Ordering::SeqCst) > 0 {
            self.settled.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ostler::SECOND;

    #[test]
    fn a_life_is_trusted_from_when_its_beat_was_sent() {
        let life = Life::new(WorkerId(1), 10 * SECOND, 100 * SECOND);
        assert!(life.holds(109 * SECOND - Duration::from_nanos(1)));
        assert!(!life.holds(109 * SECOND), "a tenth of the lease is not trusted");
        life.beaten(105 * SECOND);
        life.beaten(103 * SECOND);
        assert_eq!(life.until(), 114 * SECOND, "an older beat takes nothing back");
    }

    #[test]
    fn a_lost_life_never_comes_back() {
        let life = Life::new(WorkerId(1), 10 * SECOND, SECOND);
        life.lose();
        life.beaten(2 * SECOND);
        assert!(!life.holds(3 * SECOND));
    }
}
