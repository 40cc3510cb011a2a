//! A consumer: workers that take items from one queue until it is closed and empty.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::{Event, Events, Starting};
use crate::current::{Seat, Sitter};
use crate::outcome::{Halt, Outcome};
use crate::panics;
use crate::record::UnitState;
use crate::run::Runner;
use crate::scope::RunFacts;
use crate::seat::UnitSeat;
use crate::tracker::Tracker;
use crate::trigger::{Consume, Leftover, Plan, Policy};

/// A consumer ready to start. `H` makes the future of one attempt from an item and the facts of its run.
pub(crate) struct Consumer<T, H> {
    pub(crate) seat: Arc<UnitSeat>,
    pub(crate) plan: Plan<Consume<T>>,
    pub(crate) handle: H,
    pub(crate) events: Events,
}

impl<T, H, Fut> Consumer<T, H>
where
    T: Send + 'static,
    H: Fn(T, RunFacts, Arc<UnitSeat>) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Outcome> + Send + 'static,
{
    /// Spawns the workers. A consumer is ready as soon as it is up.
    pub(crate) fn start(self) -> Starting {
        let (polled_sender, polled) = oneshot::channel();
        let (ready_sender, ready) = oneshot::channel();
        let Consume { items, workers, .. } = &self.plan.trigger;
        items.serve(&self.seat.name, *workers, &self.seat.clock);
        self.seat.record.gauge_with(items.gauge());
        let at_work = Arc::new(Tracker::default());
        let mut polled_sender = Some(polled_sender);
        for number in 1..=*workers {
            let live = at_work.enter();
            let worker = self.worker(number);
            let polled = polled_sender.take().unwrap_or_else(|| oneshot::channel().0);
            self.seat.spawn(async move {
                // Word is given before the first item: a queue may be filled already, and handling it takes its time.
                drop(polled);
                worker.await;
                drop(live);
            });
        }
        let seat = Arc::clone(&self.seat);
        seat.record.set_state(UnitState::Running);
        seat.spawn(self.oversee(at_work));
        let _ = ready_sender.send(Ok(()));
        Starting { polled, ready }
    }

    /// Closes the queue when the unit is told to stop, and tells the host when all workers ended by themselves.
    async fn oversee(self, at_work: Arc<Tracker>) {
        tokio::select! {
            biased;
            () = self.seat.stop.requested() => self.close(),
            () = at_work.idle() => {
                self.seat.record.set_state(UnitState::Completed);
                let _ = self.events.send(Event::Completed);
            }
        }
    }

    fn close(&self) {
        let items = &self.plan.trigger.items;
        match self.plan.trigger.leftover {
            Leftover::Drain => items.close(),
            Leftover::Drop => {
                let left = items.close_and_drop();
                if left > 0 {
                    tracing::warn!(unit = %self.seat.name, items = left, "items left in the queue were dropped");
                }
            }
        }
    }

    fn worker(&self, number: usize) -> impl Future<Output = ()> + Send + use<T, H, Fut> {
        let Consume { items, copy, .. } = &self.plan.trigger;
        let (items, copy, policy) = (items.clone(), *copy, self.plan.policy);
        let seat = Seat::new(&self.seat.name, &self.seat.blocking, Sitter::Worker);
        seat.fed_by(items.id());
        let unit = Arc::clone(&self.seat);
        let handle = self.handle.clone();
        let mut runner = Runner { unit: Arc::clone(&unit), policy, seat: Some(seat), worker: Some(number) };
        async move {
            while let Some((item, wait)) = items.next(&unit.clock).await {
                // Where neither the queue nor the handler ever keeps it waiting, the worker must still let others run.
                tokio::task::coop::consume_budget().await;
                if let Some(wait) = wait {
                    unit.record.waited(wait);
                }
                let mut item = Kept { item: Some(item), copy };
                runner
                    .run(|facts| {
                        let item = item.for_attempt(facts.attempt, &policy);
                        let handled = item.map(|item| handle(item, facts, Arc::clone(&unit)));
                        async move { handled?.await }
                    })
                    .await;
            }
        }
    }
}

/// An item that is kept for as long as another attempt may need it.
struct Kept<T> {
    item: Option<T>,
    copy: Option<fn(&T) -> T>,
}

impl<T> Kept<T> {
    /// The item for this attempt: a copy, or for the last one the item itself.
    fn for_attempt(&mut self, attempt: u32, policy: &Policy) -> Outcome<T> {
        match (&self.item, self.copy) {
            (Some(item), Some(copy)) if attempt < policy.attempts => {
                panics::catch(|| copy(item)).map_err(|payload| {
                    Halt::retry(format!("the item's `clone` panicked: {}", panics::into_message(payload)))
                })
            }
            _ => self.item.take().ok_or_else(|| Halt::discard("the item is gone")),
        }
    }
}

impl<T> Drop for Kept<T> {
    fn drop(&mut self) {
        // An item's `Drop` is a user's code.
        panics::discard(self.item.take());
    }
}
