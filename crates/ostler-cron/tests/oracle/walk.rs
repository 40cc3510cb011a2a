//! The occurrences of an expression in a zone, found by walking.
//!
//! The definition: a local second that matches has all the instants at which clocks show it. A *point* expression
//! occurs at the earliest of them, an *interval* expression at each. A local second that clocks never show lies in a
//! gap, and occurs at the first instant after the gap, or not at all, as the policy says. The occurrences are the set
//! of these instants.
//!
//! The walk goes from one civil day to the next, within a time of one offset. A day that does not match is left
//! out as a whole; in one that does, each real second is asked. What clocks show is asked of jiff's zone and
//! nothing else.

use std::ops::ControlFlow;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::expression::Meaning;

const DAY: i64 = 86_400;
const HOUR: i64 = 3600;

/// Clocks that show the same time do so within this time of each other: no zone was ever set back or forward by more
/// than 24 hours and an hour.
const NEAR: i64 = 36 * HOUR;

/// The earliest second that can be an occurrence: the first of the year 1, in a zone that is a day ahead and more.
const FIRST: i64 = -62_135_596_800 - 26 * HOUR;

/// The latest second that a timestamp can hold.
const LAST: i64 = 253_402_207_200;

/// How many occurrences are looked for in each direction.
const WANTED: usize = 2;

/// How far is looked for them.
const HORIZON: i64 = 50 * 366 * DAY;

/// What is walked.
pub(crate) struct Walk<'a> {
    pub(crate) meaning: &'a Meaning,
    pub(crate) zone: &'a TimeZone,
    /// Whether one occurrence is enough where clocks show a second twice.
    pub(crate) once: bool,
    /// Whether a second in a gap occurs at the gap's end.
    pub(crate) moved: bool,
}

/// The first occurrences in one direction, the nearest first: at most [`WANTED`].
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) times: Vec<i64>,
    /// Whether the walk ended at the horizon, with more beyond it or not.
    pub(crate) gave_up: bool,
}

/// A time of one offset: from one change of a zone's offset to the next.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    start: i64,
    end: i64,
    offset: i64,
}

impl Stretch {
    /// When clocks show this local second within the stretch.
    fn shows(&self, local: i64) -> Option<i64> {
        let at = local - self.offset;
        (self.start <= at && at < self.end).then_some(at)
    }
}

impl Walk<'_> {
    /// The occurrences later than `from`.
    pub(crate) fn after(&self, from: i64) -> Found {
        let mut found = Found::default();
        let mut at = (from + 1).max(FIRST);
        while at <= LAST {
            if at >= from + HORIZON {
                found.gave_up = true;
                return found;
            }
            let stretch = self.stretch_at(at);
            if self.walk_forwards(stretch, at, from + HORIZON, &mut found.times).is_break() {
                return found;
            }
            at = stretch.end.min(from + HORIZON);
        }
        found
    }

    /// The occurrences earlier than `from`.
    pub(crate) fn before(&self, from: i64) -> Found {
        let mut found = Found::default();
        let mut at = (from - 1).min(LAST);
        while at >= FIRST {
            if at <= from - HORIZON {
                found.gave_up = true;
                return found;
            }
            let stretch = self.stretch_at(at);
            if self.walk_backwards(stretch, at, from - HORIZON, &mut found.times).is_break() {
                return found;
            }
            at = (stretch.start - 1).max(from - HORIZON);
        }
        found
    }

    /// Whether this very second is an occurrence.
    pub(crate) fn is_at(&self, at: i64) -> bool {
        let stretch = self.stretch_at(at);
        let (day, second) = split(at + stretch.offset);
        let matches =
            date_of(day).is_some_and(|date| self.meaning.has_day(date)) && self.meaning.has_time(second);
        (matches && self.counts(at, stretch)) || (at == stretch.start && self.is_moved_to(stretch))
    }

    fn walk_forwards(
        &self,
        stretch: Stretch,
        from: i64,
        until: i64,
        times: &mut Vec<i64>,
    ) -> ControlFlow<()> {
        if from == stretch.start && self.is_moved_to(stretch) {
            take(times, from)?;
        }
        let end = stretch.end.min(LAST + 1).min(until);
        let mut at = from;
        let mut date = date_of(split(at + stretch.offset).0);
        while at < end {
            let midnight = at - split(at + stretch.offset).1;
            let day_end = end.min(midnight + DAY);
            if date.is_some_and(|date| self.meaning.has_day(date)) {
                for at in self.matching(midnight, at, day_end).filter(|&at| self.counts(at, stretch)) {
                    take(times, at)?;
                }
            }
            at = day_end;
            date =
                date.and_then(|date| date.tomorrow().ok()).or_else(|| date_of(split(at + stretch.offset).0));
        }
        ControlFlow::Continue(())
    }

    fn walk_backwards(
        &self,
        stretch: Stretch,
        from: i64,
        until: i64,
        times: &mut Vec<i64>,
    ) -> ControlFlow<()> {
        let start = stretch.start.max(FIRST).max(until);
        let mut at = from;
        let mut date = date_of(split(at + stretch.offset).0);
        while at >= start {
            let midnight = at - split(at + stretch.offset).1;
            let day_start = start.max(midnight);
            if date.is_some_and(|date| self.meaning.has_day(date)) {
                let matching = self.matching(midnight, day_start, at + 1).rev();
                for at in matching.filter(|&at| self.counts(at, stretch)) {
                    take(times, at)?;
                }
            }
            at = day_start - 1;
            date = date.and_then(|date| date.yesterday().ok()).filter(|date| date.year() >= 1);
        }
        if start == stretch.start && self.is_moved_to(stretch) {
            take(times, start)?;
        }
        ControlFlow::Continue(())
    }

    /// The seconds from `from` to before `end`, in the day that began at `midnight`, whose time matches.
    fn matching(&self, midnight: i64, from: i64, end: i64) -> impl DoubleEndedIterator<Item = i64> + '_ {
        let hours = (from - midnight) / HOUR..=(end - 1 - midnight) / HOUR;
        let hours = hours.filter(|&hour| self.meaning.has_hour(hour));
        let seconds = hours.flat_map(move |hour| {
            let start = midnight + hour * HOUR;
            start.max(from)..(start + HOUR).min(end)
        });
        seconds.filter(move |at| self.meaning.has_time(at - midnight))
    }

    /// Whether this instant of a matching local second is one that counts.
    fn counts(&self, at: i64, stretch: Stretch) -> bool {
        let far = at - stretch.start > NEAR;
        far || !self.once || !self.is_shown_before(at, at + stretch.offset)
    }

    fn is_shown_before(&self, at: i64, local: i64) -> bool {
        self.stretches(at - NEAR, at).any(|stretch| stretch.shows(local).is_some_and(|earlier| earlier < at))
    }

    /// Whether an occurrence in the gap before this stretch is moved to its start.
    fn is_moved_to(&self, stretch: Stretch) -> bool {
        if !self.moved || stretch.start <= FIRST {
            return false;
        }
        let before = self.stretch_at(stretch.start - 1);
        let skipped = stretch.start + before.offset..stretch.start + stretch.offset;
        let mut days = split(skipped.start).0..=split(skipped.end - 1).0;
        days.any(|day| {
            date_of(day).is_some_and(|date| self.meaning.has_day(date))
                && (day * DAY..(day + 1) * DAY).any(|local| {
                    skipped.contains(&local)
                        && self.meaning.has_time(split(local).1)
                        && self.is_in_gap(local, stretch.start)
                })
        })
    }

    /// Whether no clock ever shows a local second that was skipped at `at`, and was not skipped before.
    fn is_in_gap(&self, local: i64, at: i64) -> bool {
        let mut around = self.stretches(at - NEAR, at + NEAR);
        if around.any(|stretch| stretch.shows(local).is_some()) {
            return false;
        }
        let earlier: Vec<Stretch> = self.stretches(at - NEAR, at - 1).collect();
        !earlier.windows(2).any(|pair| {
            let (old, new) = (pair[0], pair[1]);
            (new.start + old.offset..new.start + new.offset).contains(&local)
        })
    }

    /// The stretches that touch a time, in order.
    fn stretches(&self, first: i64, last: i64) -> impl Iterator<Item = Stretch> + '_ {
        let mut next = Some(first);
        std::iter::from_fn(move || {
            let stretch = self.stretch_at(next.filter(|&at| at <= last)?);
            next = (stretch.end <= LAST).then_some(stretch.end);
            Some(stretch)
        })
    }

    /// The stretch that holds an instant.
    fn stretch_at(&self, at: i64) -> Stretch {
        let is_change = |at: i64| offset(self.zone, at - 1) != offset(self.zone, at);
        let start = self.zone.preceding(timestamp(at + 1)).map(|t| t.timestamp().as_second());
        let end = self.zone.following(timestamp(at)).map(|t| t.timestamp().as_second());
        Stretch {
            start: start.take_while(|&t| t > FIRST).find(|&t| is_change(t)).unwrap_or(FIRST),
            end: end.take_while(|&t| t <= LAST).find(|&t| is_change(t)).unwrap_or(LAST + 1),
            offset: offset(self.zone, at),
        }
    }
}

fn take(times: &mut Vec<i64>, at: i64) -> ControlFlow<()> {
    // The first second after a gap may match in its own right: it is one occurrence.
    if times.last() != Some(&at) {
        times.push(at);
    }
    if times.len() == WANTED { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

fn timestamp(second: i64) -> Timestamp {
    let second = second.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    Timestamp::from_second(second).expect("it is in range")
}

fn offset(zone: &TimeZone, at: i64) -> i64 {
    zone.to_offset(timestamp(at)).seconds().into()
}

/// The day since 1970, and the second of that day.
fn split(local: i64) -> (i64, i64) {
    (local.div_euclid(DAY), local.rem_euclid(DAY))
}

/// The date of a day since 1970 in the years 1 to 9999.
fn date_of(day: i64) -> Option<Date> {
    let days = jiff::Span::new().try_days(day).ok()?;
    let date = Date::constant(1970, 1, 1).checked_add(days).ok()?;
    (date.year() >= 1).then_some(date)
}
