//! When an expression fires in a zone.
//!
//! The wall clock of a zone runs in segments of one offset each. The search on the wall clock (`search.rs`) knows nothing of
//! them; here its answers are mapped to instants, through a gap and an overlap where two segments meet.

use std::ops::{Bound, RangeBounds};

use jiff::Timestamp;

use crate::cron::Cron;
use crate::instant;
use crate::iter::{After, Before, Within};
use crate::zone::{Segment, Table, Zone};

/// What happens to occurrences that fall into a gap, when the clocks go forward. In an overlap all three are the same: a point fires
/// on the first pass, an interval on both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum DstPolicy {
    /// A point fires at the first instant after the gap; an interval leaves out what does not exist.
    #[default]
    Default,
    /// As the .NET library Cronos does: also an interval fires at the first instant after the gap.
    Cronos,
    /// What does not exist does not happen, for a point as well.
    Skip,
}

/// An expression in a time zone: when does it fire.
///
/// A question takes a few dozen nanoseconds where the answer is in the same month or the next, and a few hundred
/// where years lie between, as for 29 February on a Monday. The one exception is an expression whose times are in
/// gaps for centuries: that takes some ten microseconds, in a zone that is a rule of your own up to some hundred.
/// A question allocates nothing and locks nothing. Instants may be of any year that a [`Timestamp`] holds;
/// occurrences are in the years 1 to 9999 by the clock of the zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    cron: Cron,
    zone: Zone,
    dst: DstPolicy,
}

impl Schedule {
    /// `cron` in `zone`, under [`DstPolicy::Default`].
    pub fn new(cron: Cron, zone: Zone) -> Self {
        Self { cron, zone, dst: DstPolicy::default() }
    }

    /// The same under another policy.
    #[must_use]
    pub fn dst(mut self, policy: DstPolicy) -> Self {
        self.dst = policy;
        self
    }

    /// The expression.
    pub fn cron(&self) -> Cron {
        self.cron
    }

    /// The zone.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The policy.
    pub fn dst_policy(&self) -> DstPolicy {
        self.dst
    }

    /// The first occurrence later than `from`; `None` when there is none.
    pub fn next_after(&self, from: Timestamp) -> Option<Timestamp> {
        instant::of(self.first_from(instant::floor(from) + 1)?)
    }

    /// The first occurrence that is `from` or later.
    pub fn next_at_or_after(&self, from: Timestamp) -> Option<Timestamp> {
        instant::of(self.first_from(instant::ceil(from))?)
    }

    /// The last occurrence earlier than `from`; `None` when there is none.
    pub fn previous_before(&self, from: Timestamp) -> Option<Timestamp> {
        instant::of(self.last_until(instant::ceil(from) - 1)?)
    }

    /// The last occurrence that is `from` or earlier.
    pub fn previous_at_or_before(&self, from: Timestamp) -> Option<Timestamp> {
        instant::of(self.last_until(instant::floor(from))?)
    }

    /// All occurrences later than `from`, ascending.
    pub fn after(&self, from: Timestamp) -> After<'_> {
        After { schedule: self, at: Some(from) }
    }

    /// All occurrences earlier than `from`, descending.
    pub fn before(&self, from: Timestamp) -> Before<'_> {
        Before { schedule: self, at: Some(from) }
    }

    /// The occurrences of a range, which can be read from both ends.
    ///
    /// ```
    /// use jiff::Timestamp;
    /// use ostler_cron::Cron;
    ///
    /// let hourly = Cron::parse("@hourly")?.in_utc();
    /// let (noon, evening): (Timestamp, Timestamp) = ("2026-05-01T12:00Z".parse()?, "2026-05-01T18:00Z".parse()?);
    /// assert_eq!(hourly.within(noon..evening).count(), 6);
    /// assert_eq!(hourly.within(noon..=evening).next_back(), Some(evening));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn within(&self, range: impl RangeBounds<Timestamp>) -> Within<'_> {
        let first = match range.start_bound() {
            Bound::Included(&start) => self.next_at_or_after(start),
            Bound::Excluded(&start) => self.next_after(start),
            Bound::Unbounded => self.next_at_or_after(Timestamp::MIN),
        };
        let last = match range.end_bound() {
            Bound::Included(&end) => self.previous_at_or_before(end),
            Bound::Excluded(&end) => self.previous_before(end),
            Bound::Unbounded => self.previous_at_or_before(Timestamp::MAX),
        };
        Within { schedule: self, ends: first.zip(last).filter(|(first, last)| first <= last) }
    }

    /// The first occurrence from this second on.
    fn first_from(&self, second: i64) -> Option<i64> {
        if self.cron.never_fires() {
            return None;
        }
        match self.zone.table() {
            None => self.cron.first_from(second),
            Some(table) => self.first_in(table, second),
        }
    }

    /// The last occurrence until this second.
    fn last_until(&self, second: i64) -> Option<i64> {
        if self.cron.never_fires() {
            return None;
        }
        match self.zone.table() {
            None => self.cron.last_until(second),
            Some(table) => self.last_in(table, second),
        }
    }

    fn first_in(&self, table: &Table, from: i64) -> Option<i64> {
        let here = table.at(from);
        if from == here.start && self.missed_in_gap(here).is_some() {
            return Some(from);
        }
        let wall = self.new_from(from + here.offset, here);
        let found = self.cron.first_from(wall)?;
        if found < here.end {
            return Some(found - here.offset);
        }
        self.first_again(table, here, wall)
            .or_else(|| self.first_that_exists(table, found, Table::end_of_search(wall)))
    }

    /// The first occurrence on the second pass where, at the end of `here`, the clocks go back to before `wall`.
    #[inline]
    fn first_again(&self, table: &Table, here: Segment, wall: i64) -> Option<i64> {
        let next = table.segment(here.index + 1);
        let goes_back = self.cron.interval && next.first < wall;
        let again = goes_back.then(|| self.cron.first_between(next.first, here.end))??;
        Some(again - next.offset)
    }

    /// When the matching reading `found` is on the clock, or its gap ends where that counts; else the same of the
    /// first one after it, until `end`.
    #[inline]
    fn first_that_exists(&self, table: &Table, mut found: i64, end: i64) -> Option<i64> {
        loop {
            let segment = table.first_pass(found);
            if let Some(at) = self.instant_of(found, segment) {
                return Some(at);
            }
            found = self.cron.first_from(segment.first).filter(|&found| found <= end)?;
        }
    }

    fn last_in(&self, table: &Table, until: i64) -> Option<i64> {
        let here = table.at(until);
        let found = self.cron.last_until(until + here.offset)?;
        if found >= self.new_from(here.first, here) {
            return Some(found - here.offset);
        }
        // The first pass of an overlap went on to later readings of the clock than this one.
        let found = if here.has_overlap() { self.cron.last_until(here.before - 1)? } else { found };
        self.last_that_exists(table, found, here)
    }

    /// When the matching reading `found` was last on the clock before `here`, or its gap ended where that counts;
    /// else the same of the last one before it.
    #[inline]
    fn last_that_exists(&self, table: &Table, mut found: i64, here: Segment) -> Option<i64> {
        let from = found;
        loop {
            let segment = table.first_pass(found);
            if let Some(at) = self.instant_of(found, segment) {
                return Some(self.second_pass(table, found, segment, here).unwrap_or(at));
            }
            found = self.cron.last_until(Table::next_to_search_back(from, segment.before - 1))?;
        }
    }

    /// The occurrence on the second pass of a reading that is on the clock in `first` and again before `here`.
    #[inline]
    fn second_pass(&self, table: &Table, found: i64, first: Segment, here: Segment) -> Option<i64> {
        let again = table.segment(first.index + 1);
        let counts = self.cron.interval && again.index < here.index && again.first <= found;
        (counts && found >= first.first).then_some(found - again.offset)
    }

    /// When `found` occurs, of which `segment` is the first that has shown it or gone beyond it; `None`: never.
    #[inline]
    fn instant_of(&self, found: i64, segment: Segment) -> Option<i64> {
        if found >= segment.first {
            return Some(found - segment.offset);
        }
        self.fires_after_gap().then_some(segment.start)
    }

    /// The first reading of a segment from `wall` on that counts: what the first pass of an overlap has done, a point
    /// does not do again.
    #[inline]
    fn new_from(&self, wall: i64, segment: Segment) -> i64 {
        if self.cron.interval { wall } else { wall.max(segment.before) }
    }

    /// The first matching reading in the gap before a segment, if the segment's start stands for it.
    #[inline]
    pub(crate) fn missed_in_gap(&self, segment: Segment) -> Option<i64> {
        let counts = segment.has_gap() && self.fires_after_gap();
        counts.then(|| self.cron.first_between(segment.before, segment.first))?
    }

    pub(crate) fn fires_after_gap(&self) -> bool {
        match self.dst {
            DstPolicy::Default => !self.cron.interval,
            DstPolicy::Cronos => true,
            DstPolicy::Skip => false,
        }
    }
}
