//! The inbox: a table into which any program may write rows, which the owner of the file turns into jobs.
//!
//! A row becomes the job that it describes or, where it describes none, one that is parked with the reason; it
//! never stops those after it. Its number becomes the job's id, in the epoch 0 that no opening has, so that the
//! writer knows the id at once. The row is deleted in the transaction that adds the job. `row.rs` decides what
//! a row is.

mod row;

use std::time::{Duration, Instant};

use ostler_jobs::{ErrorKind, StoreError};
use rusqlite::{Connection, OptionalExtension, Statement};

use self::row::Found;
use crate::call::Sync;
use crate::file::fault;
use crate::options::OpenOptions;
use crate::writer::{Engine, wall};

/// How many rows are taken in one transaction: enough to be quick, few enough that nobody waits for long.
const MOST: usize = 1_000;

/// How many bytes of arguments are in memory at a time; one row more than that may be.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// Whether a job has a number, also where it has ended and is kept.
const HAS_JOB: &str = "SELECT 1 FROM ostler_job WHERE id = ?1 UNION ALL \
     SELECT 1 FROM ostler_class c CROSS JOIN ostler_history h ON h.class = c.id AND h.id = ?1 LIMIT 1";

/// The owner's end of it.
#[derive(Debug)]
pub(crate) struct Inbox {
    poll: Duration,
    next: Option<Instant>,
    /// That of the file when all of the inbox had been taken. A commit by another connection changes it.
    seen: Option<i64>,
    /// The last look failed, and that was logged.
    failing: bool,
}

/// What a batch came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Batch {
    /// There is nothing left.
    All,
    /// There may be more.
    More,
    /// There is more, and no room for it.
    NoRoom,
}

impl Inbox {
    /// Nothing has been looked at yet.
    pub(crate) fn new(options: &OpenOptions) -> Self {
        Self { poll: options.inbox_poll, next: None, seen: None, failing: false }
    }

    /// Takes all that is there, for which there is room. What passes by itself is left to the looks that follow.
    pub(crate) fn drain(&mut self, engine: &mut Engine<'_>) -> Result<(), StoreError> {
        loop {
            let until = wall::now() + engine.options.deadline;
            match self.batch(engine, until) {
                Ok(Batch::More) => {}
                Err(error) if !error.is_transient() => return Err(error),
                came_to => {
                    self.tell(came_to);
                    return Ok(());
                }
            }
        }
    }

    /// Takes a batch, where another connection has committed something and it is time to look. Whether to be
    /// called again soon.
    pub(crate) fn tick(&mut self, engine: &mut Engine<'_>, now: Instant) -> bool {
        if self.next.is_some_and(|next| now < next) {
            return false;
        }
        let came_to = self.look(engine, now);
        let more = matches!(came_to, Ok(Batch::More));
        self.next = if more { None } else { now.checked_add(self.poll) };
        self.tell(came_to);
        more
    }

    fn look(&mut self, engine: &mut Engine<'_>, now: Instant) -> Result<Batch, StoreError> {
        let version = data_version(engine.connection)?;
        if self.seen == Some(version) {
            return Ok(Batch::All);
        }
        let batch = if is_empty(engine.connection)? { Batch::All } else { self.batch(engine, now)? };
        if batch == Batch::All {
            // The version from before the look: what was committed during it is seen at the next.
            self.seen = Some(version);
        }
        Ok(batch)
    }

    /// Takes rows in one transaction.
    fn batch(&mut self, engine: &mut Engine<'_>, until: Instant) -> Result<Batch, StoreError> {
        let Some(most) = fitting(MOST, |rows| engine.room(rows).is_ok()) else { return Ok(Batch::NoRoom) };
        engine.begin(Sync::Full, until)?;
        match take(engine, most) {
            Ok(batch) => engine.commit().map(|()| batch),
            Err(error) => {
                engine.roll_back();
                Err(error)
            }
        }
    }

    /// Logs a failure once, until a look succeeds. A foreign writer that holds the lock is none.
    fn tell(&mut self, came_to: Result<Batch, StoreError>) {
        match came_to {
            Err(error) if error.kind() == ErrorKind::Timeout => {}
            Err(error) if !self.failing => {
                self.failing = true;
                let error = error.for_another();
                tracing::warn!(%error, "the inbox cannot be read; it is tried again at each look");
            }
            Err(_) => {}
            Ok(_) => self.failing = false,
        }
    }
}

/// The largest of `most`, a half of it and so on for which there is room.
fn fitting(most: usize, has_room: impl Fn(usize) -> bool) -> Option<usize> {
    std::iter::successors(Some(most), |&rows| (rows > 1).then_some(rows / 2)).find(|&rows| has_room(rows))
}

/// Turns the first rows into jobs, in the open transaction.
fn take(engine: &mut Engine<'_>, most: usize) -> Result<Batch, StoreError> {
    let found = first(engine.connection, most)?;
    let mut table = Table::of(engine.connection)?;
    for found in &found {
        let number = found.number();
        let row = found.judged(table.has_job(number)?);
        let inserted = engine.insert(&row)?;
        if inserted.existing {
            let holder = inserted.id;
            tracing::info!(row = number, %holder, "a job of the inbox is left out: its unique key is taken");
        }
        table.remove(number)?;
    }
    Ok(if found.is_empty() { Batch::All } else { Batch::More })
}

/// The first rows, up to a limit of rows and one of bytes.
fn first(connection: &Connection, most: usize) -> Result<Vec<Found>, StoreError> {
    let failed = |error| fault("read the inbox", error);
    let mut statement = connection.prepare(row::SELECT).map_err(failed)?;
    let mut rows = statement.query([i64::try_from(most).unwrap_or(i64::MAX)]).map_err(failed)?;
    let (mut found, mut bytes) = (Vec::new(), 0);
    while bytes < MOST_BYTES
        && let Some(row) = rows.next().map_err(failed)?
    {
        let one = Found::read(row).map_err(failed)?;
        bytes += one.bytes();
        found.push(one);
    }
    Ok(found)
}

/// What is done for each row, prepared once for a batch.
struct Table<'c> {
    has_job: Statement<'c>,
    remove: Statement<'c>,
}

impl<'c> Table<'c> {
    fn of(connection: &'c Connection) -> Result<Self, StoreError> {
        let prepared = |sql| connection.prepare(sql).map_err(|error| fault("read the inbox", error));
        Ok(Self { has_job: prepared(HAS_JOB)?, remove: prepared("DELETE FROM ostler_inbox WHERE id = ?1")? })
    }

    /// Whether a job has this number, which only a writer that chose it by itself can bring about.
    fn has_job(&mut self, number: i64) -> Result<bool, StoreError> {
        self.has_job.exists([number]).map_err(|error| fault("look for a job", error))
    }

    fn remove(&mut self, number: i64) -> Result<(), StoreError> {
        self.remove.execute([number]).map_err(|error| fault("remove a row of the inbox", error))?;
        Ok(())
    }
}

fn data_version(connection: &Connection) -> Result<i64, StoreError> {
    let failed = |error| fault("ask whether others have written", error);
    let mut statement = connection.prepare("PRAGMA data_version").map_err(failed)?;
    statement.query_row((), |row| row.get(0)).map_err(failed)
}

fn is_empty(connection: &Connection) -> Result<bool, StoreError> {
    let failed = |error| fault("read the inbox", error);
    let mut statement = connection.prepare("SELECT 1 FROM ostler_inbox LIMIT 1").map_err(failed)?;
    let found = statement.query_row((), |_| Ok(())).optional().map_err(failed)?;
    Ok(found.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_as_large_as_there_is_room_for() {
        assert_eq!(fitting(1_000, |_| true), Some(1_000));
        assert_eq!(fitting(1_000, |rows| rows <= 300), Some(250));
        assert_eq!(fitting(1_000, |rows| rows <= 1), Some(1));
        assert_eq!(fitting(1_000, |_| false), None);
    }
}
