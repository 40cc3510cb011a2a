//! Items as a trigger: what a consumer takes from its queue, by how many workers, and what happens to the rest.

use super::Plan;
use crate::error::RegistrationError;
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
    /// A plan for a consumer with so many workers (default 1). 0 is refused at start.
    pub fn workers(self, workers: usize) -> Plan<Consume<T>> {
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
    /// How many workers take items, each one at a time (default 1). 0 is refused at start.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.trigger.workers = workers;
        self
    }

    /// What becomes of the items in the queue at a stop (default [`Leftover::Drain`]).
    #[must_use]
    pub fn leftover(mut self, leftover: Leftover) -> Self {
        self.trigger.leftover = leftover;
        self.policy.retry_while_draining = leftover == Leftover::Drain;
        self
    }

    /// How often an item is tried in all, the first time included (default 1, so no retry). 0 is refused at start.
    /// An item is cloned for each attempt but the last.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self
    where
        T: Clone,
    {
        self.policy.attempts = attempts;
        self.trigger.copy = Some(T::clone);
        self
    }

    pub(crate) fn check(&self, unit: &str, mistakes: &mut Vec<RegistrationError>) {
        let mut mistake = |field, text: &str| mistakes.push(RegistrationError::new(unit, field, text));
        if self.trigger.items.requested_capacity() == 0 {
            mistake("capacity", "the queue must hold 1 item or more");
        }
        if self.trigger.workers == 0 {
            mistake("workers", "must be 1 or more");
        }
        self.policy.check(unit, mistakes);
    }
}
