//! What a host is asked for: how well it is, with one entry for all that counts.

use std::fmt;
use std::time::Duration;

use crate::status::Status;

/// How well a host is. See [`HostHandle::health`](crate::HostHandle::health).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct HealthReport {
    /// The worst of all entries.
    pub status: Status,
    /// The host and its runtime, then checks, options and units, each in order of registration.
    pub entries: Vec<HealthEntry>,
}

/// How well one part of a host is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HealthEntry {
    /// The part's name.
    pub name: String,
    /// What sort of part it is.
    pub kind: HealthKind,
    /// How well it is.
    pub status: Status,
    /// Why, in one line.
    pub reason: Option<String>,
    /// How long ago that was found, where it is not found at the moment of asking: by a check, or said by a unit
    /// itself.
    pub age: Option<Duration>,
    /// A check's tags.
    pub tags: Vec<String>,
    /// How long a check's last run took.
    pub took: Option<Duration>,
}

/// What sort of part of a host an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum HealthKind {
    /// A unit: what follows from its state, its runs and its queue, and what it says of itself.
    Unit,
    /// A check that was registered by [`Host::check`](crate::Host::check).
    Check,
    /// Options: Degraded while what they were last given cannot be used.
    Options,
    /// The host itself and its runtime.
    Host,
}

impl fmt::Display for HealthKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unit => "unit",
            Self::Check => "check",
            Self::Options => "options",
            Self::Host => "host",
        })
    }
}
