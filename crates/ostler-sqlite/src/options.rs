//! How a file is opened: what can be set, and what is when nothing is.

use std::path::PathBuf;
use std::time::Duration;

use ostler::Clock;
use ostler_jobs::{Durability, StoreError};

use crate::store::SqliteStore;

/// How long a call to the store may take, unless it is said otherwise: longer than a slow disk makes one wait,
/// shorter than a request's own patience.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(5);

/// How many jobs may be ready at a time, unless it is said otherwise. Each takes eight bytes of memory.
pub const DEFAULT_MAX_READY: usize = 5_000_000;

/// How often the inbox is looked at, unless it is said otherwise: a person does not notice it, and a look costs
/// microseconds.
pub const DEFAULT_INBOX_POLL: Duration = Duration::from_millis(100);

/// The least and the most that a deadline may be.
const DEADLINES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(600));

/// The least and the most that lies between two looks at the inbox.
const POLLS: (Duration, Duration) = (Duration::from_millis(1), Duration::from_secs(60));

/// How a [`SqliteStore`] is opened. From [`SqliteStore::options`].
///
/// ```no_run
/// # async fn example() -> Result<(), ostler_jobs::StoreError> {
/// use ostler::SECOND;
/// use ostler_sqlite::SqliteStore;
///
/// let store = SqliteStore::options("jobs.db").deadline(2 * SECOND).open().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is opened before `open`"]
pub struct OpenOptions {
    pub(crate) path: PathBuf,
    pub(crate) durability: Durability,
    pub(crate) deadline: Duration,
    pub(crate) max_ready: usize,
    pub(crate) watermark: Option<u64>,
    pub(crate) inbox_poll: Duration,
    pub(crate) clock: Clock,
}

impl OpenOptions {
    /// The defaults for this file, whose directory has to be there. The file itself is made where there is none.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            durability: Durability::Full,
            deadline: DEFAULT_DEADLINE,
            max_ready: DEFAULT_MAX_READY,
            watermark: None,
            inbox_poll: DEFAULT_INBOX_POLL,
            clock: Clock::real(),
        }
    }

    /// What an acknowledged write survives at most ([`Durability::Full`]). [`Durability::Relaxed`] holds for
    /// all calls, and is logged as a warning when the file is opened.
    pub fn durability(self, durability: Durability) -> Self {
        Self { durability, ..self }
    }

    /// How long a call may take ([`DEFAULT_DEADLINE`]): 10 ms to 10 minutes. The closure of a transaction has
    /// as long.
    pub fn deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// How many jobs may be ready at a time ([`DEFAULT_MAX_READY`]): at least 1. Beyond it, an insert is refused as
    /// [`QueueFull`](ostler_jobs::ErrorKind::QueueFull).
    pub fn max_ready(self, max_ready: usize) -> Self {
        Self { max_ready, ..self }
    }

    /// How many bytes of the disk have to be free for jobs to be added; below it an insert is refused as
    /// [`StoreFull`](ostler_jobs::ErrorKind::StoreFull), while running jobs can still end. Unless it is set, 64
    /// MiB, which is twice what the write-ahead log takes, or a twentieth of a file system that is smaller than
    /// 1.25 GiB. 0 asks for nothing.
    pub fn watermark(self, bytes: u64) -> Self {
        Self { watermark: Some(bytes), ..self }
    }

    /// How often the inbox is looked at ([`DEFAULT_INBOX_POLL`]): 1 ms to a minute.
    pub fn inbox_poll(self, inbox_poll: Duration) -> Self {
        Self { inbox_poll, ..self }
    }

    /// The clock by which jobs are due and kept. For tests, whose clock is virtual.
    #[doc(hidden)]
    pub fn clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Opens the file, or makes it, as its one owner; what a former owner had claimed is taken back.
    ///
    /// # Errors
    /// The kinds say what: [`Invalid`](ostler_jobs::ErrorKind::Invalid) a setting, which the text names;
    /// [`Owned`](ostler_jobs::ErrorKind::Owned) another has it, whose process [`StoreError::owner`] tells;
    /// [`Version`](ostler_jobs::ErrorKind::Version) a library or a file that this version does not work with,
    /// and the text says what to do; [`Corrupt`](ostler_jobs::ErrorKind::Corrupt) the file is no database;
    /// [`Timeout`](ostler_jobs::ErrorKind::Timeout) a foreign connection holds a lock;
    /// [`Unavailable`](ostler_jobs::ErrorKind::Unavailable) the directory is not there, or the file cannot be
    /// read or written.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, the file may have been made, and is closed again.
    pub async fn open(self) -> Result<SqliteStore, StoreError> {
        self.check()?;
        if self.durability == Durability::Relaxed {
            let path = self.path.display();
            tracing::warn!(%path, "the store is relaxed: a power loss may forget the last acknowledged jobs");
        }
        SqliteStore::start(self).await
    }

    fn check(&self) -> Result<(), StoreError> {
        within("deadline", self.deadline, DEADLINES)?;
        within("inbox_poll", self.inbox_poll, POLLS)?;
        if self.max_ready == 0 {
            return Err(StoreError::invalid("max_ready 0 is not allowed: at least 1"));
        }
        if self.path.as_os_str().is_empty() {
            return Err(StoreError::invalid("path is empty: a file is needed"));
        }
        Ok(())
    }
}

fn within(field: &str, value: Duration, (least, most): (Duration, Duration)) -> Result<(), StoreError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(StoreError::invalid(format!("{field} {value:?} is not allowed: {least:?} to {most:?}")))
}

#[cfg(test)]
mod tests {
    use ostler::SECOND;

    use super::*;

    fn refused(options: &OpenOptions) -> String {
        options.check().unwrap_err().to_string()
    }

    #[test]
    fn the_defaults_are_allowed() {
        OpenOptions::new("jobs.db").check().unwrap();
    }

    #[test]
    fn what_is_not_allowed_is_named() {
        let options = OpenOptions::new("jobs.db");
        assert!(
            refused(&options.clone().deadline(Duration::ZERO))
                .starts_with("deadline 0ns is not allowed: 10ms to")
        );
        assert!(refused(&options.clone().deadline(601 * SECOND)).starts_with("deadline 601s"));
        assert!(refused(&options.clone().inbox_poll(Duration::ZERO)).starts_with("inbox_poll 0ns"));
        assert!(refused(&options.clone().max_ready(0)).starts_with("max_ready 0"));
        assert!(refused(&OpenOptions::new("")).starts_with("path is empty"));
    }
}
