//! What a check comes to, and what counts as that.

use crate::outcome::Halt;
use crate::status::Status;

/// What a check found: a status, and why.
///
/// ```
/// use ostler::{Checked, Status};
///
/// async fn disk() -> Result<Checked, std::io::Error> {
///     let free = 7; // percent
///     Ok(match free {
///         0..5 => Status::Unhealthy.because(format!("{free} % free")),
///         5..20 => Status::Degraded.because(format!("{free} % free")),
///         _ => Status::Healthy.into(),
///     })
/// }
/// # drop(disk);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checked {
    pub(crate) status: Status,
    pub(crate) reason: Option<String>,
}

impl Status {
    /// This status, and why: one line for the probes, the log and the history. A check that is healthy may say
    /// something too; it is shown where everything is shown.
    pub fn because(self, reason: impl Into<String>) -> Checked {
        Checked { status: self, reason: Some(reason.into()) }
    }
}

impl From<Status> for Checked {
    fn from(status: Status) -> Self {
        Self { status, reason: None }
    }
}

/// What a check may return: `()` for healthy, a [`Status`], a [`Checked`], or a `Result` of one of them whose error
/// is any error, a [`Halt`] or an [`ostler::Error`](crate::Error). An error counts as the check's failure status
/// ([`Check::failure`](crate::Check::failure)), with its text and its causes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what a check may return",
    label = "this check returns `{Self}`",
    note = "return `()`, `ostler::Status`, `ostler::Checked`, or a `Result` of one of them with any error"
)]
pub trait IntoChecked {
    /// What it stands for.
    ///
    /// # Errors
    /// What the check returned as its error.
    fn into_checked(self) -> Result<Checked, Halt>;
}

impl IntoChecked for () {
    fn into_checked(self) -> Result<Checked, Halt> {
        Ok(Checked::default())
    }
}

impl IntoChecked for Status {
    fn into_checked(self) -> Result<Checked, Halt> {
        Ok(self.into())
    }
}

impl IntoChecked for Checked {
    fn into_checked(self) -> Result<Checked, Halt> {
        Ok(self)
    }
}

impl<T: IntoChecked, E: Into<Halt>> IntoChecked for Result<T, E> {
    fn into_checked(self) -> Result<Checked, Halt> {
        self.map_err(Into::into)?.into_checked()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn all_that_a_check_may_return_means_what_it_says() {
        let degraded = Status::Degraded.because("slow");
        assert_eq!(().into_checked().unwrap(), Checked::default());
        assert_eq!(Status::Unhealthy.into_checked().unwrap().status, Status::Unhealthy);
        assert_eq!(degraded.clone().into_checked().unwrap(), degraded);
        assert_eq!(Ok::<_, Error>(Ok::<_, &str>(degraded.clone())).into_checked().unwrap(), degraded);
        let nested: Result<Result<(), &str>, std::io::Error> = Ok(Err("inner"));
        assert_eq!(nested.into_checked().unwrap_err().into_error().to_string(), "inner");
        assert!(Err::<Status, _>(Error::config("no")).into_checked().is_err());
    }
}
