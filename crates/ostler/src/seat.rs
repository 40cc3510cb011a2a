//! A unit's place in a running host: its stop, its clock, its record, and what is still alive in it.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::AbortHandle;

use crate::clock::Clock;
use crate::handle::HostHandle;
use crate::record::Record;
use crate::stop::{Stop, StopReason, StopSource};
use crate::tracker::Tracker;

/// What all runs of one unit share.
#[derive(Debug)]
pub(crate) struct UnitSeat {
    pub(crate) name: Arc<str>,
    pub(crate) record: Arc<Record>,
    pub(crate) clock: Clock,
    pub(crate) host: HostHandle,
    pub(crate) stop: Stop,
    source: StopSource,
    /// Everything that is alive in the unit: its loops, its runs, its blocking calls. The unit has ended when
    /// this is idle.
    pub(crate) alive: Arc<Tracker>,
    /// The blocking calls among them.
    pub(crate) blocking: Arc<Tracker>,
    next_run: AtomicU64,
    spawned: Mutex<Spawned>,
}

/// The tokio tasks of a unit, to be dropped when its grace is over.
#[derive(Debug, Default)]
struct Spawned {
    /// Nothing is spawned any more.
    closed: bool,
    next: u64,
    aborts: BTreeMap<u64, AbortHandle>,
}

impl UnitSeat {
    pub(crate) fn new(record: Arc<Record>, clock: Clock, host: HostHandle) -> Arc<Self> {
        let source = StopSource::default();
        let alive = Arc::new(Tracker::default());
        Arc::new(Self {
            name: Arc::clone(record.name()),
            record,
            clock,
            host,
            stop: source.stop(),
            source,
            blocking: Tracker::child(&alive),
            alive,
            next_run: AtomicU64::new(1),
            spawned: Mutex::default(),
        })
    }

    pub(crate) fn next_run_id(&self) -> u64 {
        self.next_run.fetch_add(1, Ordering::Relaxed)
    }

    /// Tells the unit to stop. From here on nothing is spawned in it.
    pub(crate) fn request_stop(&self, reason: StopReason) {
        self.spawned().closed = true;
        self.source.request(reason);
    }

    /// Tells the unit that its grace is over.
    pub(crate) fn tell_aborting(&self, reason: StopReason) {
        self.spawned().closed = true;
        self.source.abort(reason);
    }

    /// Spawns a part of the unit: alive until it is gone, dropped by [`abort`](Self::abort). Where the unit has been told to
    /// stop, the part is dropped at once.
    pub(crate) fn spawn(self: &Arc<Self>, part: impl Future<Output = ()> + Send + 'static) {
        let live = self.alive.enter();
        // Held over the spawn, so that a part which ends at once finds its own entry.
        let mut spawned = self.spawned();
        if spawned.closed {
            drop(spawned);
            return;
        }
        let id = spawned.next;
        spawned.next += 1;
        let entry = Entry { seat: Arc::clone(self), id };
        // The one place that spawns the work of units.
        #[allow(clippy::disallowed_methods)]
        let task = tokio::spawn(async move {
            // Released after the part is dropped: whoever sees the unit idle sees all of its effects.
            let _live = live;
            let _entry = entry;
            part.await;
        });
        spawned.aborts.insert(id, task.abort_handle());
    }

    /// Drops all parts at their next await.
    pub(crate) fn abort(&self) {
        let aborts = {
            let mut spawned = self.spawned();
            spawned.closed = true;
            std::mem::take(&mut spawned.aborts)
        };
        aborts.into_values().for_each(|task| task.abort());
    }

    fn spawned(&self) -> std::sync::MutexGuard<'_, Spawned> {
        self.spawned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A part's place among the spawned, given up however the part ends.
struct Entry {
    seat: Arc<UnitSeat>,
    id: u64,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.seat.spawned().aborts.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::UnitKind;

    fn seat() -> Arc<UnitSeat> {
        let record = Arc::new(Record::new("u".into(), UnitKind::Interval));
        UnitSeat::new(record, Clock::real(), HostHandle::new())
    }

    #[tokio::test]
    async fn nothing_is_spawned_in_a_unit_that_was_told_to_stop() {
        let seat = seat();
        seat.request_stop(StopReason::Requested);
        let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
        seat.spawn(async move {
            let _ = sender.send(());
        });
        assert!(receiver.await.is_err(), "the part was dropped, not run");
        assert_eq!(seat.alive.live(), 0);
    }

    #[tokio::test]
    async fn an_aborted_part_is_gone_when_the_unit_is_idle() {
        let seat = seat();
        let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
        seat.spawn(async move {
            let _sender = sender;
            std::future::pending().await
        });
        assert_eq!(seat.alive.live(), 1);
        seat.abort();
        seat.alive.idle().await;
        assert!(receiver.await.is_err());
        assert!(seat.spawned().aborts.is_empty());
    }
}
