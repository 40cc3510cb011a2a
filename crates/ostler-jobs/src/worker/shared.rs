//! What the actors of one process share, and a job on its way through them. Nothing here knows the host's state.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use super::lanes::{Lanes, TakenSlot};
use super::runs::Runs;
use super::trouble::Trouble;
use crate::id::{ClaimId, JobId};
use crate::lease::{Life, Timer};
use crate::store::{ClaimedJob, Store};

/// What [`Workers`](crate::Workers) was told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) lease: Duration,
    pub(crate) poll: Duration,
    /// `None`: no job is poison, and suspects are claimed as others are.
    pub(crate) poison_after: Option<u32>,
}

/// What all actors share, from a start of the unit to its end.
pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) settings: Settings,
    pub(crate) kinds: Arc<BTreeSet<Arc<str>>>,
    pub(crate) lanes: Lanes,
    pub(crate) runs: Runs,
    pub(crate) trouble: Trouble,
    pub(crate) timer: Timer,
    /// The worker's life, while it has one.
    pub(super) life: watch::Sender<Option<Arc<Life>>>,
    /// Jobs that were claimed, and whose end is not stored.
    open: AtomicUsize,
    /// An attempt was dropped while a blocking call of it went on: what it held is for the lease's end to count.
    abandoned: AtomicBool,
}

/// A job that was claimed, on its way to its end.
#[derive(Debug)]
pub(crate) struct Assigned {
    pub(super) job: ClaimedJob,
    pub(super) held: Held,
    pub(super) slot: TakenSlot,
}

/// By which right a job is held.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) job: JobId,
    pub(super) claim: ClaimId,
    pub(super) life: Arc<Life>,
    _open: Open,
}

/// A job whose end is not stored.
struct Open(Arc<Shared>);

impl Shared {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        settings: Settings,
        kinds: Arc<BTreeSet<Arc<str>>>,
        lanes: Lanes,
        trouble: Trouble,
        timer: Timer,
    ) -> Arc<Self> {
        let (life, open) = (watch::Sender::new(None), AtomicUsize::new(0));
        let (runs, abandoned) = (Runs::default(), AtomicBool::new(false));
        Arc::new(Self { store, settings, kinds, lanes, runs, trouble, timer, life, open, abandoned })
    }

    /// Holds a job.
    pub(super) fn hold(self: &Arc<Self>, job: JobId, claim: ClaimId, life: &Arc<Life>) -> Held {
        self.open.fetch_add(1, Ordering::SeqCst);
        Held { job, claim, life: Arc::clone(life), _open: Open(Arc::clone(self)) }
    }

    /// How many jobs were claimed whose end is not stored.
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    /// Whether what this life holds is its own now.
    pub(super) fn holds(&self, life: &Life) -> bool {
        life.holds(self.timer.now())
    }

    /// Nothing will be written of an attempt that may still have effects.
    pub(super) fn abandon(&self) {
        self.abandoned.store(true, Ordering::SeqCst);
    }

    pub(super) fn has_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::SeqCst)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if self.0.open.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.lanes.tell();
        }
    }
}

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Open")
    }
}
