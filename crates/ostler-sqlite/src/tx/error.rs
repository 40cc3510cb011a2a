//! Why a transaction of the application's was rolled back.

use std::error::Error;
use std::fmt;

use ostler_jobs::StoreError;

/// Why a [`transaction`](crate::SqliteStore::transaction) was not committed.
#[derive(Debug)]
pub enum TransactionError<E> {
    /// The closure said so.
    Failed(E),
    /// It panicked, took too long or ended the transaction itself, or the store could not carry it out.
    Store(StoreError),
}

impl<E> TransactionError<E> {
    /// The store's error, where it is one.
    pub fn store(&self) -> Option<&StoreError> {
        match self {
            Self::Failed(_) => None,
            Self::Store(error) => Some(error),
        }
    }
}

impl<E: fmt::Display> fmt::Display for TransactionError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => write!(f, "the transaction was rolled back: {error}"),
            Self::Store(error) => write!(f, "the transaction was not committed: {error}"),
        }
    }
}

// Not on `E: Error`, so that the closure may return a boxed one; each text has that of its cause in it.
impl<E: fmt::Debug + fmt::Display> Error for TransactionError<E> {}
