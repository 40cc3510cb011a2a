//! The unique keys that are held, each by a job, and until when.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::id::JobId;
use crate::unique::{UniqueKey, Until};

/// All keys.
#[derive(Debug, Default)]
pub(super) struct Keys {
    held: BTreeMap<UniqueKey, Hold>,
    /// Those that end by the clock, the first one first.
    ends: BTreeSet<(Timestamp, UniqueKey)>,
}

#[derive(Debug, Clone, Copy)]
struct Hold {
    job: JobId,
    /// `None`: until the job is finished.
    until: Option<Timestamp>,
}

impl Keys {
    /// The job that holds a key now. At the end of its time a key holds no longer.
    pub(super) fn holder(&self, key: UniqueKey, now: Timestamp) -> Option<JobId> {
        let hold = self.held.get(&key)?;
        hold.until.is_none_or(|until| until > now).then_some(hold.job)
    }

    /// Gives a key to a job. One that held no longer is replaced.
    pub(super) fn hold(&mut self, key: UniqueKey, job: JobId, until: Until, now: Timestamp) {
        let until = match until {
            Until::After(time) => Some(now.saturating_add(time).unwrap_or(Timestamp::MAX)),
            Until::Finished => None,
        };
        let before = self.held.insert(key, Hold { job, until });
        if let Some(ended) = before.and_then(|hold| hold.until) {
            self.ends.remove(&(ended, key));
        }
        self.ends.extend(until.map(|until| (until, key)));
    }

    /// Lets go of a key that its job held until it was finished.
    pub(super) fn release(&mut self, key: UniqueKey) {
        self.held.remove(&key);
    }

    /// Removes the first key that holds no longer; whether there was one.
    pub(super) fn prune_one(&mut self, now: Timestamp) -> bool {
        let Some(&(until, key)) = self.ends.first().filter(|(until, _)| *until <= now) else { return false };
        self.ends.remove(&(until, key));
        self.held.remove(&key);
        true
    }

    /// Whether there is one that holds no longer.
    pub(super) fn has_ended(&self, now: Timestamp) -> bool {
        self.ends.first().is_some_and(|(until, _)| *until <= now)
    }
}
