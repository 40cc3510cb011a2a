//! Removing finished jobs that are kept no longer, and keys that hold no longer.
//!
//! Within a class the job that was added first is the first to go, by age as by number: a job that took long keeps those after it
//! for as long. So nothing is removed too early, and nothing but the first rows of a class is ever looked at.

use ostler_jobs::StoreError;
use ostler_jobs::store::Pruned;

use super::engine::Engine;
use crate::call::{Company, Sync, Verb};
use crate::file::fault;
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

/// A finished job, as far as it matters here.
struct Kept {
    id: i64,
    kind: NameId,
    finished: i64,
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
        let now = self.now_ms();
        let mut rows = class.rows;
        let mut going = self.oldest(class, most)?;
        going.truncate(
            going
                .iter()
                .take_while(|kept| {
                    let goes = class.lets_go(rows, kept.finished, now);
                    rows -= u64::from(goes);
                    goes
                })
                .count(),
        );
        let Some(last) = going.last() else { return Ok(0) };
        let removed = self.sql.forget_kept.execute((class.id, last.id));
        removed.map_err(|error| fault("remove finished jobs", error))?;
        for kept in &going {
            self.index.count_kept(class.id, kept.kind, -1);
        }
        Ok(going.len())
    }

    fn oldest(&mut self, class: Class, most: usize) -> Result<Vec<Kept>, StoreError> {
        let failed = |error| fault("read finished jobs", error);
        let rows = self.sql.oldest_kept.query_map((class.id, most as i64), |row| {
            Ok(Kept { id: row.get(0)?, kind: row.get(1)?, finished: row.get(2)? })
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
            if self
                .oldest(class, 1)?
                .first()
                .is_some_and(|kept| class.lets_go(class.rows, kept.finished, now))
            {
                return Ok(true);
            }
        }
        let has_keys = self.sql.has_old_keys.query_row((now,), |row| row.get(0));
        has_keys.map_err(|error| fault("look for old keys", error))
    }
}
