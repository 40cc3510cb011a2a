//! What a running host can be asked to do with a unit, and why it may say no.

use std::fmt;

use tokio::sync::oneshot;

/// What to do with a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Pause,
    Resume,
    Trigger,
    Restart,
    Stop,
    Start,
    Resize(usize),
    /// Makes the instance of a service fail, as a crash would.
    #[cfg_attr(not(feature = "testing"), allow(dead_code))]
    Crash,
}

impl Action {
    /// What was done, for a reason.
    pub(crate) const fn done(self) -> &'static str {
        match self {
            Self::Pause => "paused by hand",
            Self::Resume => "resumed by hand",
            Self::Trigger => "triggered by hand",
            Self::Restart => "restarted by hand",
            Self::Stop => "stopped by hand",
            Self::Start => "started by hand",
            Self::Resize(_) => "resized by hand",
            Self::Crash => "crashed by hand",
        }
    }
}

/// The answer to an action, once it is done.
pub(crate) type Answer = Result<(), ControlError>;

/// An action asked for, and where its answer goes.
#[derive(Debug)]
pub(crate) struct Command {
    /// The unit's place among all.
    pub(crate) unit: usize,
    pub(crate) action: Action,
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// Why a unit was not paused, resumed, triggered, restarted, stopped, started or resized.
///
/// Branch on its predicates; its text is the reason, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlError {
    kind: Kind,
    reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unknown,
    Invalid,
    NotPossible,
    NotRunning,
    Failed,
}

impl ControlError {
    pub(crate) fn unknown(name: &str) -> Self {
        Self::new(Kind::Unknown, format!("there is no unit `{name}`"))
    }

    pub(crate) fn invalid(reason: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, reason)
    }

    pub(crate) fn not_possible(reason: impl Into<String>) -> Self {
        Self::new(Kind::NotPossible, reason)
    }

    pub(crate) fn not_running() -> Self {
        Self::host("the host is not running")
    }

    /// The host cannot do it now, whatever the unit is doing.
    pub(crate) fn host(reason: &str) -> Self {
        Self::new(Kind::NotRunning, reason)
    }

    pub(crate) fn failed(reason: impl Into<String>) -> Self {
        Self::new(Kind::Failed, reason)
    }

    fn new(kind: Kind, reason: impl Into<String>) -> Self {
        Self { kind, reason: reason.into() }
    }

    /// Whether no unit has this name.
    pub fn is_unknown_unit(&self) -> bool {
        self.kind == Kind::Unknown
    }

    /// Whether an argument is not allowed, whatever the unit is doing: a count of workers that is 0 or beyond
    /// [`MAX_WORKERS`](crate::MAX_WORKERS).
    pub fn is_invalid(&self) -> bool {
        self.kind == Kind::Invalid
    }

    /// Whether the unit cannot do this in the state that it is in, or cannot do it at all, being of its kind.
    pub fn is_not_possible(&self) -> bool {
        self.kind == Kind::NotPossible
    }

    /// Whether the host has not started yet, is stopping or has ended.
    pub fn is_not_running(&self) -> bool {
        self.kind == Kind::NotRunning
    }

    /// Whether it was tried and did not succeed: the unit did not come up, or did not end within its grace.
    pub fn is_failed(&self) -> bool {
        self.kind == Kind::Failed
    }
}

impl fmt::Display for ControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for ControlError {}
