//! What the actors of one process share, and a job on its way through them. Nothing here knows the host's state.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use super::lanes::{Lanes, TakenSlot};
use super::runs::Runs;
use super::trouble::Trouble;
use crate::id::{ClaimId, JobId};
use crate::lease::{Life, Timer};
use crate::store::{ClaimedJob, Store};

/// How many ends may wait to be stored before no more jobs are claimed: they are in memory, and the store is in trouble.
const BACKLOG: usize = 10_000;

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
    /// With more than these, no more are claimed.
    most_open: usize,
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
    open: Open,
}

/// A job whose end is not stored.
struct Open {
    shared: Arc<Shared>,
    life: Arc<Life>,
    /// Dropped with it, for whoever waits for that.
    over: Option<oneshot::Sender<()>>,
}

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
        let most_open = lanes.all_slots() + BACKLOG;
        Arc::new(Self {
            store,
            settings,
            kinds,
            lanes,
            runs,
            trouble,
            timer,
            life,
            open,
            most_open,
            abandoned,
        })
    }

    /// Holds a job.
    pub(super) fn hold(self: &Arc<Self>, job: JobId, claim: ClaimId, life: &Arc<Life>) -> Held {
        self.open.fetch_add(1, Ordering::SeqCst);
        life.hold();
        let open = Open { shared: Arc::clone(self), life: Arc::clone(life), over: None };
        Held { job, claim, life: Arc::clone(life), open }
    }

    /// How many jobs were claimed whose end is not stored.
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    /// Whether too many are, so that no more is claimed.
    pub(super) fn has_backlog(&self) -> bool {
        self.open() > self.most_open
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

impl Held {
    /// Resolves when its end is stored, or never will be.
    pub(super) fn when_over(&mut self) -> oneshot::Receiver<()> {
        let (over, is_over) = oneshot::channel();
        self.open.over = Some(over);
        is_over
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.life.let_go();
        let before = self.shared.open.fetch_sub(1, Ordering::SeqCst);
        if before == 1 || before == self.shared.most_open + 1 {
            self.shared.lanes.tell();
        }
    }
}

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Open")
    }
}
