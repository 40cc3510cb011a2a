//! All jobs and what finds them: lanes of the ready, due times of the scheduled, claims of the running, classes of
//! the finished, and how many there are of each state.
//!
//! A job stands in the index of its state and in no other: [`Table::step`] is the only way from one to another.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::history::{Class, History};
use super::lanes::Lanes;
use super::leases::Leases;
use super::row::{Place, Row};
use crate::error::{ErrorKind, StoreError};
use crate::id::JobId;
use crate::state::{JobState, Move, is_legal};
use crate::store::Count;

/// All jobs.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: BTreeMap<JobId, Row>,
    ids: Ids,
    due: BTreeSet<(Timestamp, JobId)>,
    counts: BTreeMap<(Arc<str>, Arc<str>, JobState), u64>,
    history: History,
    pub(super) lanes: Lanes,
    pub(super) leases: Leases,
}

impl Table {
    /// A job, where it is there.
    pub(super) fn get(&self, job: JobId) -> Option<&Row> {
        self.rows.get(&job)
    }

    /// A job that has to be there, to be changed; its lane may not change while it waits in it.
    pub(super) fn row(&mut self, job: JobId) -> Result<&mut Row, StoreError> {
        self.rows.get_mut(&job).ok_or_else(|| StoreError::new(ErrorKind::Bug, format!("no job {job}")))
    }

    /// All of them, in the order in which they were added.
    #[cfg(feature = "testing")]
    pub(super) fn iter(&self) -> impl Iterator<Item = (JobId, &Row)> {
        self.rows.iter().map(|(&job, row)| (job, row))
    }

    /// Adds a job, with a new id that is larger than all before.
    pub(super) fn add(&mut self, row: Row) -> JobId {
        let job = self.ids.next();
        self.enter(job, &row);
        self.rows.insert(job, row);
        job
    }

    /// Moves a job from one state to another. A move that is not legal changes nothing.
    pub(super) fn step(&mut self, job: JobId, by: Move, to: Place) -> Result<(), StoreError> {
        let mut row = self.rows.remove(&job).ok_or_else(|| bug(job, by, to))?;
        let legal = is_legal(row.state(), by, to.state());
        debug_assert!(legal, "{job} from {} by {by:?} to {}", row.state(), to.state());
        if legal {
            self.leave(job, &row);
            row.place = to;
            self.enter(job, &row);
        }
        self.rows.insert(job, row);
        if legal { Ok(()) } else { Err(bug(job, by, to)) }
    }

    /// Forgets a job. Of a finished one nothing else knows.
    pub(super) fn forget(&mut self, job: JobId) {
        if let Some(row) = self.rows.remove(&job) {
            self.leave(job, &row);
        }
    }

    /// When the first scheduled job is due, and which it is: of several, the one that was added first.
    pub(super) fn first_due(&self) -> Option<(Timestamp, JobId)> {
        self.due.first().copied()
    }

    /// The first finished job that is kept no longer.
    pub(super) fn first_outdated(&self, now: Timestamp) -> Option<JobId> {
        self.history.next(now, |job| match self.rows.get(&job).map(|row| row.place) {
            Some(Place::Finished { at, .. }) => at,
            _ => Timestamp::MAX,
        })
    }

    /// How many there are, in order.
    pub(super) fn counts(&self) -> Vec<Count> {
        let counts = self.counts.iter();
        let count = |((queue, kind, state), &jobs): (&(Arc<str>, Arc<str>, JobState), &u64)| Count {
            queue: Arc::clone(queue),
            kind: Arc::clone(kind),
            state: *state,
            jobs,
        };
        counts.map(count).collect()
    }

    /// Into the index of its place.
    fn enter(&mut self, job: JobId, row: &Row) {
        *self.counts.entry(counted(row)).or_default() += 1;
        match row.place {
            Place::Scheduled(due) => _ = self.due.insert((due, job)),
            Place::Ready(turn) => self.lanes.add(row.lane(), turn, job),
            // The claim is made as a whole, when all of its jobs are known.
            Place::Running(_) => {}
            Place::Finished { state, keep, .. } => {
                self.history.add(Class { queue: Arc::clone(&row.queue), state, keep }, job);
            }
        }
    }

    /// Out of the index of its place.
    fn leave(&mut self, job: JobId, row: &Row) {
        if let Some(jobs) = self.counts.get_mut(&counted(row)) {
            *jobs -= 1;
            if *jobs == 0 {
                self.counts.remove(&counted(row));
            }
        }
        match row.place {
            Place::Scheduled(due) => _ = self.due.remove(&(due, job)),
            Place::Ready(turn) => self.lanes.remove(row.lane(), turn),
            Place::Running(claim) => self.leases.release(claim, job),
            Place::Finished { state, keep, .. } => {
                self.history.remove(&Class { queue: Arc::clone(&row.queue), state, keep }, job);
            }
        }
    }
}

fn counted(row: &Row) -> (Arc<str>, Arc<str>, JobState) {
    (Arc::clone(&row.queue), Arc::clone(&row.kind), row.state())
}

fn bug(job: JobId, by: Move, to: Place) -> StoreError {
    StoreError::new(ErrorKind::Bug, format!("{job} cannot be moved by {by:?} to {}", to.state()))
}

/// Where ids come from: a UUID of version 8, whose first half is this store's and whose second one counts.
#[derive(Debug)]
struct Ids {
    store: u64,
    last: u64,
}

impl Default for Ids {
    fn default() -> Self {
        const VERSION: u64 = 0x8000;
        Self { store: fastrand::u64(..) & !0xf000 | VERSION, last: 0 }
    }
}

impl Ids {
    fn next(&mut self) -> JobId {
        const VARIANT: u64 = 0b10 << 62;
        self.last += 1;
        JobId::from_u128(u128::from(self.store) << 64 | u128::from(VARIANT | self.last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_uuid_that_no_other_store_gives() {
        let (mut one, mut other) = (Ids::default(), Ids::default());
        let (first, second) = (one.next(), one.next());
        assert!(first < second);
        assert_eq!(first.as_uuid().get_version_num(), 8);
        assert_eq!(first.as_uuid().get_variant(), uuid::Variant::RFC4122);
        assert_ne!(first, other.next());
    }
}
