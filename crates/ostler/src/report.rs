//! How a host ended: one line for each unit.

use std::fmt;
use std::time::Duration;

use crate::error::exit;
use crate::record::UnitKind;
use crate::stop::StopReason;

/// How a host and its units ended. Its `Display` is a table for people.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    pub(crate) reason: Option<StopReason>,
    pub(crate) units: Vec<UnitReport>,
    pub(crate) took: Duration,
}

/// How one unit ended.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct UnitReport {
    /// The unit's name.
    pub name: String,
    /// What sort of unit it is.
    pub kind: UnitKind,
    /// How it ended.
    pub end: UnitEnd,
    /// From when it was told to stop until it had ended; zero where it had ended before.
    pub took: Duration,
    /// Runs (or items) that ended, over its whole life.
    pub runs: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// Restarts of a service.
    pub restarts: u64,
    /// Items that were left in its queue and are gone.
    pub items_left: usize,
    /// Blocking calls that were still going on and are left behind.
    pub blocking_left: usize,
    /// The error with which a unit failed.
    pub error: Option<String>,
}

/// How a unit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnitEnd {
    /// It was never started.
    NotStarted,
    /// By itself, without an error.
    Completed,
    /// As it was told, within its grace.
    Stopped,
    /// With an error.
    Failed,
    /// Only after its grace was over.
    Overran,
    /// Not at all: it neither ended nor could be dropped.
    Abandoned,
}

impl UnitEnd {
    /// Whether the unit outlived its grace.
    pub const fn is_overrun(self) -> bool {
        matches!(self, Self::Overran | Self::Abandoned)
    }
}

impl fmt::Display for UnitEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotStarted => "not started",
            Self::Completed => "completed",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Overran => "overran its grace",
            Self::Abandoned => "abandoned, still running",
        })
    }
}

impl Report {
    /// Why the host stopped.
    pub fn reason(&self) -> Option<&StopReason> {
        self.reason.as_ref()
    }

    /// The units, in the order in which they were told to stop (the reverse of their start).
    pub fn units(&self) -> &[UnitReport] {
        &self.units
    }

    /// One unit.
    pub fn unit(&self, name: &str) -> Option<&UnitReport> {
        self.units.iter().find(|unit| unit.name == name)
    }

    /// How long the whole stop took, the drain delay included.
    pub fn took(&self) -> Duration {
        self.took
    }

    /// The units that outlived their grace.
    pub fn overrunners(&self) -> impl Iterator<Item = &UnitReport> {
        self.units.iter().filter(|unit| unit.end.is_overrun())
    }

    /// The exit code that a process with this report ends with: 75 where a unit outlived its grace, else 1 where one
    /// failed, else 0.
    pub fn exit_code(&self) -> u8 {
        if self.overrunners().next().is_some() {
            exit::GRACE_EXCEEDED
        } else if self.units.iter().any(|unit| unit.end == UnitEnd::Failed) {
            exit::FAILED
        } else {
            exit::OK
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Some(reason) => write!(f, "stopped ({reason}) in {}", Seconds(self.took))?,
            None => f.write_str("not run")?,
        }
        let width = self.units.iter().map(|unit| unit.name.len()).max().unwrap_or(0);
        self.units.iter().try_for_each(|unit| {
            write!(f, "\n  {:width$}  {:9}  {}", unit.name, unit.kind.to_string(), unit.summary())
        })
    }
}

impl UnitReport {
    fn summary(&self) -> String {
        let mut text = self.end.to_string();
        if self.end != UnitEnd::NotStarted {
            text += &format!(" in {}", Seconds(self.took));
        }
        let mut add = |count: u64, one: &str, many: &str| match count {
            0 => {}
            1 => text += &format!(", 1 {one}"),
            _ => text += &format!(", {count} {many}"),
        };
        add(self.runs, "run", "runs");
        add(self.failed, "of them failed", "of them failed");
        add(self.restarts, "restart", "restarts");
        add(self.items_left as u64, "item left in its queue", "items left in its queue");
        add(self.blocking_left as u64, "blocking call left behind", "blocking calls left behind");
        if let Some(error) = &self.error {
            text += &format!(": {error}");
        }
        text
    }
}

/// A duration as people read it in a table.
struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} s", self.0.as_secs_f64())
    }
}
