//! How well something is, in one of three words.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

/// How well something is. Of several the worst counts, which is the greatest; of none it is `Healthy`.
///
/// ```
/// use ostler::Status;
///
/// assert_eq!([Status::Degraded, Status::Healthy].into_iter().max(), Some(Status::Degraded));
/// assert_eq!(Status::default().to_string(), "Healthy");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Status {
    /// All is well.
    #[default]
    Healthy,
    /// Something needs a look, and the work goes on: it still takes traffic.
    Degraded,
    /// The work does not go on: it should be sent no traffic.
    Unhealthy,
}

impl Status {
    /// The word used by the probes, in logs and on pages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "Healthy",
            Self::Degraded => "Degraded",
            Self::Unhealthy => "Unhealthy",
        }
    }

    /// Degraded still takes traffic.
    pub(crate) const fn http_status(self) -> u16 {
        match self {
            Self::Healthy | Self::Degraded => 200,
            Self::Unhealthy => 503,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a unit has said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) status: Status,
    /// Empty where it is healthy.
    pub(crate) reason: Arc<str>,
    pub(crate) at: Instant,
}
