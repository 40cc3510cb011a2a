//! The run loop, written once for everything that fires: a scope and a limit for each attempt, retries with
//! back-off, panics and timeouts as outcomes, one span, the counters.
//!
//! One failing run never ends its unit: nothing here returns an error.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::Instrument;

use crate::attempt::{self, Ended, Limit};
use crate::clock::RunInFlight;
use crate::current::Seat;
use crate::error::{BoxError, describe, escaped};
use crate::outcome::{Halt, Kind, Outcome, RunOutcome};
use crate::panics;
use crate::scope::RunFacts;
use crate::seat::UnitSeat;
use crate::trigger::Policy;

/// Where and how the runs of one seat are done: one of these for each worker, and for each run of a task.
#[derive(Debug)]
pub(crate) struct Runner {
    pub(crate) unit: Arc<UnitSeat>,
    pub(crate) policy: Policy,
    pub(crate) seat: Option<Arc<Seat>>,
    pub(crate) worker: Option<usize>,
}

impl Runner {
    /// Does one run: calls `attempt` until one succeeds, halts for good, or none is left.
    pub(crate) async fn run<F, Fut>(&mut self, attempt: F) -> RunOutcome
    where
        F: FnMut(RunFacts) -> Fut,
        Fut: Future<Output = Outcome>,
    {
        let mut run = InFlight::begin(&self.unit);
        let outcome = self.attempts(&mut run, attempt).await;
        run.end(outcome);
        outcome
    }

    async fn attempts<F, Fut>(&mut self, run: &mut InFlight, mut attempt: F) -> RunOutcome
    where
        F: FnMut(RunFacts) -> Fut,
        Fut: Future<Output = Outcome>,
    {
        let deadline = self.policy.deadline.and_then(|limit| run.began.checked_add(limit));
        let limit = Limit { timeout: self.policy.timeout, deadline };
        for number in 1.. {
            let facts = RunFacts { id: run.id, attempt: number, worker: self.worker };
            let span = self.span(facts);
            run.span = span.clone();
            let work = attempt(facts);
            // `instrument` enters the span for every poll and for the drop.
            let ended =
                attempt::run(work, &mut self.seat, &self.unit.clock, limit).instrument(span.clone()).await;
            self.blocking_calls().instrument(span.clone()).await;
            let failure = match span.in_scope(|| judge(ended, limit, &self.unit)) {
                Ok(outcome) => return outcome,
                Err(failure) => failure,
            };
            if !self.may_retry(number, &failure, limit) {
                span.in_scope(|| tracing::error!(error = %failure, "run failed"));
                return failure.outcome;
            }
            let wait = self.policy.backoff.delay(number, fastrand::u64(..));
            span.in_scope(|| tracing::warn!(error = %failure, wait = ?wait, "attempt failed, trying again"));
            if !self.back_off(wait, deadline).await {
                span.in_scope(
                    || tracing::error!(error = %failure, "run failed, no time for another attempt"),
                );
                return failure.outcome;
            }
            self.unit.record.retried();
        }
        unreachable!("the numbers of attempts do not end")
    }

    /// The span of an attempt, so that each of its lines tells which one it is. Most runs have one.
    fn span(&self, facts: RunFacts) -> tracing::Span {
        tracing::info_span!("run", unit = %self.unit.name, run = facts.id, attempt = facts.attempt,
            worker = self.worker, outcome = tracing::field::Empty)
    }

    fn may_retry(&self, number: u32, failure: &Failure, limit: Limit) -> bool {
        let in_time = limit.deadline.is_none_or(|deadline| self.unit.clock.now() < deadline);
        !failure.permanent && number < self.policy.attempts && in_time && !self.gives_up()
    }

    /// Whether a stop takes the attempts that are left.
    fn gives_up(&self) -> bool {
        !self.policy.retry_while_draining && self.unit.stop.is_requested()
    }

    /// Waits before the next attempt; false where there will be none, because the deadline comes first or the unit
    /// is told to stop.
    async fn back_off(&self, wait: Duration, deadline: Option<Instant>) -> bool {
        let clock = &self.unit.clock;
        let resumes = clock.now().checked_add(wait);
        if let (Some(resumes), Some(deadline)) = (resumes, deadline)
            && resumes >= deadline
        {
            return false;
        }
        let asleep = clock.run_asleep(self.seat.clone());
        tokio::select! {
            () = clock.sleep(wait) => {}
            () = self.unit.stop.requested(), if !self.policy.retry_while_draining => {}
        }
        drop(asleep);
        !self.gives_up()
    }

    /// A run owns its slot until its blocking calls have returned, or the effects of two would overlap.
    async fn blocking_calls(&self) {
        let Some(seat) = &self.seat else { return };
        let left = seat.blocking.live();
        if left > 0 {
            tracing::warn!(calls = left, "the attempt ended before its blocking calls; waiting for them");
            seat.blocking.idle().await;
        }
    }
}

/// A run in flight. Dropped before its end, it is recorded as interrupted: the grace of a stop was over.
struct InFlight {
    unit: Arc<UnitSeat>,
    id: u64,
    /// That of the last attempt.
    span: tracing::Span,
    began: Instant,
    ended: bool,
    _counted: RunInFlight,
}

impl InFlight {
    fn begin(unit: &Arc<UnitSeat>) -> Self {
        Self {
            id: unit.next_run_id(),
            span: tracing::Span::none(),
            began: unit.clock.now(),
            ended: false,
            _counted: unit.clock.run_started(),
            unit: Arc::clone(unit),
        }
    }

    fn end(&mut self, outcome: RunOutcome) {
        self.ended = true;
        let took = self.unit.clock.now().saturating_duration_since(self.began);
        self.unit.record.run_ended(outcome, took);
        self.span.record("outcome", outcome.as_str());
        self.span.in_scope(|| tracing::debug!(took = ?took, "run ended"));
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if !self.ended {
            self.end(RunOutcome::Interrupted);
            self.unit.record.set_error("interrupted: the grace of the stop was over".to_owned());
            self.span.in_scope(|| tracing::warn!("run interrupted: the grace of the stop was over"));
        }
    }
}

/// Why an attempt did not succeed.
struct Failure {
    outcome: RunOutcome,
    error: String,
    permanent: bool,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error)
    }
}

/// What an attempt's end means: the run's outcome, or a failure that may be tried again. Its error is recorded.
fn judge(ended: Ended<Outcome>, limit: Limit, unit: &UnitSeat) -> Result<RunOutcome, Failure> {
    let failed = |outcome, error: String| Failure { outcome, error, permanent: false };
    let failure = match ended {
        Ended::Returned(Ok(())) => return Ok(RunOutcome::Succeeded),
        Ended::Returned(Err(Halt(Kind::Cancelled(reason)))) => {
            tracing::info!(reason = escaped(&reason), "run cancelled");
            return Ok(RunOutcome::Cancelled);
        }
        Ended::Returned(Err(Halt(Kind::Failed(error)))) => failed(RunOutcome::Failed, consume(error)),
        Ended::Returned(Err(Halt(Kind::Rejected(error)))) => {
            failed(RunOutcome::Failed, format!("the scope could not be made: {}", consume(error)))
        }
        Ended::Returned(Err(Halt(Kind::Discarded(error)))) => {
            Failure { permanent: true, ..failed(RunOutcome::Discarded, consume(error)) }
        }
        Ended::Panicked(payload) => {
            failed(RunOutcome::Panicked, format!("panicked: {}", escaped(&panics::into_message(payload))))
        }
        Ended::TimedOut => failed(RunOutcome::TimedOut, timed_out(limit, unit)),
    };
    unit.record.set_error(failure.error.clone());
    Err(failure)
}

/// The text of an error, and the error dropped, whose `Drop` is a user's code.
fn consume(error: BoxError) -> String {
    let text = describe(&error);
    panics::discard(error);
    text
}

fn timed_out(limit: Limit, unit: &UnitSeat) -> String {
    match limit.timeout {
        Some(timeout) if limit.deadline.is_none_or(|deadline| unit.clock.now() < deadline) => {
            format!("timed out after {timeout:?}")
        }
        _ => "timed out: the deadline of all attempts was over".to_owned(),
    }
}
