//! Ending attempts.

use jiff::Timestamp;

use super::Verbs;
use crate::error::StoreError;
use crate::memory::ending;
use crate::memory::news::News;
use crate::store::{Finish, Verdict};

impl Verbs {
    pub(in crate::memory) fn finish(
        &mut self,
        ends: Vec<Finish>,
        now: Timestamp,
        news: &mut News,
    ) -> Result<Vec<Verdict>, StoreError> {
        ends.into_iter().map(|end| self.finish_one(end, now, news)).collect()
    }

    fn finish_one(&mut self, finish: Finish, now: Timestamp, news: &mut News) -> Result<Verdict, StoreError> {
        let Finish { claim, job, end, keep } = finish;
        if !self.table.get(job).is_some_and(|row| row.is_held_by(claim)) {
            return Ok(Verdict::Stale);
        }
        let row = self.table.row(job)?;
        // Its process did not die, so nothing is to be feared of it any more.
        row.suspect = false;
        let ending = ending::of_end(end, keep, row.cancel_asked);
        self.end(job, ending, now, news)?;
        Ok(Verdict::Accepted)
    }
}
