//! The loop of one check: it runs the check again and again, one run at a time, and writes down what each comes to.
//!
//! Each check has a loop of its own, so that one that hangs delays no other. It runs on the main runtime, where the
//! user's code belongs; whoever reads does not wait for it.

use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::Instrument;

use super::checked::Checked;
use super::derived::line;
use super::kept::{Kept, Last, timed_out};
use crate::attempt::{self, Ended, Limit};
use crate::board::Phase;
use crate::clock::Clock;
use crate::current::{Seat, Sitter};
use crate::error::{describe, escaped};
use crate::handle::HostHandle;
use crate::line::Line;
use crate::outcome::{Halt, Kind};
use crate::panics;
use crate::scope::RunFacts;
use crate::seat::UnitSeat;
use crate::status::Status;

/// One run of a check: its scope's extractors, then its function.
pub(crate) type CheckRun = Pin<Box<dyn Future<Output = Result<Checked, Halt>> + Send>>;

/// The code of a check.
pub(crate) trait RunCheck: Send + Sync {
    fn run(self: Arc<Self>, seat: Arc<UnitSeat>, facts: RunFacts) -> CheckRun;
}

/// Runs a check from when the host is ready until it is told to stop. What a check asks may need a unit that is not
/// up before that, and until then `/readyz` fails anyway. A run that is going on at the stop is dropped: it must
/// not hold what the units need to finish.
pub(crate) async fn keep(kept: Arc<Kept>, run: Arc<dyn RunCheck>, clock: Clock, host: HostHandle) {
    host.board().reached(Phase::Ready).await;
    let seat = UnitSeat::new(Arc::clone(&kept.record), clock, host.clone(), Line::nowhere());
    let keeper = Keeper { kept, run, seat };
    tokio::select! {
        biased;
        _ = host.board().stop_asked() => {}
        never = keeper.work() => match never {},
    }
    keeper.kept.rests();
}

struct Keeper {
    kept: Arc<Kept>,
    run: Arc<dyn RunCheck>,
    seat: Arc<UnitSeat>,
}

impl Keeper {
    async fn work(&self) -> Infallible {
        let check = &self.kept.check;
        self.kept.is_due(self.seat.clock.now(), check.every.get(), check.timeout.get());
        loop {
            self.run_once().await;
            self.wait().await;
        }
    }

    async fn run_once(&self) {
        let (clock, timeout) = (&self.seat.clock, self.kept.check.timeout.get());
        let _in_flight = clock.run_started();
        let began = clock.now();
        self.kept.began(began, timeout);
        let facts = RunFacts { id: self.kept.record.next_run_id(), attempt: 1, worker: None };
        let mut place = Some(Seat::new(&self.kept.record, &self.seat.blocking, Sitter::Task));
        let span = tracing::info_span!("check", check = %self.kept.check.name);
        let (run, seat) = (Arc::clone(&self.run), Arc::clone(&self.seat));
        // Made inside of the guarded future: making it is a user's code as well.
        let work = pin!(Some(async move { run.run(seat, facts).await }));
        let limit = Limit { timeout: Some(timeout), deadline: None };
        let ended = attempt::run(work, &mut place, clock, limit, &span).await;
        self.conclude(ended, began, timeout, &span);
        if let Some(place) = place {
            // A blocking call that does not return keeps the next run from beginning another. That may be for ever,
            // and readers are to see that the next run is late.
            self.next_is_due(clock.now());
            place.no_blocking_calls().instrument(span).await;
        }
    }

    fn conclude(
        &self,
        ended: Ended<Result<Checked, Halt>>,
        began: Instant,
        timeout: Duration,
        span: &tracing::Span,
    ) {
        let check = &self.kept.check;
        let now = self.seat.clock.now();
        let took = now.saturating_duration_since(began);
        // What comes after that, because a thread was blocked, is no answer either: readers have been told so.
        let ended = if took > timeout { Ended::TimedOut } else { ended };
        let (status, reason) = judge(ended, check.failure, timeout);
        let before = self.kept.ended(Last { status, reason: reason.clone(), ended: now, took });
        if status == before {
            return;
        }
        let (check, reason) = (&check.name, reason.as_deref());
        span.in_scope(|| match status {
            Status::Healthy => tracing::info!(%check, %status, reason, "check is healthy again"),
            Status::Degraded | Status::Unhealthy => {
                tracing::warn!(%check, %status, reason, "check is not healthy");
            }
        });
    }

    /// Waits for the next run, whose period may change meanwhile.
    async fn wait(&self) {
        let (clock, check) = (&self.seat.clock, &self.kept.check);
        let ended = clock.now();
        loop {
            let (due, period) = self.next_is_due(ended);
            tokio::select! {
                () = clock.sleep_until(due) => return,
                _ = check.every.changed(&period) => {}
            }
        }
    }

    /// When the next run is due after one that ended then, and the period of that.
    fn next_is_due(&self, ended: Instant) -> (Instant, Duration) {
        let check = &self.kept.check;
        let period = check.every.get();
        let due = ended.checked_add(period).unwrap_or_else(|| self.seat.clock.after(period));
        self.kept.is_due(due, period, check.timeout.get());
        (due, period)
    }
}

/// What a run's end means.
fn judge(
    ended: Ended<Result<Checked, Halt>>,
    failure: Status,
    timeout: Duration,
) -> (Status, Option<String>) {
    match ended {
        Ended::Returned(Ok(Checked { status, reason })) => {
            (status, reason.map(|reason| line(&reason)).filter(|reason| !reason.is_empty()))
        }
        Ended::Returned(Err(halt)) => (failure, Some(line(&text_of(halt)))),
        Ended::Panicked(payload) => {
            (failure, Some(line(&format!("panicked: {}", escaped(&panics::into_message(payload))))))
        }
        Ended::TimedOut => (failure, Some(timed_out(timeout))),
    }
}

fn text_of(halt: Halt) -> String {
    let prefix = if matches!(halt.0, Kind::Rejected(_)) { "the scope could not be made: " } else { "" };
    let error = halt.into_error();
    let text = format!("{prefix}{}", describe(&error));
    // Its `Drop` is a user's code.
    panics::discard(error);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(ended: Ended<Result<Checked, Halt>>) -> (Status, String) {
        let (status, reason) = judge(ended, Status::Degraded, Duration::from_secs(1));
        (status, reason.unwrap_or_default())
    }

    #[test]
    fn whatever_is_no_answer_is_the_failure_status_and_says_why() {
        let returned = |result| judged(Ended::Returned(result));
        assert_eq!(returned(Ok(Status::Healthy.into())), (Status::Healthy, String::new()));
        assert_eq!(returned(Ok(Status::Unhealthy.because("a\nb"))), (Status::Unhealthy, "a\\nb".into()));
        assert_eq!(returned(Err(Halt::retry("refused"))), (Status::Degraded, "refused".into()));
        let rejected = returned(Err(Halt::rejected("no pool".into())));
        assert_eq!(rejected, (Status::Degraded, "the scope could not be made: no pool".into()));
        let panicked = judged(Ended::Panicked(panics::catch(|| panic!("boom")).unwrap_err()));
        assert_eq!(panicked, (Status::Degraded, "panicked: boom".into()));
        assert_eq!(judged(Ended::TimedOut), (Status::Degraded, "timed out after 1s".into()));
    }
}
