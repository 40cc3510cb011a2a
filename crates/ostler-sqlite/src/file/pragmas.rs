//! The settings of a connection: each is set, read back, and has to hold, or the file is not opened.
//!
//! They belong to a connection and not to a file, so that every connection, an owner's as a client's, comes
//! through here.

use ostler_jobs::{ErrorKind, StoreError};
use rusqlite::Connection;
use rusqlite::types::Value;

use super::fault;

/// What SQLite calls `synchronous=FULL`: each commit is on the disk before it returns.
const FULL: &str = "2";

/// The settings, and what reads as theirs. The page size and the encoding only take effect in a file that is
/// being made; the page size comes before the journal, which makes the file.
const HELD: &[(&str, &str, &str)] = &[
    ("encoding", "'UTF-8'", "UTF-8"),
    ("page_size", "4096", "4096"),
    ("journal_mode", "WAL", "wal"),
    ("synchronous", "FULL", FULL),
    // 32 MB. An overwritten write-ahead log is twice as fast as one that grows, so it is neither kept shorter
    // nor truncated.
    ("wal_autocheckpoint", "8000", "8000"),
    // 64 MB, in KiB.
    ("cache_size", "-65536", "-65536"),
    // What stands in the file's schema may not call functions with effects.
    ("trusted_schema", "OFF", "0"),
];

/// Sets all of them.
pub(super) fn hold(connection: &Connection) -> Result<(), StoreError> {
    HELD.iter().try_for_each(|&(name, value, reads)| {
        set(connection, name, value)?;
        let found = read(connection, name)?;
        if found == reads { Ok(()) } else { Err(refused(name, reads, &found)) }
    })
}

fn set(connection: &Connection, name: &str, value: &str) -> Result<(), StoreError> {
    let ran = connection.execute_batch(&format!("PRAGMA {name} = {value}"));
    ran.map_err(|error| fault("set a pragma", error))
}

fn read(connection: &Connection, name: &str) -> Result<String, StoreError> {
    let value = connection.query_row(&format!("PRAGMA {name}"), (), |row| row.get(0));
    Ok(match value.map_err(|error| fault("read a pragma back", error))? {
        Value::Integer(number) => number.to_string(),
        Value::Text(text) => text,
        other => format!("{other:?}"),
    })
}

fn refused(name: &str, wanted: &str, found: &str) -> StoreError {
    let (kind, what_to_do) = match name {
        "page_size" => (
            ErrorKind::Version,
            ": with no other connection open, run `PRAGMA journal_mode=DELETE; PRAGMA page_size=4096; VACUUM;`",
        ),
        "encoding" => (ErrorKind::Version, ": use a file of its own for the jobs"),
        "journal_mode" => (
            ErrorKind::Unavailable,
            ": the file system has to allow shared memory, and no other may hold the file",
        ),
        _ => (ErrorKind::Unavailable, ""),
    };
    StoreError::new(kind, format!("{name} of the file is {found}, and has to be {wanted}{what_to_do}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_does_not_hold_is_refused_by_name() {
        // A database in memory has no write-ahead log.
        let connection = Connection::open_in_memory().unwrap();
        let error = hold(&connection).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(
            error.to_string().starts_with("journal_mode of the file is memory, and has to be wal"),
            "{error}"
        );
    }
}
