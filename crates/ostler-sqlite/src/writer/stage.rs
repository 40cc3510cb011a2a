//! Making due jobs ready: without a write, because the due time that has passed says it all.

use ostler_jobs::StoreError;
use ostler_jobs::store::Staged;
use rusqlite::types::ValueRef;
use rusqlite::{OptionalExtension, Row};

use super::engine::Engine;
use super::row::timestamp;
use super::unreadable::{NO_NAME, Unreadable};
use crate::call::{Company, Verb};
use crate::file::fault;
use crate::index::{Index, LaneId, Place, Stage as InState};

/// How many rows are read at a time.
const SLICE: usize = 1_000;

/// How many become ready at a time: reading them takes the writer tens of milliseconds.
const MOST: usize = 20_000;

/// The verb.
pub(crate) struct Stage;

impl Verb for Stage {
    type Answer = Staged;

    fn company(&self, _: &Index) -> Company {
        Company::Aside
    }

    fn run(&mut self, engine: &mut Engine<'_>) -> Result<Staged, StoreError> {
        engine.look_at_clock();
        let moved = engine.stage()?;
        // What was remembered may be earlier than the next one is, after a cancel.
        engine.look_for_next()?;
        Ok(Staged { moved, next: engine.index.dues.next().map(timestamp) })
    }
}

/// A job that is due.
struct Due {
    due: i64,
    job: u64,
    lane: LaneId,
}

impl Engine<'_> {
    /// Makes ready what is due by now, and as much as there is room for; how many that were.
    pub(crate) fn stage(&mut self) -> Result<usize, StoreError> {
        if self.index.dues.next().is_none_or(|next| next > self.now_ms()) {
            return Ok(0);
        }
        let most = MOST.min(self.options.max_ready.saturating_sub(self.index.ready()));
        let (mut moved, mut looked) = (0, 0);
        while moved < most
            && let Some((job, lane)) = self.index.dues.take_late(self.now_ms())
        {
            self.due_now(job, lane)?;
            moved += 1;
        }
        while moved + looked < most {
            let slice = self.due_jobs(SLICE.min(most - moved - looked))?;
            looked += slice.len();
            let is_last = slice.len() < SLICE;
            for row in slice {
                moved += usize::from(self.place_due(row)?);
            }
            if is_last {
                break;
            }
        }
        self.look_for_next()?;
        Ok(moved)
    }

    /// Makes a job ready or, where its row cannot be read, parks it; whether it is ready.
    fn place_due(&mut self, row: Result<Due, Unreadable>) -> Result<bool, StoreError> {
        match row {
            Ok(Due { due, job, lane }) => {
                self.due_now(job, lane)?;
                self.index.dues.advance((due, job), None);
                return Ok(true);
            }
            // What cannot be written now, since the disk is full or the lock is held, is tried again and keeps nobody else waiting.
            Err(row) => match self.park_unreadable(&row) {
                Ok(()) => self.count_unreadable(&row, Some(InState::SCHEDULED)),
                Err(error) => tracing::warn!(%error, "a row that cannot be read could not be parked"),
            },
        }
        Ok(false)
    }

    fn due_now(&mut self, job: u64, lane: LaneId) -> Result<(), StoreError> {
        let turn = self.ids.next()?;
        self.index.count_lane(lane, InState::SCHEDULED, -1);
        self.index.make_ready(lane, job, Place::Back(turn));
        self.news.ready = true;
        Ok(())
    }

    fn due_jobs(&mut self, most: usize) -> Result<Vec<Result<Due, Unreadable>>, StoreError> {
        let failed = |error| fault("read due jobs", error);
        let (due, job) = self.index.dues.mark();
        let index = &mut self.index;
        let asked = (due, job as i64, self.now.as_millisecond(), most as i64);
        let rows = self.sql.due_jobs.query_map(asked, |row| match read(row, index) {
            Ok(Some(due)) => Ok(Ok(due)),
            Ok(None) => Unreadable::new(row, NO_NAME).map(Err),
            Err(error) => Unreadable::new(row, error).map(Err),
        });
        rows.map_err(failed)?.collect::<Result<_, _>>().map_err(failed)
    }

    /// When the next job is due. Where not all were made ready for want of room, that is now, and whoever asks again finds out.
    pub(crate) fn look_for_next(&mut self) -> Result<(), StoreError> {
        let mark = self.index.dues.mark();
        let next = self.sql.next_due.query_row((mark.0, mark.1 as i64), |row| Ok(time(row.get_ref(0)?)));
        let next = next.optional().map_err(|error| fault("read when the next job is due", error))?;
        self.index.dues.advance(mark, next.flatten());
        Ok(())
    }
}

/// A job's row; `None` where its queue or its kind has no name.
fn read(row: &Row<'_>, index: &mut Index) -> rusqlite::Result<Option<Due>> {
    let (due, job, queue, kind, priority) =
        (row.get(0)?, row.get::<_, i64>(1)? as u64, row.get(2)?, row.get(3)?, row.get(4)?);
    let has_names = index.name(queue).is_some() && index.name(kind).is_some();
    Ok(has_names.then(|| Due { due, job, lane: index.lane(queue, kind, priority) }))
}

/// A time of the file, when to look at its row: a fraction is looked at, so that its row is parked. A text is later than all numbers.
fn time(value: ValueRef<'_>) -> Option<i64> {
    match value {
        ValueRef::Integer(time) => Some(time),
        ValueRef::Real(time) => Some(time.ceil() as i64),
        _ => None,
    }
}
