//! The verbs, on a store that nobody else sees meanwhile: one file for each group, as in [`store`](crate::store).

mod claim;
mod control;
mod finish;
mod insert;
mod inspect;
mod upkeep;
mod worker;

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::ending::{Detail, Ending, Next};
use super::keys::Keys;
use super::news::News;
use super::row::Place;
use super::table::Table;
use crate::error::StoreError;
use crate::id::JobId;
use crate::policy::Keep;
use crate::state::Move;

/// All that the store knows.
#[derive(Debug, Default)]
pub(super) struct Verbs {
    table: Table,
    keys: Keys,
    paused: BTreeSet<String>,
}

impl Verbs {
    /// Ends the attempt of a running job.
    fn end(&mut self, job: JobId, ending: Ending, now: Timestamp, news: &mut News) -> Result<(), StoreError> {
        let to = self.place(ending.next, now);
        let row = self.table.row(job)?;
        row.attempts = row.attempts.saturating_add(u32::from(ending.counts));
        row.result = ending.result;
        match ending.error {
            Detail::Same => {}
            Detail::None => row.error = None,
            Detail::Text(error) => row.error = Some(error),
        }
        self.go(job, ending.by, to, news)
    }

    fn place(&mut self, next: Next, now: Timestamp) -> Place {
        match next {
            Next::Front => Place::Ready(self.table.lanes.first_turn()),
            Next::Back => Place::Ready(self.table.lanes.last_turn()),
            Next::After(wait) => Place::Scheduled(now.saturating_add(wait).unwrap_or(Timestamp::MAX)),
            Next::Finished(state, keep) => Place::Finished { state, at: now, keep },
        }
    }

    /// Moves a job, and does what follows from where it comes to.
    fn go(&mut self, job: JobId, by: Move, to: Place, news: &mut News) -> Result<(), StoreError> {
        self.table.step(job, by, to)?;
        news.placed(to);
        if let Place::Finished { keep, .. } = to {
            self.finished(job, keep, news)?;
        }
        Ok(())
    }

    fn finished(&mut self, job: JobId, keep: Keep, news: &mut News) -> Result<(), StoreError> {
        let row = self.table.row(job)?;
        news.ended.push(row.status(job));
        if let Some(key) = row.key.take() {
            self.keys.release(key);
        }
        if keep.is_none() {
            self.table.forget(job);
        }
        Ok(())
    }
}
