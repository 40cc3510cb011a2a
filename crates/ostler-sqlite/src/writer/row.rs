//! A job that is to be added, in the shape that the writer takes: from a caller, or from the inbox.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use ostler_jobs::Until;
use ostler_jobs::store::{Due, NewRow};

/// The job.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// Its number, where it has one already: in the inbox.
    pub(crate) id: Option<u64>,
    pub(crate) kind: Arc<str>,
    pub(crate) queue: Arc<str>,
    pub(crate) priority: u8,
    pub(crate) due: DueAt,
    pub(crate) args: Args,
    pub(crate) unique: Option<RowKey>,
    /// Why it is parked at once.
    pub(crate) blocked: Option<Arc<str>>,
}

/// When it is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DueAt {
    Now,
    /// From when it is added.
    After(Duration),
    /// In milliseconds.
    At(i64),
}

/// Its arguments.
#[derive(Debug, Clone)]
pub(crate) enum Args {
    Text(Arc<str>),
    /// Such as nobody can read. Only a job that is parked has them.
    Raw(Vec<u8>),
}

/// Its key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowKey {
    pub(crate) key: [u8; 16],
    pub(crate) until: KeyUntil,
}

/// How long that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyUntil {
    Finished,
    After(Duration),
}

impl From<NewRow> for Row {
    fn from(row: NewRow) -> Self {
        let (kind, queue, priority, due, args, unique) = row.into_parts();
        let due = match due {
            Due::Now => DueAt::Now,
            Due::After(wait) => DueAt::After(wait),
            Due::At(at) => DueAt::At(ceil(at)),
        };
        let unique = unique.map(|unique| RowKey {
            key: unique.key.0,
            until: match unique.until {
                Until::After(time) => KeyUntil::After(time),
                // A way to end that is not known here yet is not taken for a time.
                _ => KeyUntil::Finished,
            },
        });
        Self {
            id: None,
            kind,
            queue,
            priority,
            due,
            args: Args::Text(args.into_text()),
            unique,
            blocked: None,
        }
    }
}

impl Row {
    /// Whether it is ready as soon as it is added, at `now`.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        self.due.after(now).is_none()
    }
}

impl DueAt {
    /// The time, where it is one after `now`.
    pub(crate) fn after(self, now: Timestamp) -> Option<i64> {
        let at = match self {
            Self::Now | Self::After(Duration::ZERO) => return None,
            Self::After(wait) => later(now, wait),
            Self::At(at) => at,
        };
        (at > now.as_millisecond()).then_some(at)
    }
}

/// The first whole millisecond that is not before `wait` from `now`: nothing happens too early.
pub(crate) fn later(now: Timestamp, wait: Duration) -> i64 {
    ceil(now.saturating_add(wait).unwrap_or(Timestamp::MAX))
}

/// The first whole millisecond that is not before.
fn ceil(time: Timestamp) -> i64 {
    i64::try_from(time.as_nanosecond().div_euclid(1_000_000)).unwrap_or(i64::MAX)
        + i64::from(time.as_nanosecond().rem_euclid(1_000_000) != 0)
}

/// A time of the file. One that is beyond what can be said is the last that can.
pub(crate) fn timestamp(milliseconds: i64) -> Timestamp {
    let last = if milliseconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_millisecond(milliseconds).unwrap_or(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_never_ends_before_its_time() {
        let now: Timestamp = "2026-03-01T12:00:00.0005Z".parse().unwrap();
        let ms = now.as_millisecond();
        assert_eq!(later(now, Duration::ZERO), ms + 1);
        assert_eq!(later(now, Duration::from_micros(500)), ms + 1);
        assert_eq!(later(now, Duration::from_micros(501)), ms + 2);
        assert_eq!(later(Timestamp::MAX, Duration::MAX), ceil(Timestamp::MAX));
    }

    #[test]
    fn what_is_due_in_the_past_is_due_now() {
        let now = timestamp(5_000);
        assert_eq!(DueAt::At(5_000).after(now), None);
        assert_eq!(DueAt::At(5_001).after(now), Some(5_001));
        let now: Timestamp = "2026-03-01T12:00:00.0005Z".parse().unwrap();
        assert_eq!(DueAt::After(Duration::ZERO).after(now), None);
    }

    #[test]
    fn times_beyond_all_calendars_are_the_last_ones() {
        assert_eq!(timestamp(i64::MAX), Timestamp::MAX);
        assert_eq!(timestamp(i64::MIN), Timestamp::MIN);
    }
}
