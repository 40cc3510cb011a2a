//! The inbox: a table into which any program may write rows, which the owner of the file turns into jobs.
//!
//! A row becomes the job that it describes or, where it describes none, one that is parked with the reason; it
//! never stops those after it. Its number becomes the job's id, in the epoch 0 that no opening has, so that the
//! writer knows the id at once. The row is deleted in the transaction that adds the job. `row.rs` decides what
//! a row is, `numbers.rs` which numbers are ids.
//!
//! Rows are taken in the order of their numbers. One for which there is no room holds up those behind it.

mod numbers;
mod row;

use std::time::{Duration, Instant};

use jiff::Timestamp;
use ostler_jobs::{ErrorKind, StoreError};
use rusqlite::{Connection, OptionalExtension};

pub(crate) use self::numbers::Numbers;
use self::row::Found;
use crate::call::Sync;
use crate::file::fault;
use crate::options::OpenOptions;
use crate::writer::{Engine, Row, wall};

/// How many rows are taken in one transaction: enough to be quick, few enough that nobody waits for long.
const MOST: i64 = 1_000;

/// How many bytes of arguments are in memory at a time; one row more than that may be.
const MOST_BYTES: usize = 16 * 1024 * 1024;

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
        // Also a job that is parked or delayed takes up the disk.
        if engine.room(0).is_err() {
            return Ok(Batch::NoRoom);
        }
        engine.begin(Sync::Full, until)?;
        match take(engine) {
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

/// Turns the first rows into jobs, in the open transaction.
fn take(engine: &mut Engine<'_>) -> Result<Batch, StoreError> {
    let connection = engine.connection;
    let mut numbers = Numbers::read(connection)?;
    let (rows, came_to) = first(engine, &mut numbers)?;
    if rows.is_empty() {
        return Ok(came_to);
    }
    let failed = |error| fault("remove a row of the inbox", error);
    let mut remove = connection.prepare("DELETE FROM ostler_inbox WHERE id = ?1").map_err(failed)?;
    for (number, row) in &rows {
        add(engine, *number, row)?;
        remove.execute([number]).map_err(failed)?;
    }
    numbers.write(connection)?;
    numbers.bring_back(connection)?;
    Ok(came_to)
}

fn add(engine: &mut Engine<'_>, number: i64, row: &Row) -> Result<(), StoreError> {
    let inserted = engine.insert(row)?;
    if inserted.existing {
        let holder = inserted.id;
        tracing::info!(row = number, %holder, "a job of the inbox is left out: its unique key is taken");
    }
    Ok(())
}

/// The first rows as jobs, with their numbers: up to a limit of rows, one of bytes, and to the first for which there
/// is no room.
fn first(engine: &Engine<'_>, numbers: &mut Numbers) -> Result<(Vec<(i64, Row)>, Batch), StoreError> {
    let failed = |error| fault("read the inbox", error);
    let mut statement = engine.connection.prepare(row::SELECT).map_err(failed)?;
    let mut rows = statement.query([MOST]).map_err(failed)?;
    let mut places = engine.options.max_ready.saturating_sub(engine.index.ready());
    let (mut taken, mut bytes) = (Vec::new(), 0);
    while bytes < MOST_BYTES
        && let Some(row) = rows.next().map_err(failed)?
    {
        let found = Found::read(row).map_err(failed)?;
        let row = found.judged(numbers);
        match places.checked_sub(places_of(&row, engine.now())) {
            Some(left) => places = left,
            None => return Ok((taken, Batch::NoRoom)),
        }
        bytes += found.bytes();
        numbers.take(found.number());
        taken.push((found.number(), row));
    }
    let came_to = if taken.is_empty() { Batch::All } else { Batch::More };
    Ok((taken, came_to))
}

/// How many of the jobs that may be ready it will be. One that is delayed is none until it is due.
fn places_of(row: &Row, now: Timestamp) -> usize {
    usize::from(row.blocked.is_none() && row.due.after(now).is_none())
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
