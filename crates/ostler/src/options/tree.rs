//! What a layer says, as a tree of values, each with its place. Not typed yet: a text stays a text.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;

use super::path::{Part, Path, normal};
use super::place::Place;

/// How deep sections and lists may lie in one another. No configuration of a human comes near; a hostile one would
/// end the thread's stack.
pub(super) const MAX_DEPTH: usize = 128;

/// A value and its place.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) content: Content,
}

#[derive(Debug, Clone)]
pub(super) enum Content {
    Null,
    /// Something is there, but could not be read; that has been told.
    Unread,
    Bool(bool),
    Whole(i128),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Section(Section),
}

/// Values by their normal keys.
pub(super) type Section = BTreeMap<String, Entry>;

#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// The key as it was written.
    pub(super) spelling: String,
    /// The place of the key.
    pub(super) place: Place,
    pub(super) node: Node,
}

impl Node {
    pub(super) fn text(place: Place, text: impl Into<String>) -> Self {
        Self { place, content: Content::Text(text.into()) }
    }

    pub(super) fn section(place: Place, section: Section) -> Self {
        Self { place, content: Content::Section(section) }
    }

    /// The value at `path`.
    pub(super) fn find(&self, path: &Path) -> Option<&Self> {
        path.parts().iter().try_fold(self, |node, part| node.step(part))
    }

    /// The entry at `path`, which must not be empty.
    pub(super) fn find_entry(&self, path: &Path) -> Option<&Entry> {
        let (last, outer) = path.parts().split_last()?;
        let node = outer.iter().try_fold(self, |node, part| node.step(part))?;
        let Content::Section(section) = &node.content else { return None };
        section.get(&last.normal())
    }

    fn step(&self, part: &Part) -> Option<&Self> {
        match (&self.content, part) {
            (Content::Section(section), part) => section.get(&part.normal()).map(|entry| &entry.node),
            (Content::List(list), Part::Index(index)) => list.get(*index),
            (Content::List(list), Part::Key { normal, .. }) => list.get(normal.parse::<usize>().ok()?),
            _ => None,
        }
    }
}

/// Adds an entry. Gives it back where its key stands there already, in this or in another spelling.
pub(super) fn insert(section: &mut Section, entry: Entry) -> Option<Entry> {
    match section.entry(normal(&entry.spelling)) {
        Slot::Vacant(slot) => {
            slot.insert(entry);
            None
        }
        Slot::Occupied(_) => Some(entry),
    }
}
