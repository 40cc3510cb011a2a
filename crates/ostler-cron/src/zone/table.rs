//! A zone as segments of one offset each.
//!
//! Instants and wall clock readings are whole seconds from 1970-01-01T00:00:00. From the year 2100 on each zone of the database
//! follows a yearly rule; the Gregorian calendar repeats itself after 400 years, weekdays included, and so do these rules. The
//! table holds one such cycle, and what comes later is found in it.
//!
//! It rests on two things that hold for each zone of the database and need not hold for one that is made by hand:
//! no change after 2100 is other than by a yearly rule, and no segment is so short that the clock is changed again
//! among the readings that the change before left out or showed twice. For others the answers near such changes
//! are not defined; no question fails to end.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::calendar::{FIRST_SECOND, SECONDS_PER_DAY, day_number};
use crate::instant;

const CYCLE: i64 = 146_097 * SECONDS_PER_DAY;
const CYCLE_START: i64 = day_number(2100, 1, 1) as i64 * SECONDS_PER_DAY;
const CYCLE_END: i64 = CYCLE_START + CYCLE;

/// Stands for the beginning and the end of time. Sums with it do not overflow.
const FOREVER: i64 = i64::MAX / 4;

/// More than any offset, in seconds: jiff's are below 26 hours.
const MOST_OFFSET: i64 = 26 * 60 * 60;

#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) zone: TimeZone,
    pub(crate) name: String,
    changes: Vec<Change>,
    /// How many of them, at the end, are the cycle.
    cycle: usize,
    buckets: Buckets,
}

/// From this instant on the offset is another one.
#[derive(Debug, Clone, Copy)]
struct Change {
    at: i64,
    offset: i64,
}

/// A time of one offset.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segment {
    pub(crate) index: usize,
    /// The instant at which it begins.
    pub(crate) start: i64,
    /// What the wall clock is ahead of UTC.
    pub(crate) offset: i64,
    /// What the wall clock shows at its start: the first reading.
    pub(crate) first: i64,
    /// What the wall clock would have shown at that instant, had it not been changed.
    pub(crate) before: i64,
    /// What the wall clock would show at its end if it were not changed then: the end of its readings.
    pub(crate) end: i64,
}

impl Segment {
    /// Whether the readings from `before` to `first` do not exist.
    pub(crate) fn has_gap(&self) -> bool {
        self.before < self.first
    }

    /// Whether the readings from `first` to `before` are on the clock a second time.
    pub(crate) fn has_overlap(&self) -> bool {
        self.before > self.first
    }
}

impl Table {
    pub(crate) fn new(zone: TimeZone, name: String) -> Self {
        let changes = changes(&zone);
        let cycle = changes.iter().filter(|change| change.at >= CYCLE_START).count();
        let buckets = Buckets::new(&changes);
        Self { zone, name, changes, cycle, buckets }
    }

    /// The segment of an instant.
    pub(crate) fn at(&self, instant: i64) -> Segment {
        self.segment(self.index_at(instant))
    }

    /// The first segment whose clock has shown `wall`, or has gone beyond it; in a gap that is the one after it.
    pub(crate) fn first_pass(&self, wall: i64) -> Segment {
        let mut segment = self.at(wall - MOST_OFFSET);
        while segment.end <= wall {
            segment = self.segment(segment.index + 1);
        }
        segment
    }

    /// A reading of the clock by which all has happened that ever will: what is not found from `wall` until there
    /// never comes, since all repeats itself.
    pub(crate) fn end_of_search(wall: i64) -> i64 {
        wall.max(CYCLE_START) + CYCLE + 2 * MOST_OFFSET
    }

    /// The reading from which a search backwards goes on that began at `from` and has come to `wall` without
    /// success: the cycles that are left hold nothing either once a whole one has been searched, and what was
    /// before them is next.
    pub(crate) fn next_to_search_back(from: i64, wall: i64) -> i64 {
        let is_cycle_searched = wall < from - CYCLE - 2 * MOST_OFFSET;
        if is_cycle_searched { wall.min(CYCLE_START + 2 * MOST_OFFSET) } else { wall }
    }

    pub(crate) fn segment(&self, index: usize) -> Segment {
        let Change { at: start, offset } = self.change(index);
        let before = index.checked_sub(1).map_or(offset, |before| self.change(before).offset);
        let end = self.change(index + 1).at;
        Segment { index, start, offset, first: start + offset, before: start + before, end: end + offset }
    }

    fn index_at(&self, instant: i64) -> usize {
        if instant < CYCLE_END || self.cycle == 0 {
            return self.buckets.find(&self.changes, instant);
        }
        let cycles = (instant - CYCLE_START) / CYCLE;
        let index = self.buckets.find(&self.changes, instant - cycles * CYCLE);
        index + cycles as usize * self.cycle
    }

    /// The change of that index, of which there is no end where there is a cycle. Else one that never comes is the last.
    fn change(&self, index: usize) -> Change {
        if let Some(&change) = self.changes.get(index) {
            return change;
        }
        let beyond = index - self.changes.len();
        let (Some(cycles), Some(&last)) = (beyond.checked_div(self.cycle), self.changes.last()) else {
            return Change { at: FOREVER, offset: 0 };
        };
        let of_cycle =
            self.changes.get(self.changes.len() - self.cycle + beyond % self.cycle).unwrap_or(&last);
        Change { at: of_cycle.at + (cycles as i64 + 1) * CYCLE, offset: of_cycle.offset }
    }
}

/// The changes of the offset until the end of the cycle, after the one that has always been in force.
fn changes(zone: &TimeZone) -> Vec<Change> {
    let offset_at = |at: Timestamp| i64::from(zone.to_offset(at).seconds());
    let mut changes = vec![Change { at: -FOREVER, offset: offset_at(start()) }];
    // jiff ends a time that fills a year a nanosecond before the next one begins. In whole seconds the two meet.
    let seconds = transitions(zone).map(instant::ceil).take_while(|&second| second < CYCLE_END);
    for at in seconds.filter_map(instant::of) {
        let offset = offset_at(at);
        // Some say only that the name or the kind of the time changes.
        if changes.last().is_none_or(|change| change.offset != offset) {
            changes.push(Change { at: at.as_second(), offset });
        }
    }
    changes
}

/// The instants at which something changes. A zone that says nothing of the time after its last one repeats that
/// for ever; this ends.
fn transitions(zone: &TimeZone) -> impl Iterator<Item = Timestamp> {
    let transitions = zone.following(start()).map(|transition| transition.timestamp());
    let mut last = start();
    transitions.take_while(move |&at| at > std::mem::replace(&mut last, at))
}

/// Before it there are no occurrences. From the beginning of time on, a rule without a history would have thousands of changes more.
fn start() -> Timestamp {
    Timestamp::from_second(FIRST_SECOND - 2 * MOST_OFFSET).unwrap_or(Timestamp::MIN)
}

/// Finds the change that is in force at an instant without a search: the time between the first and the last change is cut into
/// buckets of 97 days, and each knows where to begin.
#[derive(Debug)]
struct Buckets {
    start: i64,
    first: Box<[u16]>,
}

impl Buckets {
    const SHIFT: u32 = 23;

    fn new(changes: &[Change]) -> Self {
        let start = changes.get(1).map_or(0, |change| change.at);
        let end = changes.last().map_or(0, |change| change.at).max(start);
        let in_force = |at: i64| changes.partition_point(|change| change.at <= at) - 1;
        let first = (start..=end).step_by(1 << Self::SHIFT).map(|at| in_force(at) as u16).collect();
        Self { start, first }
    }

    fn find(&self, changes: &[Change], instant: i64) -> usize {
        let Ok(since) = usize::try_from(instant - self.start) else { return 0 };
        let bucket = (since >> Self::SHIFT).min(self.first.len() - 1);
        let mut index = usize::from(self.first[bucket]);
        while changes.get(index + 1).is_some_and(|change| change.at <= instant) {
            index += 1;
        }
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zone::Zone;

    fn all() -> impl Iterator<Item = Zone> {
        let database = jiff::tz::db();
        database
            .available()
            .filter_map(|name| Zone::get(name.as_str()).ok())
            .filter(|zone| zone.table().is_some())
    }

    #[test]
    fn a_search_backwards_looks_through_one_cycle_and_what_was_before_them_all() {
        let year = |year| i64::from(day_number(year, 1, 1)) * SECONDS_PER_DAY;
        assert_eq!(Table::next_to_search_back(year(9000), year(8601)), year(8601));
        let before_cycles = Table::next_to_search_back(year(9000), year(8599));
        assert!((CYCLE_START..CYCLE_START + 5 * SECONDS_PER_DAY).contains(&before_cycles));
        // It is there already.
        assert_eq!(Table::next_to_search_back(year(2300), year(1800)), year(1800));
    }

    #[test]
    fn a_change_between_two_seconds_is_one_of_the_second_after_it() {
        let table = |rule| Table::new(TimeZone::posix(rule).unwrap(), String::new());
        // It ends a nanosecond before the year does, and begins with the next.
        for rule in ["AAA0BBB-1,0/0,J365/25", "CCC-2<+01>-1,0/0,J365/23"] {
            assert_eq!(table(rule).changes.len(), 1, "{rule}");
        }
        assert!(table("AAA0BBB-1,0/0,J364/25").changes.len() > 4_000);
    }

    /// What `first_pass` and the two questions of a schedule rest upon: [`From<TimeZone>`](Zone) asks for it.
    #[test]
    fn the_readings_of_each_zone_end_later_in_each_segment_and_overlap_with_the_next_one_alone() {
        let mut zones = 0;
        for zone in all() {
            let table = zone.table().unwrap();
            for index in 0..table.changes.len() + table.cycle {
                let (this, next) = (table.segment(index), table.segment(index + 1));
                assert!(this.end < next.end || next.start == FOREVER, "{zone} {this:?} {next:?}");
                let after_next = table.segment(index + 2);
                assert!(
                    this.end <= after_next.first || next.start == FOREVER,
                    "{zone} {this:?} {after_next:?}"
                );
            }
            zones += 1;
        }
        assert!(zones > 300);
    }

    #[test]
    fn offsets_are_jiffs_for_ten_thousand_years() {
        for zone in all() {
            let table = zone.table().unwrap();
            let mut random = fastrand::Rng::with_seed(7);
            for _ in 0..2_000 {
                let second = random.i64(Timestamp::MIN.as_second()..=Timestamp::MAX.as_second());
                let at = Timestamp::from_second(second).unwrap();
                let segment = table.at(second);
                assert_eq!(
                    segment.offset,
                    i64::from(zone.time_zone().to_offset(at).seconds()),
                    "{zone} {at}"
                );
                assert!(segment.start <= second && second + segment.offset < segment.end, "{zone} {at}");
            }
        }
    }
}
