//! The ready jobs, in lanes: one for each queue, priority and kind, and one more for the suspects of each. What a
//! claim leaves, because nobody knows its kind, is never walked over.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::id::JobId;

/// The order in which jobs became ready, of all lanes together. One that was given back comes before all that were
/// there.
pub(super) type Turn = i64;

/// Which lane.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) queue: Arc<str>,
    pub(super) priority: u8,
    pub(super) kind: Arc<str>,
    pub(super) suspect: bool,
}

/// The lanes of one priority of a queue; none of them is empty.
type Priority = BTreeMap<(Arc<str>, bool), BTreeMap<Turn, JobId>>;

/// All lanes.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    queues: BTreeMap<Arc<str>, BTreeMap<u8, Priority>>,
    first: Turn,
    last: Turn,
}

impl Lanes {
    /// The turn after all others.
    pub(super) fn last_turn(&mut self) -> Turn {
        self.last += 1;
        self.last
    }

    /// The turn before all others.
    pub(super) fn first_turn(&mut self) -> Turn {
        self.first -= 1;
        self.first
    }

    /// Puts a job into its lane.
    pub(super) fn add(&mut self, lane: Lane, turn: Turn, job: JobId) {
        let queue = self.queues.entry(lane.queue).or_default();
        queue
            .entry(lane.priority)
            .or_default()
            .entry((lane.kind, lane.suspect))
            .or_default()
            .insert(turn, job);
    }

    /// Takes a job out of its lane.
    pub(super) fn remove(&mut self, lane: Lane, turn: Turn) {
        let Some(queue) = self.queues.get_mut(&lane.queue) else { return };
        let Some(priority) = queue.get_mut(&lane.priority) else { return };
        let of_kind = (lane.kind, lane.suspect);
        if let Some(jobs) = priority.get_mut(&of_kind) {
            jobs.remove(&turn);
            if jobs.is_empty() {
                priority.remove(&of_kind);
            }
        }
        if priority.is_empty() {
            queue.remove(&lane.priority);
        }
        if queue.is_empty() {
            self.queues.remove(&lane.queue);
        }
    }

    /// The job of a queue that is next: of the lowest priority number that has one, that with the first turn.
    pub(super) fn next(&self, queue: &str, wanted: &Wanted<'_>) -> Option<JobId> {
        self.queues.get(queue)?.values().find_map(|priority| {
            let lanes = priority.iter().filter(|(lane, _)| wanted.has(lane));
            lanes.filter_map(|(_, jobs)| jobs.first_key_value()).min().map(|(_, &job)| job)
        })
    }

    /// How many suspects of these kinds wait in a queue.
    pub(super) fn suspects(&self, queue: &str, kinds: &BTreeSet<Arc<str>>) -> usize {
        let wanted = Wanted { kinds, suspect: Some(true) };
        let priorities = self.queues.get(queue).into_iter().flat_map(BTreeMap::values);
        priorities.flatten().filter(|(lane, _)| wanted.has(lane)).map(|(_, jobs)| jobs.len()).sum()
    }
}

/// Which lanes of a queue are asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// Of these kinds.
    pub(super) kinds: &'a BTreeSet<Arc<str>>,
    /// Only suspects, only others, or all alike.
    pub(super) suspect: Option<bool>,
}

impl Wanted<'_> {
    fn has(&self, (kind, suspect): &(Arc<str>, bool)) -> bool {
        self.suspect.is_none_or(|wanted| wanted == *suspect) && self.kinds.contains(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(priority: u8, kind: &str) -> Lane {
        Lane { queue: "q".into(), priority, kind: kind.into(), suspect: false }
    }

    #[test]
    fn the_next_is_that_of_the_lowest_priority_and_then_of_the_first_turn() {
        let mut lanes = Lanes::default();
        for (at, (priority, kind)) in [(5, "a"), (5, "b"), (2, "unknown"), (7, "a")].into_iter().enumerate() {
            let turn = lanes.last_turn();
            lanes.add(lane(priority, kind), turn, JobId::from_u128(at as u128));
        }
        let front = lanes.first_turn();
        lanes.add(lane(5, "b"), front, JobId::from_u128(9));
        let kinds = BTreeSet::from(["a".into(), "b".into()]);
        let wanted = Wanted { kinds: &kinds, suspect: None };
        assert_eq!(lanes.next("q", &wanted), Some(JobId::from_u128(9)));
        lanes.remove(lane(5, "b"), front);
        assert_eq!(lanes.next("q", &wanted), Some(JobId::from_u128(0)));
        assert_eq!(lanes.next("other", &wanted), None);
    }

    #[test]
    fn an_empty_lane_leaves_nothing() {
        let mut lanes = Lanes::default();
        let turn = lanes.last_turn();
        lanes.add(lane(5, "a"), turn, JobId::from_u128(1));
        lanes.remove(lane(5, "a"), turn);
        assert!(lanes.queues.is_empty());
    }
}
