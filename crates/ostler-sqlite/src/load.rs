//! From the tables to the index, at open: what was running is taken back first, then all jobs are put into their places.
//!
//! The jobs' arguments are not read. A row of which nobody can say where it belongs is parked, with the reason.

use std::sync::Arc;

use ostler_jobs::StoreError;
use ostler_jobs::store::LOST;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::call::Sync;
use crate::file::fault;
use crate::index::{ClassKey, NameId, Place, Stage};
use crate::writer::{Engine, NO_NAME, Unreadable, crashes, unpacked, wall};

/// Fills the index of an engine that knows nothing yet.
pub(crate) fn load(engine: &mut Engine<'_>) -> Result<(), StoreError> {
    // Nobody waits for an answer yet, and a large file takes its time.
    engine.limit(None);
    load_names(engine)?;
    load_paused(engine)?;
    load_classes(engine)?;
    take_back(engine)?;
    load_jobs(engine)?;
    engine.look_for_next()?;
    engine.index.keep();
    Ok(())
}

fn load_names(engine: &mut Engine<'_>) -> Result<(), StoreError> {
    let index = &mut engine.index;
    each(engine.connection, "SELECT id, name FROM ostler_name", |row| {
        index.add_name(row.get(0)?, row.get::<_, String>(1)?.into());
        Ok(())
    })
}

fn load_paused(engine: &mut Engine<'_>) -> Result<(), StoreError> {
    let index = &mut engine.index;
    each(engine.connection, "SELECT queue FROM ostler_paused", |row| {
        index.pause(&Arc::from(row.get::<_, String>(0)?));
        Ok(())
    })
}

fn load_classes(engine: &mut Engine<'_>) -> Result<(), StoreError> {
    let index = &mut engine.index;
    each(engine.connection, "SELECT id, queue, state, age, most FROM ostler_class", |row| {
        let most = row.get::<_, i64>(4)?.max(0) as u64;
        let key = ClassKey { queue: row.get(1)?, state: row.get(2)?, age: row.get(3)?, most };
        index.add_class(row.get(0)?, key);
        Ok(())
    })?;
    let kept = "SELECT class, kind, COUNT(*) FROM ostler_history GROUP BY class, kind";
    each(engine.connection, kept, |row| {
        index.count_kept(row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(())
    })
}

/// A job whose process died.
struct Lost {
    job: i64,
    attempt: u32,
    alone: bool,
}

/// The claims of the process before: each attempt counts, each job is a suspect, in one commit and before anything else. The jobs
/// that were to be cancelled are.
fn take_back(engine: &mut Engine<'_>) -> Result<(), StoreError> {
    engine.begin(Sync::Full, wall::now() + engine.options.deadline)?;
    engine.limit(None);
    match take_back_all(engine) {
        Ok(()) => engine.commit(),
        Err(error) => {
            engine.roll_back();
            Err(error)
        }
    }
}

fn take_back_all(engine: &mut Engine<'_>) -> Result<(), StoreError> {
    let mut lost = Vec::new();
    each(engine.connection, "SELECT alone, jobs FROM ostler_claim ORDER BY id", |row| {
        let alone = row.get(0)?;
        let jobs = row.get::<_, Vec<u8>>(1)?;
        lost.extend(unpacked(&jobs).map(|(job, attempt)| Lost { job: job as i64, attempt, alone }));
        Ok(())
    })?;
    lost.retain(|lost| !matches!(live(engine, lost), Ok(None)));
    let is_one = lost.len() == 1;
    for lost in lost {
        // With another beside it in the process, nobody can tell which of them it was.
        take_back_one(engine, &Lost { alone: lost.alone && is_one, ..lost })?;
    }
    let removed = engine.connection.execute("DELETE FROM ostler_claim", ());
    removed.map(drop).map_err(|error| fault("remove the claims of the process before", error))
}

fn take_back_one(engine: &mut Engine<'_>, lost: &Lost) -> Result<(), StoreError> {
    let (before, flags) = match live(engine, lost)? {
        None => return Ok(()),
        Some(Ok(read)) => read,
        // It is counted when all rows are read.
        Some(Err(row)) => return engine.park_unreadable(&row),
    };
    let attempt = lost.attempt.saturating_add(1);
    let crashes = crashes(before, lost.alone);
    let written = engine.sql.lose_job.execute((lost.job, attempt, crashes, LOST));
    written.map_err(not_taken_back)?;
    if flags & 2 != 0 { engine.cancel_lost(lost.job as u64) } else { Ok(()) }
}

/// A row's crashes and flags, or the row, where they cannot be read.
type Read = Result<(u32, i64), Unreadable>;

/// Those of such a job, where it is live: while it has as many attempts as it was claimed with.
fn live(engine: &Engine<'_>, lost: &Lost) -> Result<Option<Read>, StoreError> {
    let live = "SELECT crashes, flags, id, queue, kind FROM ostler_job WHERE id = ?1 AND attempt = ?2";
    let mut live = engine.connection.prepare(live).map_err(not_taken_back)?;
    let row = live.query_row((lost.job, lost.attempt), |row| match (row.get(0), row.get(1)) {
        (Ok(crashes), Ok(flags)) => Ok(Ok((crashes, flags))),
        (Err(error), _) | (_, Err(error)) => Unreadable::new(row, error).map(Err),
    });
    row.optional().map_err(not_taken_back)
}

fn not_taken_back(error: rusqlite::Error) -> StoreError {
    fault("take back a job of the process before", error)
}

/// A job's row, as far as its place needs it.
struct Found {
    job: u64,
    kind: NameId,
    queue: NameId,
    priority: u8,
    due: Option<i64>,
    is_suspect: bool,
    is_blocked: bool,
}

fn load_jobs(engine: &mut Engine<'_>) -> Result<(), StoreError> {
    // The largest number that the file can be asked for: a larger one would be read there as a negative number, before all jobs of
    // this millisecond instead of behind them.
    engine.index.dues.advance((engine.now_ms(), i64::MAX as u64), None);
    let jobs =
        "SELECT id, kind, queue, priority, due, flags, blocked IS NOT NULL FROM ostler_job ORDER BY id";
    let (mut unreadable, mut count) = (Vec::new(), 0_u64);
    let connection = engine.connection;
    each(connection, jobs, |row| {
        match read(row) {
            Ok(found) if is_named(engine, &found) => place(engine, &found)?,
            // Nobody counts it, but nobody has to be told again either.
            _ if row.get(6)? => {}
            Ok(_) => unreadable.push(Unreadable::new(row, NO_NAME)?),
            Err(error) => unreadable.push(Unreadable::new(row, error)?),
        }
        // What is written down to be taken back would be larger than the index itself.
        count += 1;
        if count.is_multiple_of(1_024) {
            engine.index.keep();
        }
        Ok(())
    })?;
    if let Err(error) = park(engine, &unreadable) {
        tracing::error!(%error, rows = unreadable.len(), "rows that cannot be read could not be parked; they stay where they are");
    }
    Ok(())
}

/// Parks what could not be read, so that nobody meets it again.
fn park(engine: &mut Engine<'_>, unreadable: &[Unreadable]) -> Result<(), StoreError> {
    if unreadable.is_empty() {
        return Ok(());
    }
    engine.index.keep();
    engine.begin(Sync::Full, wall::now() + engine.options.deadline)?;
    engine.limit(None);
    if let Err(error) = unreadable.iter().try_for_each(|row| engine.park_unreadable(row)) {
        engine.roll_back();
        return Err(error);
    }
    engine.commit()?;
    unreadable.iter().for_each(|row| engine.count_unreadable(row, None));
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<Found> {
    Ok(Found {
        job: row.get::<_, i64>(0)? as u64,
        kind: row.get(1)?,
        queue: row.get(2)?,
        priority: row.get(3)?,
        due: row.get(4)?,
        is_suspect: row.get::<_, i64>(5)? & 1 != 0,
        is_blocked: row.get(6)?,
    })
}

fn is_named(engine: &Engine<'_>, found: &Found) -> bool {
    engine.index.name(found.kind).is_some() && engine.index.name(found.queue).is_some()
}

fn place(engine: &mut Engine<'_>, found: &Found) -> Result<(), StoreError> {
    let lane = engine.index.lane(found.queue, found.kind, found.priority);
    if found.is_blocked {
        engine.index.count_lane(lane, Stage::BLOCKED, 1);
    } else if let Some(due) = found.due.filter(|&due| due > engine.now_ms()) {
        engine.index.count_lane(lane, Stage::SCHEDULED, 1);
        engine.index.schedule((due, found.job), lane);
    } else {
        let place = match (found.is_suspect, engine.ids.is_of_inbox(found.job)) {
            (true, _) => Place::Suspect(engine.ids.next()?),
            (false, true) => Place::Back(engine.ids.next()?),
            (false, false) => Place::New,
        };
        engine.index.make_ready(lane, found.job, place);
    }
    Ok(())
}

/// Why a row ended the reading.
enum Stop {
    Sql(rusqlite::Error),
    Store(StoreError),
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Does it with each row.
fn each(
    connection: &Connection,
    sql: &str,
    mut with: impl FnMut(&Row<'_>) -> Result<(), Stop>,
) -> Result<(), StoreError> {
    let mut read = || {
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            with(row)?;
        }
        Ok(())
    };
    read().map_err(|stop| match stop {
        Stop::Sql(error) => fault("read its tables", error),
        Stop::Store(error) => error,
    })
}
