//! How an occurrence relates to a change of the clocks.

use std::fmt;

use jiff::{Timestamp, civil};

use crate::reading;
use crate::schedule::Schedule;
use crate::zone::Table;

/// Why an occurrence is not at an ordinary reading of the clock; from [`Schedule::note`].
///
/// ```
/// use ostler_cron::{Cron, Note, Zone};
///
/// let schedule = Cron::parse("30 2 * * *")?.in_zone(Zone::get("Europe/Oslo")?);
/// let note = |at: &str| at.parse().map(|at| schedule.note(at));
/// let missing = jiff::civil::date(2026, 3, 29).at(2, 30, 0, 0);
/// assert_eq!(note("2026-03-29T01:00:00Z")?, Some(Note::AfterGap { reading: missing }));
/// assert_eq!(note("2026-10-25T00:30:00Z")?, Some(Note::FirstPass));
/// assert_eq!(note("2026-10-26T01:30:00Z")?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// It is at the end of a gap, and stands for what would have been in it.
    AfterGap {
        /// The first matching reading that the clocks leave out.
        reading: civil::DateTime,
    },
    /// It is at its own reading, which happens to be the end of a gap, and so it stands for what would have been
    /// in the gap as well.
    AtGapEnd {
        /// The first matching reading that the clocks leave out.
        reading: civil::DateTime,
    },
    /// The clocks show this time twice; this is the first one.
    FirstPass,
    /// The clocks have shown this time before; this is the second one.
    SecondPass,
}

impl Schedule {
    /// What there is to know about an occurrence at a change of the clocks; `None` for an ordinary one, and for an
    /// instant that is not one.
    pub fn note(&self, occurrence: Timestamp) -> Option<Note> {
        let table = self.zone().table()?;
        if self.next_at_or_after(occurrence) != Some(occurrence) {
            return None;
        }
        self.after_gap(table, occurrence.as_second()).or_else(|| pass(table, occurrence.as_second()))
    }

    fn after_gap(&self, table: &Table, at: i64) -> Option<Note> {
        let here = table.at(at);
        let missed = (here.start == at).then(|| self.missed_in_gap(here))??;
        let reading = reading::of(missed)?;
        let matches_itself = self.cron().first_from(here.first) == Some(here.first);
        Some(if matches_itself { Note::AtGapEnd { reading } } else { Note::AfterGap { reading } })
    }
}

fn pass(table: &Table, at: i64) -> Option<Note> {
    let here = table.at(at);
    let reading = at + here.offset;
    if here.has_overlap() && reading < here.before {
        return Some(Note::SecondPass);
    }
    // A gap that follows leaves out readings that are not on the clock here.
    (table.segment(here.index + 1).first <= reading).then_some(Note::FirstPass)
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::AfterGap { reading } => {
                write!(f, "instead of {} {}, which does not exist", reading.date(), reading::time(reading))
            }
            Self::AtGapEnd { reading } => {
                write!(f, "also for {} {}, which does not exist", reading.date(), reading::time(reading))
            }
            Self::FirstPass => f.write_str("the first time that the clocks show this"),
            Self::SecondPass => f.write_str("the second time that the clocks show this"),
        }
    }
}
