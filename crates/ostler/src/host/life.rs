//! The life of a host: check, start, run, stop, report.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::director::{Director, Failure};
use super::health_file::HealthFile;
use super::{Prepared, check};
use crate::board::Phase;
use crate::clock::Clock;
use crate::error::{BoxError, Error, HostError};
use crate::handle::HostHandle;
use crate::health::{Check, Kept, RunCheck, keep};
use crate::record::{Record, UnitKind};
use crate::report::Report;
use crate::sentinel::Watch;
use crate::stop::StopReason;

/// Runs a host on `clock` from its check to its report.
pub(crate) async fn run(mut host: Prepared, clock: Clock) -> Result<Report, Error> {
    let farewell = Farewell(host.handle.clone());
    let file = host.health_file.take().filter(|_| clock.is_real());
    // Before anything can be wrong: a host that does not come up is not well.
    file.iter().for_each(HealthFile::clear);
    let order = check::check(&mut host)?;
    let probes = host.probes.take().map(|probes| probes.bind()).transpose().map_err(Error::config)?;
    let watch = Watch {
        host: host.handle.clone(),
        process: host.process,
        probes,
        clock: clock.is_real().then(|| clock.clone()),
        drain_delay: host.drain_delay,
        grace: host.grace,
    };
    host.handle.board().set_origins(std::mem::take(&mut host.origins));
    let checks = take_checks(&mut host, &clock);
    watch.start()?;
    let file = file.map(|file| HealthFile::start(file, host.handle.clone())).transpose()?;
    let drain_delay = host.drain_delay;
    let (director, tasks, follows) = Director::new(&mut host, order, &clock);
    let mut actors = vec![Actor::spawn(tasks)];
    actors.extend(follows.into_iter().map(Actor::spawn));
    if clock.is_real() {
        let handle = director.handle.clone();
        actors.push(Actor::spawn(async move { handle.board().answer_pings().await }));
    }
    for (kept, run) in checks {
        actors.push(Actor::spawn(keep(kept, run, clock.clone(), director.handle.clone())));
    }
    let handle = director.handle.clone();
    let mut life = Life { director, handle, drain_delay, file, _actors: actors, _farewell: farewell };
    let end = match life.director.start().await {
        Ok(()) => life.until_stop().await,
        Err(end) => end,
    };
    let handle = life.handle.clone();
    let ended = life.stop(end).await;
    // A process that ended before its service manager was told would have failed in its eyes. It takes the sentinel's
    // thread a moment, and nothing holds that.
    handle.board().told().await;
    ended
}

/// The checks of `host`, from here on on its board.
fn take_checks(host: &mut Prepared, clock: &Clock) -> Vec<(Arc<Kept>, Arc<dyn RunCheck>)> {
    let wall = clock.wall();
    let keep = |(check, run): (Check, Arc<dyn RunCheck>)| {
        // For its seat alone: it is on no list of units.
        let record = Arc::new(Record::new(Arc::clone(&check.name), UnitKind::OnDemand, wall));
        (Arc::new(Kept::new(check, record)), run)
    };
    let checks: Vec<_> = std::mem::take(&mut host.checks).into_iter().map(keep).collect();
    let kept = checks.iter().map(|(kept, _)| Arc::clone(kept)).collect();
    host.handle.board().health().begin(kept, host.live_within.clone());
    checks
}

/// Why a life ends.
pub(super) enum End {
    Stop(StopReason),
    /// Units that did not start, in the order in which that was seen; one at least.
    StartFailed(Vec<(usize, BoxError)>),
    UnitFailed(usize, BoxError),
}

struct Life {
    director: Director,
    handle: HostHandle,
    drain_delay: Duration,
    file: Option<HealthFile>,
    /// The host's own actors, dropped with it.
    _actors: Vec<Actor>,
    /// Last: the host has ended when nothing of it is left.
    _farewell: Farewell,
}

impl Life {
    /// Waits for a reason to stop.
    async fn until_stop(&mut self) -> End {
        loop {
            match self.director.failure.take() {
                Some(Failure::Unit(unit, cause)) => return End::UnitFailed(unit, cause),
                Some(Failure::Start(failures)) => return End::StartFailed(failures),
                None if self.director.over.len() == self.director.units.len() => {
                    return End::Stop(StopReason::Completed);
                }
                None => {}
            }
            let handle = self.handle.clone();
            tokio::select! {
                biased;
                reason = handle.board().stop_asked() => return End::Stop(reason),
                () = self.director.turn() => {}
            }
        }
    }

    /// Stops all units, and ends as `end` says.
    async fn stop(mut self, end: End) -> Result<Report, Error> {
        let board = self.handle.board();
        let clock = self.director.clock.clone();
        board.ask_to_stop(self.reason_of(&end));
        let reason = board.stop_reason().cloned().unwrap_or(StopReason::Requested);
        let was_ready = board.was_ready();
        board.advance(Phase::Draining);
        tracing::info!(%reason, grace = ?self.director.grace, "stopping");
        if matches!(reason, StopReason::Signal(_)) {
            tracing::info!("a second signal forces the end");
        }
        let asked = board.asked_at().unwrap_or_else(|| clock.now());
        let mut began = asked;
        if was_ready && reason != StopReason::Completed && !self.drain_delay.is_zero() {
            began = asked.checked_add(self.drain_delay).unwrap_or(asked);
            let mut over = std::pin::pin!(clock.sleep_until(began));
            // Units go on as before, and are looked after.
            loop {
                tokio::select! {
                    biased;
                    () = &mut over => break,
                    () = self.director.turn() => {}
                }
            }
        }
        let grace = self.director.grace;
        let grace_end = began.checked_add(grace).unwrap_or_else(|| clock.after(grace));
        let in_turn = matches!(end, End::StartFailed(_));
        let units = self.director.stop(reason.clone(), grace_end, in_turn).await;
        if let Some(file) = self.file.take() {
            file.until_gone().await;
        }
        let took = clock.now().saturating_duration_since(asked);
        let report = Report { reason: Some(reason), units, took };
        log(&report);
        self.conclude(end, report)
    }

    fn name(&self, unit: usize) -> Arc<str> {
        Arc::clone(self.director.units[unit].record.name())
    }

    fn reason_of(&self, end: &End) -> StopReason {
        match end {
            End::Stop(reason) => reason.clone(),
            End::StartFailed(failures) => failures
                .first()
                .map_or(StopReason::Requested, |(unit, _)| StopReason::StartFailed(self.name(*unit))),
            End::UnitFailed(unit, _) => StopReason::UnitFailed(self.name(*unit)),
        }
    }

    fn conclude(&self, end: End, report: Report) -> Result<Report, Error> {
        let report_of = |report| Box::new(report);
        match end {
            End::Stop(_) => Ok(report),
            End::StartFailed(failures) => {
                let failures =
                    failures.into_iter().map(|(unit, cause)| (self.name(unit).to_string(), cause)).collect();
                Err(HostError::Start { failures, report: report_of(report) }.into())
            }
            End::UnitFailed(unit, cause) => {
                let unit = self.name(unit).to_string();
                Err(HostError::Unit { unit, cause, report: report_of(report) }.into())
            }
        }
    }
}

/// Says that the host has ended, however it does: also before it had begun.
struct Farewell(HostHandle);

impl Drop for Farewell {
    fn drop(&mut self) {
        let board = self.0.board();
        board.ask_to_stop(StopReason::HostGone);
        board.advance(Phase::Ended);
        board.events().end();
    }
}

fn log(report: &Report) {
    for unit in report.overrunners() {
        tracing::error!(unit = %unit.name, end = %unit.end, took = ?unit.took,
            blocking_calls = unit.blocking_left, "outlived its grace");
    }
    tracing::info!(took = ?report.took(), code = report.exit_code(), "stopped");
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
