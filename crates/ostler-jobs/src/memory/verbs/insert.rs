//! Adding jobs.

use jiff::Timestamp;

use super::Verbs;
use crate::memory::news::News;
use crate::memory::row::{Place, Row};
use crate::store::{Inserted, NewRow};
use crate::unique::Until;

impl Verbs {
    pub(in crate::memory) fn insert(
        &mut self,
        rows: Vec<NewRow>,
        now: Timestamp,
        news: &mut News,
    ) -> Vec<Inserted> {
        rows.into_iter().map(|row| self.insert_one(row, now, news)).collect()
    }

    fn insert_one(&mut self, row: NewRow, now: Timestamp, news: &mut News) -> Inserted {
        let (kind, queue, priority, due, args, unique) = row.into_parts();
        if let Some(id) = unique.as_ref().and_then(|unique| self.keys.holder(unique.key, now)) {
            return Inserted { id, existing: true };
        }
        let place = match due.at(now) {
            Some(due) => Place::Scheduled(due),
            None => Place::Ready(self.table.lanes.last_turn()),
        };
        news.placed(place);
        let key = unique.as_ref().filter(|unique| unique.until == Until::Finished).map(|unique| unique.key);
        let id = self.table.add(Row {
            kind,
            queue,
            priority,
            args: args.into_text(),
            created: now,
            attempts: 0,
            crashes: 0,
            suspect: false,
            cancel_asked: false,
            key,
            error: None,
            result: None,
            place,
        });
        if let Some(unique) = unique {
            self.keys.hold(unique.key, id, unique.until, now);
        }
        Inserted { id, existing: false }
    }
}
