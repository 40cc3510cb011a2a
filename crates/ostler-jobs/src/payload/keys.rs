//! The keys of the objects that are open at one place of a payload, to find one that comes twice.
//!
//! Most objects have few keys, which are compared with each other. From [`FEW`] on they are looked up in a set, so
//! that the time stays in proportion to the payload however many keys somebody sends.

use std::borrow::Cow;
use std::collections::HashSet;

/// So many keys of one object are compared one by one.
const FEW: usize = 16;

/// So many keys, of all open objects together, need no allocation.
const INLINE: usize = 24;

/// The keys of the open objects, the innermost last.
#[derive(Default)]
pub(super) struct Keys<'a> {
    stack: Stack<'a>,
    /// Of each open object: where its keys begin in the stack, and the set of those that are many.
    open: Open<'a>,
}

impl<'a> Keys<'a> {
    /// An object begins.
    pub(super) fn open(&mut self) {
        self.open.push(self.stack.len());
    }

    /// The innermost object ends.
    pub(super) fn close(&mut self) {
        if let Some(from) = self.open.pop() {
            self.stack.truncate(from);
        }
    }

    /// Adds a key of the innermost object; whether it is new there.
    pub(super) fn add(&mut self, key: Cow<'a, str>) -> bool {
        if let Some(many) = self.open.many() {
            return many.insert(key);
        }
        let from = self.open.from();
        if (from..self.stack.len()).any(|at| self.stack.get(at) == Some(&key)) {
            return false;
        }
        self.stack.push(key);
        if self.stack.len() - from == FEW {
            self.open.set_many(self.stack.split_off(from));
        }
        true
    }
}

/// Keys in a row; the first ones on the stack of the thread.
struct Stack<'a> {
    inline: [Cow<'a, str>; INLINE],
    len: usize,
    more: Vec<Cow<'a, str>>,
}

impl Default for Stack<'_> {
    fn default() -> Self {
        Self { inline: [const { Cow::Borrowed("") }; INLINE], len: 0, more: Vec::new() }
    }
}

impl<'a> Stack<'a> {
    fn len(&self) -> usize {
        self.len + self.more.len()
    }

    fn get(&self, at: usize) -> Option<&Cow<'a, str>> {
        if at < self.len { self.inline.get(at) } else { self.more.get(at - self.len) }
    }

    fn push(&mut self, key: Cow<'a, str>) {
        match self.inline.get_mut(self.len) {
            Some(place) => {
                *place = key;
                self.len += 1;
            }
            None => self.more.push(key),
        }
    }

    fn truncate(&mut self, len: usize) {
        self.more.truncate(len.saturating_sub(self.len));
        self.len = self.len.min(len);
    }

    /// Takes out all from a place on.
    fn split_off(&mut self, from: usize) -> HashSet<Cow<'a, str>> {
        let all = (from..self.len()).filter_map(|at| self.get(at).cloned()).collect();
        self.truncate(from);
        all
    }
}

/// The open objects.
#[derive(Default)]
struct Open<'a> {
    /// Where the keys of each begin: nothing is allocated for the first few.
    from: Froms,
    /// How many were open when this one had become large, and its keys.
    many: Vec<(usize, HashSet<Cow<'a, str>>)>,
}

impl<'a> Open<'a> {
    fn push(&mut self, from: usize) {
        self.from.push(from);
    }

    fn pop(&mut self) -> Option<usize> {
        self.many.pop_if(|(depth, _)| *depth == self.from.len);
        self.from.pop()
    }

    fn from(&self) -> usize {
        self.from.last().unwrap_or_default()
    }

    fn many(&mut self) -> Option<&mut HashSet<Cow<'a, str>>> {
        let (depth, keys) = self.many.last_mut()?;
        (*depth == self.from.len).then_some(keys)
    }

    fn set_many(&mut self, keys: HashSet<Cow<'a, str>>) {
        self.many.push((self.from.len, keys));
    }
}

/// Places in the stack, of at most as many objects as may be open.
struct Froms {
    places: [u32; super::MAX_DEPTH],
    len: usize,
}

impl Default for Froms {
    fn default() -> Self {
        Self { places: [0; super::MAX_DEPTH], len: 0 }
    }
}

impl Froms {
    fn push(&mut self, from: usize) {
        if let Some(place) = self.places.get_mut(self.len) {
            // A payload has fewer bytes than that.
            *place = u32::try_from(from).unwrap_or(u32::MAX);
            self.len += 1;
        }
    }

    fn pop(&mut self) -> Option<usize> {
        let last = self.last()?;
        self.len -= 1;
        Some(last)
    }

    fn last(&self) -> Option<usize> {
        self.places.get(self.len.checked_sub(1)?).map(|&from| from as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_new_once_in_each_object_however_many_there_are() {
        for count in [1, FEW - 1, FEW, FEW + 1, INLINE + 1, 1_000] {
            let mut keys = Keys::default();
            keys.open();
            assert!(keys.add("outer".into()));
            keys.open();
            assert!((0..count).all(|at| keys.add(at.to_string().into())));
            assert!((0..count).all(|at| !keys.add(at.to_string().into())), "{count}");
            assert!(keys.add("outer".into()));
            keys.close();
            assert!(!keys.add("outer".into()));
            assert!(keys.add("0".into()));
            keys.close();
        }
    }

    #[test]
    fn many_keys_within_many_keys_are_told_apart() {
        let mut keys = Keys::default();
        for depth in 0..super::super::MAX_DEPTH {
            keys.open();
            assert!((0..20).all(|at| keys.add(at.to_string().into())), "{depth}");
        }
        for _ in 0..super::super::MAX_DEPTH {
            assert!(!keys.add("19".into()));
            assert!(keys.add("new".into()));
            keys.close();
        }
    }
}
