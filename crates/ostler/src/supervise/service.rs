//! The supervisor of one service: runs an instance, judges how it ended, waits, runs the next. It owns how to make an
//! instance, never one that was handed in.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tracing::Instrument;

use super::machine::{Restarts, Verdict};
use super::{Event, Events, Starting};
use crate::attempt::{self, Ended, Limit};
use crate::current::{Seat, Sitter};
use crate::error::{BoxError, describe, escaped};
use crate::outcome::Outcome;
use crate::panics;
use crate::ready::Ready;
use crate::record::UnitState;
use crate::seat::UnitSeat;
use crate::unit::{Spent, Unit};

/// One instance of a service.
pub(crate) type Instance = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// How to make one.
pub(crate) type MakeInstance = Box<dyn Fn(Arc<UnitSeat>, Option<Ready>) -> Instance + Send + Sync>;

/// A service under supervision.
pub(crate) struct Supervised {
    pub(crate) index: usize,
    pub(crate) settings: Unit,
    pub(crate) seat: Arc<UnitSeat>,
    pub(crate) make: MakeInstance,
    pub(crate) events: Events,
}

/// Who waits for the first instance to come up.
struct Starter {
    polled: Option<oneshot::Sender<()>>,
    ready: Option<oneshot::Sender<Result<(), BoxError>>>,
}

/// How an instance ended, and whether it had been ready.
struct Exit {
    result: Result<(), BoxError>,
    was_ready: bool,
}

impl Supervised {
    /// Spawns the supervisor.
    pub(crate) fn start(self) -> Starting {
        let (polled_sender, polled) = oneshot::channel();
        let (ready_sender, ready) = oneshot::channel();
        let starter = Starter { polled: Some(polled_sender), ready: Some(ready_sender) };
        let span = tracing::info_span!("service", unit = %self.seat.name);
        let seat = Arc::clone(&self.seat);
        seat.spawn(self.supervise(starter).instrument(span));
        Starting { polled, ready }
    }

    async fn supervise(self, mut starter: Starter) {
        let mut restarts = Restarts::new(self.settings.restart);
        loop {
            let exit = self.instance(&mut starter).await;
            if self.seat.stop.is_requested() {
                // Told to stop before it was ready, also in a restart, it has not failed by not being ready.
                return self.ended_while_stopping(exit.result);
            }
            let exit = match (starter.ready.take(), exit.into_result()) {
                // It never came up: the start has failed, and the host is told why.
                (Some(ready), Err(cause)) => {
                    self.fail(&cause);
                    let _ = ready.send(Err(cause));
                    return;
                }
                (_, exit) => exit,
            };
            let now = self.seat.clock.now();
            match restarts.ended(exit.is_err(), now, fastrand::u64(..)) {
                Verdict::Complete => {
                    self.seat.record.set_state(UnitState::Completed);
                    tracing::info!("completed");
                    let _ = self.events.send(Event::Completed);
                    return;
                }
                Verdict::GiveUp => return self.give_up(exit),
                Verdict::Restart { after, used } => {
                    self.announce_restart(&exit, after, used);
                    tokio::select! {
                        biased;
                        () = self.seat.stop.requested() => return,
                        () = self.wait_out(after) => {}
                    }
                    self.seat.record.restarted();
                }
            }
        }
    }

    /// Runs one instance to its end.
    async fn instance(&self, starter: &mut Starter) -> Exit {
        let record = &self.seat.record;
        record.set_state(UnitState::Starting);
        let (ready, mut word) = Ready::pair();
        let ready = self.settings.readiness.then_some(ready);
        let polled = starter.polled.take().unwrap_or_else(|| oneshot::channel().0);
        let mut seat = Some(Seat::new(&self.seat.name, &self.seat.blocking, Sitter::Service));
        // Made inside of the guarded future: making it is a user's code as well.
        let work = async { (self.make)(Arc::clone(&self.seat), ready).await };
        let work = attempt::announced(work, polled);
        let mut run = pin!(attempt::run(work, &mut seat, &self.seat.clock, Limit::default()));

        if self.settings.readiness {
            let timeout = self.seat.clock.sleep(self.settings.start_timeout);
            tokio::select! {
                biased;
                word = &mut word => match word {
                    Ok(()) => {}
                    // Told to stop, it need not become ready: it is let finish within its grace.
                    Err(_) if self.seat.stop.is_requested() => {
                        return Exit { result: result_of(run.await), was_ready: false };
                    }
                    Err(_) => return Exit::not_ready("it dropped its `Ready` without calling `notify`"),
                },
                ended = &mut run => {
                    // It may have said so and ended in one go.
                    let was_ready = word.try_recv().is_ok();
                    if was_ready {
                        self.up(starter);
                    }
                    return Exit { result: result_of(ended), was_ready };
                }
                () = timeout => {
                    if self.seat.stop.is_requested() {
                        return Exit { result: result_of(run.await), was_ready: false };
                    }
                    let limit = self.settings.start_timeout;
                    return Exit::not_ready(format!("it was not ready within {limit:?}"));
                }
            }
        }
        self.up(starter);
        Exit { result: result_of(run.await), was_ready: true }
    }

    /// The instance is ready.
    fn up(&self, starter: &mut Starter) {
        self.seat.record.set_state(UnitState::Running);
        tracing::info!("running");
        if let Some(ready) = starter.ready.take() {
            let _ = ready.send(Ok(()));
        }
    }

    /// The wait before a restart. Two instances never overlap, and the blocking calls of one belong to it.
    async fn wait_out(&self, after: Duration) {
        self.seat.clock.sleep(after).await;
        self.seat.blocking.idle().await;
    }

    fn announce_restart(&self, exit: &Result<(), BoxError>, after: Duration, used: u32) {
        self.seat.record.set_state(UnitState::Restarting);
        let budget = self.settings.restart.budget;
        match exit {
            Ok(()) => tracing::info!(after = ?after, used, budget, "ended, restarting"),
            Err(error) => {
                let error = describe(error);
                tracing::warn!(%error, after = ?after, used, budget, "failed, restarting");
                self.seat.record.set_error(error);
            }
        }
    }

    fn give_up(&self, exit: Result<(), BoxError>) {
        let cause = exit.err().unwrap_or_else(|| "it keeps ending, and its restart budget is spent".into());
        self.fail(&cause);
        let event = match self.settings.restart.spent {
            Spent::StopHost => Event::Failed(self.index, cause),
            // Its record says that it failed; to the host it is one unit less to wait for.
            Spent::StayFailed => Event::Completed,
        };
        let _ = self.events.send(event);
    }

    fn ended_while_stopping(&self, exit: Result<(), BoxError>) {
        match exit {
            Ok(()) => tracing::info!("stopped"),
            Err(cause) => self.fail(&cause),
        }
    }

    fn fail(&self, cause: &BoxError) {
        let error = describe(cause);
        tracing::error!(%error, "failed");
        self.seat.record.set_error(error);
        self.seat.record.set_state(UnitState::Failed);
    }
}

impl Exit {
    fn not_ready(why: impl Into<BoxError>) -> Self {
        Self { result: Err(why.into()), was_ready: false }
    }

    /// An instance that ends before it was ready has failed even with `Ok`.
    fn into_result(self) -> Result<(), BoxError> {
        match self.result {
            Ok(()) if !self.was_ready => Err("it ended before it was ready".into()),
            result => result,
        }
    }
}

fn result_of(ended: Ended<Outcome>) -> Result<(), BoxError> {
    match ended {
        Ended::Returned(Ok(())) => Ok(()),
        Ended::Returned(Err(halt)) => Err(halt.into_error()),
        Ended::Panicked(payload) => {
            Err(format!("panicked: {}", escaped(&panics::into_message(payload))).into())
        }
        Ended::TimedOut => Err("timed out".into()),
    }
}
