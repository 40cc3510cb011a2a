//! The epoch: how often the file was opened. Raised and committed before anything else is done, it makes ids of
//! (epoch, counter) that never come back, also after a power loss that forgot the last commits.

use ostler_jobs::{ErrorKind, StoreError};
use rusqlite::{Connection, OptionalExtension};

use super::fault;

/// The last one, of 22 bits. Opened once a minute, a file lasts eight years.
pub(super) const LAST: u64 = (1 << 22) - 1;

/// The next epoch, written within the caller's transaction.
pub(super) fn raise(connection: &Connection) -> Result<u64, StoreError> {
    let read = connection
        .query_row("SELECT value FROM ostler_meta WHERE key = 'epoch'", (), |row| row.get::<_, i64>(0))
        .optional()
        .map_err(|error| fault("read the epoch", error))?;
    let next = next(read)?;
    connection
        .execute("UPDATE ostler_meta SET value = ?1 WHERE key = 'epoch'", [next.cast_signed()])
        .map_err(|error| fault("raise the epoch", error))?;
    Ok(next)
}

/// The epoch after this one.
fn next(read: Option<i64>) -> Result<u64, StoreError> {
    let Some(last) = read.and_then(|read| u64::try_from(read).ok()) else {
        return Err(StoreError::new(ErrorKind::Corrupt, "the table ostler_meta has no epoch"));
    };
    if last >= LAST {
        let text = format!(
            "the file was opened {LAST} times, and has no new ids any more: move the jobs to a new file"
        );
        return Err(StoreError::new(ErrorKind::Version, text));
    }
    Ok(last + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_go_up_by_one_and_end() {
        assert_eq!(next(Some(0)).unwrap(), 1);
        assert_eq!(next(Some(LAST.cast_signed() - 1)).unwrap(), LAST);
        assert_eq!(next(Some(LAST.cast_signed())).unwrap_err().kind(), ErrorKind::Version);
        assert_eq!(next(Some(i64::MAX)).unwrap_err().kind(), ErrorKind::Version);
    }

    #[test]
    fn an_epoch_that_is_none_is_damage() {
        for read in [None, Some(-1)] {
            assert_eq!(next(read).unwrap_err().kind(), ErrorKind::Corrupt);
        }
    }
}
