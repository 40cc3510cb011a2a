//! The queue's core: one lock around a ring of items and two lists of waiters.
//!
//! Why it is ours: producers that wait must be served first come, first served, and one that gives up must be
//! skipped without a lost wake-up or a lost item. The channels in common use let a newcomer overtake a waiter.
//!
//! Invariants, under the lock:
//! - `items.len() + granted <= capacity`. A *grant* is a place kept for one sender that was woken; newcomers
//!   cannot take it, and a sender that is dropped with a grant passes it on.
//! - A sender waits only while no place is free; a receiver only while no item is there or each item has
//!   already been promised a wake-up.
//! - An item is in the ring exactly from an `Ok` of a push to the pop that returns it; after `close` no push
//!   returns `Ok`.
//!
//! Wakers are called after the lock is released. The same file is model-checked under loom by the package
//! `queue-model`, which is why it names its lock through `super::sync`.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::sync::{Mutex, MutexGuard};

/// The state that senders and receivers share.
#[derive(Debug)]
pub(crate) struct Core<T> {
    state: Mutex<State<T>>,
    capacity: usize,
}

#[derive(Debug)]
struct State<T> {
    items: VecDeque<T>,
    /// Places kept for senders that have been woken and have not come yet.
    granted: usize,
    senders: Waiters,
    receivers: Waiters,
    closed: bool,
}

/// Why a push did not happen; the item comes back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused<T> {
    Full(T),
    Closed(T),
    /// Everyone who could make room would be waiting for it.
    Deadlock(T),
}

/// A sender that is itself one of those who take items out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Taker {
    /// Who it is.
    pub(crate) id: usize,
    /// How many take items out in all.
    pub(crate) of: usize,
}

impl<T> Core<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        let state = State {
            items: VecDeque::new(),
            granted: 0,
            senders: Waiters::default(),
            receivers: Waiters::default(),
            closed: false,
        };
        Self { state: Mutex::new(state), capacity: capacity.max(1) }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().items.len()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Puts `item` in if there is a free place and nobody waits for it.
    pub(crate) fn try_push(&self, item: T) -> Result<(), Refused<T>> {
        let mut state = self.lock();
        if state.closed {
            return Err(Refused::Closed(item));
        }
        if !state.has_room(self.capacity) {
            return Err(Refused::Full(item));
        }
        state.items.push_back(item);
        let wake = state.receivers.next();
        drop(state);
        wake_one(wake);
        Ok(())
    }

    /// Puts `item` in, and where the queue is full takes the oldest out and returns it. Not to be mixed with
    /// [`push`](Self::push) on one queue: it does not respect places that are kept.
    pub(crate) fn push_dropping_oldest(&self, item: T) -> Result<Option<T>, T> {
        let mut state = self.lock();
        if state.closed {
            return Err(item);
        }
        let oldest = if state.has_room(self.capacity) { None } else { state.items.pop_front() };
        state.items.push_back(item);
        let wake = state.receivers.next();
        drop(state);
        wake_one(wake);
        Ok(oldest)
    }

    /// Puts `item` in, waiting for a place. First come, first served. A sender that itself takes items out says so: it
    /// is refused instead of waiting when all others who do are waiting to put something in.
    pub(crate) fn push(&self, item: T, taker: Option<Taker>) -> Push<'_, T> {
        Push { core: self, item: Some(item), ticket: None, taker }
    }

    /// Takes the oldest item out if there is one.
    pub(crate) fn try_pop(&self) -> Option<T> {
        let mut state = self.lock();
        let item = state.items.pop_front()?;
        let wake = state.grant(self.capacity);
        drop(state);
        wake_one(wake);
        Some(item)
    }

    /// Takes the oldest item out, waiting for one; `None` when the queue is closed and empty.
    pub(crate) fn pop(&self) -> Pop<'_, T> {
        Pop { core: self, ticket: None }
    }

    /// Refuses all further items and wakes every waiter. What is buffered stays readable.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let mut wake = state.senders.drain();
        wake.extend(state.receivers.drain());
        drop(state);
        wake.into_iter().for_each(Waker::wake);
    }

    /// Closes the queue and takes out all that was buffered.
    pub(crate) fn close_and_clear(&self) -> VecDeque<T> {
        self.close();
        std::mem::take(&mut self.lock().items)
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        match self.state.lock() {
            Ok(state) => state,
            // Nothing under this lock runs a user's code or leaves the state half changed.
            Err(poisoned) => poisoned.into_inner(),
        }
    }
}

impl<T> State<T> {
    /// Whether a newcomer may take a place: one is free, and every waiting sender has been given one.
    fn has_room(&self, capacity: usize) -> bool {
        self.items.len() + self.granted < capacity && self.senders.is_empty()
    }

    /// Gives a place that has become free to the sender that has waited longest.
    fn grant(&mut self, capacity: usize) -> Option<Waker> {
        if self.closed || self.items.len() + self.granted >= capacity {
            return None;
        }
        let sender = self.senders.next()?;
        self.granted += 1;
        Some(sender)
    }
}

/// The future of [`Core::push`].
#[derive(Debug)]
pub(crate) struct Push<'a, T> {
    core: &'a Core<T>,
    item: Option<T>,
    ticket: Option<Ticket>,
    taker: Option<Taker>,
}

impl<T> Push<'_, T> {
    /// The item back, for a sender that gives up.
    pub(crate) fn into_item(mut self) -> Option<T> {
        self.item.take()
    }
}

// The item is never pinned.
impl<T> Unpin for Push<'_, T> {}

impl<T> Future for Push<'_, T> {
    type Output = Result<(), Refused<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let Some(item) = this.item.take() else { return Poll::Pending };
        let mut state = this.core.lock();
        if state.closed {
            // A grant dies with the queue, and `close` has emptied the list.
            this.ticket = None;
            return Poll::Ready(Err(Refused::Closed(item)));
        }
        let waits = match this.ticket {
            None => !state.has_room(this.core.capacity),
            Some(ticket) => state.senders.renew(ticket, cx.waker()),
        };
        if waits {
            if this.ticket.is_none() {
                if this.taker.is_some_and(|taker| state.senders.would_hold_all(taker)) {
                    return Poll::Ready(Err(Refused::Deadlock(item)));
                }
                this.ticket = Some(state.senders.join(cx.waker(), this.taker));
            }
            this.item = Some(item);
            return Poll::Pending;
        }
        if this.ticket.take().is_some() {
            state.granted -= 1;
        }
        state.items.push_back(item);
        let wake = state.receivers.next();
        drop(state);
        wake_one(wake);
        Poll::Ready(Ok(()))
    }
}

impl<T> Drop for Push<'_, T> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket.take() else { return };
        let mut state = self.core.lock();
        if state.closed || state.senders.leave(ticket) {
            return;
        }
        // Woken, and gone before it came: the next in line gets the place.
        state.granted -= 1;
        let wake = state.grant(self.core.capacity);
        drop(state);
        wake_one(wake);
    }
}

/// The future of [`Core::pop`].
#[derive(Debug)]
pub(crate) struct Pop<'a, T> {
    core: &'a Core<T>,
    ticket: Option<Ticket>,
}

impl<T> Future for Pop<'_, T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let this = &mut *self;
        let mut state = this.core.lock();
        if let Some(item) = state.items.pop_front() {
            let wake = state.grant(this.core.capacity);
            // Where it was woken and another was quicker, the ticket is no longer in the list: nothing to do.
            if let Some(ticket) = this.ticket.take() {
                state.receivers.leave(ticket);
            }
            drop(state);
            wake_one(wake);
            return Poll::Ready(Some(item));
        }
        if state.closed {
            this.ticket = None;
            return Poll::Ready(None);
        }
        let still_listed = this.ticket.is_some_and(|ticket| state.receivers.renew(ticket, cx.waker()));
        if !still_listed {
            this.ticket = Some(state.receivers.join(cx.waker(), None));
        }
        Poll::Pending
    }
}

impl<T> Drop for Pop<'_, T> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket.take() else { return };
        let mut state = self.core.lock();
        if state.receivers.leave(ticket) || state.items.is_empty() {
            return;
        }
        // Woken for an item that it will not take: somebody else must look.
        let wake = state.receivers.next();
        drop(state);
        wake_one(wake);
    }
}

fn wake_one(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

type Ticket = u64;

#[derive(Debug)]
struct Waiter {
    ticket: Ticket,
    /// `None` for one who has left.
    waker: Option<Waker>,
    taker: Option<usize>,
}

/// Those who wait, in the order in which they came. Tickets rise along the list, so that one is found by bisection.
#[derive(Debug, Default)]
struct Waiters {
    list: VecDeque<Waiter>,
    /// Entries of the list that have not left.
    live: usize,
    next_ticket: Ticket,
}

impl Waiters {
    fn is_empty(&self) -> bool {
        self.live == 0
    }

    fn join(&mut self, waker: &Waker, taker: Option<Taker>) -> Ticket {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        let taker = taker.map(|taker| taker.id);
        self.list.push_back(Waiter { ticket, waker: Some(waker.clone()), taker });
        self.live += 1;
        ticket
    }

    /// Replaces the waker of one who still waits; false for one who has been called.
    fn renew(&mut self, ticket: Ticket, waker: &Waker) -> bool {
        match self.find(ticket) {
            Some(known) => {
                known.clone_from(waker);
                true
            }
            None => false,
        }
    }

    /// Takes one who gives up off the list; false for one who has been called already.
    fn leave(&mut self, ticket: Ticket) -> bool {
        let Some(at) = self.position(ticket) else { return false };
        self.list[at].waker = None;
        self.live -= 1;
        self.forget_left();
        true
    }

    /// Calls the one who has waited longest.
    fn next(&mut self) -> Option<Waker> {
        self.forget_left();
        let Waiter { waker, .. } = self.list.pop_front()?;
        self.live -= 1;
        self.forget_left();
        waker
    }

    fn drain(&mut self) -> Vec<Waker> {
        self.live = 0;
        self.list.drain(..).filter_map(|waiter| waiter.waker).collect()
    }

    fn find(&mut self, ticket: Ticket) -> Option<&mut Waker> {
        let at = self.position(ticket)?;
        self.list[at].waker.as_mut()
    }

    /// Where one who still waits stands.
    fn position(&self, ticket: Ticket) -> Option<usize> {
        let at = self.list.binary_search_by_key(&ticket, |waiter| waiter.ticket).ok()?;
        self.list[at].waker.is_some().then_some(at)
    }

    /// Whether with `taker` all who take items out would be waiting here.
    fn would_hold_all(&self, taker: Taker) -> bool {
        let mut waiting: Vec<usize> =
            self.list.iter().filter(|w| w.waker.is_some()).filter_map(|w| w.taker).collect();
        waiting.push(taker.id);
        waiting.sort_unstable();
        waiting.dedup();
        waiting.len() >= taker.of
    }

    /// Keeps the ends of the list alive, and those who left its middle fewer than those who wait and a few.
    fn forget_left(&mut self) {
        while self.list.front().is_some_and(|waiter| waiter.waker.is_none()) {
            self.list.pop_front();
        }
        while self.list.back().is_some_and(|waiter| waiter.waker.is_none()) {
            self.list.pop_back();
        }
        if self.list.len() > 2 * self.live + 16 {
            self.list.retain(|waiter| waiter.waker.is_some());
        }
    }
}
