//! Names of kinds and queues, each by a small number. They are rows, and never forgotten: a program that makes up names without
//! end fills the file and the memory with them.

use std::collections::HashMap;
use std::sync::Arc;

use super::undo::Undo;
use super::{IdMap, Index};

/// A name's number in the file.
pub(crate) type NameId = u32;

/// All names.
#[derive(Debug, Default)]
pub(super) struct Names {
    by_text: HashMap<Arc<str>, NameId>,
    texts: IdMap<NameId, Arc<str>>,
    last: NameId,
}

impl Index {
    /// The number of a name.
    pub(crate) fn name_id(&self, text: &str) -> Option<NameId> {
        self.names.by_text.get(text).copied()
    }

    /// The name with this number.
    pub(crate) fn name(&self, id: NameId) -> Option<&Arc<str>> {
        self.names.texts.get(&id)
    }

    /// How many there are: more only where one was added.
    pub(crate) fn names(&self) -> usize {
        self.names.by_text.len()
    }

    /// A number for the next name. It is not given again, also where its transaction fails.
    pub(crate) fn next_name_id(&mut self) -> NameId {
        self.names.last += 1;
        self.names.last
    }

    /// Adds a name.
    pub(crate) fn add_name(&mut self, id: NameId, text: Arc<str>) {
        self.names.by_text.insert(Arc::clone(&text), id);
        self.names.texts.insert(id, text);
        self.names.last = self.names.last.max(id);
        self.undo.push(Undo::Named(id));
    }

    pub(super) fn undo_name(&mut self, id: NameId) {
        if let Some(text) = self.names.texts.remove(&id) {
            self.names.by_text.remove(&text);
        }
    }
}
