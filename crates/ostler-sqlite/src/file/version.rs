//! Which versions this one works with: of SQLite's library, and of the format of the tables. Only reads.

use ostler_jobs::{ErrorKind, StoreError};
use rusqlite::{Connection, OptionalExtension};

use super::fault;
use super::schema::FORMAT;

/// The first SQLite without the fault by which a reset of the write-ahead log could damage a file, 3.51.3; the
/// next major version may keep its files differently.
const LIBRARY: std::ops::Range<i32> = 3_051_003..4_000_000;

/// Whether the library that this program is linked with will do.
pub(super) fn check_library(number: i32) -> Result<(), StoreError> {
    if LIBRARY.contains(&number) {
        return Ok(());
    }
    Err(StoreError::new(
        ErrorKind::Version,
        format!(
            "SQLite {} is linked, and 3.51.3 up to 4 is needed: build with the `bundled` feature of libsqlite3-sys, \
             which is the default, or link a newer library",
            dotted(number)
        ),
    ))
}

fn dotted(number: i32) -> String {
    format!("{}.{}.{}", number / 1_000_000, number / 1_000 % 1_000, number % 1_000)
}

/// The format of the jobs' tables in this file; `None` where there are none.
pub(super) fn format(connection: &Connection) -> Result<Option<i64>, StoreError> {
    let table = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'ostler_meta'";
    let found = connection.query_row(table, (), |_| Ok(())).optional();
    if found.map_err(|error| fault("read the schema", error))?.is_none() {
        return Ok(None);
    }
    let format = "SELECT value FROM ostler_meta WHERE key = 'format'";
    let found = connection.query_row(format, (), |row| row.get(0)).optional();
    match found.map_err(|error| fault("read the format", error))? {
        Some(format) => Ok(Some(format)),
        None => Err(StoreError::new(ErrorKind::Corrupt, "the table ostler_meta does not tell its format")),
    }
}

/// Whether an owner can work with this format: its own, none yet, or an older one.
pub(super) fn check_format(format: Option<i64>) -> Result<(), StoreError> {
    match format {
        Some(format) if format > FORMAT => Err(newer(format)),
        Some(format) if format < 1 => Err(StoreError::new(
            ErrorKind::Corrupt,
            format!("the table ostler_meta tells the format {format}, which there never was"),
        )),
        _ => Ok(()),
    }
}

/// Whether a client can: it changes no schema, so only its own.
pub(super) fn check_client(format: i64) -> Result<(), StoreError> {
    check_format(Some(format))?;
    if format == FORMAT {
        return Ok(());
    }
    let text = format!(
        "the file has jobs of format {format}, and {FORMAT} is needed: start its owner in this version first"
    );
    Err(StoreError::new(ErrorKind::Version, text))
}

fn newer(format: i64) -> StoreError {
    let text = format!(
        "the file has jobs of format {format}, and this version knows up to {FORMAT}: start a version that \
         made it, or a newer one, or open a backup from before"
    );
    StoreError::new(ErrorKind::Version, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_outside_of_the_range_are_refused_with_what_to_do() {
        for number in [3_051_003, 3_051_004, 3_999_999] {
            check_library(number).unwrap();
        }
        for (number, text) in [(3_051_002, "SQLite 3.51.2 is linked"), (4_000_000, "SQLite 4.0.0 is linked")]
        {
            let error = check_library(number).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Version);
            assert!(error.to_string().starts_with(text), "{error}");
            assert!(error.to_string().contains("bundled"), "{error}");
        }
    }

    #[test]
    fn formats_that_are_not_known_are_refused() {
        check_format(None).unwrap();
        check_format(Some(FORMAT)).unwrap();
        assert_eq!(check_format(Some(FORMAT + 1)).unwrap_err().kind(), ErrorKind::Version);
        assert_eq!(check_format(Some(0)).unwrap_err().kind(), ErrorKind::Corrupt);
        assert_eq!(check_client(FORMAT + 1).unwrap_err().kind(), ErrorKind::Version);
        check_client(FORMAT).unwrap();
    }
}
