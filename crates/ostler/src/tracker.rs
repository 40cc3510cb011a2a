//! Counts what is still going on in a unit - its instances, runs and blocking calls - and tells when that is nothing.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// A count of live things, with a parent whose count includes them.
#[derive(Default)]
pub(crate) struct Tracker {
    live: AtomicUsize,
    idle: Notify,
    parent: Option<Arc<Tracker>>,
    /// Called each time the last live thing is gone.
    when_idle: Option<Box<dyn Fn() + Send + Sync>>,
}

impl Tracker {
    pub(crate) fn child(parent: &Arc<Tracker>) -> Arc<Self> {
        Arc::new(Self { parent: Some(Arc::clone(parent)), ..Self::default() })
    }

    /// A tracker that calls `when_idle` each time the last live thing is gone.
    pub(crate) fn calling(when_idle: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { when_idle: Some(Box::new(when_idle)), ..Self::default() })
    }

    /// Counts one more thing until the guard is dropped.
    pub(crate) fn enter(self: &Arc<Self>) -> Live {
        self.add();
        Live(Arc::clone(self))
    }

    pub(crate) fn live(&self) -> usize {
        self.live.load(Ordering::Acquire)
    }

    /// Resolves when nothing is live. Cancel safe.
    pub(crate) async fn idle(&self) {
        loop {
            let idle = self.idle.notified();
            if self.live() == 0 {
                return;
            }
            idle.await;
        }
    }

    fn add(&self) {
        self.live.fetch_add(1, Ordering::AcqRel);
        if let Some(parent) = &self.parent {
            parent.add();
        }
    }

    fn remove(&self) {
        if self.live.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.idle.notify_waiters();
            if let Some(when_idle) = &self.when_idle {
                when_idle();
            }
        }
        if let Some(parent) = &self.parent {
            parent.remove();
        }
    }
}

impl fmt::Debug for Tracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracker").field("live", &self.live()).finish_non_exhaustive()
    }
}

/// One live thing.
#[derive(Debug)]
pub(crate) struct Live(Arc<Tracker>);

impl Drop for Live {
    fn drop(&mut self) {
        self.0.remove();
    }
}
