//! What a handler says at its end: [`Outcome`], the kinds of [`Halt`], and what counts as an outcome.

use std::convert::Infallible;
use std::fmt;
use std::time::Duration;

use crate::error::{BoxError, Error};

/// What a handler returns: `Ok`, or why it stopped short.
pub type Outcome<T = ()> = Result<T, Halt>;

/// Why a handler stopped short. Any error becomes one by `?` and is retried as the plan says;
/// [`retry_in`](Self::retry_in) and [`snooze`](Self::snooze) name the wait themselves; [`cancel`](Self::cancel) and
/// [`discard`](Self::discard) are permanent.
///
/// It is not a `std::error::Error`, so that `From` can be written for every error at once.
///
/// ```
/// use ostler::{Halt, Outcome};
///
/// async fn charge(order: u64) -> Outcome {
///     if order == 0 {
///         return Err(Halt::discard("order 0 does not exist"));
///     }
///     std::fs::read("/etc/hostname")?; // retried
///     Ok(())
/// }
/// ```
pub struct Halt(pub(crate) Kind);

#[derive(Debug)]
pub(crate) enum Kind {
    Failed(BoxError),
    FailedFor(BoxError, Duration),
    Snoozed(Duration),
    Rejected(BoxError),
    Cancelled(String),
    Discarded(BoxError),
}

impl Halt {
    /// This run failed and may be tried again: what `?` makes of any error.
    pub fn retry(error: impl Into<BoxError>) -> Self {
        Self(Kind::Failed(error.into()))
    }

    /// This run failed and may be tried again after `wait`, whatever the back-off says. It counts as an attempt.
    pub fn retry_in(wait: Duration, error: impl Into<BoxError>) -> Self {
        Self(Kind::FailedFor(error.into(), wait))
    }

    /// It is too early: tried again after `wait`, and this counts neither as an attempt nor as a failure. In memory, the
    /// worker waits meanwhile, for 1 ms or more; a durable job frees it.
    ///
    /// A consumer needs a copy of the item for that: without [`attempts`](crate::Plan::attempts) in its plan there is
    /// none, and the run fails at once.
    pub fn snooze(wait: Duration) -> Self {
        Self(Kind::Snoozed(wait))
    }

    /// The work is no longer wanted. No further attempt; counted as cancelled, not as failed.
    pub fn cancel(reason: impl Into<String>) -> Self {
        Self(Kind::Cancelled(reason.into()))
    }

    /// The work can never succeed. No further attempt; counted as failed.
    pub fn discard(error: impl Into<BoxError>) -> Self {
        Self(Kind::Discarded(error.into()))
    }

    /// What it says, for whoever runs handlers of their own.
    pub fn into_kind(self) -> HaltKind {
        match self.0 {
            Kind::Failed(error) | Kind::Rejected(error) => HaltKind::Retry { error, wait: None },
            Kind::FailedFor(error, wait) => HaltKind::Retry { error, wait: Some(wait) },
            Kind::Snoozed(wait) => HaltKind::Snooze(wait),
            Kind::Cancelled(reason) => HaltKind::Cancel(reason),
            Kind::Discarded(error) => HaltKind::Discard(error),
        }
    }

    /// An extractor refused: tried again like a failure.
    pub(crate) fn rejected(error: BoxError) -> Self {
        Self(Kind::Rejected(error))
    }

    /// The error itself, for a service, where every kind of halt is a failure.
    pub(crate) fn into_error(self) -> BoxError {
        match self.0 {
            Kind::Failed(error)
            | Kind::FailedFor(error, _)
            | Kind::Rejected(error)
            | Kind::Discarded(error) => error,
            Kind::Snoozed(_) => "snoozed: a service cannot be tried again later".into(),
            Kind::Cancelled(reason) => format!("cancelled: {reason}").into(),
        }
    }
}

/// What a [`Halt`] says.
#[derive(Debug)]
#[non_exhaustive]
pub enum HaltKind {
    /// It failed and may be tried again: after `wait`, or as the policy says.
    Retry {
        /// What went wrong.
        error: BoxError,
        /// The wait that the handler named.
        wait: Option<Duration>,
    },
    /// It is tried again after this wait, and nothing is counted.
    Snooze(Duration),
    /// The work is no longer wanted, for this reason.
    Cancel(String),
    /// The work can never succeed.
    Discard(BoxError),
}

impl<E: Into<BoxError>> From<E> for Halt {
    fn from(error: E) -> Self {
        Self::retry(error)
    }
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::retry(error.into_boxed())
    }
}

impl fmt::Debug for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a task, a consumer's handler or a service may return: `()`, or a `Result` whose error is any error, a
/// [`Halt`] or an [`ostler::Error`](Error).
///
/// A `Result` inside a `Result` (a timeout around a fallible call) counts as failed where either is an error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what a handler may return",
    label = "this handler returns `{Self}`",
    note = "return `()`, `Result<(), E>` with any error `E`, or `ostler::Outcome`"
)]
pub trait IntoOutcome {
    /// The outcome it stands for.
    ///
    /// # Errors
    /// What the handler returned as its error.
    fn into_outcome(self) -> Outcome;
}

impl IntoOutcome for () {
    fn into_outcome(self) -> Outcome {
        Ok(())
    }
}

impl IntoOutcome for Infallible {
    fn into_outcome(self) -> Outcome {
        match self {}
    }
}

impl<T: IntoOutcome, E: Into<Halt>> IntoOutcome for Result<T, E> {
    fn into_outcome(self) -> Outcome {
        self.map_err(Into::into)?.into_outcome()
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RunOutcome {
    /// The handler returned `Ok`.
    Succeeded,
    /// The last attempt returned an error, or an extractor refused.
    Failed,
    /// The last attempt took longer than its timeout, or all of them longer than the deadline.
    TimedOut,
    /// The last attempt panicked.
    Panicked,
    /// The handler returned [`Halt::cancel`].
    Cancelled,
    /// The handler returned [`Halt::discard`].
    Discarded,
    /// It was dropped because the grace of a stop was over.
    Interrupted,
}

impl RunOutcome {
    /// In the order of their discriminants.
    pub(crate) const ALL: [Self; 7] = [
        Self::Succeeded,
        Self::Failed,
        Self::TimedOut,
        Self::Panicked,
        Self::Cancelled,
        Self::Discarded,
        Self::Interrupted,
    ];

    /// Whether the run counts as failed.
    pub const fn is_failure(self) -> bool {
        !matches!(self, Self::Succeeded | Self::Cancelled)
    }

    /// The word used in logs and pages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::TimedOut => "timed out",
            Self::Panicked => "panicked",
            Self::Cancelled => "cancelled",
            Self::Discarded => "discarded",
            Self::Interrupted => "interrupted",
        }
    }
}

impl fmt::Display for RunOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_outcome_stands_at_its_own_place() {
        for (place, outcome) in RunOutcome::ALL.into_iter().enumerate() {
            assert_eq!(outcome as usize, place);
        }
    }

    #[test]
    fn an_error_inside_a_result_is_not_swallowed() {
        let nested: Result<Result<(), &str>, Infallible> = Ok(Err("inner"));
        assert!(matches!(nested.into_outcome(), Err(Halt(Kind::Failed(_)))));
    }

    #[test]
    fn question_mark_takes_errors_text_outcomes_and_ostler_errors() {
        fn all(step: u8) -> Outcome {
            match step {
                0 => Err("text")?,
                1 => Err(std::io::Error::other("io"))?,
                2 => Err(Error::config("config"))?,
                _ => Err(Halt::discard("never"))?,
            }
        }
        for step in 0..3 {
            assert!(matches!(all(step), Err(Halt(Kind::Failed(_)))));
        }
        assert!(matches!(all(3), Err(Halt(Kind::Discarded(_)))));
    }
}
