//! Counts what is still going on in a unit - its instances, runs and blocking calls - and tells when that is nothing.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::Notify;

use crate::line::Line;

/// A count of live things, with a parent whose count includes them.
#[derive(Default)]
pub(crate) struct Tracker {
    live: AtomicUsize,
    idle: Notify,
    parent: Option<Arc<Tracker>>,
    /// Who is told when the last live thing is gone, once it is closed.
    line: Option<Line>,
    closed: AtomicBool,
}

impl Tracker {
    pub(crate) fn child(parent: &Arc<Tracker>) -> Arc<Self> {
        Arc::new(Self { parent: Some(Arc::clone(parent)), ..Self::default() })
    }

    /// The tracker of all that is alive in a unit. Once it is closed, `line` tells the director when that is nothing.
    pub(crate) fn of_unit(line: Line) -> Arc<Self> {
        Arc::new(Self { line: Some(line), ..Self::default() })
    }

    /// Nothing new comes. To be called while something is alive.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
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
            // One that was never closed is no unit's end: a task that rests gives its seat up.
            if let Some(line) = self.line.as_ref().filter(|_| self.closed.load(Ordering::Acquire)) {
                line.gone();
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
