//! Sees to it that the application's code does not end the transaction: its commit becomes a rollback, and is
//! remembered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ostler_jobs::StoreError;
use rusqlite::Connection;

use crate::file::fault;

/// Over a transaction that is open, until it is dropped.
pub(super) struct Watch<'c> {
    connection: &'c Connection,
    ended: Arc<AtomicBool>,
}

impl<'c> Watch<'c> {
    pub(super) fn over(connection: &'c Connection) -> Result<Self, StoreError> {
        let ended = Arc::new(AtomicBool::new(false));
        let (committed, rolled_back) = (Arc::clone(&ended), Arc::clone(&ended));
        let refuses = move || {
            committed.store(true, Ordering::Relaxed);
            true
        };
        let watch = Self { connection, ended };
        connection.commit_hook(Some(refuses)).map_err(|error| fault("watch a transaction", error))?;
        connection
            .rollback_hook(Some(move || rolled_back.store(true, Ordering::Relaxed)))
            .map_err(|error| fault("watch a transaction", error))?;
        Ok(watch)
    }

    /// Whether the transaction that was open at first is no longer, by whomever; another may have been begun since.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed) || self.connection.is_autocommit()
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        // They only fail on a connection that is not owned, which this is.
        let _ = self.connection.commit_hook(None::<fn() -> bool>);
        let _ = self.connection.rollback_hook(None::<fn()>);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (x); BEGIN IMMEDIATE; INSERT INTO t VALUES (1)").unwrap();
        connection
    }

    fn rows(connection: &Connection) -> i64 {
        connection.query_row("SELECT count(*) FROM t", (), |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_commit_becomes_a_rollback() {
        let connection = begun();
        let watch = Watch::over(&connection).unwrap();
        assert!(!watch.has_ended());
        assert!(connection.execute_batch("COMMIT").is_err());
        assert!(watch.has_ended());
        drop(watch);
        assert_eq!(rows(&connection), 0);
    }

    #[test]
    fn what_is_begun_after_a_rollback_is_not_taken_for_the_same() {
        let connection = begun();
        let watch = Watch::over(&connection).unwrap();
        connection.execute_batch("ROLLBACK; BEGIN; INSERT INTO t VALUES (2)").unwrap();
        assert!(watch.has_ended());
    }

    #[test]
    fn nothing_is_committed_statement_by_statement_after_a_rollback() {
        let connection = begun();
        let watch = Watch::over(&connection).unwrap();
        connection.execute_batch("ROLLBACK").unwrap();
        assert!(connection.execute_batch("INSERT INTO t VALUES (2)").is_err());
        drop(watch);
        assert_eq!(rows(&connection), 0);
    }

    #[test]
    fn savepoints_are_left_alone_and_so_is_what_follows() {
        let connection = begun();
        let watch = Watch::over(&connection).unwrap();
        connection.execute_batch("SAVEPOINT s; INSERT INTO t VALUES (2); ROLLBACK TO s; RELEASE s").unwrap();
        assert!(!watch.has_ended());
        drop(watch);
        connection.execute_batch("COMMIT").unwrap();
        assert_eq!(rows(&connection), 1);
    }
}
