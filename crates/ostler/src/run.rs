//! The run loop, written once for everything that fires: a scope and a limit for each attempt, retries with
//! back-off, panics and timeouts as outcomes, one span, the counters.
//!
//! One failing run never ends its unit: nothing here returns an error.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::{Instrument, Span};

use crate::attempt::{self, Ended, Limit};
use crate::clock::{Clock, RunInFlight};
use crate::current::Seat;
use crate::error::{BoxError, describe, escaped};
use crate::occurrence::Occurrence;
use crate::outcome::{Halt, Kind, Outcome, RunOutcome};
use crate::panics;
use crate::record::PastError;
use crate::scope::RunFacts;
use crate::seat::UnitSeat;
use crate::tally::{self, Tally};
use crate::trace;
use crate::trace::TraceContext;
use crate::trigger::LivePolicy;
use crate::trigger::Policy;

/// Where and how the runs of one seat are done, one after another: one of these for each worker, and for each run of a
/// task.
///
/// A run is begun, attempted until an attempt says how it ended, and ended. Dropped in between, it is recorded as
/// interrupted.
#[derive(Debug)]
pub(crate) struct Runner {
    pub(crate) unit: Arc<UnitSeat>,
    policies: LivePolicy,
    /// That of the run in flight, as it was when the run began.
    policy: Policy,
    seat: Option<Arc<Seat>>,
    worker: Option<usize>,
    tally: Arc<Tally>,
    /// What follows is that of the run in flight, if there is one.
    in_flight: Option<RunInFlight>,
    facts: RunFacts,
    began: Option<Instant>,
    sent: Option<Instant>,
    /// What a task's run is for.
    occurrence: Option<Occurrence>,
    /// The span in which the item of the next run was sent.
    from: Option<Box<TraceContext>>,
    /// That of the last attempt.
    span: Span,
}

/// The shortest wait of a snooze: one without any would keep a thread busy for as long as it is too early.
const SHORTEST_SNOOZE: Duration = Duration::from_millis(1);

/// Whether an attempt can be followed by another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeats {
    Always,
    /// The handler was given the only item there is.
    ItemHandedOver,
}

/// What an attempt came to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Attempted {
    /// The run is over.
    Over(RunOutcome),
    /// These are the facts of the next attempt.
    Again(RunFacts),
}

impl Runner {
    pub(crate) fn new(
        unit: Arc<UnitSeat>,
        policies: LivePolicy,
        seat: Arc<Seat>,
        worker: Option<usize>,
    ) -> Self {
        let tally = unit.record.tally(worker.map_or(0, |number| number - 1));
        let (facts, span) = (RunFacts::default(), Span::none());
        Self {
            unit,
            policy: policies.now(),
            policies,
            seat: Some(seat),
            worker,
            tally,
            in_flight: None,
            facts,
            began: None,
            sent: None,
            occurrence: None,
            from: None,
            span,
        }
    }

    /// What the run of a task is for.
    pub(crate) fn for_occurrence(mut self, occurrence: Occurrence) -> Self {
        self.occurrence = Some(occurrence);
        self
    }

    pub(crate) fn occurrence(&self) -> Option<Occurrence> {
        self.occurrence
    }

    /// The item of the run that begins next was sent in this span.
    pub(crate) fn comes_from(&mut self, from: Option<Box<TraceContext>>) {
        self.from = from;
    }

    /// Begins a run at `began`, of an item that was sent then; the facts of its first attempt.
    pub(crate) fn begin(&mut self, id: u64, began: Instant, sent: Option<Instant>) -> RunFacts {
        match self.worker {
            Some(_) => self.tally.own_run_began(),
            None => self.tally.run_began(),
        }
        self.facts = RunFacts { id, attempt: 1, worker: self.worker };
        if self.policies.is_live() {
            self.policy = self.policies.now();
        }
        (self.began, self.sent) = (Some(began), sent);
        self.in_flight = Some(self.unit.clock.run_started());
        self.facts
    }

    /// Makes one attempt, and waits out the back-off where another follows.
    pub(crate) async fn attempt<Fut>(&mut self, work: Pin<&mut Option<Fut>>, repeats: Repeats) -> Attempted
    where
        Fut: Future<Output = Outcome>,
    {
        let deadline = self.policy.deadline.and_then(|limit| self.began?.checked_add(limit));
        let limit = Limit { timeout: self.policy.timeout, deadline };
        self.span = span(&self.unit.name, self.facts, self.occurrence);
        if let Some(from) = &self.from {
            trace::link(&self.span, **from);
        }
        let ended = attempt::run(work, &mut self.seat, &self.unit.clock, limit, &self.span).await;
        if self.blocking_calls_left() > 0 {
            self.blocking_calls().instrument(self.span.clone()).await;
        }
        match ended {
            Ended::Returned(Ok(())) => Attempted::Over(RunOutcome::Succeeded),
            ended => self.judge(ended, limit, repeats).await,
        }
    }

    /// How often the run in flight is tried at most.
    pub(crate) fn attempts(&self) -> u32 {
        self.policy.attempts
    }

    /// Records how the run ended; when that was.
    pub(crate) fn end(&mut self, outcome: RunOutcome) -> Instant {
        let ended = self.unit.clock.now();
        self.in_flight = None;
        let began = self.began.take().unwrap_or(ended);
        let RunFacts { id, attempt: attempts, worker: _ } = self.facts;
        if self.worker.is_none() {
            self.unit.record.task_run_ended(outcome);
        }
        self.tally.run_ended(tally::Ended { id, attempts, outcome, began, ended, sent: self.sent });
        if !self.span.is_none() {
            self.span.record("outcome", outcome.as_str());
            self.span.in_scope(|| {
                let took = ended.saturating_duration_since(began);
                tracing::debug!(?took, "run ended");
            });
            self.span = Span::none();
        }
        ended
    }

    /// What follows from an attempt that did not simply succeed.
    async fn judge(&mut self, ended: Ended<Outcome>, limit: Limit, repeats: Repeats) -> Attempted {
        let span = self.span.clone();
        let failure = match span.in_scope(|| judge(ended, limit, &self.unit.clock)) {
            Verdict::Over(outcome) => return Attempted::Over(outcome),
            Verdict::Snoozed(_) if repeats == Repeats::ItemHandedOver => {
                return self
                    .not_snoozed("snoozed, but the item was handed over: give the plan `.attempts(..)`");
            }
            Verdict::Snoozed(wait) => return self.snooze(wait, limit).await,
            Verdict::Failed(failure) => failure,
        };
        self.remember(&failure.error);
        let number = self.facts.attempt;
        if !self.may_retry(number, &failure, limit) {
            span.in_scope(|| tracing::error!(error = %failure, "run failed"));
            return Attempted::Over(failure.outcome);
        }
        let wait = failure.wait.unwrap_or_else(|| self.policy.backoff.delay(number, fastrand::u64(..)));
        span.in_scope(|| tracing::warn!(error = %failure, wait = ?wait, "attempt failed, trying again"));
        if !self.back_off(wait, limit.deadline).await {
            span.in_scope(|| tracing::error!(error = %failure, "run failed, no time for another attempt"));
            return Attempted::Over(failure.outcome);
        }
        self.unit.record.retried();
        self.facts.attempt += 1;
        Attempted::Again(self.facts)
    }

    /// Tries again after `wait` without counting; given up where a stop or the deadline comes first.
    async fn snooze(&mut self, wait: Duration, limit: Limit) -> Attempted {
        if !self.gives_up() && self.back_off(wait.max(SHORTEST_SNOOZE), limit.deadline).await {
            return Attempted::Again(self.facts);
        }
        self.not_snoozed("snoozed, and no time was left for another attempt")
    }

    fn not_snoozed(&self, error: &str) -> Attempted {
        self.remember(error);
        self.span.in_scope(|| tracing::error!(error, "run failed"));
        Attempted::Over(RunOutcome::Failed)
    }

    fn remember(&self, error: &str) {
        let facts = self.facts;
        let at = self.unit.clock.wall();
        let (run, attempt, error) = (facts.id, facts.attempt, error.to_owned());
        self.unit.record.add_error(PastError { at, run, attempt, error });
    }

    fn may_retry(&self, number: u32, failure: &Failure, limit: Limit) -> bool {
        let in_time = limit.deadline.is_none_or(|deadline| self.unit.clock.now() < deadline);
        !failure.permanent && number < self.policy.attempts && in_time && !self.gives_up()
    }

    /// Whether a stop takes the attempts that are left.
    fn gives_up(&self) -> bool {
        !self.policy.retry_while_draining && self.unit.is_stop_requested()
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
            () = self.unit.stop().requested(), if !self.policy.retry_while_draining => {}
        }
        drop(asleep);
        !self.gives_up()
    }

    fn blocking_calls_left(&self) -> usize {
        self.seat.as_ref().map_or(0, |seat| seat.blocking_calls())
    }

    /// A run owns its slot until its blocking calls have returned, or the effects of two would overlap.
    async fn blocking_calls(&self) {
        let Some(seat) = &self.seat else { return };
        let left = seat.blocking_calls();
        tracing::warn!(calls = left, "the attempt ended before its blocking calls; waiting for them");
        seat.no_blocking_calls().await;
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        if self.in_flight.is_some() {
            self.remember("interrupted: the grace of the stop was over");
            self.span.in_scope(|| tracing::warn!("run interrupted: the grace of the stop was over"));
            self.end(RunOutcome::Interrupted);
        }
    }
}

/// The span of an attempt, so that each of its lines tells which one it is. Most runs have one.
fn span(unit: &str, facts: RunFacts, occurrence: Option<Occurrence>) -> Span {
    tracing::info_span!(
        "run",
        %unit,
        run = facts.id,
        attempt = facts.attempt,
        worker = facts.worker,
        occurrence = occurrence.map(|occurrence| tracing::field::display(occurrence.at)),
        outcome = tracing::field::Empty
    )
}

/// Why an attempt did not succeed.
struct Failure {
    outcome: RunOutcome,
    error: String,
    permanent: bool,
    /// The wait that the handler named.
    wait: Option<Duration>,
}

/// What an attempt's end means.
enum Verdict {
    Over(RunOutcome),
    Snoozed(Duration),
    /// It may be tried again.
    Failed(Failure),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error)
    }
}

fn judge(ended: Ended<Outcome>, limit: Limit, clock: &Clock) -> Verdict {
    let failed = |outcome, error: String| Failure { outcome, error, permanent: false, wait: None };
    Verdict::Failed(match ended {
        Ended::Returned(Ok(())) => return Verdict::Over(RunOutcome::Succeeded),
        Ended::Returned(Err(Halt(Kind::Snoozed(wait)))) => {
            tracing::debug!(?wait, "run snoozed");
            return Verdict::Snoozed(wait);
        }
        Ended::Returned(Err(Halt(Kind::Cancelled(reason)))) => {
            tracing::info!(reason = escaped(&reason), "run cancelled");
            return Verdict::Over(RunOutcome::Cancelled);
        }
        Ended::Returned(Err(Halt(Kind::FailedFor(error, wait)))) => {
            Failure { wait: Some(wait), ..failed(RunOutcome::Failed, consume(error)) }
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
        Ended::TimedOut => failed(RunOutcome::TimedOut, timed_out(limit, clock)),
    })
}

/// The text of an error, and the error dropped, whose `Drop` is a user's code.
fn consume(error: BoxError) -> String {
    let text = describe(&error);
    panics::discard(error);
    text
}

fn timed_out(limit: Limit, clock: &Clock) -> String {
    match limit.timeout {
        Some(timeout) if limit.deadline.is_none_or(|deadline| clock.now() < deadline) => {
            format!("timed out after {timeout:?}")
        }
        _ => "timed out: the deadline of all attempts was over".to_owned(),
    }
}
