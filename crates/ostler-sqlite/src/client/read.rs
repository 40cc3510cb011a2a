//! What a client reads of jobs, each call in one snapshot of the file.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use ostler_jobs::{Count, JobId, JobState, JobStatus, StoreError, name};
use rusqlite::{Connection, OptionalExtension, Row, Transaction};

use super::state::{self, Claimed};
use crate::file::fault;
use crate::ids::from_job_id;
use crate::writer::timestamp;

/// Flags of a job's row: it is to be cancelled.
const CANCEL: i64 = 2;

const IN_INBOX: &str = "SELECT kind, queue, priority, due FROM ostler_inbox WHERE id = ?1";

const LIVE: &str = "SELECT k.name, q.name, j.priority, j.attempt, j.crashes, j.created, \
     j.due, j.blocked, j.error, j.flags \
     FROM ostler_job j JOIN ostler_name k ON k.id = j.kind JOIN ostler_name q ON q.id = j.queue WHERE j.id = ?1";

/// Each class is looked into: they are as many as there are queues with a retention of their own, times three.
const FINISHED: &str = "SELECT k.name, q.name, h.priority, h.attempt, h.crashes, h.created, \
     h.finished, h.detail, c.state \
     FROM ostler_class c CROSS JOIN ostler_history h ON h.class = c.id AND h.id = ?1 \
     JOIN ostler_name k ON k.id = h.kind JOIN ostler_name q ON q.id = c.queue";

const COUNT_INBOX: &str = "SELECT queue, kind, typeof(due) = 'integer' AND due > ?1, count(*) \
     FROM ostler_inbox WHERE typeof(queue) = 'text' AND typeof(kind) = 'text' GROUP BY 1, 2, 3";

const COUNT_LIVE: &str = "SELECT q.name, k.name, j.blocked IS NOT NULL, coalesce(j.due > ?1, 0), count(*) \
     FROM ostler_job j JOIN ostler_name k ON k.id = j.kind JOIN ostler_name q ON q.id = j.queue \
     GROUP BY j.queue, j.kind, 3, 4";

const COUNT_FINISHED: &str = "SELECT q.name, k.name, c.state, count(*) \
     FROM ostler_history h JOIN ostler_class c ON c.id = h.class \
     JOIN ostler_name k ON k.id = h.kind JOIN ostler_name q ON q.id = c.queue GROUP BY c.queue, h.kind, c.state";

/// What is known of a job.
pub(super) fn status(
    connection: &mut Connection,
    job: JobId,
    file: u64,
    now: i64,
) -> Result<Option<JobStatus>, StoreError> {
    let Some(number) = from_job_id(file, job) else { return Ok(None) };
    let number = number.cast_signed();
    let snapshot = snapshot(connection)?;
    if let Some(status) = one(&snapshot, IN_INBOX, number, |row| in_inbox(job, row, now))? {
        return Ok(Some(status));
    }
    if let Some((mut status, blocked)) = one(&snapshot, LIVE, number, |row| live(job, row))? {
        let runs = Claimed::read(&snapshot)?.runs(number.cast_unsigned(), status.attempts);
        settle(&mut status, runs, blocked, now);
        return Ok(Some(status));
    }
    Ok(one(&snapshot, FINISHED, number, |row| finished(job, row))?.flatten())
}

/// How many jobs there are.
pub(super) fn counts(connection: &mut Connection, now: i64) -> Result<Vec<Count>, StoreError> {
    let snapshot = snapshot(connection)?;
    let mut counts = Counts::default();
    each(&snapshot, COUNT_INBOX, &[&now], |row| {
        let due: bool = row.get(2)?;
        // A row whose names are none is counted when it is parked; it may be no text at all.
        if let (Ok(queue), Ok(kind)) = (row.get::<_, String>(0), row.get::<_, String>(1))
            && name::is_allowed(&queue)
            && name::is_allowed(&kind)
        {
            counts.add(queue, kind, if due { JobState::Scheduled } else { JobState::Ready }, row.get(3)?);
        }
        Ok(())
    })?;
    each(&snapshot, COUNT_LIVE, &[&now], |row| {
        let due = row.get::<_, bool>(3)?.then_some(i64::MAX);
        counts.add(row.get(0)?, row.get(1)?, state::live(false, row.get(2)?, due, now), row.get(4)?);
        Ok(())
    })?;
    for (job, attempts) in Claimed::read(&snapshot)?.jobs() {
        let found = one(&snapshot, LIVE, job.cast_signed(), |row| live(JobId::from_u128(0), row))?;
        if let Some((status, blocked)) = found.filter(|(status, _)| status.attempts == attempts) {
            let due = status.due.map(Timestamp::as_millisecond);
            counts.runs(&status, state::live(false, blocked, due, now));
        }
    }
    each(&snapshot, COUNT_FINISHED, &[], |row| {
        if let Some(state) = state::finished(row.get(2)?) {
            counts.add(row.get(0)?, row.get(1)?, state, row.get(3)?);
        }
        Ok(())
    })?;
    Ok(counts.into_list())
}

/// The queues that are paused.
pub(super) fn paused(connection: &mut Connection) -> Result<Vec<String>, StoreError> {
    let snapshot = snapshot(connection)?;
    let mut queues = Vec::new();
    each(&snapshot, "SELECT queue FROM ostler_paused ORDER BY queue", &[], |row| {
        queues.push(row.get(0)?);
        Ok(())
    })?;
    Ok(queues)
}

/// Numbers by queue, kind and state.
#[derive(Default)]
struct Counts(BTreeMap<(String, String, JobState), u64>);

impl Counts {
    fn add(&mut self, queue: String, kind: String, state: JobState, jobs: i64) {
        *self.0.entry((queue, kind, state)).or_default() += jobs.unsigned_abs();
    }

    /// One that was counted as if it waited is running.
    fn runs(&mut self, status: &JobStatus, counted_as: JobState) {
        let (queue, kind) = (status.queue.to_string(), status.kind.to_string());
        if let Some(jobs) = self.0.get_mut(&(queue.clone(), kind.clone(), counted_as)) {
            *jobs = jobs.saturating_sub(1);
        }
        self.add(queue, kind, JobState::Running, 1);
    }

    fn into_list(self) -> Vec<Count> {
        let counts = self.0.into_iter().filter(|&(_, jobs)| jobs > 0);
        let named = |((queue, kind, state), jobs): (_, u64)| -> Count {
            let (queue, kind): (String, String) = (queue, kind);
            Count { queue: queue.into(), kind: kind.into(), state, jobs }
        };
        counts.map(named).collect()
    }
}

/// What the owner will make of it; one that is no job is parked then.
fn in_inbox(job: JobId, row: &Row<'_>, now: i64) -> rusqlite::Result<JobStatus> {
    let (kind, queue) = (text(row, 0)?, text(row, 1)?);
    let due = row.get_ref(3)?.as_i64().ok();
    let mut status = JobStatus::new(job, kind, queue, state::waiting(due, now), timestamp(now));
    if let Some(priority) = row.get_ref(2)?.as_i64().ok().and_then(|priority| u8::try_from(priority).ok()) {
        status.priority = priority;
    }
    status.due = due.filter(|&due| due > now).map(timestamp);
    Ok(status)
}

/// As it stands in its row, and whether it is blocked.
fn live(job: JobId, row: &Row<'_>) -> rusqlite::Result<(JobStatus, bool)> {
    let mut status = begun(job, row)?;
    let blocked: Option<Arc<str>> = optional_text(row, 7)?;
    let is_blocked = blocked.is_some();
    status.due = row.get::<_, Option<i64>>(6)?.map(timestamp);
    status.error = blocked.or(optional_text(row, 8)?);
    status.cancel_asked = row.get::<_, i64>(9)? & CANCEL != 0;
    Ok((status, is_blocked))
}

/// What follows from whether it runs.
fn settle(status: &mut JobStatus, runs: bool, blocked: bool, now: i64) {
    status.state = state::live(runs, blocked, status.due.map(Timestamp::as_millisecond), now);
    status.attempts += u32::from(runs);
    status.cancel_asked &= runs;
    if status.state != JobState::Scheduled {
        status.due = None;
    }
}

/// `None` where its class is of no state that this version knows.
fn finished(job: JobId, row: &Row<'_>) -> rusqlite::Result<Option<JobStatus>> {
    let Some(state) = state::finished(row.get(8)?) else { return Ok(None) };
    let mut status = begun(job, row)?;
    status.state = state;
    status.finished = Some(timestamp(row.get(6)?));
    match state {
        JobState::Done => status.result = optional_text(row, 7)?,
        _ => status.error = optional_text(row, 7)?,
    }
    Ok(Some(status))
}

/// The columns that both have: names, priority, attempts, crashes, and when it was created.
fn begun(job: JobId, row: &Row<'_>) -> rusqlite::Result<JobStatus> {
    let mut status =
        JobStatus::new(job, text(row, 0)?, text(row, 1)?, JobState::Ready, timestamp(row.get(5)?));
    status.priority = row.get(2)?;
    status.attempts = row.get(3)?;
    status.crashes = row.get(4)?;
    Ok(status)
}

/// What stands there, also where it is no UTF-8: anything may stand in the inbox.
fn text(row: &Row<'_>, at: usize) -> rusqlite::Result<Arc<str>> {
    Ok(optional_text(row, at)?.unwrap_or_default())
}

fn optional_text(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Arc<str>>> {
    let value = row.get_ref(at)?;
    Ok(value.as_bytes_or_null()?.map(|bytes| String::from_utf8_lossy(bytes).into()))
}

fn snapshot(connection: &mut Connection) -> Result<Transaction<'_>, StoreError> {
    connection.transaction().map_err(|error| fault("begin to read", error))
}

fn one<T>(
    connection: &Connection,
    sql: &str,
    number: i64,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, StoreError> {
    let failed = |error| fault("read a job", error);
    let mut statement = connection.prepare(sql).map_err(failed)?;
    statement.query_row([number], read).optional().map_err(failed)
}

fn each(
    connection: &Connection,
    sql: &str,
    values: &[&dyn rusqlite::ToSql],
    mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
) -> Result<(), StoreError> {
    let failed = |error| fault("read the jobs", error);
    let mut statement = connection.prepare(sql).map_err(failed)?;
    let mut rows = statement.query(values).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        read(row).map_err(failed)?;
    }
    Ok(())
}
