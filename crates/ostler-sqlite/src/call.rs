//! One request to the writer: the verb, the answer that its caller waits for, and until when.
//!
//! An answer is given exactly once: by the writer, or by the watch where the writer takes too long. Whoever is second is ignored.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use ostler_jobs::{ErrorKind, StoreError};

use crate::index::Index;
use crate::writer::Engine;

/// What can be asked of the writer. It may be run twice, where its group is rolled back for another's fault.
pub(crate) trait Verb: Send + 'static {
    /// What the caller gets.
    type Answer: Send + 'static;

    /// With whom it is run.
    fn company(&self, index: &Index) -> Company;

    /// Does it. Where it fails, the writer takes back what it did.
    fn run(&mut self, engine: &mut Engine<'_>) -> Result<Self::Answer, StoreError>;
}

/// With whom a verb is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Company {
    /// Without a transaction: it reads, or changes memory alone.
    Aside,
    /// With others, in one transaction that is committed at least like this.
    Group(Sync),
    /// Between two groups, in a transaction that is begun for it alone, and that it ends.
    Alone,
}

/// How a transaction is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sync {
    /// Survives the process.
    Normal,
    /// Survives the machine.
    Full,
}

/// A request of any verb.
pub(crate) trait Request: Send {
    /// As [`Verb::company`].
    fn company(&self, index: &Index) -> Company;
    /// Until when it has to be begun.
    fn deadline(&self) -> Instant;
    /// Runs the verb and keeps its answer.
    fn run(&mut self, engine: &mut Engine<'_>) -> Result<(), StoreError>;
    /// Gives the answer that was kept.
    fn answer(self: Box<Self>);
    /// Gives an error.
    fn refuse(self: Box<Self>, error: StoreError);
    /// For the watch, once the writer has taken it.
    fn overdue(&self) -> Arc<dyn Overdue>;
}

/// A caller that may have waited for too long.
pub(crate) trait Overdue: Send + std::marker::Sync {
    /// Gives it an error, where it has no answer yet.
    fn give_up(&self, error: StoreError);
}

/// A verb that was called.
pub(crate) struct Call<V: Verb> {
    verb: V,
    deadline: Instant,
    kept: Option<V::Answer>,
    answer: Answering<V::Answer>,
}

/// A request, and where its caller waits.
pub(crate) fn call<V: Verb>(verb: V, deadline: Instant) -> (Box<dyn Request>, Waiting<V::Answer>) {
    let place = Arc::new(Place(Mutex::new(State::Open(None))));
    let waiting = Waiting(Arc::clone(&place));
    (Box::new(Call { verb, deadline, kept: None, answer: Answering(place) }), waiting)
}

impl<V: Verb> Request for Call<V> {
    fn company(&self, index: &Index) -> Company {
        self.verb.company(index)
    }

    fn deadline(&self) -> Instant {
        self.deadline
    }

    fn run(&mut self, engine: &mut Engine<'_>) -> Result<(), StoreError> {
        self.kept = Some(self.verb.run(engine)?);
        Ok(())
    }

    fn answer(self: Box<Self>) {
        if let Some(kept) = self.kept {
            self.answer.0.give(Ok(kept));
        }
    }

    fn refuse(self: Box<Self>, error: StoreError) {
        self.answer.0.give(Err(error));
    }

    fn overdue(&self) -> Arc<dyn Overdue> {
        Arc::clone(&self.answer.0) as Arc<dyn Overdue>
    }
}

/// Where an answer is put.
struct Place<T>(Mutex<State<T>>);

enum State<T> {
    Open(Option<Waker>),
    Given(Result<T, StoreError>),
    Over,
}

impl<T> Place<T> {
    fn give(&self, answer: Result<T, StoreError>) {
        let mut state = self.lock();
        let State::Open(waker) = &mut *state else { return };
        let waker = waker.take();
        *state = State::Given(answer);
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Send> Overdue for Place<T> {
    fn give_up(&self, error: StoreError) {
        self.give(Err(error));
    }
}

/// The writer's end: a request that is dropped has failed.
struct Answering<T>(Arc<Place<T>>);

impl<T> Drop for Answering<T> {
    fn drop(&mut self) {
        if matches!(*self.0.lock(), State::Open(_)) {
            self.0.give(Err(broken_down()));
        }
    }
}

/// What callers get where the writer ended in the middle of its work.
pub(crate) fn broken_down() -> StoreError {
    StoreError::new(ErrorKind::Bug, "the store's writer has broken down").ambiguous()
}

/// The caller's end. Dropped, the request is carried out all the same.
pub(crate) struct Waiting<T>(Arc<Place<T>>);

impl<T> Future for Waiting<T> {
    type Output = Result<T, StoreError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.0.lock();
        match &mut *state {
            State::Open(Some(waker)) => waker.clone_from(cx.waker()),
            State::Open(none) => *none = Some(cx.waker().clone()),
            State::Given(_) => {
                if let State::Given(answer) = std::mem::replace(&mut *state, State::Over) {
                    return Poll::Ready(answer);
                }
            }
            State::Over => {}
        }
        Poll::Pending
    }
}
