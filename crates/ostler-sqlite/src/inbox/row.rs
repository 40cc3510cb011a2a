//! A row of the inbox: what it is as a job. Anything may stand in one, since any program writes it, and
//! SQLite's columns take values of any type. It is a job, or it is parked with the first thing that is wrong
//! with it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use ostler_jobs::{DEFAULT_PRIORITY, DEFAULT_QUEUE, MAX_PRIORITY, UniqueKey, name, payload};
use rusqlite::types::ValueRef;

use super::numbers::Numbers;
use crate::writer::{Args, DueAt, KeyUntil, Row, RowKey};

/// The kind of a row whose names are none.
const UNREADABLE: &str = "unreadable";

/// Reads the first rows. Arguments that are too large for a payload are not read at all.
pub(super) const SELECT: &str = "SELECT id, kind, queue, priority, due, uniq, uniq_for, \
     CASE WHEN octet_length(args) <= 1048576 THEN args END, octet_length(args) FROM ostler_inbox ORDER BY id LIMIT ?1";

/// A value as it stands there.
#[derive(Debug, Clone, PartialEq)]
enum Cell {
    Null,
    Integer(i64),
    Text(Vec<u8>),
    Blob(Vec<u8>),
    Real,
}

/// A row as it stands there.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    number: i64,
    kind: Cell,
    queue: Cell,
    priority: Cell,
    due: Cell,
    uniq: Cell,
    uniq_for: Cell,
    args: Cell,
    length: i64,
}

/// Why a row is no job.
type Wrong = String;

impl Found {
    pub(super) fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let cell = |at| row.get_ref(at).map(Cell::from);
        Ok(Self {
            number: row.get(0)?,
            kind: cell(1)?,
            queue: cell(2)?,
            priority: cell(3)?,
            due: cell(4)?,
            uniq: cell(5)?,
            uniq_for: cell(6)?,
            args: cell(7)?,
            length: row.get(8)?,
        })
    }

    /// Its number, by which it is deleted.
    pub(super) fn number(&self) -> i64 {
        self.number
    }

    /// The bytes of its arguments, as far as they were read.
    pub(super) fn bytes(&self) -> usize {
        match &self.args {
            Cell::Text(bytes) | Cell::Blob(bytes) => bytes.len(),
            _ => 0,
        }
    }

    /// As a job that waits, or one that is parked: under its own number, where that may be an id.
    pub(super) fn judged(&self, numbers: &Numbers) -> Row {
        let id = numbers.id(self.number);
        match id.clone().and_then(|id| self.job(id)) {
            Ok(row) => row,
            Err(wrong) => self.parked(id.ok(), &wrong),
        }
    }

    fn job(&self, id: u64) -> Result<Row, Wrong> {
        let kind = self.kind.name("kind")?;
        Ok(Row {
            id: Some(id),
            queue: self.queue.name("queue")?,
            priority: self.priority()?,
            due: self.due()?,
            unique: self.unique(&kind)?,
            args: Args::Text(self.args()?),
            blocked: None,
            kind,
        })
    }

    fn parked(&self, id: Option<u64>, wrong: &str) -> Row {
        let (kind, queue) = match (self.kind.name("kind"), self.queue.name("queue")) {
            (Ok(kind), Ok(queue)) => (kind, queue),
            _ => (UNREADABLE.into(), DEFAULT_QUEUE.into()),
        };
        tracing::warn!(row = self.number, reason = wrong, "a row of the inbox is no job: it is parked");
        Row {
            id,
            kind,
            queue,
            priority: self.priority().unwrap_or(DEFAULT_PRIORITY),
            due: DueAt::Now,
            args: match &self.args {
                Cell::Text(bytes) | Cell::Blob(bytes) => Args::Raw(bytes.clone()),
                _ => Args::Raw(b"null".to_vec()),
            },
            unique: None,
            blocked: Some(wrong.into()),
        }
    }

    fn priority(&self) -> Result<u8, Wrong> {
        match self.priority {
            Cell::Integer(priority) if (0..=i64::from(MAX_PRIORITY)).contains(&priority) => {
                u8::try_from(priority).map_err(|_| String::new())
            }
            _ => Err(format!("priority {} is not 0 to {MAX_PRIORITY}", self.priority.shown())),
        }
    }

    fn due(&self) -> Result<DueAt, Wrong> {
        match self.due {
            Cell::Null => Ok(DueAt::Now),
            Cell::Integer(due) if Timestamp::from_millisecond(due).is_ok() => Ok(DueAt::At(due)),
            _ => Err(format!("due {} is no time in milliseconds since 1970", self.due.shown())),
        }
    }

    fn unique(&self, kind: &str) -> Result<Option<RowKey>, Wrong> {
        let until = match self.uniq_for {
            Cell::Null => KeyUntil::Finished,
            Cell::Integer(millis) if millis >= 0 => {
                KeyUntil::After(Duration::from_millis(millis.unsigned_abs()))
            }
            _ => return Err(format!("uniq_for {} is no number of milliseconds", self.uniq_for.shown())),
        };
        match (self.key(kind)?, &self.uniq_for) {
            (Some(key), _) => Ok(Some(RowKey { key, until })),
            (None, Cell::Null) => Ok(None),
            (None, _) => Err("uniq_for stands there without uniq".to_owned()),
        }
    }

    fn key(&self, kind: &str) -> Result<Option<[u8; 16]>, Wrong> {
        let wrong = || Err(format!("uniq {} is neither a text nor a key of 16 bytes", self.uniq.shown()));
        match &self.uniq {
            Cell::Null => Ok(None),
            Cell::Text(text) => match str::from_utf8(text) {
                Ok(text) => Ok(Some(UniqueKey::of(kind, text).0)),
                Err(_) => wrong(),
            },
            Cell::Blob(bytes) => bytes.as_slice().try_into().map(Some).or_else(|_| wrong()),
            Cell::Integer(_) | Cell::Real => wrong(),
        }
    }

    fn args(&self) -> Result<Arc<str>, Wrong> {
        match &self.args {
            Cell::Null => {
                let (bytes, limit) = (usize::try_from(self.length).unwrap_or(0), payload::HARD_LIMIT);
                Err(payload::PayloadError::TooLarge { bytes, limit }.to_string())
            }
            Cell::Text(bytes) => match payload::check(bytes, payload::HARD_LIMIT) {
                Ok(()) => str::from_utf8(bytes).map(Arc::from).map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            },
            other => Err(format!("args {} is no text", other.shown())),
        }
    }
}

impl Cell {
    fn name(&self, field: &'static str) -> Result<Arc<str>, Wrong> {
        match self {
            Self::Text(bytes) => match str::from_utf8(bytes) {
                Ok(text) => name::checked(field, text).map_err(|error| error.to_string()),
                Err(_) => Err(format!("{field} is no UTF-8")),
            },
            other => Err(format!("{field} {} is no text", other.shown())),
        }
    }

    /// For people: never all of it, and nothing that a terminal would act on.
    fn shown(&self) -> String {
        match self {
            Self::Null => "NULL".to_owned(),
            Self::Integer(number) => number.to_string(),
            Self::Real => "with a fraction".to_owned(),
            Self::Text(bytes) => {
                format!("{:?}", String::from_utf8_lossy(bytes).chars().take(40).collect::<String>())
            }
            Self::Blob(bytes) => format!("of {} raw bytes", bytes.len()),
        }
    }
}

impl From<ValueRef<'_>> for Cell {
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(number) => Self::Integer(number),
            ValueRef::Real(_) => Self::Real,
            ValueRef::Text(bytes) => Self::Text(bytes.to_vec()),
            ValueRef::Blob(bytes) => Self::Blob(bytes.to_vec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Cell {
        Cell::Text(text.as_bytes().to_vec())
    }

    fn plain() -> Found {
        Found {
            number: 7,
            kind: text("receipt"),
            queue: text("mail"),
            priority: Cell::Integer(5),
            due: Cell::Null,
            uniq: Cell::Null,
            uniq_for: Cell::Null,
            args: text("{\"order\":7}"),
            length: 11,
        }
    }

    /// Why it is parked.
    fn wrong(found: &Found) -> String {
        found.judged(&Numbers::after(0)).blocked.expect("it is parked").to_string()
    }

    #[test]
    fn a_row_is_the_job_that_it_describes() {
        let row = plain().judged(&Numbers::after(0));
        assert_eq!((row.id, &*row.kind, &*row.queue, row.priority), (Some(7), "receipt", "mail", 5));
        assert!(matches!(row.args, Args::Text(ref args) if &**args == "{\"order\":7}"));
        assert!(matches!(row.due, DueAt::Now) && row.unique.is_none() && row.blocked.is_none());
    }

    #[test]
    fn due_and_keys_are_read() {
        let found =
            Found { due: Cell::Integer(1_000), uniq: text("a"), uniq_for: Cell::Integer(50), ..plain() };
        let row = found.judged(&Numbers::after(0));
        assert!(matches!(row.due, DueAt::At(1_000)));
        let key = row.unique.unwrap();
        assert_eq!(key.key, UniqueKey::of("receipt", "a").0);
        assert!(matches!(key.until, KeyUntil::After(time) if time == Duration::from_millis(50)));
        let raw =
            Found { uniq: Cell::Blob(vec![3; 16]), ..plain() }.judged(&Numbers::after(0)).unique.unwrap();
        assert_eq!(raw.key, [3; 16]);
        assert!(matches!(raw.until, KeyUntil::Finished));
    }

    #[test]
    fn what_is_no_job_is_parked_with_the_reason() {
        let cases = [
            (Found { priority: Cell::Integer(10), ..plain() }, "priority 10 is not 0 to 9"),
            (Found { priority: text("high"), ..plain() }, "priority \"high\" is not 0 to 9"),
            (Found { due: Cell::Real, ..plain() }, "due with a fraction is no time"),
            (Found { due: Cell::Integer(i64::MAX), ..plain() }, "is no time in milliseconds"),
            (Found { uniq: Cell::Blob(vec![1]), ..plain() }, "uniq of 1 raw bytes is neither"),
            (Found { uniq: Cell::Integer(1), ..plain() }, "uniq 1 is neither"),
            (Found { uniq_for: Cell::Integer(1), ..plain() }, "uniq_for stands there without uniq"),
            (Found { uniq: text("a"), uniq_for: Cell::Integer(-1), ..plain() }, "uniq_for -1 is no number"),
            (Found { args: text(""), ..plain() }, "the payload is empty"),
            (Found { args: text("{"), ..plain() }, "no JSON"),
            (Found { args: Cell::Text(vec![b'"', 0xff, b'"']), ..plain() }, "no UTF-8"),
            (Found { args: Cell::Blob(b"{}".to_vec()), ..plain() }, "args of 2 raw bytes is no text"),
            (Found { args: Cell::Null, length: 2_000_000, ..plain() }, "has 2000000 bytes; at most 1048576"),
            (Found { number: 0, ..plain() }, "id 0 is not 1 to"),
            (Found { number: 1 << 40, ..plain() }, "id 1099511627776 is not 1 to"),
        ];
        for (found, reason) in cases {
            let wrong = wrong(&found);
            assert!(wrong.contains(reason), "{wrong}");
            let row = found.judged(&Numbers::after(0));
            assert_eq!((&*row.kind, &*row.queue), ("receipt", "mail"), "{reason}");
        }
    }

    #[test]
    fn names_that_are_none_are_replaced() {
        for found in [
            Found { kind: text("a b"), ..plain() },
            Found { queue: text(""), ..plain() },
            Found { kind: Cell::Text(vec![0xff]), ..plain() },
            Found { queue: Cell::Blob(vec![1]), ..plain() },
        ] {
            let row = found.judged(&Numbers::after(0));
            assert_eq!((&*row.kind, &*row.queue), ("unreadable", "default"));
            assert!(row.blocked.is_some());
        }
    }

    #[test]
    fn a_number_that_cannot_be_the_jobs_is_not() {
        let row = plain().judged(&Numbers::after(7));
        assert_eq!(row.id, None);
        assert!(row.blocked.unwrap().contains("id 7 was that of another row"));
        assert_eq!(Found { number: -1, ..plain() }.judged(&Numbers::after(0)).id, None);
        // What is wrong otherwise is parked under the number that its writer knows.
        assert_eq!(Found { args: text("{"), ..plain() }.judged(&Numbers::after(0)).id, Some(7));
    }
}
