//! Enqueueing through the inbox: all rows of a call in one transaction.

use jiff::Timestamp;
use ostler_jobs::store::{Inserted, NewRow};
use ostler_jobs::{ErrorKind, StoreError};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Statement, TransactionBehavior, params};

use crate::file::fault;
use crate::ids::to_job_id;
use crate::writer::{Args, KeyUntil, Row, RowKey};

const INSERT: &str = "INSERT INTO ostler_inbox (kind, queue, priority, due, args, uniq, uniq_for) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

/// Who holds a key: a job, or a row that was there before.
const HOLDER: &str = "SELECT job FROM ostler_uniq WHERE key = ?1 AND (until IS NULL OR until > ?2) \
     UNION ALL SELECT id FROM ostler_inbox WHERE uniq = ?1 LIMIT 1";

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
    transaction.commit().map_err(|error| fault("commit", error))?;
    Ok(inserted)
}

/// Prepared once for all rows of a call.
struct Statements<'c> {
    insert: Statement<'c>,
    holder: Statement<'c>,
}

impl<'c> Statements<'c> {
    fn of(connection: &'c Connection) -> Result<Self, StoreError> {
        let prepared = |sql| connection.prepare(sql).map_err(|error| fault("read the inbox", error));
        Ok(Self { insert: prepared(INSERT)?, holder: prepared(HOLDER)? })
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
        Ok(Inserted { id: to_job_id(file, number.cast_unsigned()), existing: false })
    }

    fn holder(&mut self, unique: &RowKey, now: Timestamp) -> Result<Option<u64>, StoreError> {
        let found = self.holder.query_row((unique.key, now.as_millisecond()), |row| row.get::<_, i64>(0));
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

fn no_text() -> StoreError {
    StoreError::new(ErrorKind::Bug, "a job that is to be added has arguments that are no text")
}
