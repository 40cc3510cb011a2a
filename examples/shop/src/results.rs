//! What became of each piece of accepted work. Memory stays bounded: of the finished ones only the
//! newest are kept, and the unfinished ones are bounded by the queue and its workers.
//!
//! Invariant: an entry that is `Processing` has a live [`Ticket`]. A ticket that is dropped without
//! an answer (a panic, an aborted run) becomes `Failed`, so that nobody waits for it for ever.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

/// How many finished results are kept. A thumbnail is at most about 200 kB, at 16 bits a channel.
pub(crate) const KEPT: usize = 1_000;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Status<R> {
    Processing,
    Done(R),
    Failed(String),
}

pub(crate) struct Results<R>(Arc<Mutex<Book<R>>>);

struct Book<R> {
    entries: HashMap<Uuid, Status<R>>,
    finished: VecDeque<Uuid>,
    kept: usize,
}

impl<R> Results<R> {
    pub(crate) fn keeping(kept: usize) -> Self {
        let book = Book { entries: HashMap::new(), finished: VecDeque::new(), kept };
        Self(Arc::new(Mutex::new(book)))
    }

    /// Opens an entry; the ticket is the right to close it.
    pub(crate) fn begin(&self) -> Ticket<R> {
        let id = Uuid::new_v4();
        self.book().entries.insert(id, Status::Processing);
        Ticket { id, results: self.clone(), open: true }
    }

    pub(crate) fn get(&self, id: Uuid) -> Option<Status<R>>
    where
        R: Clone,
    {
        self.book().entries.get(&id).cloned()
    }

    // Nothing under this lock can panic half way, so a poisoned one is still in order.
    fn book(&self) -> MutexGuard<'_, Book<R>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// Derived, it would ask for `R: Clone`.
impl<R> Clone for Results<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<R> Book<R> {
    fn finish(&mut self, id: Uuid, status: Status<R>) {
        self.entries.insert(id, status);
        self.finished.push_back(id);
        while self.finished.len() > self.kept {
            if let Some(oldest) = self.finished.pop_front() {
                self.entries.remove(&oldest);
            }
        }
    }
}

pub(crate) struct Ticket<R> {
    id: Uuid,
    results: Results<R>,
    open: bool,
}

impl<R> Ticket<R> {
    pub(crate) fn id(&self) -> Uuid {
        self.id
    }

    pub(crate) fn done(self, result: R) {
        self.close(Status::Done(result));
    }

    pub(crate) fn failed(self, reason: impl ToString) {
        self.close(Status::Failed(reason.to_string()));
    }

    /// The work was refused after all: as if it had never been asked for.
    pub(crate) fn withdraw(mut self) {
        self.open = false;
        self.results.book().entries.remove(&self.id);
    }

    fn close(mut self, status: Status<R>) {
        self.open = false;
        self.results.book().finish(self.id, status);
    }
}

impl<R> Drop for Ticket<R> {
    fn drop(&mut self) {
        if self.open {
            self.results.book().finish(self.id, Status::Failed("the work was interrupted".into()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_kept() {
        let results = Results::keeping(2);
        let (good, bad) = (results.begin(), results.begin());
        let (good_id, bad_id) = (good.id(), bad.id());
        assert_eq!(results.get(good_id), Some(Status::Processing));
        good.done(7);
        bad.failed("too big");
        assert_eq!(results.get(good_id), Some(Status::Done(7)));
        assert_eq!(results.get(bad_id), Some(Status::Failed("too big".into())));
        assert_eq!(results.get(Uuid::new_v4()), None);
    }

    #[test]
    fn only_the_newest_are_kept_and_never_an_unfinished_one_is_lost() {
        let results = Results::keeping(3);
        let waiting = results.begin();
        let ids: Vec<Uuid> = (0..10).map(|n| finished(&results, n)).collect();
        let kept: Vec<bool> = ids.iter().map(|id| results.get(*id).is_some()).collect();
        assert_eq!(kept, [false, false, false, false, false, false, false, true, true, true]);
        assert_eq!(results.get(waiting.id()), Some(Status::Processing));
        assert_eq!(results.book().entries.len(), 4);
    }

    #[test]
    fn a_dropped_ticket_is_a_failure() {
        let results = Results::<()>::keeping(1);
        let ticket = results.begin();
        let id = ticket.id();
        drop(ticket);
        assert!(matches!(results.get(id), Some(Status::Failed(_))));
    }

    #[test]
    fn withdrawn_work_leaves_no_trace() {
        let results = Results::<()>::keeping(1);
        let ticket = results.begin();
        let id = ticket.id();
        ticket.withdraw();
        assert_eq!(results.get(id), None);
        assert!(results.book().finished.is_empty());
    }

    fn finished(results: &Results<u32>, result: u32) -> Uuid {
        let ticket = results.begin();
        let id = ticket.id();
        ticket.done(result);
        id
    }
}
