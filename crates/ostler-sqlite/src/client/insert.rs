//! Enqueueing through the inbox: all rows of a call in one transaction.

use jiff::Timestamp;
use ostler_jobs::store::{Inserted, NewRow};
use ostler_jobs::{ErrorKind, StoreError};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Statement, TransactionBehavior, params};

use crate::file::fault;
use crate::ids::to_job_id;
use crate::inbox::Numbers;
use crate::writer::{Args, KeyUntil, Row, RowKey};

const INSERT: &str = "INSERT INTO ostler_inbox (kind, queue, priority, due, args, uniq, uniq_for) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

/// Who holds a key: a job, or a row that was there before and whose number will be its job's.
const HOLDER: &str = "SELECT job FROM ostler_uniq WHERE key = ?1 AND (until IS NULL OR until > ?2) \
     UNION ALL SELECT id FROM ostler_inbox WHERE uniq = ?1 AND id BETWEEN ?3 AND ?4 LIMIT 1";

/// Adds the rows, all or none.
pub(super) fn insert(
    connection: &mut Connection,
    rows: Vec<NewRow>,
    file: u64,
    now: Timestamp,
) -> Result<Vec<Inserted>, StoreError> {
    let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate);
    let transaction = begun.map_err(|error| fault("begin", error))?;
    let inserted = Statements::of(&transaction)?.insert_all(rows, file, now)?;
    transaction.commit().map_err(|error| not_committed(fault("commit", error)))?;
    Ok(inserted)
}

/// A commit that failed for want of space or of the lock was not made. After any other error of it the rows may be
/// found in the file all the same.
fn not_committed(error: StoreError) -> StoreError {
    match error.kind() {
        ErrorKind::StoreFull | ErrorKind::Timeout => error,
        _ => error.ambiguous(),
    }
}

/// Prepared once for all rows of a call.
struct Statements<'c> {
    insert: Statement<'c>,
    holder: Statement<'c>,
    numbers: Numbers,
}

impl<'c> Statements<'c> {
    fn of(connection: &'c Connection) -> Result<Self, StoreError> {
        let prepared = |sql| connection.prepare(sql).map_err(|error| fault("read the inbox", error));
        let numbers = Numbers::read(connection)?;
        numbers.bring_back(connection)?;
        Ok(Self { insert: prepared(INSERT)?, holder: prepared(HOLDER)?, numbers })
    }

    fn insert_all(
        &mut self,
        rows: Vec<NewRow>,
        file: u64,
        now: Timestamp,
    ) -> Result<Vec<Inserted>, StoreError> {
        rows.into_iter().map(|row| self.insert(row, file, now)).collect()
    }

    fn insert(&mut self, row: NewRow, file: u64, now: Timestamp) -> Result<Inserted, StoreError> {
        let Row { kind, queue, priority, due, args, unique, .. } = Row::from(row);
        let Args::Text(args) = args else { return Err(no_text()) };
        if let Some(unique) = &unique
            && let Some(holder) = self.holder(unique, now)?
        {
            return Ok(Inserted { id: to_job_id(file, holder), existing: true });
        }
        let (key, time) = unique.map_or((Value::Null, None), columns);
        let values = params![&*kind, &*queue, priority, due.after(now), &*args, key, time];
        let number = self.insert.insert(values).map_err(|error| fault("write into the inbox", error))?;
        let number = self.numbers.id(number).map_err(no_number)?;
        Ok(Inserted { id: to_job_id(file, number), existing: false })
    }

    fn holder(&mut self, unique: &RowKey, now: Timestamp) -> Result<Option<u64>, StoreError> {
        let free = self.numbers.free();
        let asked = (unique.key, now.as_millisecond(), free.start(), free.end());
        let found = self.holder.query_row(asked, |row| row.get::<_, i64>(0));
        let found = found.optional().map_err(|error| fault("look for a unique key", error))?;
        Ok(found.map(i64::cast_unsigned))
    }
}

/// The columns of a key.
fn columns(RowKey { key, until }: RowKey) -> (Value, Option<i64>) {
    let time = match until {
        KeyUntil::After(time) => Some(i64::try_from(time.as_millis()).unwrap_or(i64::MAX)),
        KeyUntil::Finished => None,
    };
    (Value::Blob(key.to_vec()), time)
}

/// A row that another program gave a number of its own is in the way until the owner has taken it.
fn no_number(wrong: String) -> StoreError {
    let text = format!("the inbox has no number for the job until its owner has looked at it: {wrong}");
    StoreError::new(ErrorKind::Unavailable, text)
}

fn no_text() -> StoreError {
    StoreError::new(ErrorKind::Bug, "a job that is to be added has arguments that are no text")
}

#[cfg(test)]
mod tests {
    use rusqlite::{Error, ffi};

    use super::*;

    #[test]
    fn only_a_commit_for_which_there_was_no_room_and_no_lock_is_certain() {
        let is_certain = |code| {
            let error = Error::SqliteFailure(ffi::Error::new(code), None);
            !not_committed(fault("commit", error)).is_ambiguous()
        };
        assert!(is_certain(ffi::SQLITE_FULL) && is_certain(ffi::SQLITE_BUSY));
        for code in [ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_IOERR, ffi::SQLITE_CORRUPT, ffi::SQLITE_NOMEM] {
            assert!(!is_certain(code), "{code}");
        }
    }
}
