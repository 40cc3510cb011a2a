//! The ready jobs: lanes of their numbers, one lane for each queue, kind and priority. A kind that nobody asks for costs nothing.
//!
//! Within a priority jobs run in the order in which they became ready, whatever their kind. That order is a *turn*. The numbers of
//! new jobs only rise and they are ready when they are given, so such a job's number is its turn and eight bytes are all that it
//! takes. One that becomes ready later, after a wait or an attempt, takes a new number as its turn and sixteen bytes. A job that
//! was given back has a turn below all numbers.

use std::collections::{HashSet, VecDeque};
use std::hash::BuildHasherDefault;

use ostler_jobs::MAX_PRIORITY;

use super::counts::PairId;
use super::hash::IdHasher;
use super::undo::Undo;
use super::{IdMap, Index, NameId, Stage};

/// A lane, by its place in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LaneId(u32);

/// Some kinds.
pub(crate) type KindSet = HashSet<NameId, BuildHasherDefault<IdHasher>>;

/// Where a job comes into its lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// It is new: its number is larger than all before.
    New,
    /// After all others, with this turn: a new number.
    Back(u64),
    /// Before all others.
    Front,
    /// Among the suspects, with this turn: a new number.
    Suspect(u64),
}

/// Which of the ready jobs are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// Those that are no suspects.
    Innocents,
    /// Those that are.
    Suspects,
    /// All.
    All,
}

/// A job that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) lane: LaneId,
    pub(crate) job: u64,
}

/// The parts of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    New,
    Again,
    Suspects,
}

/// A job with its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) turn: u64,
    pub(super) job: u64,
}

/// Marks an entry of a new job that is ready no more; it goes when it is the first. To move all behind it at once would make
/// the cancelling of many quadratic.
const GONE: u64 = 1 << 63;

/// Turns from here on downwards are those of jobs that were given back: numbers of an epoch are larger.
const FRONT: u64 = 1 << 40;

#[derive(Debug)]
struct Lane {
    queue: NameId,
    kind: NameId,
    priority: u8,
    pair: PairId,
    new: VecDeque<u64>,
    again: VecDeque<Entry>,
    suspects: VecDeque<Entry>,
    /// How many are in `new` and `again`, but for those that are gone.
    innocents: usize,
}

/// All lanes.
#[derive(Debug)]
pub(super) struct Lanes {
    by_key: IdMap<(NameId, NameId, u8), LaneId>,
    by_queue: IdMap<NameId, [Vec<LaneId>; MAX_PRIORITY as usize + 1]>,
    lanes: Vec<Lane>,
    ready: usize,
    front: u64,
}

impl Default for Lanes {
    fn default() -> Self {
        Self {
            by_key: IdMap::default(),
            by_queue: IdMap::default(),
            lanes: Vec::new(),
            ready: 0,
            front: FRONT,
        }
    }
}

impl Index {
    /// The lane of this queue, this kind and this priority, at most [`MAX_PRIORITY`].
    pub(crate) fn lane(&mut self, queue: NameId, kind: NameId, priority: u8) -> LaneId {
        let priority = priority.min(MAX_PRIORITY);
        if let Some(&lane) = self.lanes.by_key.get(&(queue, kind, priority)) {
            return lane;
        }
        let pair = self.pair(queue, kind);
        let id = LaneId(self.lanes.lanes.len() as u32);
        self.lanes.lanes.push(Lane::new(queue, kind, priority, pair));
        self.lanes.by_key.insert((queue, kind, priority), id);
        self.lanes.by_queue.entry(queue).or_default()[usize::from(priority)].push(id);
        id
    }

    /// Queue, kind and priority of a lane.
    pub(crate) fn lane_key(&self, lane: LaneId) -> (NameId, NameId, u8) {
        let lane = &self.lanes.lanes[lane.0 as usize];
        (lane.queue, lane.kind, lane.priority)
    }

    /// How many jobs are ready.
    pub(crate) fn ready(&self) -> usize {
        self.lanes.ready
    }

    /// A job is ready.
    pub(crate) fn make_ready(&mut self, id: LaneId, job: u64, place: Place) {
        let line = match place {
            Place::New => Line::New,
            Place::Back(_) | Place::Front => Line::Again,
            Place::Suspect(_) => Line::Suspects,
        };
        let lane = &mut self.lanes.lanes[id.0 as usize];
        match place {
            Place::New => {
                debug_assert!(lane.new.back().is_none_or(|&last| last & !GONE < job), "the order of {job}");
                lane.new.push_back(job);
            }
            Place::Back(turn) => lane.again.push_back(Entry { turn, job }),
            Place::Front => {
                self.lanes.front -= 1;
                lane.again.push_front(Entry { turn: self.lanes.front, job });
            }
            Place::Suspect(turn) => lane.suspects.push_back(Entry { turn, job }),
        }
        self.more(id, line, 1);
        self.undo.push(Undo::Readied { lane: id, line, front: place == Place::Front });
    }

    /// Takes up to `most` ready jobs of a queue and of these kinds, in order.
    pub(crate) fn take_ready(
        &mut self,
        queue: NameId,
        kinds: &KindSet,
        which: Which,
        most: usize,
        taken: &mut Vec<Taken>,
    ) {
        let enough = taken.len().saturating_add(most);
        for priority in 0..=MAX_PRIORITY {
            let lanes = self.wanted(queue, priority, kinds, which);
            while taken.len() < enough {
                let Some((id, line)) = self.first_of(&lanes, which) else { break };
                taken.extend(self.pop(id, line));
            }
        }
    }

    /// Whether there are any such jobs.
    pub(crate) fn has_ready(&self, queue: NameId, kinds: &KindSet, which: Which) -> bool {
        (0..=MAX_PRIORITY).any(|priority| !self.wanted(queue, priority, kinds, which).is_empty())
    }

    /// How many suspects of these kinds a queue has.
    pub(crate) fn suspects(&self, queue: NameId, kinds: &KindSet) -> usize {
        let lanes = self.lanes.by_queue.get(&queue).into_iter().flatten().flatten();
        let lanes = lanes.map(|id| &self.lanes.lanes[id.0 as usize]);
        lanes.filter(|lane| kinds.contains(&lane.kind)).map(|lane| lane.suspects.len()).sum()
    }

    /// Takes a certain job out of its lane; whether it was there.
    pub(crate) fn remove_ready(&mut self, id: LaneId, job: u64) -> bool {
        let lane = &mut self.lanes.lanes[id.0 as usize];
        if let Ok(at) = lane.new.binary_search_by_key(&job, |entry| entry & !GONE)
            && lane.new[at] & GONE == 0
        {
            lane.new[at] |= GONE;
            self.more(id, Line::New, -1);
            self.undo.push(Undo::Gone { lane: id, job });
            return true;
        }
        self.remove_from(id, Line::Again, job) || self.remove_from(id, Line::Suspects, job)
    }

    fn remove_from(&mut self, id: LaneId, line: Line, job: u64) -> bool {
        let lane = &mut self.lanes.lanes[id.0 as usize];
        let entries = lane.entries(line);
        let Some(at) = entries.iter().position(|entry| entry.job == job) else { return false };
        let Some(entry) = entries.remove(at) else { return false };
        self.more(id, line, -1);
        self.undo.push(Undo::Removed { lane: id, line, at, entry });
        true
    }

    /// The lanes of one priority of a queue that are asked for and have something.
    fn wanted(&self, queue: NameId, priority: u8, kinds: &KindSet, which: Which) -> Vec<LaneId> {
        let Some(lanes) = self.lanes.by_queue.get(&queue) else { return Vec::new() };
        let is_wanted = |id: &LaneId| {
            let lane = &self.lanes.lanes[id.0 as usize];
            lane.has(which) && kinds.contains(&lane.kind)
        };
        lanes[usize::from(priority)].iter().copied().filter(is_wanted).collect()
    }

    /// In which of these lanes, and where in it, the first job is.
    fn first_of(&mut self, lanes: &[LaneId], which: Which) -> Option<(LaneId, Line)> {
        let mut best: Option<(u64, LaneId, Line)> = None;
        for &id in lanes {
            self.drop_gone(id);
            let first = self.lanes.lanes[id.0 as usize].first(which);
            if let Some((turn, line)) = first
                && best.is_none_or(|(before, ..)| turn < before)
            {
                best = Some((turn, id, line));
            }
        }
        best.map(|(_, id, line)| (id, line))
    }

    /// Forgets what is gone at the front of a lane.
    fn drop_gone(&mut self, id: LaneId) {
        let lane = &mut self.lanes.lanes[id.0 as usize];
        while let Some(&first) = lane.new.front()
            && first & GONE != 0
        {
            lane.new.pop_front();
            self.undo.push(Undo::Dropped { lane: id, entry: first });
        }
    }

    fn pop(&mut self, id: LaneId, line: Line) -> Option<Taken> {
        let lane = &mut self.lanes.lanes[id.0 as usize];
        let entry = match line {
            Line::New => lane.new.pop_front().map(|job| Entry { turn: job, job }),
            Line::Again | Line::Suspects => lane.entries(line).pop_front(),
        }?;
        self.more(id, line, -1);
        self.undo.push(Undo::Took { lane: id, line, entry });
        Some(Taken { lane: id, job: entry.job })
    }

    /// So many more in a line, or fewer.
    fn more(&mut self, id: LaneId, line: Line, more: isize) {
        let lane = &mut self.lanes.lanes[id.0 as usize];
        if line != Line::Suspects {
            lane.innocents = lane.innocents.saturating_add_signed(more);
        }
        let pair = lane.pair;
        self.lanes.ready = self.lanes.ready.saturating_add_signed(more);
        self.add_to_count(pair, Stage::READY, more as i64);
    }

    /// So many more jobs of a lane in another state.
    pub(crate) fn count_lane(&mut self, id: LaneId, stage: Stage, more: i64) {
        let pair = self.lanes.lanes[id.0 as usize].pair;
        self.count_pair(pair, stage, more);
    }
}

/// Taking it back, in the reverse order: each finds the lane as it left it.
impl Index {
    pub(super) fn undo_readied(&mut self, id: LaneId, line: Line, front: bool) {
        let lane = &mut self.lanes.lanes[id.0 as usize];
        match line {
            Line::New => _ = lane.new.pop_back(),
            Line::Again if front => _ = lane.again.pop_front(),
            Line::Again | Line::Suspects => _ = lane.entries(line).pop_back(),
        }
        self.more(id, line, -1);
    }

    pub(super) fn undo_took(&mut self, id: LaneId, line: Line, entry: Entry) {
        let lane = &mut self.lanes.lanes[id.0 as usize];
        match line {
            Line::New => lane.new.push_front(entry.job),
            Line::Again | Line::Suspects => lane.entries(line).push_front(entry),
        }
        self.more(id, line, 1);
    }

    pub(super) fn undo_removed(&mut self, id: LaneId, line: Line, at: usize, entry: Entry) {
        self.lanes.lanes[id.0 as usize].entries(line).insert(at, entry);
        self.more(id, line, 1);
    }

    pub(super) fn undo_gone(&mut self, id: LaneId, job: u64) {
        let lane = &mut self.lanes.lanes[id.0 as usize];
        if let Ok(at) = lane.new.binary_search_by_key(&job, |entry| entry & !GONE) {
            lane.new[at] &= !GONE;
            self.more(id, Line::New, 1);
        }
    }

    pub(super) fn undo_dropped(&mut self, id: LaneId, entry: u64) {
        self.lanes.lanes[id.0 as usize].new.push_front(entry);
    }
}

impl Lane {
    fn new(queue: NameId, kind: NameId, priority: u8, pair: PairId) -> Self {
        let (new, again, suspects) = Default::default();
        Self { queue, kind, priority, pair, new, again, suspects, innocents: 0 }
    }

    fn has(&self, which: Which) -> bool {
        match which {
            Which::Innocents => self.innocents > 0,
            Which::Suspects => !self.suspects.is_empty(),
            Which::All => self.innocents > 0 || !self.suspects.is_empty(),
        }
    }

    /// Those that have a turn of their own.
    fn entries(&mut self, line: Line) -> &mut VecDeque<Entry> {
        if line == Line::Suspects { &mut self.suspects } else { &mut self.again }
    }

    /// The first turn, and where it is. What is gone has been dropped.
    fn first(&self, which: Which) -> Option<(u64, Line)> {
        let new = self.new.front().map(|&job| (job, Line::New));
        let again = self.again.front().map(|entry| (entry.turn, Line::Again));
        let suspect = self.suspects.front().map(|entry| (entry.turn, Line::Suspects));
        let (innocent, suspect) = match which {
            Which::Innocents => ([new, again], None),
            Which::Suspects => ([None, None], suspect),
            Which::All => ([new, again], suspect),
        };
        innocent.into_iter().flatten().chain(suspect).min_by_key(|&(turn, _)| turn)
    }
}

#[cfg(test)]
impl Index {
    /// For a comparison.
    pub(super) fn lanes_shown(&self) -> String {
        format!("{:?}", self.lanes.lanes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUEUE: NameId = 1;
    /// As numbers of the first epoch are.
    const BASE: u64 = 1 << 40;

    fn all() -> KindSet {
        (10..20).collect()
    }

    fn take(index: &mut Index, which: Which, most: usize) -> Vec<u64> {
        let mut taken = Vec::new();
        index.take_ready(QUEUE, &all(), which, most, &mut taken);
        taken.into_iter().map(|taken| taken.job - BASE).collect()
    }

    #[test]
    fn jobs_of_all_kinds_come_in_the_order_in_which_they_became_ready() {
        let mut index = Index::default();
        let [a, b, unknown, urgent] =
            [(10, 5), (11, 5), (30, 5), (10, 2)].map(|(k, p)| index.lane(QUEUE, k, p));
        for (job, lane) in [(1, a), (2, b), (3, unknown), (4, a), (5, b), (6, urgent)] {
            index.make_ready(lane, BASE + job, Place::New);
        }
        index.make_ready(a, BASE, Place::Back(BASE + 7));
        index.make_ready(b, BASE + 8, Place::New);
        index.make_ready(b, BASE + 9, Place::Front);
        assert_eq!(take(&mut index, Which::Innocents, 3), [6, 9, 1]);
        assert_eq!(take(&mut index, Which::Innocents, 100), [2, 4, 5, 0, 8]);
        assert_eq!(index.ready(), 1);
        assert!(!index.has_ready(QUEUE, &all(), Which::All));
    }

    #[test]
    fn suspects_are_taken_only_where_they_are_asked_for() {
        let mut index = Index::default();
        let lane = index.lane(QUEUE, 10, 5);
        index.make_ready(lane, BASE + 3, Place::Suspect(BASE + 3));
        index.make_ready(lane, BASE + 4, Place::New);
        assert_eq!(index.suspects(QUEUE, &all()), 1);
        assert_eq!(take(&mut index, Which::Innocents, 9), [4]);
        assert_eq!(take(&mut index, Which::Suspects, 9), [3]);
    }

    #[test]
    fn with_all_alike_a_suspect_has_its_turn() {
        let mut index = Index::default();
        let lane = index.lane(QUEUE, 10, 5);
        for (job, place) in [(1, Place::New), (0, Place::Suspect(BASE + 2)), (3, Place::New)] {
            index.make_ready(lane, BASE + job, place);
        }
        assert_eq!(take(&mut index, Which::All, 9), [1, 0, 3]);
    }

    #[test]
    fn a_removed_job_is_never_taken() {
        let mut index = Index::default();
        let lane = index.lane(QUEUE, 10, 5);
        for job in 1..=4 {
            index.make_ready(lane, BASE + job, Place::New);
        }
        index.make_ready(lane, BASE, Place::Back(BASE + 5));
        assert!(index.remove_ready(lane, BASE + 1) && index.remove_ready(lane, BASE + 3));
        assert!(index.remove_ready(lane, BASE));
        assert!(!index.remove_ready(lane, BASE + 1) && !index.remove_ready(lane, BASE + 9));
        assert_eq!(index.ready(), 2);
        assert_eq!(take(&mut index, Which::Innocents, 9), [2, 4]);
    }

    #[test]
    fn a_lane_whose_jobs_are_all_gone_has_nothing() {
        let mut index = Index::default();
        let lane = index.lane(QUEUE, 10, 5);
        index.make_ready(lane, BASE + 1, Place::New);
        index.remove_ready(lane, BASE + 1);
        assert!(!index.has_ready(QUEUE, &all(), Which::All));
        assert_eq!(take(&mut index, Which::All, 9), [0_u64; 0]);
    }
}
