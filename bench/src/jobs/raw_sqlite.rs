//! The raw limit of durable work on SQLite, L1: one thread, prepared statements, 256 rows inserted and the 256 before deleted in
//! each transaction; one table without a second index.

use std::path::Path;

use ostler::BoxError;
use rusqlite::{Connection, params};

const BATCH: u64 = 256;

const TABLE: &str = "CREATE TABLE job (id INTEGER PRIMARY KEY, queue INTEGER, prio INTEGER, run_at INTEGER, state INTEGER,
                                       attempt INTEGER, created INTEGER, payload BLOB)";
const INSERT: &str = "INSERT INTO job VALUES (?1, 1, 5, 0, 0, 0, 1767225600000, ?2)";
const DELETE: &str = "DELETE FROM job WHERE id = ?1";

pub(crate) fn open(path: &Path, synchronous: &str) -> Result<Connection, BoxError> {
    let file = Connection::open(path)?;
    file.execute_batch(&format!(
        "PRAGMA page_size=4096; PRAGMA journal_mode=WAL; PRAGMA synchronous={synchronous};
         PRAGMA wal_autocheckpoint=8000; PRAGMA cache_size=-65536; PRAGMA trusted_schema=OFF; {TABLE}"
    ))?;
    Ok(file)
}

/// Sends so many jobs through the table.
pub(crate) fn run(file: &Connection, first: u64, jobs: u64) -> Result<(), BoxError> {
    let payload = vec![b'x'; 200];
    let (mut insert, mut delete) = (file.prepare(INSERT)?, file.prepare(DELETE)?);
    for batch in 0..jobs / BATCH {
        file.execute_batch("BEGIN IMMEDIATE")?;
        let start = first + batch * BATCH;
        for id in start..start + BATCH {
            insert.execute(params![id.cast_signed(), payload])?;
        }
        for id in start.saturating_sub(BATCH)..start {
            delete.execute(params![id.cast_signed()])?;
        }
        file.execute_batch("COMMIT")?;
    }
    Ok(())
}
