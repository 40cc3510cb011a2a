//! Rows of jobs that nobody can place, because another program wrote something else into them than the schema says.
//!
//! Such a row stops nothing: it is parked with the reason, and its columns become such as can be read, so that the job can be looked
//! at and cancelled as any other that is parked. Its arguments stay as they are.

use ostler_jobs::{MAX_PRIORITY, StoreError};
use rusqlite::Row;

use super::engine::Engine;
use crate::file::fault;
use crate::index::{NameId, Stage};

/// Of a row that can be read, and of which nobody knows whose it is.
pub(crate) const NO_NAME: &str = "its queue or its kind has no name";

/// A row, and why it cannot be read.
#[derive(Debug)]
pub(crate) struct Unreadable {
    job: i64,
    /// Its queue and its kind, where these are numbers.
    pair: Option<(NameId, NameId)>,
    why: String,
}

impl Unreadable {
    /// Of a row with the columns `id`, `queue` and `kind`.
    ///
    /// # Errors
    /// Only where the statement does not have these: an id is always a number.
    pub(crate) fn new(row: &Row<'_>, why: impl ToString) -> rusqlite::Result<Self> {
        let pair = row.get("queue").ok().zip(row.get("kind").ok());
        Ok(Self { job: row.get("id")?, pair, why: why.to_string() })
    }
}

impl Engine<'_> {
    /// Parks it in the file.
    ///
    /// # Errors
    /// It could not be written: nothing has changed.
    pub(crate) fn park_unreadable(
        &mut self,
        Unreadable { job, why, .. }: &Unreadable,
    ) -> Result<(), StoreError> {
        tracing::warn!(number = job, why, "a job is parked: its row cannot be read");
        let why = format!("its row cannot be read: {why}");
        let written = self.sql.park_unreadable.execute((job, why, MAX_PRIORITY, self.now_ms()));
        written.map(drop).map_err(|error| fault("park a job", error))
    }

    /// Counts it as parked, where its queue and its kind have names; `was` is how it was counted before.
    pub(crate) fn count_unreadable(&mut self, row: &Unreadable, was: Option<Stage>) {
        let has_names = |&(queue, kind): &(NameId, NameId)| {
            self.index.name(queue).is_some() && self.index.name(kind).is_some()
        };
        let Some((queue, kind)) = row.pair.filter(has_names) else { return };
        if let Some(was) = was {
            self.index.count(queue, kind, was, -1);
        }
        self.index.count(queue, kind, Stage::BLOCKED, 1);
    }
}
