//! Items as a trigger: what a consumer takes from its queue, by how many workers, and what happens to the rest.

use super::Plan;
use super::settings::{Guarded, Mistakes};
use crate::error::RegistrationError;
use crate::live::Live;
use crate::queue::Items;

/// The trigger of a consumer: the items of a queue. [`Items`] turn into its plan by themselves, or by
/// [`Items::workers`].
#[derive(Debug)]
pub struct Consume<T> {
    pub(crate) items: Items<T>,
    pub(crate) workers: usize,
    pub(crate) leftover: Leftover,
    /// How an item is kept for another attempt; known only where it is `Clone`.
    pub(crate) copy: Option<fn(&T) -> T>,
}

/// What becomes of the items in a queue when its consumer is told to stop. Either way the queue is closed for senders,
/// and the report counts what was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Leftover {
    /// They are worked off, within the grace.
    #[default]
    Drain,
    /// They are dropped; only the items already begun are finished.
    Drop,
}

impl<T> Items<T> {
    /// A plan for a consumer with so many workers: see [`Plan::workers`].
    pub fn workers(self, workers: impl Into<Live<usize>>) -> Plan<Consume<T>> {
        Plan::from(self).workers(workers)
    }
}

impl<T> From<Items<T>> for Plan<Consume<T>> {
    fn from(items: Items<T>) -> Self {
        let mut plan = Self::new(Consume { items, workers: 1, leftover: Leftover::default(), copy: None });
        // An accepted item deserves all of its attempts, as long as the grace lasts.
        plan.policy.retry_while_draining = true;
        plan
    }
}

impl<T> Plan<Consume<T>> {
    /// How many workers take items, each one at a time (default 1): 1 to [`MAX_WORKERS`](crate::MAX_WORKERS); others are
    /// refused at start. A live value resizes the crew as [`HostHandle::resize`](crate::HostHandle::resize) does, also after
    /// it was resized by hand.
    #[must_use]
    pub fn workers(mut self, workers: impl Into<Live<usize>>) -> Self {
        let workers = workers.into();
        self.trigger.workers = workers.get();
        self.live(workers, |live| &mut live.workers)
    }

    /// What becomes of the items in the queue at a stop (default [`Leftover::Drain`]).
    #[must_use]
    pub fn leftover(mut self, leftover: Leftover) -> Self {
        self.trigger.leftover = leftover;
        self.policy.retry_while_draining = leftover == Leftover::Drain;
        self
    }

    /// How often an item is tried in all, the first time included (default 1, so no retry). 0 is refused at start.
    /// An item is cloned for each attempt, also for the last one, so that it may still be
    /// [snoozed](crate::Halt::snooze).
    #[must_use]
    pub fn attempts(mut self, attempts: impl Into<Live<u32>>) -> Self
    where
        T: Clone,
    {
        let attempts = attempts.into();
        self.policy.attempts = attempts.get();
        self.trigger.copy = Some(T::clone);
        self.live(attempts, |live| &mut live.attempts)
    }

    pub(crate) fn check(&self, unit: &str, guarded: &mut Guarded<'_>) {
        let mut mistake = |field, text| guarded.mistakes.push(RegistrationError::new(unit, field, text));
        if self.trigger.items.requested_capacity() == 0 {
            mistake("capacity", "the queue must hold 1 item or more".to_owned());
        }
        check_workers(self.trigger.workers, &mut mistake);
        self.policy.check(&mut mistake);
        self.guard(unit, guarded);
    }
}

/// The most workers that a consumer may have. Each costs a few kilobytes and nothing while it waits; ten thousand are far
/// beyond what one queue's lock can feed.
pub const MAX_WORKERS: usize = 10_000;

pub(crate) fn check_workers(workers: usize, mistakes: Mistakes<'_>) {
    if !(1..=MAX_WORKERS).contains(&workers) {
        mistakes("workers", format!("must be 1 to {MAX_WORKERS}"));
    }
}
