//! Adding jobs.

use std::sync::Arc;

use ostler_jobs::store::Inserted;
use ostler_jobs::{Durability, StoreError};
use rusqlite::types::{ToSqlOutput, ValueRef};

use super::engine::Engine;
use super::fresh::Fresh;
use super::row::{Args, KeyUntil, Row, RowKey, later};
use crate::call::{Company, Sync, Verb};
use crate::file::fault;
use crate::index::{Index, LaneId, NameId, Place, Stage};

/// The verb.
pub(crate) struct Insert {
    rows: Vec<Row>,
    durability: Durability,
}

impl Insert {
    pub(crate) fn new(insert: ostler_jobs::store::Insert) -> Self {
        let rows = insert.rows.into_iter().map(Row::from).collect();
        Self { rows, durability: insert.durability }
    }
}

impl Verb for Insert {
    type Answer = Vec<Inserted>;

    fn company(&self, _: &Index) -> Company {
        Company::Group(match self.durability {
            Durability::Relaxed => Sync::Normal,
            _ => Sync::Full,
        })
    }

    fn run(&mut self, engine: &mut Engine<'_>) -> Result<Self::Answer, StoreError> {
        engine.room(self.rows.iter().filter(|row| row.is_due(engine.now())).count())?;
        self.rows.iter().map(|row| engine.insert(row)).collect()
    }
}

/// What is known of a job that is written.
struct Placed {
    id: u64,
    lane: LaneId,
    due: Option<i64>,
}

impl Engine<'_> {
    /// Adds a job within the open transaction: its row, its key, its place in the index. Whether there is room was asked before.
    pub(crate) fn insert(&mut self, row: &Row) -> Result<Inserted, StoreError> {
        let id = match row.id {
            Some(id) => id,
            None => self.ids.next()?,
        };
        if let Some(key) = &row.unique
            && let Some(holder) = self.take_key(id, key)?
        {
            return Ok(Inserted { id: self.ids.job_id(holder), existing: true });
        }
        let (queue, kind) = (self.name(&row.queue)?, self.name(&row.kind)?);
        let lane = self.index.lane(queue, kind, row.priority);
        let placed = Placed { id, lane, due: row.due.after(self.now()) };
        self.write(row, &placed)?;
        self.place(row, &placed)?;
        Ok(Inserted { id: self.ids.job_id(id), existing: false })
    }

    /// The number of a name, which is added where it is not known yet.
    pub(crate) fn name(&mut self, text: &Arc<str>) -> Result<NameId, StoreError> {
        if let Some(id) = self.index.name_id(text) {
            return Ok(id);
        }
        let id = self.index.next_name_id();
        self.sql.add_name.execute((id, &**text)).map_err(|error| fault("add a name", error))?;
        self.index.add_name(id, Arc::clone(text));
        Ok(id)
    }

    /// Gives a key to a job; the job that holds it, where there is one.
    fn take_key(&mut self, id: u64, RowKey { key, until }: &RowKey) -> Result<Option<u64>, StoreError> {
        let until = match until {
            KeyUntil::Finished => None,
            KeyUntil::After(time) => Some(later(self.now(), *time)),
        };
        let taken = self.sql.take_key.execute((key, id as i64, until, self.now.as_millisecond()));
        if taken.map_err(|error| fault("take a key", error))? > 0 {
            return Ok(None);
        }
        let holder = self.sql.holder.query_row((key,), |row| row.get::<_, i64>(0));
        Ok(Some(holder.map_err(|error| fault("read who holds a key", error))? as u64))
    }

    fn write(&mut self, row: &Row, placed: &Placed) -> Result<(), StoreError> {
        let (queue, kind, priority) = self.index.lane_key(placed.lane);
        let args = ToSqlOutput::Borrowed(ValueRef::Text(match &row.args {
            Args::Text(text) => text.as_bytes(),
            Args::Raw(bytes) => bytes,
        }));
        let key = key_of_row(row);
        if placed.due.is_none() && key.is_none() && row.blocked.is_none() {
            let written = (placed.id as i64, kind, queue, priority, self.now.as_millisecond(), args);
            let written = self.sql.add_plain_job.execute(written);
            return written.map(drop).map_err(|error| fault("add a job", error));
        }
        let written = self.sql.add_job.execute((
            placed.id as i64,
            kind,
            queue,
            priority,
            placed.due,
            self.now.as_millisecond(),
            key.as_ref(),
            row.blocked.as_deref(),
            args,
        ));
        written.map(drop).map_err(|error| fault("add a job", error))
    }

    fn place(&mut self, row: &Row, &Placed { id, lane, due }: &Placed) -> Result<(), StoreError> {
        if row.blocked.is_some() {
            self.index.count_lane(lane, Stage::BLOCKED, 1);
        } else if let Some(due) = due {
            self.index.count_lane(lane, Stage::SCHEDULED, 1);
            self.index.schedule((due, id), lane);
            self.news.scheduled(due);
        } else {
            let place = if row.id.is_some() { Place::Back(self.ids.next()?) } else { Place::New };
            self.index.make_ready(lane, id, place);
            self.news.ready = true;
            // A job with a number of its own was not checked by anyone yet: its claim reads the row.
            if let (Args::Text(args), None) = (&row.args, row.id) {
                let fresh = Fresh { args: Arc::clone(args), created: self.now_ms(), key: key_of_row(row) };
                self.fresh.put(id, fresh);
            }
        }
        Ok(())
    }
}

/// The key that is written with the job: one that holds until it is finished.
fn key_of_row(row: &Row) -> Option<[u8; 16]> {
    row.unique.filter(|unique| unique.until == KeyUntil::Finished).map(|unique| unique.key)
}
