//! A consumer: a crew of workers that take items from one queue until it is closed and empty, or until they are told to
//! leave.
//!
//! How many may take items, and whether any may now, stands in the queue itself, under the lock of its items. Here is who
//! is there.

use std::collections::BTreeSet;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::oneshot;

use super::until::until;
use crate::clock::Clock;
use crate::control::Answer;
use crate::current::{Seat, Sitter};
use crate::handler::{FromItem, HandlerFn};
use crate::line::Line;
use crate::outcome::{Halt, IntoOutcome, Outcome};
use crate::panics;
use crate::queue::{Entry, Items, Present, Taken};
use crate::record::{QueueGauge, Record};
use crate::run::{Attempted, Repeats, Runner};
use crate::scope::{FromScope, RunFacts, Scope};
use crate::seat::UnitSeat;
use crate::trigger::{Consume, Leftover, LivePolicy, Plan};

/// The workers of one consumer, whatever its items are.
pub(crate) struct Crew {
    queue: Box<dyn TakenFrom>,
    work: Box<dyn Fn(Arc<UnitSeat>, Place) -> Work + Send + Sync>,
    leftover: Leftover,
    /// How many there should be. Written by the crew alone.
    workers: Arc<AtomicUsize>,
    /// Whether somebody has paused it, and whether its options let it work.
    paused: bool,
    enabled: bool,
    roster: Arc<Roster>,
}

type ReadGauge = Box<dyn Fn() -> QueueGauge + Send + Sync>;

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A queue from which a crew takes items, without their type.
trait TakenFrom: Send + Sync {
    fn serve(&self, name: &Arc<str>, clock: &Clock);
    fn set_crew(&self, workers: usize, held: bool) -> u64;
    fn close(&self);
    fn close_and_drop(&self) -> usize;
    fn gauge(&self) -> ReadGauge;
}

impl<T: Send + 'static> TakenFrom for Items<T> {
    fn serve(&self, name: &Arc<str>, clock: &Clock) {
        Items::serve(self, name, clock);
    }

    fn set_crew(&self, workers: usize, held: bool) -> u64 {
        Items::set_crew(self, workers, held)
    }

    fn close(&self) {
        Items::close(self);
    }

    fn close_and_drop(&self) -> usize {
        Items::close_and_drop(self)
    }

    fn gauge(&self) -> ReadGauge {
        Box::new(Items::gauge(self))
    }
}

impl Crew {
    /// The crew that `plan` asks for; `handler` handles the items.
    pub(crate) fn new<S, F, In, T, Args>(state: Arc<S>, handler: F, plan: Plan<Consume<T>>) -> Self
    where
        S: Send + Sync + 'static,
        T: Send + 'static,
        F: HandlerFn<In, Args>,
        In: FromItem<T> + Send + 'static,
        Args: FromScope<S> + 'static,
        F::Returns: Future + Send + 'static,
        <F::Returns as Future>::Output: IntoOutcome,
    {
        let enabled = plan.is_enabled();
        let Plan { trigger: Consume { items, workers, leftover, copy }, policy, live } = plan;
        let policy = LivePolicy::new(policy, live.map(Arc::from));
        let (queue, handler) = (items.clone(), Arc::new(handler));
        let work = move |unit: Arc<UnitSeat>, place: Place| -> Work {
            let worker = Worker {
                place,
                items: items.worker(),
                copy,
                policy: policy.clone(),
                scope: Scope::new(Arc::clone(&state), Arc::clone(&unit), RunFacts::default()),
                handler: Arc::clone(&handler),
                queue: items.id(),
                unit,
            };
            Box::pin(worker.work::<In, Args>())
        };
        let workers = Arc::new(AtomicUsize::new(workers));
        let (queue, work, roster) = (Box::new(queue), Box::new(work), Arc::default());
        Self { queue, work, leftover, workers, paused: false, enabled, roster }
    }

    /// Puts the crew to work.
    pub(crate) fn start(&mut self, unit: &Arc<UnitSeat>) {
        self.queue.serve(&unit.name, &unit.clock);
        self.paused = false;
        unit.record.set_enabled(self.enabled);
        self.man(unit);
    }

    /// From the answer on no worker takes an item, and each item that was taken before is being handled.
    pub(crate) fn pause(&mut self, unit: &Arc<UnitSeat>, answer: oneshot::Sender<Answer>) {
        self.paused = true;
        let taken = self.hold();
        let seat = Arc::clone(unit);
        unit.spawn(async move {
            until(&seat.clock, || seat.record.counts().begun >= taken).await;
            let _ = answer.send(Ok(()));
        });
    }

    pub(crate) fn resume(&mut self) {
        self.paused = false;
        self.hold();
    }

    /// Whether the options of the consumer let it work; [`hold`](Self::hold) tells those that are there.
    pub(crate) fn enable(&mut self, record: &Record, enabled: bool) {
        self.enabled = enabled;
        record.set_enabled(enabled);
    }

    pub(crate) fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// Tells the queue how many workers may take items: none while they are kept from it. How many items they have taken so
    /// far.
    pub(crate) fn hold(&self) -> u64 {
        self.roster.lock().limit = self.workers();
        self.queue.set_crew(self.workers(), self.paused || !self.enabled)
    }

    /// So many workers from here on. Those beyond leave when they have finished what they have in hand.
    pub(crate) fn resize(&mut self, unit: &Arc<UnitSeat>, workers: usize) {
        self.workers.store(workers, Ordering::Relaxed);
        self.man(unit);
    }

    /// So many workers, when it is started again.
    pub(crate) fn set_workers(&mut self, workers: usize) {
        self.workers.store(workers, Ordering::Relaxed);
    }

    /// No worker takes another item; what is in the queue stays there.
    pub(crate) fn leave(&self) {
        self.roster.lock().limit = 0;
        self.queue.set_crew(0, false);
    }

    /// Those that were told to leave, and have not yet, go on.
    pub(crate) fn stay(&self) {
        self.roster.lock().limit = self.workers();
        self.queue.set_crew(self.workers(), false);
    }

    /// The queue takes no more items. What it holds is worked off or dropped, as the plan says.
    pub(crate) fn close(&self, unit: &str) {
        match self.leftover {
            Leftover::Drain => self.queue.close(),
            Leftover::Drop => {
                let left = self.queue.close_and_drop();
                if left > 0 {
                    tracing::warn!(%unit, items = left, "items left in the queue were dropped");
                }
            }
        }
    }

    /// A reader of the queue's gauges that does not keep the queue open.
    pub(crate) fn gauge(&self) -> impl Fn() -> QueueGauge + Send + Sync + use<> {
        let (queue, workers) = (self.queue.gauge(), Arc::clone(&self.workers));
        move || QueueGauge { workers: workers.load(Ordering::Relaxed), ..queue() }
    }

    fn workers(&self) -> usize {
        self.workers.load(Ordering::Relaxed)
    }

    /// Sees that all places are taken.
    fn man(&self, unit: &Arc<UnitSeat>) {
        let free: Vec<usize> = {
            let mut roster = self.roster.lock();
            // In the same step: a worker that leaves in between would be counted on.
            roster.limit = self.workers();
            let free: Vec<usize> = (1..=self.workers()).filter(|n| !roster.present.contains(n)).collect();
            roster.present.extend(&free);
            free
        };
        self.hold();
        // One word of the first poll for all, given when the last of them has been polled.
        let polled = Arc::new(unit.line.polled());
        for number in free {
            let place =
                Place { number, roster: Arc::clone(&self.roster), line: unit.line.clone(), left: false };
            let work = (self.work)(Arc::clone(unit), place);
            let polled = Arc::clone(&polled);
            unit.spawn(async move {
                // Word is given before the first item: a queue may be filled already, and handling it takes its time.
                drop(polled);
                work.await;
            });
        }
    }
}

impl fmt::Debug for Crew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crew").field("workers", &self.workers()).finish_non_exhaustive()
    }
}

/// Which workers are there.
#[derive(Debug, Default)]
struct Roster(Mutex<Posts>);

#[derive(Debug, Default)]
struct Posts {
    limit: usize,
    present: BTreeSet<usize>,
}

impl Roster {
    fn lock(&self) -> MutexGuard<'_, Posts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A worker's place in the crew, given up however the worker ends. The last one out says that the consumer has ended.
struct Place {
    number: usize,
    roster: Arc<Roster>,
    line: Line,
    left: bool,
}

impl Place {
    /// Whether the crew still has this place: it may have grown again before a worker that was dismissed had left. Where
    /// not, the place is free from here on. To look and to leave is one step: one that grows the crew in between would
    /// count on this worker.
    fn is_wanted(&mut self) -> bool {
        let posts = self.roster.lock();
        if self.number <= posts.limit {
            return true;
        }
        self.left = true;
        Self::leave(self.number, posts, &self.line);
        false
    }

    fn leave(number: usize, mut posts: MutexGuard<'_, Posts>, line: &Line) {
        posts.present.remove(&number);
        let was_the_last = posts.present.is_empty();
        drop(posts);
        if was_the_last {
            line.ended(Ok(()));
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.left {
            Self::leave(self.number, self.roster.lock(), &self.line);
        }
    }
}

/// One worker.
struct Worker<S, F, T> {
    // Dropped in this order: first the place, so that it is free before the queue misses the worker.
    place: Place,
    items: Present<T>,
    copy: Option<fn(&T) -> T>,
    policy: LivePolicy,
    scope: Scope<S>,
    handler: Arc<F>,
    queue: u64,
    unit: Arc<UnitSeat>,
}

impl<S, F, T> Worker<S, F, T>
where
    S: Send + Sync + 'static,
    T: Send + 'static,
{
    async fn work<In, Args>(mut self)
    where
        F: HandlerFn<In, Args>,
        In: FromItem<T> + Send + 'static,
        Args: FromScope<S> + 'static,
        F::Returns: Future + Send + 'static,
        <F::Returns as Future>::Output: IntoOutcome,
    {
        let number = self.place.number;
        let seat = Seat::new(&self.unit.record, &self.unit.blocking, Sitter::Worker);
        seat.fed_by(self.queue);
        let mut runner = Runner::new(Arc::clone(&self.unit), self.policy.clone(), seat, Some(number));
        // When the last run ended, for as long as nothing was waited for since: one reading of the clock serves both.
        let mut now = None;
        loop {
            let (entry, id) = match self.next(&mut now).await {
                Taken::Item(entry, id) => (entry, id),
                Taken::Closed => break,
                Taken::Dismissed if self.place.is_wanted() => continue,
                Taken::Dismissed => break,
            };
            let began = now.unwrap_or_else(|| self.unit.clock.now());
            let mut item = Kept { item: Some(entry.item), copy: self.copy };
            self.scope.comes_from(&entry.from);
            runner.comes_from(entry.from);
            let mut facts = runner.begin(id, began, entry.sent);
            let outcome = loop {
                self.scope.begin(facts);
                let of_attempt = item.for_attempt(facts.attempt, runner.attempts());
                let work = pin!(Some(handle::<S, F, In, T, Args>(&self.handler, of_attempt, &self.scope)));
                match runner.attempt(work, item.repeats()).await {
                    Attempted::Over(outcome) => break outcome,
                    Attempted::Again(next) => facts = next,
                }
            };
            now = Some(runner.end(outcome));
        }
    }

    /// The next item. Where it has to be waited for, `now` is past.
    async fn next(&self, now: &mut Option<Instant>) -> Taken<Entry<T>> {
        let mut next = pin!(async {
            // Where neither the queue nor the handler ever keeps it waiting, the worker must still let others run.
            tokio::task::coop::consume_budget().await;
            self.items.take(self.place.number).await
        });
        poll_fn(|cx| {
            let poll = next.as_mut().poll(cx);
            if poll.is_pending() {
                *now = None;
            }
            poll
        })
        .await
    }
}

/// One attempt on one item: the scope's extractors, then the handler.
async fn handle<S, F, In, T, Args>(handler: &F, item: Outcome<T>, scope: &Scope<S>) -> Outcome
where
    S: Send + Sync,
    F: HandlerFn<In, Args>,
    In: FromItem<T>,
    Args: FromScope<S>,
    F::Returns: Future + Send,
    <F::Returns as Future>::Output: IntoOutcome,
{
    let item = item?;
    let args = Args::from_scope(scope).await.map_err(|rejection| Halt::rejected(rejection.into()))?;
    handler.call(In::from_item(item), args).await.into_outcome()
}

/// An item that is kept for as long as another attempt may need it.
struct Kept<T> {
    item: Option<T>,
    copy: Option<fn(&T) -> T>,
}

impl<T> Kept<T> {
    /// The item for this attempt: a copy where one can be made, also for the last one, which may be snoozed; else the item itself.
    fn for_attempt(&mut self, attempt: u32, attempts: u32) -> Outcome<T> {
        match self.copied() {
            Some(Ok(copy)) => Ok(copy),
            Some(Err(halt)) if attempt < attempts => Err(halt),
            _ => self.item.take().ok_or_else(|| Halt::discard("the item is gone")),
        }
    }

    /// `None` where nothing makes copies.
    fn copied(&self) -> Option<Outcome<T>> {
        let (item, copy) = (self.item.as_ref()?, self.copy?);
        let copied = panics::catch(|| copy(item));
        Some(copied.map_err(|payload| {
            Halt::retry(format!("the item's `clone` panicked: {}", panics::into_message(payload)))
        }))
    }

    /// Whether there may be another attempt after that.
    fn repeats(&self) -> Repeats {
        if self.item.is_some() { Repeats::Always } else { Repeats::ItemHandedOver }
    }
}

impl<T> Drop for Kept<T> {
    fn drop(&mut self) {
        // An item's `Drop` is a user's code.
        if let Some(item) = self.item.take() {
            panics::discard(item);
        }
    }
}
