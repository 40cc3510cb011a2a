//! What an error of SQLite means to the store's callers: the one place that reads its codes.

use ostler_jobs::{ErrorKind, StoreError};
use rusqlite::Error;
use rusqlite::ErrorCode;

/// An error of SQLite as one of the store, with what was being done.
pub(crate) fn fault(doing: &str, error: Error) -> StoreError {
    let kind = kind(&error);
    StoreError::new(kind, format!("the store could not {doing}{}", meaning(kind))).with_source(error)
}

fn kind(error: &Error) -> ErrorKind {
    // What is not an error of SQLite is one of how it is used, or a value that has another type than it was
    // stored with.
    let Some(code) = error.sqlite_error_code() else { return ErrorKind::Bug };
    match code {
        ErrorCode::DiskFull => ErrorKind::StoreFull,
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::OperationInterrupted => {
            ErrorKind::Timeout
        }
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => ErrorKind::Corrupt,
        ErrorCode::PermissionDenied
        | ErrorCode::OperationAborted
        | ErrorCode::OutOfMemory
        | ErrorCode::ReadOnly
        | ErrorCode::SystemIoFailure
        | ErrorCode::CannotOpen
        | ErrorCode::FileLockingProtocolFailed
        | ErrorCode::SchemaChanged
        | ErrorCode::NoLargeFileSupport => ErrorKind::Unavailable,
        _ => ErrorKind::Bug,
    }
}

/// For the kinds that SQLite's own text does not explain.
fn meaning(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::StoreFull => ": the disk is full",
        ErrorKind::Timeout => " within its deadline",
        ErrorKind::Corrupt => ": this is no database, or a damaged one",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    fn of(code: i32) -> ErrorKind {
        kind(&Error::SqliteFailure(ffi::Error::new(code), None))
    }

    #[test]
    fn codes_have_the_kinds_that_callers_branch_on() {
        assert_eq!(of(ffi::SQLITE_FULL), ErrorKind::StoreFull);
        assert_eq!(of(ffi::SQLITE_BUSY), ErrorKind::Timeout);
        assert_eq!(of(ffi::SQLITE_INTERRUPT), ErrorKind::Timeout);
        assert_eq!(of(ffi::SQLITE_NOTADB), ErrorKind::Corrupt);
        assert_eq!(of(ffi::SQLITE_CORRUPT), ErrorKind::Corrupt);
        assert_eq!(of(ffi::SQLITE_IOERR), ErrorKind::Unavailable);
        assert_eq!(of(ffi::SQLITE_CONSTRAINT), ErrorKind::Bug);
    }

    #[test]
    fn extended_codes_have_the_kind_of_their_primary_one() {
        assert_eq!(of(ffi::SQLITE_BUSY_SNAPSHOT), ErrorKind::Timeout);
        assert_eq!(of(ffi::SQLITE_IOERR_FSYNC), ErrorKind::Unavailable);
    }
}
