//! What has to be done from time to time.

use jiff::Timestamp;

use super::Verbs;
use crate::error::StoreError;
use crate::memory::news::News;
use crate::memory::row::Place;
use crate::state::Move;
use crate::store::{Pruned, Staged};

impl Verbs {
    pub(in crate::memory) fn stage(&mut self, now: Timestamp, news: &mut News) -> Result<Staged, StoreError> {
        let mut moved = 0;
        while let Some((_, job)) = self.table.first_due().filter(|(due, _)| *due <= now) {
            let turn = self.table.lanes.last_turn();
            self.go(job, Move::Due, Place::Ready(turn), news)?;
            moved += 1;
        }
        Ok(Staged { moved, next: self.table.first_due().map(|(due, _)| due) })
    }

    pub(in crate::memory) fn prune(&mut self, most: usize, now: Timestamp) -> Pruned {
        let removed = (0..most).take_while(|_| self.prune_one(now)).count();
        let more = self.table.first_outdated(now).is_some() || self.keys.has_ended(now);
        Pruned { removed, more }
    }

    fn prune_one(&mut self, now: Timestamp) -> bool {
        let Some(job) = self.table.first_outdated(now) else { return self.keys.prune_one(now) };
        self.table.forget(job);
        true
    }
}
