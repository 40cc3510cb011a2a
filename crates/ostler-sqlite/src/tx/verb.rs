//! Runs a transaction of the application's on the writer's thread: begins, calls the closure, and commits or
//! rolls back.
//!
//! Whatever the closure does, the transaction is over when this returns, and the writer goes on.

use std::any::Any;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ostler_jobs::store::Inserted;
use ostler_jobs::{ErrorKind, StoreError};

use super::guarded::Guarded;
use super::watch::Watch;
use super::{Rows, TransactionError, Tx};
use crate::call::{Company, Verb};
use crate::index::Index;
use crate::writer::{Engine, Row, wall};

/// The closure, until it is called.
pub(super) struct Transaction<T, E, F> {
    closure: Guarded<F>,
    made: PhantomData<fn() -> (T, E)>,
}

impl<T, E, F> Transaction<T, E, F> {
    pub(super) fn new(closure: F) -> Self {
        Self { closure: Guarded::new(closure), made: PhantomData }
    }
}

impl<T, E, F> Verb for Transaction<T, E, F>
where
    F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    type Answer = Guarded<Result<T, TransactionError<E>>>;

    fn company(&self, _: &Index) -> Company {
        Company::Alone
    }

    fn run(&mut self, engine: &mut Engine<'_>) -> Result<Self::Answer, StoreError> {
        let Some(closure) = self.closure.take() else {
            return Err(StoreError::new(ErrorKind::Bug, "a transaction was to run twice"));
        };
        // Its time begins now: what the transaction waited for before is not the closure's.
        let until = wall::now() + engine.options.deadline;
        engine.limit(Some(until));
        let end = match called(engine, closure) {
            Ok((ran, facts)) => verdict(ran, facts, wall::now() > until),
            Err(error) => Err(TransactionError::Store(error)),
        };
        let end = Guarded::new(end);
        if end.is(Result::is_ok) {
            engine.commit()?;
        } else {
            engine.roll_back();
        }
        Ok(end)
    }
}

/// An answer was taken twice, which nobody does.
pub(super) fn no_answer() -> StoreError {
    StoreError::new(ErrorKind::Bug, "the answer of a transaction is gone").ambiguous()
}

/// What the closure came to.
enum Ran<T, E> {
    Returned(Result<T, E>),
    Panicked(String),
}

/// What is known of the transaction after it.
struct Facts {
    ended: bool,
    broken: Option<StoreError>,
}

/// Calls the closure in the open transaction.
fn called<T, E>(
    engine: &mut Engine<'_>,
    closure: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
) -> Result<(Ran<T, E>, Facts), StoreError> {
    let connection = engine.connection;
    let watch = Watch::over(connection)?;
    let mut tx = Tx { connection, rows: engine, broken: None };
    // Nothing of the store's is changed by halves when the closure panics: its rows and the index are rolled back.
    let ran = match catch_unwind(AssertUnwindSafe(|| closure(&mut tx))) {
        Ok(returned) => Ran::Returned(returned),
        Err(payload) => Ran::Panicked(message(payload)),
    };
    let facts = Facts { ended: watch.has_ended(), broken: tx.broken };
    Ok((ran, facts))
}

/// Whether it is committed, and why not.
fn verdict<T, E>(ran: Ran<T, E>, facts: Facts, late: bool) -> Result<T, TransactionError<E>> {
    let returned = match ran {
        Ran::Panicked(message) => {
            return refused(ErrorKind::RolledBack, format!("the closure panicked: {message}"));
        }
        Ran::Returned(_) if late => {
            return refused(ErrorKind::Timeout, "the closure took longer than the store's deadline");
        }
        Ran::Returned(returned) => returned.map_err(TransactionError::Failed)?,
    };
    match facts {
        Facts { broken: Some(error), .. } => Err(TransactionError::Store(error)),
        Facts { ended: true, .. } => refused(
            ErrorKind::RolledBack,
            "the transaction ended before its closure did: by a COMMIT or ROLLBACK in it, or by SQLite after an error",
        ),
        Facts { ended: false, broken: None } => Ok(returned),
    }
}

fn refused<T, E>(kind: ErrorKind, text: impl Into<String>) -> Result<T, TransactionError<E>> {
    Err(TransactionError::Store(StoreError::new(kind, text)))
}

/// The text of a panic. Its payload may panic as well when it is dropped.
fn message(payload: Box<dyn Any + Send>) -> String {
    let text = match payload.downcast_ref::<&str>() {
        Some(text) => Some((*text).to_owned()),
        None => payload.downcast_ref::<String>().cloned(),
    };
    drop(Guarded::new(payload));
    text.unwrap_or_else(|| "with a value that is no text".to_owned())
}

impl Rows for Engine<'_> {
    fn room(&self, row: &Row) -> Result<(), StoreError> {
        Engine::room(self, usize::from(row.is_due(self.now())))
    }

    fn add(&mut self, row: &Row) -> Result<Inserted, StoreError> {
        self.insert(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts { ended: false, broken: None }
    }

    fn kind(end: Result<u8, TransactionError<&'static str>>) -> ErrorKind {
        end.unwrap_err().store().expect("an error of the store").kind()
    }

    #[test]
    fn only_a_closure_that_returns_ok_in_time_is_committed() {
        assert!(matches!(verdict::<_, &str>(Ran::Returned(Ok(7)), facts(), false), Ok(7)));
        assert_eq!(kind(verdict(Ran::Returned(Ok(7)), facts(), true)), ErrorKind::Timeout);
    }

    #[test]
    fn its_own_error_is_given_back_unless_the_time_was_over() {
        let end = verdict::<u8, _>(Ran::Returned(Err("no")), facts(), false);
        assert!(matches!(end, Err(TransactionError::Failed("no"))));
        assert_eq!(kind(verdict(Ran::Returned(Err("interrupted")), facts(), true)), ErrorKind::Timeout);
    }

    #[test]
    fn a_panic_is_told_with_its_text() {
        let end = verdict::<u8, &str>(Ran::Panicked("oh".to_owned()), facts(), true);
        let error = end.unwrap_err();
        assert_eq!(error.store().unwrap().kind(), ErrorKind::RolledBack);
        assert!(error.to_string().contains("panicked: oh"), "{error}");
    }

    #[test]
    fn a_transaction_that_is_no_longer_whole_is_not_committed() {
        let ended = Facts { ended: true, broken: None };
        assert_eq!(kind(verdict(Ran::Returned(Ok(7)), ended, false)), ErrorKind::RolledBack);
        let broken = Some(StoreError::new(ErrorKind::StoreFull, "full"));
        assert_eq!(
            kind(verdict(Ran::Returned(Ok(7)), Facts { ended: true, broken }, false)),
            ErrorKind::StoreFull
        );
    }

    #[test]
    fn the_text_of_a_panic_is_found_and_its_payload_may_panic() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("in drop");
            }
        }
        assert_eq!(message(Box::new("a")), "a");
        assert_eq!(message(Box::new("b".to_owned())), "b");
        assert_eq!(message(Box::new(Bomb)), "with a value that is no text");
    }
}
