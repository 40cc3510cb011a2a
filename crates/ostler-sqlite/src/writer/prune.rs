//! Removing finished jobs that are kept no longer, and keys that hold no longer.
//!
//! Within a class the job that was added first is the first to go, by age as by number: a job that took long keeps those after it
//! for as long. So nothing is removed too early, and nothing but the first rows of a class is ever looked at: the first of each
//! of its runs, because the jobs of the inbox have numbers below all others, however late they came.

use std::ops::RangeInclusive;

use ostler_jobs::StoreError;
use ostler_jobs::store::Pruned;

use super::engine::Engine;
use crate::call::{Company, Sync, Verb};
use crate::file::fault;
use crate::ids::LAST_OF_INBOX;
use crate::index::{Class, Index, NameId};

/// The verb.
pub(crate) struct Prune(pub(crate) usize);

impl Verb for Prune {
    type Answer = Pruned;

    fn company(&self, _: &Index) -> Company {
        // What a power loss brings back is removed again.
        Company::Group(Sync::Normal)
    }

    fn run(&mut self, engine: &mut Engine<'_>) -> Result<Pruned, StoreError> {
        let mut removed = 0;
        let classes = engine.classes_in_order();
        for &class in &classes {
            removed += engine.prune_class(class, self.0 - removed)?;
        }
        removed += engine.prune_keys(self.0 - removed)?;
        Ok(Pruned { removed, more: engine.has_more(&classes)? })
    }
}

/// The numbers that go up with time: those of the inbox, and those of all openings.
const RUNS: [RangeInclusive<i64>; 2] = [0..=LAST_OF_INBOX, LAST_OF_INBOX + 1..=i64::MAX];

/// A finished job, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kept {
    id: i64,
    kind: NameId,
    created: i64,
    finished: i64,
}

/// Those of the first jobs of each run that go, up to so many: the one that was added first of all is always next.
fn going(class: Class, runs: &[Vec<Kept>; 2], most: usize, now: i64) -> Vec<Kept> {
    let [mut inbox, mut others] = runs.each_ref().map(|run| run.iter().peekable());
    let mut rows = class.rows;
    let mut going = Vec::new();
    while going.len() < most {
        let next = match (inbox.peek(), others.peek()) {
            (Some(one), Some(other)) if one.created < other.created => &mut inbox,
            (Some(_), None) => &mut inbox,
            _ => &mut others,
        };
        let Some(kept) = next.next_if(|kept| class.lets_go(rows, kept.finished, now)) else { break };
        going.push(*kept);
        rows = rows.saturating_sub(1);
    }
    going
}

impl Class {
    /// Whether its first job, which finished then, goes.
    fn lets_go(&self, rows: u64, finished: i64, now: i64) -> bool {
        rows > self.key.most || finished.saturating_add(self.key.age) <= now
    }
}

impl Engine<'_> {
    /// All classes with rows, in the order of their names, ends and terms: so every store removes in the same order.
    fn classes_in_order(&self) -> Vec<Class> {
        let mut classes: Vec<Class> = self.index.classes().copied().collect();
        classes.sort_by_key(|class| {
            let key = class.key;
            (self.index.name(key.queue).cloned(), key.state, key.age, key.most)
        });
        classes
    }

    fn prune_class(&mut self, class: Class, most: usize) -> Result<usize, StoreError> {
        if most == 0 {
            return Ok(0);
        }
        let runs = self.oldest(class, most)?;
        let going = going(class, &runs, most, self.now_ms());
        for run in RUNS {
            self.forget(class, &run, &going)?;
        }
        for kept in &going {
            self.index.count_kept(class.id, kept.kind, -1);
        }
        Ok(going.len())
    }

    /// Removes those of a run that go, which are its first ones.
    fn forget(&mut self, class: Class, run: &RangeInclusive<i64>, going: &[Kept]) -> Result<(), StoreError> {
        let Some(last) = going.iter().rfind(|kept| run.contains(&kept.id)) else { return Ok(()) };
        let removed = self.sql.forget_kept.execute((class.id, run.start(), last.id));
        removed.map(drop).map_err(|error| fault("remove finished jobs", error))
    }

    /// The first jobs of each run.
    fn oldest(&mut self, class: Class, most: usize) -> Result<[Vec<Kept>; 2], StoreError> {
        let [inbox, others] = RUNS;
        Ok([self.first_of(class, &inbox, most)?, self.first_of(class, &others, most)?])
    }

    fn first_of(
        &mut self,
        class: Class,
        run: &RangeInclusive<i64>,
        most: usize,
    ) -> Result<Vec<Kept>, StoreError> {
        let failed = |error| fault("read finished jobs", error);
        let asked = (class.id, run.start(), run.end(), most as i64);
        let rows = self.sql.oldest_kept.query_map(asked, |row| {
            Ok(Kept { id: row.get(0)?, kind: row.get(1)?, created: row.get(2)?, finished: row.get(3)? })
        });
        rows.map_err(failed)?.collect::<Result<_, _>>().map_err(failed)
    }

    fn prune_keys(&mut self, most: usize) -> Result<usize, StoreError> {
        if most == 0 {
            return Ok(0);
        }
        let removed = self.sql.forget_keys.execute((self.now.as_millisecond(), most as i64));
        removed.map_err(|error| fault("remove old keys", error))
    }

    fn has_more(&mut self, classes: &[Class]) -> Result<bool, StoreError> {
        let now = self.now_ms();
        for class in classes {
            let Some(class) = self.index.class(class.id).filter(|class| class.rows > 0) else { continue };
            if !going(class, &self.oldest(class, 1)?, 1, now).is_empty() {
                return Ok(true);
            }
        }
        let has_keys = self.sql.has_old_keys.query_row((now,), |row| row.get(0));
        has_keys.map_err(|error| fault("look for old keys", error))
    }
}

#[cfg(test)]
mod tests {
    use ostler_jobs::{JobState, Keep};

    use super::*;
    use crate::index::ClassKey;

    /// A class of so many jobs, of which the newest two are kept, and for a second.
    fn class(rows: u64) -> Class {
        let keep = Keep { age: std::time::Duration::from_secs(1), most: 2 };
        Class { id: 1, key: ClassKey::of(1, JobState::Done, keep), rows }
    }

    /// Added then, and finished at once.
    fn kept(id: i64, created: i64) -> Kept {
        Kept { id, kind: 1, created, finished: created }
    }

    fn ids(class: Class, runs: &[Vec<Kept>; 2], most: usize, now: i64) -> Vec<i64> {
        going(class, runs, most, now).iter().map(|kept| kept.id).collect()
    }

    const OPENED: i64 = LAST_OF_INBOX + 1;

    #[test]
    fn a_young_job_of_the_inbox_keeps_no_older_one() {
        let runs = [vec![kept(7, 500)], vec![kept(OPENED, 0), kept(OPENED + 1, 600)]];
        assert_eq!(ids(class(2), &runs, 9, 999), [] as [i64; 0]);
        assert_eq!(ids(class(2), &runs, 9, 1_000), [OPENED]);
        assert_eq!(ids(class(2), &runs, 9, 1_500), [OPENED, 7]);
    }

    #[test]
    fn by_number_the_oldest_of_both_runs_go_in_order() {
        let runs = [vec![kept(1, 2), kept(2, 4), kept(3, 6)], vec![kept(OPENED, 3), kept(OPENED + 1, 5)]];
        assert_eq!(ids(class(5), &runs, 9, 6), [1, OPENED, 2]);
        assert_eq!(ids(class(5), &runs, 2, 6), [1, OPENED]);
        assert_eq!(ids(class(5), &[Vec::new(), vec![kept(OPENED, 3)]], 9, 6), [OPENED]);
        assert_eq!(ids(class(5), &[vec![kept(1, 2)], Vec::new()], 9, 6), [1]);
    }
}
