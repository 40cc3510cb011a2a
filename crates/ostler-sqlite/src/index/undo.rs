//! What has to be taken back where a transaction fails: each change of the index, in order.
//!
//! Not changes that wait for the commit: the verbs of one group follow each other, and each has to see what those before it did.

use std::sync::Arc;

use super::counts::{PairId, Stage};
use super::dues::DueKey;
use super::lanes::{Entry, Line};
use super::{ClassId, Held, Index, LaneId, NameId};

/// A change.
#[derive(Debug)]
pub(super) enum Undo {
    Readied { lane: LaneId, line: Line, front: bool },
    Took { lane: LaneId, line: Line, entry: Entry },
    Removed { lane: LaneId, line: Line, at: usize, entry: Entry },
    Gone { lane: LaneId, job: u64 },
    Dropped { lane: LaneId, entry: u64 },
    Counted { pair: PairId, stage: Stage, more: i64 },
    Ran { job: u64 },
    Rested { job: u64 },
    CancelAsked { job: u64 },
    Held { claim: u64 },
    Released { claim: u64 },
    ClaimEnded { claim: u64, held: Box<Held> },
    WorkerEnded { worker: u64, beat: u64 },
    Named(NameId),
    Classed(ClassId),
    Kept { class: ClassId, more: i64 },
    Paused(Arc<str>),
    Resumed(Arc<str>),
    Late(DueKey),
    NotLate(DueKey, LaneId),
}

/// How far the changes had come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark(usize);

impl Index {
    /// How far the changes have come.
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.undo.len())
    }

    /// All changes are committed.
    pub(crate) fn keep(&mut self) {
        self.undo.clear();
        self.rested.clear();
    }

    /// Takes back all changes since the mark.
    pub(crate) fn undo_to(&mut self, Mark(mark): Mark) {
        while self.undo.len() > mark {
            if let Some(undo) = self.undo.pop() {
                self.take_back(undo);
            }
        }
    }

    /// Takes back all changes since the last that were kept.
    pub(crate) fn undo_all(&mut self) {
        self.undo_to(Mark(0));
    }

    fn take_back(&mut self, undo: Undo) {
        match undo {
            Undo::Readied { lane, line, front } => self.undo_readied(lane, line, front),
            Undo::Took { lane, line, entry } => self.undo_took(lane, line, entry),
            Undo::Removed { lane, line, at, entry } => self.undo_removed(lane, line, at, entry),
            Undo::Gone { lane, job } => self.undo_gone(lane, job),
            Undo::Dropped { lane, entry } => self.undo_dropped(lane, entry),
            Undo::Counted { pair, stage, more } => self.add_to_count(pair, stage, -more),
            Undo::Ran { job } => self.undo_ran(job),
            Undo::Rested { job } => self.undo_rested(job),
            Undo::CancelAsked { job } => self.undo_cancel_asked(job),
            Undo::Held { claim } => self.undo_held(claim),
            Undo::Released { claim } => self.undo_released(claim),
            Undo::ClaimEnded { claim, held } => self.undo_claim_ended(claim, *held),
            Undo::WorkerEnded { worker, beat } => self.undo_worker_ended(worker, beat),
            Undo::Named(id) => self.undo_name(id),
            Undo::Classed(id) => self.undo_class(id),
            Undo::Kept { class, more } => self.add_to_class(class, -more),
            Undo::Paused(queue) => self.undo_pause(&queue),
            Undo::Resumed(queue) => self.undo_resume(queue),
            Undo::Late(key) => self.undo_late(key),
            Undo::NotLate(key, lane) => self.undo_not_late(key, lane),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::{ClassKey, KindSet, Place, Running, Which};

    const QUEUE: NameId = 1;

    /// All that a transaction may change; not what is only looked up.
    fn shown(index: &Index) -> String {
        let mut running: Vec<_> = index.leases_shown();
        running.sort();
        let mut classes: Vec<_> = index.classes().map(|class| (class.id, class.rows)).collect();
        classes.sort();
        let kinds: KindSet = (10..13).collect();
        let ready = (index.ready(), index.suspects(QUEUE, &kinds), index.lanes_shown());
        format!(
            "{ready:?} {running:?} {classes:?} {:?} {:?} {:?}",
            index.counts_shown(),
            index.paused,
            index.dues
        )
    }

    /// Numbers without an order, the same ones each time.
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, sides: u64) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0 % sides
        }
    }

    /// Some change, of a job that may be there or not.
    fn change(index: &mut Index, dice: &mut Dice, next: &mut u64) {
        *next += 1;
        let lane = index.lane(QUEUE, 10 + dice.roll(3) as NameId, 5);
        let some = (1 << 40) + dice.roll(*next - (1 << 40));
        match dice.roll(12) {
            0 | 1 => index.make_ready(lane, *next, Place::New),
            2 => index.make_ready(lane, *next, Place::Back(*next)),
            3 => index.make_ready(lane, *next, Place::Suspect(*next)),
            4 => index.make_ready(lane, *next, Place::Front),
            5 => _ = index.remove_ready(lane, some),
            6 | 7 => claim(index, dice, *next),
            8 => end_some(index, dice),
            9 => index.ask_cancel(some),
            10 => {
                let key = ClassKey { queue: QUEUE, state: 4, age: 1, most: dice.roll(3) };
                let class = index.class_id(key).unwrap_or_else(|| {
                    let id = index.next_class_id();
                    index.add_class(id, key);
                    id
                });
                index.count_kept(class, 10, 1);
            }
            _ => {
                let queue: Arc<str> = format!("q{}", dice.roll(3)).into();
                _ = if dice.roll(2) == 0 { index.pause(&queue) } else { index.resume(&queue) };
                index.schedule((-1, *next), lane);
                index.unschedule((-1, *next - dice.roll(40)));
            }
        }
    }

    fn claim(index: &mut Index, dice: &mut Dice, claim: u64) {
        let which = [Which::All, Which::Innocents, Which::Suspects][dice.roll(3) as usize];
        let mut taken = Vec::new();
        index.take_ready(QUEUE, &(10..13).collect(), which, dice.roll(5) as usize, &mut taken);
        if taken.is_empty() {
            return;
        }
        for one in &taken {
            index.run(
                one.job,
                Running {
                    claim,
                    lane: one.lane,
                    attempt: 0,
                    crashes: 0,
                    created: 0,
                    key: None,
                    cancel_asked: false,
                    args: "".into(),
                },
            );
        }
        let jobs: Vec<_> = taken.iter().map(|one| (one.job, 0)).collect();
        index.hold(claim, Held { worker: dice.roll(3), alone: false, left: jobs.len(), jobs });
    }

    fn end_some(index: &mut Index, dice: &mut Dice) {
        let worker = dice.roll(3);
        for claim in index.claims_of(worker) {
            for (job, _) in index.alive_in(claim) {
                if dice.roll(2) == 0 {
                    index.rest(job);
                    index.release(claim);
                }
            }
        }
        if dice.roll(4) == 0 {
            index.end_worker(worker);
            index.join(worker);
        }
    }

    #[test]
    fn whatever_was_changed_is_taken_back_to_each_mark() {
        let mut dice = Dice(0x5eed);
        let mut index = Index::default();
        index.add_name(QUEUE, "q".into());
        (10..13).for_each(|kind| index.add_name(kind, format!("k{kind}").into()));
        (0..3).for_each(|worker| index.join(worker));
        // Due times before it are late ones.
        index.dues.advance((0, 0), None);
        let mut next = 1 << 40;
        for round in 0..400 {
            (0..dice.roll(30)).for_each(|_| change(&mut index, &mut dice, &mut next));
            index.keep();
            let before = shown(&index);
            (0..dice.roll(30)).for_each(|_| change(&mut index, &mut dice, &mut next));
            let (mark, middle) = (index.mark(), shown(&index));
            (0..dice.roll(30)).for_each(|_| change(&mut index, &mut dice, &mut next));
            index.undo_to(mark);
            assert_eq!(shown(&index), middle, "round {round}");
            index.undo_all();
            assert_eq!(shown(&index), before, "round {round}");
            assert!(index.rested.is_empty());
        }
    }
}
