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
//! - A worker of the crew takes nothing while the crew is held, and nothing once its number is beyond the crew's limit.
//!   Both are read under the same lock as the items, so they hold from the moment they are set.
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
    /// Workers that take nothing because the crew is held.
    resting: Waiters,
    /// Senders that were told that their wait would never end, and have not come yet.
    refused: Vec<Ticket>,
    crew: Crew,
    closed: bool,
}

/// The workers that a host lets take items out. Receivers that are no workers are not bound by it.
#[derive(Debug, Default)]
struct Crew {
    /// Workers numbered up to this may take items.
    limit: usize,
    /// None may, for now.
    held: bool,
    /// Workers that are there, also those that are about to leave.
    present: usize,
    /// Items that workers have taken, ever.
    taken: u64,
}

/// What a pop ends with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken<T> {
    /// An item; for a worker also how many the crew has taken with it.
    Item(T, u64),
    /// The queue is closed and empty.
    Closed,
    /// The crew has no place for this worker any more.
    Dismissed,
}

impl<T> Taken<T> {
    /// The item, if there is one.
    pub(crate) fn item(self) -> Option<T> {
        match self {
            Self::Item(item, _) => Some(item),
            Self::Closed | Self::Dismissed => None,
        }
    }
}

/// Why a push did not happen; the item comes back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused<T> {
    Full(T),
    Closed(T),
    /// Everyone who could make room would be waiting for it.
    Deadlock(T),
}

/// Who a sender is that is itself a worker of the crew.
pub(crate) type Taker = usize;

impl<T> Core<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        let state = State {
            items: VecDeque::new(),
            granted: 0,
            senders: Waiters::default(),
            receivers: Waiters::default(),
            resting: Waiters::default(),
            refused: Vec::new(),
            crew: Crew::default(),
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

    /// Puts `item` in, and where the queue is full takes the oldest out and returns it. Where all places are kept for senders
    /// that have waited, there is no oldest one: then it is `item` that is returned.
    pub(crate) fn push_dropping_oldest(&self, item: T) -> Result<Option<T>, T> {
        let mut state = self.lock();
        if state.closed {
            return Err(item);
        }
        let mut oldest = None;
        if !state.has_room(self.capacity) {
            oldest = state.items.pop_front();
            if oldest.is_none() {
                return Ok(Some(item));
            }
        }
        state.items.push_back(item);
        let wake = state.receivers.next();
        drop(state);
        wake_one(wake);
        Ok(oldest)
    }

    /// Puts `item` in, waiting for a place. First come, first served. A sender that is a worker of the crew says so: it
    /// is refused instead of waiting when all others of the crew are waiting to put something in.
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

    /// Takes the oldest item out, waiting for one, until the queue is closed and empty.
    pub(crate) fn pop(&self) -> Pop<'_, T> {
        Pop { core: self, ticket: None, worker: None, rests: false }
    }

    /// As [`pop`](Self::pop), for the worker of the crew with this number (from 1).
    pub(crate) fn take(&self, worker: usize) -> Pop<'_, T> {
        Pop { core: self, ticket: None, worker: Some(worker), rests: false }
    }

    /// Lets workers numbered up to `limit` take items, or none of them while `held`. Returns how many items the crew has
    /// taken so far.
    pub(crate) fn set_crew(&self, limit: usize, held: bool) -> u64 {
        let mut state = self.lock();
        state.crew.limit = limit;
        state.crew.held = held;
        let taken = state.crew.taken;
        // All look again: who rests may work, and who waits may have to go.
        let mut wake = state.receivers.drain();
        wake.extend(state.resting.drain());
        drop(state);
        wake.into_iter().for_each(Waker::wake);
        taken
    }

    /// One more worker is there.
    pub(crate) fn worker_came(&self) {
        self.lock().crew.present += 1;
    }

    /// One worker is gone. Where all that are left wait for room, the last of them is refused: nobody would ever make it.
    pub(crate) fn worker_left(&self) {
        let mut state = self.lock();
        state.crew.present = state.crew.present.saturating_sub(1);
        let wake = state.refuse_if_stuck();
        drop(state);
        wake_one(wake);
    }

    /// Refuses all further items and wakes every waiter. What is buffered stays readable.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let mut wake = state.senders.drain();
        wake.extend(state.receivers.drain());
        wake.extend(state.resting.drain());
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

    fn refuse_if_stuck(&mut self) -> Option<Waker> {
        let stuck = self.crew.present > 0 && self.senders.takers() >= self.crew.present;
        let (ticket, waker) = if stuck { self.senders.call_last_taker()? } else { return None };
        self.refused.push(ticket);
        Some(waker)
    }

    /// Whether this sender was told that its wait would never end.
    fn was_refused(&mut self, ticket: Ticket) -> bool {
        let Some(at) = self.refused.iter().position(|&refused| refused == ticket) else { return false };
        self.refused.swap_remove(at);
        true
    }

    fn stance(&self, worker: Option<usize>) -> Stance {
        match worker {
            Some(number) if number > self.crew.limit => Stance::Go,
            // A closed queue has nothing to hold back once it is empty.
            Some(_) if self.crew.held && !(self.closed && self.items.is_empty()) => Stance::Rest,
            _ => Stance::Work,
        }
    }
}

/// What one who takes items out should do now.
enum Stance {
    Work,
    Rest,
    Go,
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
        if let Some(ticket) = this.ticket
            && state.was_refused(ticket)
        {
            this.ticket = None;
            return Poll::Ready(Err(Refused::Deadlock(item)));
        }
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
                let present = state.crew.present;
                if this.taker.is_some_and(|taker| state.senders.takers_with(taker) >= present) {
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
        if state.was_refused(ticket) || state.closed || state.senders.leave(ticket) {
            return;
        }
        // Woken, and gone before it came: the next in line gets the place.
        state.granted -= 1;
        let wake = state.grant(self.core.capacity);
        drop(state);
        wake_one(wake);
    }
}

/// The future of [`Core::pop`] and [`Core::take`].
#[derive(Debug)]
pub(crate) struct Pop<'a, T> {
    core: &'a Core<T>,
    ticket: Option<Ticket>,
    worker: Option<usize>,
    /// Whether the ticket is one of those who rest.
    rests: bool,
}

impl<T> Future for Pop<'_, T> {
    type Output = Taken<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Taken<T>> {
        let this = &mut *self;
        let mut state = this.core.lock();
        match state.stance(this.worker) {
            Stance::Work => this.work(state, cx.waker()),
            Stance::Rest => {
                let wake = if this.rests { None } else { this.step_back(&mut state) };
                this.rests = true;
                this.wait_in(cx.waker(), &mut state.resting);
                drop(state);
                wake_one(wake);
                Poll::Pending
            }
            Stance::Go => {
                let wake = this.step_back(&mut state);
                drop(state);
                wake_one(wake);
                Poll::Ready(Taken::Dismissed)
            }
        }
    }
}

impl<T> Pop<'_, T> {
    fn work(&mut self, mut state: MutexGuard<'_, State<T>>, waker: &Waker) -> Poll<Taken<T>> {
        if std::mem::take(&mut self.rests)
            && let Some(ticket) = self.ticket.take()
        {
            state.resting.leave(ticket);
        }
        if let Some(item) = state.items.pop_front() {
            if self.worker.is_some() {
                state.crew.taken += 1;
            }
            let taken = state.crew.taken;
            let wake = state.grant(self.core.capacity);
            // Where it was woken and another was quicker, the ticket is no longer in the list: nothing to do.
            if let Some(ticket) = self.ticket.take() {
                state.receivers.leave(ticket);
            }
            drop(state);
            wake_one(wake);
            return Poll::Ready(Taken::Item(item, taken));
        }
        if state.closed {
            self.ticket = None;
            return Poll::Ready(Taken::Closed);
        }
        self.wait_in(waker, &mut state.receivers);
        Poll::Pending
    }

    fn wait_in(&mut self, waker: &Waker, list: &mut Waiters) {
        let still_listed = self.ticket.is_some_and(|ticket| list.renew(ticket, waker));
        if !still_listed {
            self.ticket = Some(list.join(waker, None));
        }
    }

    /// Gives up its place among those who wait. One that was woken for an item that it will not take wakes another.
    fn step_back(&mut self, state: &mut State<T>) -> Option<Waker> {
        let ticket = self.ticket.take()?;
        let list = if std::mem::take(&mut self.rests) { &mut state.resting } else { &mut state.receivers };
        if list.leave(ticket) || state.items.is_empty() {
            return None;
        }
        state.receivers.next()
    }
}

impl<T> Drop for Pop<'_, T> {
    fn drop(&mut self) {
        if self.ticket.is_none() {
            return;
        }
        let mut state = self.core.lock();
        let wake = self.step_back(&mut state);
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
    taker: Option<Taker>,
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
        if self.list.is_empty() {
            return None;
        }
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

    /// How many workers of the crew wait here.
    fn takers(&self) -> usize {
        distinct(self.waiting_takers().collect())
    }

    /// How many would with this one.
    fn takers_with(&self, taker: Taker) -> usize {
        distinct(self.waiting_takers().chain([taker]).collect())
    }

    fn waiting_takers(&self) -> impl Iterator<Item = Taker> {
        self.list.iter().filter(|waiter| waiter.waker.is_some()).filter_map(|waiter| waiter.taker)
    }

    /// Calls the worker of the crew that came last.
    fn call_last_taker(&mut self) -> Option<(Ticket, Waker)> {
        let waiter =
            self.list.iter_mut().rev().find(|waiter| waiter.taker.is_some() && waiter.waker.is_some())?;
        let called = (waiter.ticket, waiter.waker.take()?);
        self.live -= 1;
        self.forget_left();
        Some(called)
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

/// One worker may wait more than once.
fn distinct(mut takers: Vec<Taker>) -> usize {
    takers.sort_unstable();
    takers.dedup();
    takers.len()
}
