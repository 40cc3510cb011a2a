//! When an expression fires in a zone.
//!
//! The wall clock of a zone runs in segments of one offset each. The search on the wall clock (`search.rs`) knows nothing of
//! them; here its answers are mapped to instants, through a gap and an overlap where two segments meet.

use std::ops::{Bound, RangeBounds};

use jiff::Timestamp;

use crate::cron::Cron;
use crate::iter::{After, Before, Within};
use crate::zone::{Table, Zone};

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
/// Each question is a few dozen nanoseconds; it allocates nothing and locks nothing. Instants may be of any year that a [`Timestamp`] holds; occurrences are
/// in the years 1 to 9999 by the clock of the zone.
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
        instant(self.first_from(floor(from) + 1)?)
    }

    /// The first occurrence that is `from` or later.
    pub fn next_at_or_after(&self, from: Timestamp) -> Option<Timestamp> {
        instant(self.first_from(ceil(from))?)
    }

    /// The last occurrence earlier than `from`; `None` when there is none.
    pub fn previous_before(&self, from: Timestamp) -> Option<Timestamp> {
        instant(self.last_until(ceil(from) - 1)?)
    }

    /// The last occurrence that is `from` or earlier.
    pub fn previous_at_or_before(&self, from: Timestamp) -> Option<Timestamp> {
        instant(self.last_until(floor(from))?)
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
        if from == here.start
            && self.fires_after_gap()
            && here.has_gap()
            && self.cron.first_between(here.before, here.first).is_some()
        {
            return Some(from);
        }
        // What the first pass of an overlap has done is not done again.
        let wall =
            if self.cron.interval { from + here.offset } else { (from + here.offset).max(here.before) };
        let mut found = self.cron.first_from(wall)?;
        if found < here.end {
            return Some(found - here.offset);
        }
        let next = table.segment(here.index + 1);
        if self.cron.interval && next.first < wall {
            // The wall clock goes back to before where the search began.
            let again = self.cron.first_from(next.first)?;
            if again < here.end {
                return Some(again - next.offset);
            }
        }
        loop {
            let segment = table.first_pass(found);
            if found >= segment.first {
                return Some(found - segment.offset);
            }
            if self.fires_after_gap() {
                return Some(segment.start);
            }
            found =
                self.cron.first_from(segment.first).filter(|&found| found <= Table::end_of_search(wall))?;
        }
    }

    fn last_in(&self, table: &Table, until: i64) -> Option<i64> {
        let here = table.at(until);
        let mut found = self.cron.last_until(until + here.offset)?;
        let first = if self.cron.interval { here.first } else { here.first.max(here.before) };
        if found >= first {
            return Some(found - here.offset);
        }
        if here.has_overlap() {
            // The first pass went on to later readings of the clock than this one.
            found = self.cron.last_until(here.before - 1)?;
        }
        loop {
            let segment = table.first_pass(found);
            if found < segment.first {
                if self.fires_after_gap() {
                    return Some(segment.start);
                }
                found = self.cron.last_until(segment.before - 1)?;
                continue;
            }
            let second_pass = table.segment(segment.index + 1);
            if self.cron.interval && second_pass.index < here.index && second_pass.first <= found {
                return Some(found - second_pass.offset);
            }
            return Some(found - segment.offset);
        }
    }

    pub(crate) fn fires_after_gap(&self) -> bool {
        match self.dst {
            DstPolicy::Default => !self.cron.interval,
            DstPolicy::Cronos => true,
            DstPolicy::Skip => false,
        }
    }
}

fn instant(second: i64) -> Option<Timestamp> {
    // Beyond the last instant, jiff would allocate an error.
    (second <= Timestamp::MAX.as_second()).then(|| Timestamp::from_second(second).ok())?
}

fn floor(at: Timestamp) -> i64 {
    at.as_second() - i64::from(at.subsec_nanosecond() < 0)
}

fn ceil(at: Timestamp) -> i64 {
    at.as_second() + i64::from(at.subsec_nanosecond() > 0)
}
