//! The numbers of rows: which of them may become ids, and how far they have come.
//!
//! SQLite counts rows up by one, but whoever writes a row may choose its number. Every number at or below the mark
//! was taken before and is never an id again, whatever has become of its job. One that is far ahead of the mark is
//! none either, and SQLite goes on below it: a single row cannot use up the numbers of all that follow.

use std::ops::RangeInclusive;

use ostler_jobs::StoreError;
use rusqlite::{Connection, OptionalExtension};

use crate::file::fault;
use crate::ids::LAST_OF_INBOX as LAST;

/// So far ahead of the mark a number may be: more rows than ever wait in an inbox. Of numbers that were chosen with
/// malice it takes a thousand to use all of them up.
const LEAP: i64 = 1 << 30;

/// Takes SQLite's own count back to what is there, where it has come further than it may.
const BRING_BACK: &str = "UPDATE sqlite_sequence \
     SET seq = max(?1, coalesce((SELECT max(id) FROM ostler_inbox), 0)) WHERE name = 'ostler_inbox' AND seq > ?2";

/// How far the numbers have come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Numbers {
    /// The largest that was taken.
    mark: i64,
}

impl Numbers {
    /// Those after this mark.
    pub(super) fn after(mark: i64) -> Self {
        Self { mark }
    }

    /// As the file has it.
    pub(crate) fn read(connection: &Connection) -> Result<Self, StoreError> {
        let failed = |error| fault("read how far the inbox was taken", error);
        let sql = "SELECT value FROM ostler_meta WHERE key = 'inbox'";
        let mark = connection.query_row(sql, (), |row| row.get(0)).optional().map_err(failed)?;
        Ok(Self::after(mark.unwrap_or(0)))
    }

    /// Those that may become ids.
    pub(crate) fn free(&self) -> RangeInclusive<i64> {
        self.mark.saturating_add(1)..=self.mark.saturating_add(LEAP).min(LAST)
    }

    /// The number as an id, or why it is none.
    pub(crate) fn id(&self, number: i64) -> Result<u64, String> {
        let free = self.free();
        match u64::try_from(number) {
            Ok(id) if free.contains(&number) => Ok(id),
            Ok(1..) if number <= self.mark => {
                Err(format!("id {number} was that of another row: leave it to SQLite"))
            }
            _ => Err(format!("id {number} is not {} to {}: leave it to SQLite", free.start(), free.end())),
        }
    }

    /// This one was taken: it is never an id again.
    pub(super) fn take(&mut self, number: i64) {
        if self.free().contains(&number) {
            self.mark = number;
        }
    }

    /// Writes down how far they have come, in the transaction that took them.
    pub(super) fn write(&self, connection: &Connection) -> Result<(), StoreError> {
        let sql = "INSERT INTO ostler_meta (key, value) VALUES ('inbox', ?1) \
                   ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        let written = connection.execute(sql, [self.mark]);
        written.map(drop).map_err(|error| fault("write how far the inbox was taken", error))
    }

    /// Lets SQLite count on from what is there, where its count has left those that may become ids. While a row is
    /// there that is too far ahead, the count stays beyond it.
    pub(crate) fn bring_back(&self, connection: &Connection) -> Result<(), StoreError> {
        let done = connection.execute(BRING_BACK, [self.mark, *self.free().end()]);
        done.map(drop).map_err(|error| fault("bring back the numbers of the inbox", error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_an_id_once() {
        let mut numbers = Numbers::after(0);
        assert_eq!(numbers.id(7), Ok(7));
        numbers.take(7);
        assert!(numbers.id(7).unwrap_err().contains("id 7 was that of another row"));
        assert!(numbers.id(3).is_err(), "it may have been one that has ended");
        assert_eq!(numbers.id(8), Ok(8));
    }

    #[test]
    fn a_number_that_is_none_moves_nothing() {
        for number in [i64::MIN, -1, 0, LEAP + 1, LAST, LAST + 1, i64::MAX] {
            let mut numbers = Numbers::after(0);
            assert!(numbers.id(number).is_err(), "{number}");
            numbers.take(number);
            assert_eq!(numbers, Numbers::after(0), "{number}");
        }
    }

    #[test]
    fn numbers_end_with_the_room_that_an_id_has() {
        assert_eq!(Numbers::after(LAST - 1).id(LAST), Ok(LAST.cast_unsigned()));
        assert!(Numbers::after(LAST - 1).id(LAST + 1).is_err());
        assert!(Numbers::after(LAST).free().is_empty());
        assert!(Numbers::after(i64::MAX).free().is_empty());
    }
}
