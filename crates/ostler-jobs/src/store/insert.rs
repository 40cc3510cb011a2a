//! Adding jobs.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::error::StoreError;
use crate::id::JobId;
use crate::name;
use crate::payload::{self, Payload};
use crate::policy::{Durability, MAX_PRIORITY};
use crate::unique::Unique;

/// Jobs to be added, all or none.
#[derive(Debug, Clone, Default)]
pub struct Insert {
    /// The jobs.
    pub rows: Vec<NewRow>,
    /// What their being there survives.
    pub durability: Durability,
}

/// A job to be added. There is none that is not valid.
#[derive(Debug, Clone)]
pub struct NewRow {
    kind: Arc<str>,
    queue: Arc<str>,
    priority: u8,
    due: Due,
    args: Payload,
    unique: Option<Unique>,
}

/// When a job may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// At once.
    Now,
    /// So long after it was added, by the store's clock.
    After(Duration),
    /// From this time on.
    At(Timestamp),
}

/// What became of a job that was to be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inserted {
    /// Its id, or that of the one that was there.
    pub id: JobId,
    /// Another job held its key: nothing was added.
    pub existing: bool,
}

impl NewRow {
    /// A job of this kind, in this queue, with these arguments: due now, of the default priority.
    ///
    /// # Errors
    /// A name that is not allowed, and what [`payload::checked`] refuses.
    pub fn new(kind: &str, queue: &str, args: impl Into<Arc<str>>) -> Result<Self, StoreError> {
        Self::made(name::checked("kind", kind)?, name::checked("queue", queue)?, payload::checked(args)?)
    }

    /// The same, of parts that have been checked.
    pub(crate) fn made(kind: Arc<str>, queue: Arc<str>, args: Payload) -> Result<Self, StoreError> {
        let priority = crate::policy::DEFAULT_PRIORITY;
        Ok(Self { kind, queue, priority, due: Due::Now, args, unique: None })
    }

    /// With this priority.
    ///
    /// # Errors
    /// It is above [`MAX_PRIORITY`].
    pub fn priority(self, priority: u8) -> Result<Self, StoreError> {
        if priority > MAX_PRIORITY {
            return Err(StoreError::invalid(format!(
                "priority {priority} is not allowed: 0 to {MAX_PRIORITY}"
            )));
        }
        Ok(Self { priority, ..self })
    }

    /// Due then.
    #[must_use]
    pub fn due(self, due: Due) -> Self {
        Self { due, ..self }
    }

    /// At most one of this key.
    #[must_use]
    pub fn unique(self, unique: Option<Unique>) -> Self {
        Self { unique, ..self }
    }

    /// Its parts, for a store: kind, queue, priority, when it is due, its arguments, its key.
    pub fn into_parts(self) -> (Arc<str>, Arc<str>, u8, Due, Payload, Option<Unique>) {
        (self.kind, self.queue, self.priority, self.due, self.args, self.unique)
    }
}

impl Due {
    /// The time, where it is one after `now`; `None` is now.
    pub fn at(self, now: Timestamp) -> Option<Timestamp> {
        let at = match self {
            Self::Now => return None,
            Self::After(wait) => now.saturating_add(wait).unwrap_or(Timestamp::MAX),
            Self::At(at) => at,
        };
        (at > now).then_some(at)
    }
}
