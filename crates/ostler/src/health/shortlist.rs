//! The worst parts of a host, so many as fit in an answer, however many there are. Pure.

use std::time::Duration;

use super::look::Finding;
use super::report::HealthEntry;
use crate::status::Status;

/// An answer stays small however many units and checks there are: some ten thousand characters, as each reason is a
/// line.
pub(crate) const MOST_ENTRIES: usize = 100;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Shortlist {
    status: Status,
    /// One for each status. Each holds as many as may be shown, in the order in which they came.
    lists: [Vec<HealthEntry>; 3],
    seen: usize,
}

impl Shortlist {
    pub(crate) fn of(finding: Finding<'_>) -> Self {
        let mut list = Self::default();
        list.add(&finding);
        list
    }

    pub(crate) fn add(&mut self, finding: &Finding<'_>) {
        let status = finding.verdict.status;
        self.status = self.status.max(status);
        self.seen += 1;
        if self.has_room(status) {
            self.lists[status as usize].push(finding.to_entry());
        }
    }

    /// Whether one more of this status would be kept.
    pub(crate) fn has_room(&self, status: Status) -> bool {
        self.lists[status as usize].len() < MOST_ENTRIES
    }

    /// Adds all of `others`, which were seen so long ago.
    pub(crate) fn append(&mut self, others: &Self, ago: Duration) {
        self.status = self.status.max(others.status);
        self.seen += others.seen;
        for (list, others) in self.lists.iter_mut().zip(&others.lists) {
            let room = MOST_ENTRIES - list.len();
            list.extend(others.iter().take(room).map(|entry| HealthEntry {
                age: entry.age.map(|age| age.saturating_add(ago)),
                ..entry.clone()
            }));
        }
    }

    /// The worst of all that were seen.
    pub(crate) fn status(&self) -> Status {
        self.status
    }

    /// The worst first.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &HealthEntry> {
        self.lists.iter().rev().flatten().take(MOST_ENTRIES)
    }

    /// How many were seen that are not among them.
    pub(crate) fn more(&self) -> usize {
        self.seen - self.entries().count()
    }
}

#[cfg(test)]
mod tests {
    use super::super::derived::Verdict;
    use super::super::report::HealthKind;
    use super::*;

    fn finding(status: Status, name: &str) -> Finding<'_> {
        let verdict = Verdict { status, reason: None };
        Finding { kind: HealthKind::Unit, name: name.into(), verdict, age: None, took: None, tags: &[] }
    }

    #[test]
    fn of_none_it_is_healthy_and_of_several_the_worst_counts_and_comes_first() {
        let mut list = Shortlist::default();
        assert_eq!((list.status(), list.more()), (Status::Healthy, 0));
        for (status, name) in [
            (Status::Healthy, "a"),
            (Status::Degraded, "b"),
            (Status::Unhealthy, "c"),
            (Status::Healthy, "d"),
            (Status::Degraded, "e"),
        ] {
            list.add(&finding(status, name));
        }
        let names: Vec<&str> = list.entries().map(|entry| entry.name.as_str()).collect();
        assert_eq!((list.status(), names), (Status::Unhealthy, vec!["c", "b", "e", "a", "d"]));
    }

    #[test]
    fn what_is_appended_comes_behind_is_older_and_counts() {
        let second = Duration::from_secs(1);
        let mut list = Shortlist::of(finding(Status::Healthy, "host"));
        list.add(&Finding { age: Some(second), ..finding(Status::Degraded, "db") });
        let mut units = Shortlist::default();
        units.add(&Finding { age: Some(second), ..finding(Status::Unhealthy, "a") });
        (0..150).for_each(|_| units.add(&finding(Status::Healthy, "u")));
        list.append(&units, 2 * second);
        let shown: Vec<_> = list.entries().map(|entry| (entry.name.as_str(), entry.age)).collect();
        assert_eq!((list.status(), shown.len(), list.more()), (Status::Unhealthy, MOST_ENTRIES, 53));
        let first = [("a", Some(3 * second)), ("db", Some(second)), ("host", None), ("u", None)];
        assert_eq!(shown[..4], first);
        assert!(list.lists.iter().all(|list| list.len() <= MOST_ENTRIES));
    }

    #[test]
    fn a_hundred_thousand_take_the_room_of_a_hundred_and_the_worst_are_among_them() {
        let mut list = Shortlist::default();
        for number in 0..100_000 {
            let status = if number % 20_000 == 19_999 { Status::Unhealthy } else { Status::Healthy };
            list.add(&finding(status, "u"));
        }
        assert_eq!((list.entries().count(), list.more()), (MOST_ENTRIES, 100_000 - MOST_ENTRIES));
        assert_eq!(list.entries().filter(|entry| entry.status == Status::Unhealthy).count(), 5);
        assert!(list.lists.iter().all(|list| list.capacity() <= 2 * MOST_ENTRIES));
    }
}
