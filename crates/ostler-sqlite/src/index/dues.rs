//! Which scheduled jobs have been made ready, without a write: all whose due time is up to a mark. The mark never goes back.
//!
//! A clock that is set back makes times that lie ahead and yet before the mark. Jobs with such a due time, which are few, are
//! kept in memory until then.

use std::collections::BTreeMap;

use super::undo::Undo;
use super::{Index, LaneId};

/// A due time in milliseconds, and the number of the job: the order in which jobs become ready.
pub(crate) type DueKey = (i64, u64);

/// The mark.
#[derive(Debug)]
pub(crate) struct Dues {
    mark: DueKey,
    /// The first due time after the mark, or earlier than it: `None` is none.
    next: Option<i64>,
    late: BTreeMap<DueKey, LaneId>,
}

impl Default for Dues {
    fn default() -> Self {
        Self { mark: (i64::MIN, 0), next: None, late: BTreeMap::new() }
    }
}

impl Dues {
    /// Up to where they are ready.
    pub(crate) fn mark(&self) -> DueKey {
        self.mark
    }

    /// Whether a job that is due then has yet to be made ready.
    pub(crate) fn is_scheduled(&self, key: DueKey) -> bool {
        key > self.mark || self.late.contains_key(&key)
    }

    /// When to look again.
    pub(crate) fn next(&self) -> Option<i64> {
        let late = self.late.first_key_value().map(|(&(due, _), _)| due);
        self.next.into_iter().chain(late).min()
    }

    /// All up to here are ready, and the next one is due then.
    pub(crate) fn advance(&mut self, mark: DueKey, next: Option<i64>) {
        self.mark = self.mark.max(mark);
        self.next = next;
    }

    /// Takes the first late one, where it is due at `now`.
    pub(crate) fn take_late(&mut self, now: i64) -> Option<(u64, LaneId)> {
        let first = self.late.first_entry().filter(|first| first.key().0 <= now)?;
        let ((_, job), lane) = first.remove_entry();
        Some((job, lane))
    }
}

impl Index {
    /// A job is due later.
    pub(crate) fn schedule(&mut self, key: DueKey, lane: LaneId) {
        if key > self.dues.mark {
            // An entry that is too early costs one look in vain, so it need not be taken back with its transaction.
            self.dues.next = Some(self.dues.next.map_or(key.0, |next| next.min(key.0)));
        } else {
            self.dues.late.insert(key, lane);
            self.undo.push(Undo::Late(key));
        }
    }

    /// A scheduled job will not be due.
    pub(crate) fn unschedule(&mut self, key: DueKey) {
        if let Some(lane) = self.dues.late.remove(&key) {
            self.undo.push(Undo::NotLate(key, lane));
        }
    }

    pub(super) fn undo_late(&mut self, key: DueKey) {
        self.dues.late.remove(&key);
    }

    pub(super) fn undo_not_late(&mut self, key: DueKey, lane: LaneId) {
        self.dues.late.insert(key, lane);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_due_time_before_the_mark_is_kept_until_the_clock_gets_there_again() {
        let mut index = Index::default();
        let lane = index.lane(1, 2, 5);
        index.dues.advance((1_000, u64::MAX), None);
        index.schedule((500, 7), lane);
        index.schedule((2_000, 8), lane);
        assert_eq!(index.dues.next(), Some(500));
        assert!(index.dues.is_scheduled((500, 7)) && !index.dues.is_scheduled((500, 6)));
        assert_eq!(index.dues.take_late(499), None);
        assert_eq!(index.dues.take_late(500), Some((7, lane)));
        assert_eq!(index.dues.next(), Some(2_000));
    }

    #[test]
    fn the_mark_never_goes_back() {
        let mut dues = Dues::default();
        dues.advance((1_000, 3), None);
        dues.advance((500, 9), None);
        assert_eq!(dues.mark(), (1_000, 3));
        assert!(!dues.is_scheduled((1_000, 3)) && dues.is_scheduled((1_000, 4)));
    }
}
