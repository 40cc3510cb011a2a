//! The life of a host: check, start in waves, run, stop in reverse, report.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::stop::{Stopping, UnitStop};
use super::{Prepared, Registered, Wave, Work, check, join};
use crate::clock::Clock;
use crate::error::{BoxError, Error, HostError};
use crate::handle::{Board, HostHandle, Phase};
use crate::record::{Record, UnitState};
use crate::report::Report;
use crate::seat::UnitSeat;
use crate::sentinel::Watch;
use crate::stop::StopReason;
use crate::supervise::{self, Event, Events, MakeInstance, Starting, Supervised, Task, TaskBoard};
use crate::unit::Unit;

/// How often the main runtime shows that it is alive: a tenth of what liveness allows.
const TICK: Duration = Duration::from_secs(1);

/// Runs a host on `clock` from its check to its report.
pub(crate) async fn run(mut host: Prepared, clock: Clock) -> Result<Report, Error> {
    check::check(&mut host)?;
    let probes = host.probes.take().map(|probes| probes.bind()).transpose().map_err(Error::config)?;
    let watch = Watch {
        host: host.handle.clone(),
        process: host.process,
        probes,
        clock: clock.is_real().then(|| clock.clone()),
        drain_delay: host.drain_delay,
        grace: host.grace,
    };
    watch.start()?;
    let mut life = Life::new(host, clock);
    let end = match life.start().await {
        Ok(()) => life.until_stop().await,
        Err(end) => end,
    };
    life.stop(end).await
}

/// Why a life ends.
enum End {
    Stop(StopReason),
    StartFailed(usize, BoxError),
    UnitFailed(usize, BoxError),
}

struct Life {
    units: Vec<Live>,
    handle: HostHandle,
    clock: Clock,
    grace: Duration,
    drain_delay: Duration,
    tasks: TaskBoard,
    events: mpsc::UnboundedReceiver<Event>,
    to_host: Events,
    completed: usize,
    /// The host's own actors, dropped with it.
    _actors: Vec<Actor>,
}

/// A unit of a running host.
struct Live {
    settings: Unit,
    wave: Wave,
    seat: Arc<UnitSeat>,
    launch: Option<Launch>,
}

/// How to start it; taken when that is done.
enum Launch {
    /// Its place among the tasks.
    Task(usize),
    Consumer(super::StartConsumer),
    Service(MakeInstance),
}

impl Life {
    fn new(host: Prepared, clock: Clock) -> Self {
        let (to_host, events) = mpsc::unbounded_channel();
        let records: Vec<_> = host.units.iter().map(record).collect();
        host.handle.board().begin(&clock, records.clone());
        let (mut tasks, mut timers) = (Vec::new(), Vec::new());
        let mut units = Vec::new();
        for (index, (registered, record)) in host.units.into_iter().zip(records).enumerate() {
            let Registered { settings, kind: _, wave, work, queue: _ } = registered;
            let seat = UnitSeat::new(record, clock.clone(), host.handle.clone());
            let launch = match work {
                Work::Task(plan, run) => {
                    tasks.push(Task { index, seat: Arc::clone(&seat), policy: plan.policy, run });
                    timers.push(plan.trigger);
                    Launch::Task(tasks.len() - 1)
                }
                Work::Consumer(start) => Launch::Consumer(start),
                Work::Service(make) => Launch::Service(make),
            };
            units.push(Live { settings, wave, seat, launch: Some(launch) });
        }
        let (tasks, actor) = supervise::tend(tasks, timers, clock.clone(), host.handle.clone());
        let mut actors = vec![Actor::spawn(actor)];
        if clock.is_real() {
            actors.push(Actor::spawn(tick(clock.clone(), host.handle.clone())));
        }
        Self {
            units,
            handle: host.handle,
            clock,
            grace: host.grace,
            drain_delay: host.drain_delay,
            tasks,
            events,
            to_host,
            completed: 0,
            _actors: actors,
        }
    }

    fn board(&self) -> &Board {
        self.handle.board()
    }

    /// Starts the waves, each when the one before is ready.
    async fn start(&mut self) -> Result<(), End> {
        tracing::info!(units = self.units.len(), "starting");
        for wave in Wave::IN_ORDER {
            let mut words = Vec::new();
            for index in 0..self.units.len() {
                if self.units[index].wave == wave {
                    self.start_unit(index, &mut words).await?;
                }
            }
            let handle = self.handle.clone();
            tokio::select! {
                biased;
                ready = join::ready(&mut words) => ready.map_err(|(unit, cause)| End::StartFailed(unit, cause))?,
                reason = handle.board().stop_asked() => return Err(End::Stop(reason)),
                end = self.failure() => return Err(end),
            }
        }
        self.board().advance(Phase::Ready);
        tracing::info!(units = self.units.len(), "started");
        Ok(())
    }

    /// Starts one unit and waits for its first poll, so that units are first polled in order of registration; then
    /// looks whether one of this wave has failed meanwhile.
    async fn start_unit(&mut self, index: usize, words: &mut Vec<join::Word>) -> Result<(), End> {
        if let Some(reason) = self.board().stop_reason() {
            return Err(End::Stop(reason.clone()));
        }
        let Some(Starting { polled, ready }) = self.launch(index) else { return Ok(()) };
        words.push((index, ready));
        let limit = self.units[index].settings.start_timeout;
        let handle = self.handle.clone();
        tokio::select! {
            biased;
            // A sender dropped without a word: the unit ended in its first poll.
            _ = polled => {}
            reason = handle.board().stop_asked() => return Err(End::Stop(reason)),
            () = self.clock.sleep(limit) => {
                let cause = format!("its first poll did not return within {limit:?}: does it block?");
                let record = &self.units[index].seat.record;
                record.set_error(cause.clone());
                record.set_state(UnitState::Failed);
                return Err(End::StartFailed(index, cause.into()));
            }
        }
        // A look, not a wait.
        tokio::select! {
            biased;
            ready = join::ready(words) => ready.map_err(|(unit, cause)| End::StartFailed(unit, cause)),
            () = std::future::ready(()) => Ok(()),
        }
    }

    fn launch(&mut self, index: usize) -> Option<Starting> {
        let unit = &mut self.units[index];
        let (seat, events) = (Arc::clone(&unit.seat), self.to_host.clone());
        Some(match unit.launch.take()? {
            Launch::Task(place) => self.tasks.begin(place),
            Launch::Consumer(start) => start(seat, events),
            Launch::Service(make) => {
                Supervised { index, settings: unit.settings.clone(), seat, make, events }.start()
            }
        })
    }

    /// Waits for a reason to stop.
    async fn until_stop(&mut self) -> End {
        let handle = self.handle.clone();
        tokio::select! {
            biased;
            reason = handle.board().stop_asked() => End::Stop(reason),
            end = self.failure() => end,
        }
    }

    /// Follows the units until all have completed or one has failed. Cancel safe.
    async fn failure(&mut self) -> End {
        loop {
            if self.completed == self.units.len() {
                return End::Stop(StopReason::Completed);
            }
            match self.events.recv().await {
                Some(Event::Completed) => self.completed += 1,
                Some(Event::Failed(unit, cause)) => return End::UnitFailed(unit, cause),
                // Not reached: this end of the channel holds the other one.
                None => return End::Stop(StopReason::HostGone),
            }
        }
    }

    async fn stop(self, end: End) -> Result<Report, Error> {
        let reason = self.reason_of(&end);
        self.board().ask_to_stop(reason.clone());
        let asked = self.board().asked_at().unwrap_or_else(|| self.clock.now());
        let was_ready = self.board().was_ready();
        self.board().advance(Phase::Draining);
        tracing::info!(%reason, grace = ?self.grace, "stopping");
        if matches!(reason, StopReason::Signal(_)) {
            tracing::info!("a second signal forces the end");
        }
        let stopping = Stopping {
            clock: self.clock.clone(),
            reason: reason.clone(),
            units: self.units.iter().map(Live::to_stop).collect(),
            in_turn: matches!(end, End::StartFailed(..)),
        };
        let mut began = asked;
        if was_ready && reason != StopReason::Completed && !self.drain_delay.is_zero() {
            began = asked.checked_add(self.drain_delay).unwrap_or(asked);
            self.clock.sleep_until(began).await;
        }
        let grace_end = began.checked_add(self.grace).unwrap_or_else(|| self.clock.after(self.grace));
        let units = stopping.stop(grace_end).await;
        let took = self.clock.now().saturating_duration_since(asked);
        let report = Report { reason: Some(reason), units, took };
        log(&report);
        self.board().advance(Phase::Ended);
        self.conclude(end, report)
    }

    fn reason_of(&self, end: &End) -> StopReason {
        let name = |unit: usize| Arc::clone(&self.units[unit].seat.name);
        match end {
            End::Stop(reason) => reason.clone(),
            End::StartFailed(unit, _) => StopReason::StartFailed(name(*unit)),
            End::UnitFailed(unit, _) => StopReason::UnitFailed(name(*unit)),
        }
    }

    fn conclude(&self, end: End, report: Report) -> Result<Report, Error> {
        let name = |unit: usize| self.units[unit].seat.name.to_string();
        let report_of = |report| Box::new(report);
        match end {
            End::Stop(_) => Ok(report),
            End::StartFailed(unit, cause) => {
                Err(HostError::Start { unit: name(unit), cause, report: report_of(report) }.into())
            }
            End::UnitFailed(unit, cause) => {
                Err(HostError::Unit { unit: name(unit), cause, report: report_of(report) }.into())
            }
        }
    }
}

impl Drop for Life {
    /// Reached without a stop when the future of `run` is dropped: nothing may outlive it.
    fn drop(&mut self) {
        for unit in &self.units {
            unit.seat.tell_aborting(StopReason::HostGone);
            unit.seat.abort();
        }
        self.board().ask_to_stop(StopReason::HostGone);
        self.board().advance(Phase::Ended);
    }
}

impl Live {
    fn to_stop(&self) -> UnitStop {
        UnitStop {
            seat: Arc::clone(&self.seat),
            grace: self.settings.grace,
            wave: self.wave,
            started: self.launch.is_none(),
        }
    }
}

fn record(unit: &Registered) -> Arc<Record> {
    Arc::new(Record::new(Arc::clone(&unit.settings.name), unit.kind))
}

fn log(report: &Report) {
    for unit in report.overrunners() {
        tracing::error!(unit = %unit.name, end = %unit.end, took = ?unit.took,
            blocking_calls = unit.blocking_left, "outlived its grace");
    }
    tracing::info!(took = ?report.took(), code = report.exit_code(), "stopped");
}

/// Shows for ever that the main runtime is alive.
async fn tick(clock: Clock, host: HostHandle) {
    loop {
        host.board().tick();
        clock.sleep(TICK).await;
    }
}

/// A task of the host's own, dropped with it.
struct Actor(JoinHandle<()>);

impl Actor {
    fn spawn(work: impl Future<Output = ()> + Send + 'static) -> Self {
        // The host's own actors, which belong to no unit.
        #[allow(clippy::disallowed_methods)]
        Self(tokio::spawn(work))
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        self.0.abort();
    }
}
