//! The last changes of a host's health: from one look to the next, what is better and what is worse. Pure.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;

use super::look::Finding;
use super::report::HealthKind;
use crate::status::Status;

/// How many changes are kept: some screenfuls, and what a bad night leaves behind.
pub(crate) const KEPT_CHANGES: usize = 64;

/// A change of the status of one part of a host. See [`HostHandle::health_changes`](crate::HostHandle::health_changes).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HealthChange {
    /// The part's name.
    pub name: String,
    /// What sort of part it is.
    pub kind: HealthKind,
    /// How well it was.
    pub from: Status,
    /// How well it is since then.
    pub to: Status,
    /// Why, in one line.
    pub reason: Option<String>,
    /// When that was seen.
    pub at: Timestamp,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// All that are not healthy.
    troubles: BTreeMap<Part, Status>,
    changes: VecDeque<Arc<HealthChange>>,
}

/// A part's kind and its name.
type Part = (HealthKind, String);

impl History {
    /// Compares what `look` shows with what was shown before.
    pub(crate) fn note<'a>(&mut self, at: Timestamp, look: impl FnOnce(&mut dyn FnMut(Finding<'a>))) {
        let mut before = std::mem::take(&mut self.troubles);
        let mut now = BTreeMap::new();
        let mut changes = Vec::new();
        look(&mut |finding| {
            let to = finding.verdict.status;
            if to == Status::Healthy {
                return;
            }
            let part = (finding.kind, finding.name.into_owned());
            let from = before.remove(&part).or_else(|| now.get(&part).copied()).unwrap_or_default();
            if from != to {
                let (name, kind, reason) = (part.1.clone(), finding.kind, finding.verdict.reason);
                changes.push(HealthChange { name, kind, from, to, reason, at });
            }
            now.insert(part, to);
        });
        // What is left is healthy again.
        for ((kind, name), from) in before {
            let to = Status::Healthy;
            changes.push(HealthChange { name, kind, from, to, reason: None, at });
        }
        self.troubles = now;
        changes.into_iter().for_each(|change| self.keep(change));
    }

    fn keep(&mut self, change: HealthChange) {
        if self.changes.len() == KEPT_CHANGES {
            self.changes.pop_front();
        }
        self.changes.push_back(Arc::new(change));
    }

    /// The newest first.
    pub(crate) fn changes(&self) -> Vec<HealthChange> {
        self.changes.iter().rev().map(|change| HealthChange::clone(change)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::derived::Verdict;
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn note(history: &mut History, second: i64, parts: &[(HealthKind, &str, Status, &str)]) {
        history.note(at(second), |seen| {
            for &(kind, name, status, reason) in parts {
                let verdict = Verdict::new(status, reason);
                let name = name.to_owned().into();
                seen(Finding { kind, name, verdict, age: None, took: None, tags: &[] });
            }
        });
    }

    fn told(history: &History) -> Vec<(String, Status, Status, Option<String>, i64)> {
        let tell = |change: HealthChange| {
            (change.name, change.from, change.to, change.reason, change.at.as_second())
        };
        history.changes().into_iter().map(tell).collect()
    }

    #[test]
    fn each_change_is_told_once_with_its_reason_and_its_time() {
        use Status::{Degraded, Healthy, Unhealthy};
        let mut history = History::default();
        note(&mut history, 1, &[(HealthKind::Check, "db", Healthy, "")]);
        note(&mut history, 2, &[(HealthKind::Check, "db", Degraded, "slow")]);
        note(&mut history, 3, &[(HealthKind::Check, "db", Degraded, "slower")]);
        note(&mut history, 4, &[(HealthKind::Check, "db", Unhealthy, "away")]);
        note(&mut history, 5, &[(HealthKind::Check, "db", Healthy, "")]);
        let db = || "db".to_owned();
        let expected = [
            (db(), Unhealthy, Healthy, None, 5),
            (db(), Degraded, Unhealthy, Some("away".into()), 4),
            (db(), Healthy, Degraded, Some("slow".into()), 2),
        ];
        assert_eq!(told(&history), expected);
    }

    #[test]
    fn a_check_and_a_unit_of_one_name_are_two_parts() {
        let mut history = History::default();
        let both = [
            (HealthKind::Check, "a", Status::Degraded, "x"),
            (HealthKind::Unit, "a", Status::Unhealthy, "y"),
        ];
        note(&mut history, 1, &both);
        note(&mut history, 2, &both[..1]);
        let kinds: Vec<_> = history.changes().into_iter().map(|change| (change.kind, change.to)).collect();
        let expected = [
            (HealthKind::Unit, Status::Healthy),
            (HealthKind::Unit, Status::Unhealthy),
            (HealthKind::Check, Status::Degraded),
        ];
        assert_eq!(kinds, expected);
    }

    #[test]
    fn the_history_is_bounded_and_keeps_the_newest() {
        let mut history = History::default();
        for second in 0..1_000 {
            let status = if second % 2 == 0 { Status::Unhealthy } else { Status::Healthy };
            note(&mut history, second, &[(HealthKind::Check, "db", status, "away")]);
        }
        let told = told(&history);
        assert_eq!((told.len(), told[0].4), (KEPT_CHANGES, 999));
    }
}
