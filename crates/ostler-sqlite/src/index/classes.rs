//! The classes of finished jobs: those of one queue that ended alike, and of which the same is kept. And how many each has.

use ostler_jobs::{JobState, Keep};

use super::undo::Undo;
use super::{IdMap, Index, NameId, Stage};

/// A class's number in the file.
pub(crate) type ClassId = u32;

/// What makes a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ClassKey {
    pub(crate) queue: NameId,
    /// One that [`ended_state`] reads.
    pub(crate) state: u8,
    /// In milliseconds.
    pub(crate) age: i64,
    pub(crate) most: u64,
}

impl ClassKey {
    /// That of a job of this queue which ended so, and of which this is kept.
    pub(crate) fn of(queue: NameId, state: JobState, keep: Keep) -> Self {
        let age = i64::try_from(keep.age.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX);
        // As the file keeps it, or the class would not be found again after the next open.
        let most = keep.most.min(i64::MAX as u64);
        Self { queue, state: ended_code(state), age, most }
    }
}

/// How the schema writes down how a job ended.
pub(crate) fn ended_code(state: JobState) -> u8 {
    match state {
        JobState::Done => 4,
        JobState::Cancelled => 5,
        _ => 6,
    }
}

/// How a job ended.
pub(crate) fn ended_state(code: u8) -> JobState {
    match code {
        4 => JobState::Done,
        5 => JobState::Cancelled,
        _ => JobState::Dead,
    }
}

/// A class.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Class {
    pub(crate) id: ClassId,
    pub(crate) key: ClassKey,
    pub(crate) rows: u64,
}

/// All classes.
#[derive(Debug, Default)]
pub(super) struct Classes {
    by_key: IdMap<ClassKey, ClassId>,
    by_id: IdMap<ClassId, Class>,
    last: ClassId,
}

impl Index {
    /// The number of a class.
    pub(crate) fn class_id(&self, key: ClassKey) -> Option<ClassId> {
        self.classes.by_key.get(&key).copied()
    }

    /// A number for the next class. It is not given again, also where its transaction fails.
    pub(crate) fn next_class_id(&mut self) -> ClassId {
        self.classes.last += 1;
        self.classes.last
    }

    /// Adds a class, without rows yet.
    pub(crate) fn add_class(&mut self, id: ClassId, key: ClassKey) {
        self.classes.by_key.insert(key, id);
        self.classes.by_id.insert(id, Class { id, key, rows: 0 });
        self.classes.last = self.classes.last.max(id);
        self.undo.push(Undo::Classed(id));
    }

    /// A class.
    pub(crate) fn class(&self, id: ClassId) -> Option<Class> {
        self.classes.by_id.get(&id).copied()
    }

    /// All classes that have rows.
    pub(crate) fn classes(&self) -> impl Iterator<Item = &Class> {
        self.classes.by_id.values().filter(|class| class.rows > 0)
    }

    /// So many finished jobs of a kind more, or fewer.
    pub(crate) fn count_kept(&mut self, class: ClassId, kind: NameId, more: i64) {
        let Some(&Class { key, .. }) = self.classes.by_id.get(&class) else { return };
        self.add_to_class(class, more);
        self.undo.push(Undo::Kept { class, more });
        self.count(key.queue, kind, Stage::of(ended_state(key.state)), more);
    }

    pub(super) fn add_to_class(&mut self, class: ClassId, more: i64) {
        if let Some(class) = self.classes.by_id.get_mut(&class) {
            class.rows = class.rows.saturating_add_signed(more);
        }
    }

    pub(super) fn undo_class(&mut self, id: ClassId) {
        if let Some(class) = self.classes.by_id.remove(&id) {
            self.classes.by_key.remove(&class.key);
        }
    }
}
