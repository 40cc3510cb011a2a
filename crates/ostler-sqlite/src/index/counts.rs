//! How many jobs there are of each queue, kind and state.

use ostler_jobs::{Count, JobState};

use super::undo::Undo;
use super::{Index, NameId};

/// A pair of queue and kind, by its place in the table.
pub(super) type PairId = u32;

/// All pairs.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pairs: super::IdMap<(NameId, NameId), PairId>,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    queue: NameId,
    kind: NameId,
    jobs: [u64; JobState::ALL.len()],
}

/// A state, as its place among all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stage(u8);

impl Stage {
    pub(crate) const SCHEDULED: Self = Self(0);
    pub(crate) const READY: Self = Self(1);
    pub(crate) const BLOCKED: Self = Self(2);
    pub(crate) const RUNNING: Self = Self(3);

    /// That of a job that ended.
    pub(crate) fn of(state: JobState) -> Self {
        let at = JobState::ALL.iter().position(|&of_all| of_all == state);
        Self(at.and_then(|at| u8::try_from(at).ok()).unwrap_or_default())
    }
}

impl Index {
    /// The pair of this queue and this kind.
    pub(super) fn pair(&mut self, queue: NameId, kind: NameId) -> PairId {
        let rows = &mut self.counts.rows;
        *self.counts.pairs.entry((queue, kind)).or_insert_with(|| {
            rows.push(Row { queue, kind, jobs: Default::default() });
            (rows.len() - 1) as PairId
        })
    }

    /// So many jobs more, or fewer.
    pub(crate) fn count(&mut self, queue: NameId, kind: NameId, stage: Stage, more: i64) {
        let pair = self.pair(queue, kind);
        self.count_pair(pair, stage, more);
    }

    pub(super) fn count_pair(&mut self, pair: PairId, stage: Stage, more: i64) {
        self.add_to_count(pair, stage, more);
        self.undo.push(Undo::Counted { pair, stage, more });
    }

    pub(super) fn add_to_count(&mut self, pair: PairId, stage: Stage, more: i64) {
        if let Some(row) = self.counts.rows.get_mut(pair as usize) {
            let jobs = &mut row.jobs[usize::from(stage.0)];
            debug_assert!(jobs.checked_add_signed(more).is_some(), "fewer than none in {stage:?}");
            *jobs = jobs.saturating_add_signed(more);
        }
    }

    /// All counts that are not zero, in order.
    pub(crate) fn counts(&self) -> Vec<Count> {
        let mut counts: Vec<_> = self.counts.rows.iter().flat_map(|row| self.counts_of(row)).collect();
        counts.sort();
        counts
    }

    fn counts_of<'a>(&'a self, row: &'a Row) -> impl Iterator<Item = Count> + 'a {
        let names = self.name(row.queue).zip(self.name(row.kind));
        names.into_iter().flat_map(move |(queue, kind)| {
            let states = JobState::ALL.into_iter().zip(row.jobs).filter(|&(_, jobs)| jobs > 0);
            states.map(|(state, jobs)| Count { queue: queue.clone(), kind: kind.clone(), state, jobs })
        })
    }
}

#[cfg(test)]
impl Index {
    /// For a comparison.
    pub(super) fn counts_shown(&self) -> String {
        format!("{:?}", self.counts.rows)
    }
}
