//! Occurrences one after another.

use std::iter::FusedIterator;

use jiff::Timestamp;

use crate::schedule::Schedule;

/// The occurrences after an instant, ascending. Made by [`Schedule::after`].
#[derive(Debug, Clone)]
pub struct After<'a> {
    pub(crate) schedule: &'a Schedule,
    pub(crate) at: Option<Timestamp>,
}

impl Iterator for After<'_> {
    type Item = Timestamp;

    fn next(&mut self) -> Option<Timestamp> {
        self.at = self.schedule.next_after(self.at?);
        self.at
    }
}

impl FusedIterator for After<'_> {}

/// The occurrences before an instant, descending. Made by [`Schedule::before`].
#[derive(Debug, Clone)]
pub struct Before<'a> {
    pub(crate) schedule: &'a Schedule,
    pub(crate) at: Option<Timestamp>,
}

impl Iterator for Before<'_> {
    type Item = Timestamp;

    fn next(&mut self) -> Option<Timestamp> {
        self.at = self.schedule.previous_before(self.at?);
        self.at
    }
}

impl FusedIterator for Before<'_> {}

/// The occurrences of a range, from both ends. Made by [`Schedule::within`].
#[derive(Debug, Clone)]
pub struct Within<'a> {
    pub(crate) schedule: &'a Schedule,
    /// The first and the last that are left.
    pub(crate) ends: Option<(Timestamp, Timestamp)>,
}

impl Within<'_> {
    fn keep(&mut self, first: Option<Timestamp>, last: Option<Timestamp>) {
        self.ends = first.zip(last).filter(|(first, last)| first <= last);
    }
}

impl Iterator for Within<'_> {
    type Item = Timestamp;

    fn next(&mut self) -> Option<Timestamp> {
        let (first, last) = self.ends?;
        self.keep(self.schedule.next_after(first), Some(last));
        Some(first)
    }
}

impl DoubleEndedIterator for Within<'_> {
    fn next_back(&mut self) -> Option<Timestamp> {
        let (first, last) = self.ends?;
        self.keep(Some(first), self.schedule.previous_before(last));
        Some(last)
    }
}

impl FusedIterator for Within<'_> {}
