//! A unit's place in a running host, from its start to its end: its stop, its clock, its record, and what is still
//! alive in it. A unit that is started again gets another seat.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::AbortHandle;

use crate::clock::Clock;
use crate::handle::HostHandle;
use crate::line::Line;
use crate::record::Record;
use crate::stop::{Stop, StopReason, StopSource};
use crate::tracker::{Live, Tracker};

/// What all runs of one unit share, between two starts.
#[derive(Debug)]
pub(crate) struct UnitSeat {
    pub(crate) name: Arc<str>,
    pub(crate) record: Arc<Record>,
    pub(crate) clock: Clock,
    pub(crate) host: HostHandle,
    pub(crate) line: Line,
    stop: StopSource,
    /// Everything that is alive in the unit: its loops, its runs, its blocking calls. The unit has ended when
    /// this is idle, which the director is told once the seat is closed.
    alive: Arc<Tracker>,
    /// The blocking calls among them.
    pub(crate) blocking: Arc<Tracker>,
    /// Runs of a task that were spawned and not polled yet.
    unbegun: AtomicUsize,
    spawned: Mutex<Spawned>,
}

/// A run that was spawned, until it is polled or dropped.
#[derive(Debug)]
pub(crate) struct Unbegun(Arc<UnitSeat>);

impl Drop for Unbegun {
    fn drop(&mut self) {
        self.0.unbegun.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The tokio tasks of a unit, to be dropped when its grace is over.
#[derive(Debug)]
struct Spawned {
    /// Counts as alive until the seat is closed. Without it nothing is spawned any more.
    open: Option<Live>,
    next: u64,
    /// The parts that are alive, each with its handle once it was spawned. Few at a time: a run, an instance, a crew.
    parts: Vec<(u64, Option<AbortHandle>)>,
    /// What is spawned at the same moment is aborted too.
    aborted: bool,
}

impl UnitSeat {
    pub(crate) fn new(record: Arc<Record>, clock: Clock, host: HostHandle, line: Line) -> Arc<Self> {
        let alive = Tracker::of_unit(line.clone());
        let spawned = Spawned { open: Some(alive.enter()), next: 0, parts: Vec::new(), aborted: false };
        Arc::new(Self {
            name: Arc::clone(record.name()),
            record,
            clock,
            host,
            line,
            stop: StopSource::default(),
            blocking: Tracker::child(&alive),
            alive,
            unbegun: AtomicUsize::new(0),
            spawned: Mutex::new(spawned),
        })
    }

    /// Counts a run as not begun until the guard is dropped.
    pub(crate) fn begins(self: &Arc<Self>) -> Unbegun {
        self.unbegun.fetch_add(1, Ordering::AcqRel);
        Unbegun(Arc::clone(self))
    }

    /// Whether each run that was spawned has begun, or never will.
    pub(crate) fn all_have_begun(&self) -> bool {
        self.unbegun.load(Ordering::Acquire) == 0
    }

    /// From here on nothing is spawned in the unit. The director is told when nothing of it is left.
    pub(crate) fn close(&self) {
        let open = self.spawned().open.take();
        if open.is_some() {
            self.alive.close();
        }
        drop(open);
    }

    /// When the unit should end.
    pub(crate) fn stop(&self) -> Stop {
        self.stop.stop()
    }

    pub(crate) fn is_stop_requested(&self) -> bool {
        self.stop.is_requested()
    }

    /// Whether somebody may wait for the unit's stop.
    pub(crate) fn is_watched(&self) -> bool {
        self.stop.is_watched()
    }

    /// Tells the unit to stop; what is to be spawned first still is.
    pub(crate) fn announce_stop(&self, reason: StopReason) {
        self.stop.request(reason);
    }

    /// Tells the unit to stop, and closes its seat.
    pub(crate) fn request_stop(&self, reason: StopReason) {
        self.stop.request(reason);
        self.close();
    }

    /// Tells the unit that its grace is over.
    pub(crate) fn tell_aborting(&self, reason: StopReason) {
        self.stop.abort(reason);
        self.close();
    }

    /// Spawns a part of the unit: alive until it is gone, dropped by [`abort`](Self::abort). Where the unit has been told to
    /// stop, the part is dropped at once.
    pub(crate) fn spawn(self: &Arc<Self>, part: impl Future<Output = ()> + Send + 'static) {
        let Some((id, live)) = self.enter() else { return };
        let entry = Entry { seat: Arc::clone(self), id };
        // No lock is held here: where the runtime is shutting down, the part is dropped in this very call.
        // The one place that spawns the work of units.
        #[allow(clippy::disallowed_methods)]
        let task = tokio::spawn(async move {
            // Named in this order, which is that of the drop of a future that was never polled: whoever sees the unit idle
            // sees all effects of the part.
            let (part, entry, live) = (part, entry, live);
            let _live = live;
            let _entry = entry;
            part.await;
        });
        self.keep_abort(id, task.abort_handle());
    }

    /// Counts one more part, unless the seat is closed.
    fn enter(&self) -> Option<(u64, Live)> {
        let mut spawned = self.spawned();
        spawned.open.as_ref()?;
        let id = spawned.next;
        spawned.next += 1;
        spawned.parts.push((id, None));
        Some((id, self.alive.enter()))
    }

    /// Keeps the handle of a part that is still there.
    fn keep_abort(&self, id: u64, handle: AbortHandle) {
        let mut spawned = self.spawned();
        if spawned.aborted {
            drop(spawned);
            handle.abort();
        } else if let Some((_, kept)) = spawned.parts.iter_mut().rev().find(|(part, _)| *part == id) {
            *kept = Some(handle);
        }
    }

    /// Drops all parts at their next await.
    pub(crate) fn abort(&self) {
        self.close();
        let mut spawned = self.spawned();
        spawned.aborted = true;
        let handles: Vec<AbortHandle> =
            spawned.parts.iter_mut().filter_map(|(_, handle)| handle.take()).collect();
        drop(spawned);
        handles.into_iter().for_each(|handle| handle.abort());
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
        let mut spawned = self.seat.spawned();
        if let Some(at) = spawned.parts.iter().position(|(id, _)| *id == self.id) {
            spawned.parts.swap_remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::Message;
    use crate::record::UnitKind;
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    fn seat() -> (Arc<UnitSeat>, UnboundedReceiver<Message>) {
        let clock = Clock::real();
        let record = Arc::new(Record::new("u".into(), UnitKind::Interval, clock.wall()));
        let (director, messages) = unbounded_channel();
        (UnitSeat::new(record, clock, HostHandle::new(), Line::new(0, director)), messages)
    }

    #[tokio::test]
    async fn nothing_is_spawned_in_a_unit_that_was_told_to_stop() {
        let (seat, mut messages) = seat();
        seat.request_stop(StopReason::Requested);
        let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
        seat.spawn(async move {
            let _ = sender.send(());
        });
        assert!(receiver.await.is_err(), "the part was dropped, not run");
        assert!(matches!(messages.recv().await, Some(Message::Gone(0))));
        assert!(messages.try_recv().is_err(), "it is told once");
    }

    #[tokio::test]
    async fn an_aborted_part_is_gone_when_the_director_is_told() {
        let (seat, mut messages) = seat();
        let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
        seat.spawn(async move {
            let _sender = sender;
            std::future::pending().await
        });
        seat.request_stop(StopReason::Requested);
        assert!(messages.try_recv().is_err(), "something is alive");
        seat.abort();
        assert!(matches!(messages.recv().await, Some(Message::Gone(0))));
        assert!(receiver.await.is_err());
        assert!(seat.spawned().parts.is_empty());
    }

    #[tokio::test]
    async fn parts_that_come_and_go_in_an_open_seat_are_no_end() {
        let (seat, mut messages) = seat();
        let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
        seat.spawn(async move {
            let _ = sender.send(());
        });
        receiver.await.unwrap();
        while seat.alive.live() > 1 {
            tokio::task::yield_now().await;
        }
        assert!(messages.try_recv().is_err());
        seat.close();
        assert!(matches!(messages.recv().await, Some(Message::Gone(0))));
    }

    #[test]
    fn a_part_that_is_spawned_on_a_runtime_that_has_ended_is_dropped_and_nothing_hangs() {
        let (seat, mut messages) = seat();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let handle = runtime.handle().clone();
        drop(runtime);
        let _entered = handle.enter();
        seat.spawn(std::future::pending());
        assert!(seat.spawned().parts.is_empty());
        seat.close();
        assert!(matches!(messages.try_recv(), Ok(Message::Gone(0))));
    }

    #[tokio::test]
    async fn a_part_that_is_aborted_before_its_first_poll_is_dropped_before_its_unit_is_gone() {
        struct Last(Line);
        impl Drop for Last {
            fn drop(&mut self) {
                self.0.ended(Ok(()));
            }
        }
        let (seat, mut messages) = seat();
        let last = Last(seat.line.clone());
        seat.spawn(async move {
            let _last = last;
            std::future::pending::<()>().await;
        });
        seat.abort();
        assert!(matches!(messages.recv().await, Some(Message::Ended(0, Ok(())))));
        assert!(matches!(messages.recv().await, Some(Message::Gone(0))));
    }
}
