//! What a job's handler may return: as anywhere in the host, or with a result that is kept.

use std::sync::Arc;

use ostler::Halt;
use serde::Serialize;

/// A result, to be stored as JSON and read with [`Finished::result`](crate::Finished::result).
///
/// ```
/// # use ostler_jobs::{JobArgs, Json};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Serialize, Deserialize)] struct Sum(Vec<u64>);
/// # impl JobArgs for Sum { const KIND: &'static str = "sum"; }
/// async fn sum(Sum(numbers): Sum) -> Json<u64> {
///     Json(numbers.iter().sum())
/// }
/// ```
///
/// A wrapper, so that a result is told from a `Result`: an error inside of one must never be stored as a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Json<T>(pub T);

/// What a job's handler may return: `()`, [`Json<T>`], or a `Result` of those whose error is any error, a [`Halt`] or an
/// [`ostler::Error`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what a job's handler may return",
    label = "this handler returns `{Self}`",
    note = "return `()`, `Json<T>`, or a `Result` of them with any error, or `ostler::Outcome`"
)]
pub trait IntoAnswer {
    /// The result as JSON, if there is one.
    ///
    /// # Errors
    /// What the handler returned as its error; or that its result is no JSON.
    fn into_answer(self) -> Result<Option<Arc<str>>, Halt>;
}

impl IntoAnswer for () {
    fn into_answer(self) -> Result<Option<Arc<str>>, Halt> {
        Ok(None)
    }
}

impl<T: Serialize> IntoAnswer for Json<T> {
    fn into_answer(self) -> Result<Option<Arc<str>>, Halt> {
        let text = serde_json::to_string(&self.0).map_err(Halt::discard)?;
        Ok(Some(text.into()))
    }
}

impl<T: IntoAnswer, E: Into<Halt>> IntoAnswer for Result<T, E> {
    fn into_answer(self) -> Result<Option<Arc<str>>, Halt> {
        self.map_err(Into::into)?.into_answer()
    }
}
