//! A run that a service opens by itself: the same scope, seat and guards as those of the host's own loops, and a stop
//! of its own. What is done with it is not counted, timed or retried here: that is the service's to decide.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tracing::Span;

use crate::attempt::{self, Ended, Limit};
use crate::clock::RunInFlight;
use crate::current::{Seat, Sitter};
use crate::error::escaped;
use crate::panics;
use crate::scope::{RunFacts, Scope};
use crate::seat::UnitSeat;
use crate::stop::{StopReason, StopSource};

/// A run of a service that owns its loop, from [`Context::open_run`](crate::Context::open_run).
///
/// Its [`scope`](Self::scope) makes the extractors; their `Stop` is this run's own, moved by its [`stopper`](Self::stopper). The
/// stop of the unit does not reach it by itself, because only the service knows what it means for its work.
pub struct OpenRun<S> {
    scope: Arc<Scope<S>>,
    unit: Arc<UnitSeat>,
    seat: Option<Arc<Seat>>,
    stopper: RunStopper,
    _in_flight: RunInFlight,
}

impl<S> OpenRun<S> {
    pub(crate) fn new(state: Arc<S>, unit: Arc<UnitSeat>, facts: RunFacts) -> Self {
        let stopper = RunStopper(Arc::new(StopSource::default()));
        let scope = Scope::new(state, Arc::clone(&unit), facts).with_stop(stopper.0.stop());
        let seat = Some(Seat::new(&unit.record, &unit.blocking, Sitter::Worker));
        let in_flight = unit.clock.run_started();
        Self { scope: Arc::new(scope), unit, seat, stopper, _in_flight: in_flight }
    }

    /// From which its extractors are made.
    pub fn scope(&self) -> &Arc<Scope<S>> {
        &self.scope
    }

    /// By which this run alone is told to stop.
    pub fn stopper(&self) -> &RunStopper {
        &self.stopper
    }

    /// Runs `work` inside of `span` until it returns or panics, or until its stop is aborting; then drops it, guarded.
    ///
    /// # Cancel safety
    /// Dropped, it drops the work, guarded too.
    pub async fn run<F: Future>(&mut self, work: F, limit: RunLimit, span: &Span) -> RunEnd<F::Output> {
        let clock = self.unit.clock.clone();
        let stopper = self.stopper.clone();
        let work = pin!(Some(work));
        let mut attempt = pin!(attempt::run(work, &mut self.seat, &clock, Limit::default(), span));
        // Polled only where the work has to wait: most runs never make its timer.
        let oversee = async {
            tokio::select! {
                () = stopper.0.stop().aborting() => return,
                () = wait(&clock, limit.timeout) => stopper.request(StopReason::TimedOut),
            }
            tokio::select! {
                () = stopper.0.stop().aborting() => {}
                () = wait(&clock, Some(limit.grace)) => stopper.abort(StopReason::TimedOut),
            }
        };
        tokio::select! {
            biased;
            ended = &mut attempt => match ended {
                Ended::Returned(output) => RunEnd::Returned(output),
                Ended::Panicked(payload) => RunEnd::Panicked(escaped(&panics::into_message(payload)).to_string()),
                Ended::TimedOut => RunEnd::Aborted,
            },
            () = oversee => RunEnd::Aborted,
        }
    }

    /// How many of its calls by [`blocking`](crate::blocking) have not returned.
    pub fn blocking_calls(&self) -> usize {
        self.seat.as_ref().map_or(0, |seat| seat.blocking_calls())
    }

    /// Resolves when none are left: until then, the effects of another attempt may overlap with those of this one. Cancel safe.
    pub async fn blocking_calls_over(&self) {
        if let Some(seat) = &self.seat {
            seat.no_blocking_calls().await;
        }
    }
}

async fn wait(clock: &crate::clock::Clock, limit: Option<Duration>) {
    match limit {
        Some(limit) => clock.watch_until(clock.after(limit)).await,
        None => std::future::pending().await,
    }
}

impl<S> fmt::Debug for OpenRun<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenRun").field("scope", &self.scope).finish_non_exhaustive()
    }
}

/// Tells one run to stop. Clones are of the same run; when all of them and the run are gone, its stop counts as aborting.
#[derive(Debug, Clone)]
pub struct RunStopper(Arc<StopSource>);

impl RunStopper {
    /// The run should end soon: its `Stop` is requested.
    pub fn request(&self, reason: StopReason) {
        self.0.request(reason);
    }

    /// The run is dropped at its next await.
    pub fn abort(&self, reason: StopReason) {
        self.0.abort(reason);
    }

    /// Why it was told to, if it was.
    pub fn reason(&self) -> Option<StopReason> {
        self.0.stop().reason().cloned()
    }
}

/// How long a run may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunLimit {
    /// After this its `Stop` is requested, for [`StopReason::TimedOut`].
    pub timeout: Option<Duration>,
    /// So long after that it is dropped.
    pub grace: Duration,
}

/// How an [`OpenRun`]'s work ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunEnd<T> {
    /// It returned this.
    Returned(T),
    /// It panicked with this message.
    Panicked(String),
    /// It was dropped, because its stop was aborting.
    Aborted,
}
