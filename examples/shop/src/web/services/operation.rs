//! An operation on a unit: asked for, waited for, answered. It is carried out whether or not anybody waits for it.

use std::pin::pin;
use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ostler::{ControlError, Stop, StopReason};
use serde::Serialize;
use tokio::time::sleep;

use super::control::Control;
use crate::web::problem::Problem;

/// How long a caller waits for an operation: less than the time of a request, so that the answer is this one. Most take
/// milliseconds; but a consumer that stops finishes its items in hand first, and a service has its grace.
const PATIENCE: Duration = Duration::from_secs(8);

/// How far an operation has got.
#[derive(Debug, PartialEq)]
pub(super) enum Progress {
    Done,
    /// Nobody waits for it any more.
    UnderWay,
}

#[derive(Serialize)]
struct Accepted<'a> {
    name: &'a str,
    accepted: bool,
}

/// The answer to an operation that is not waited for. What becomes of it is seen in the listing and in the log.
pub(super) fn accepted(name: &str) -> Response {
    (StatusCode::ACCEPTED, Json(Accepted { name, accepted: true })).into_response()
}

impl Control {
    /// Waits for `operation`, unless it takes long or ends the connection on which it was asked for.
    pub(super) async fn carry_out(
        &self,
        operation: impl Future<Output = Result<(), ControlError>> + Send + 'static,
    ) -> Result<Progress, Problem> {
        Ok(progress(operation, restarts(&self.stop)).await?)
    }
}

/// Resolves when the unit behind this stop is being restarted. It waits for the connections of its clients to end, so one
/// of them that waited for the restart would wait for itself. A stop of the whole host is no such case:
/// then the host says at once what becomes of the operation.
async fn restarts(stop: &Stop) {
    stop.requested().await;
    if stop.reason() != Some(&StopReason::Restart) {
        std::future::pending::<()>().await;
    }
}

async fn progress(
    operation: impl Future<Output = Result<(), ControlError>> + Send + 'static,
    connection_ends: impl Future<Output = ()>,
) -> Result<Progress, ControlError> {
    let mut operation = Box::pin(operation);
    let connection_ends = pin!(connection_ends);
    tokio::select! {
        // First: whatever else has happened, an operation that is done is done.
        biased;
        done = &mut operation => return done.map(|()| Progress::Done),
        () = connection_ends => {}
        () = sleep(PATIENCE) => {}
    }
    // No part of any unit: the restart of this one has to be heard of by somebody who is still there.
    tokio::spawn(async move {
        if let Err(error) = operation.await {
            tracing::warn!(%error, "an operation that was accepted did not succeed");
        }
    });
    Ok(Progress::UnderWay)
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::sync::oneshot;
    use tokio::time::{Instant, timeout};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_that_is_done_is_answered_so_even_when_the_connection_ends() {
        assert_eq!(progress(ready(Ok(())), ready(())).await, Ok(Progress::Done));
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_takes_long_is_not_waited_for_and_goes_on() {
        let (word, operation) = oneshot::channel();
        let (done, is_done) = oneshot::channel();
        let operation = async move {
            let word = operation.await.unwrap();
            done.send(()).unwrap();
            word
        };
        let began = Instant::now();
        let progress = timeout(10 * PATIENCE, progress(operation, pending())).await;
        assert_eq!(progress, Ok(Ok(Progress::UnderWay)));
        assert_eq!(began.elapsed(), PATIENCE);
        word.send(Ok(())).unwrap();
        is_done.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_ends_the_connection_is_not_waited_for() {
        let began = Instant::now();
        assert_eq!(progress(pending(), ready(())).await, Ok(Progress::UnderWay));
        assert!(began.elapsed().is_zero());
    }
}
