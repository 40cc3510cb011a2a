//! The sentinel: a thread with a runtime of its own, for what must work while the main runtime is stuck - the host's
//! clock, signals, probes, word to systemd, and the watchdog that ends the process when a stop does not.

// Its own thread and runtime: the host's clock and spawns are not for it.
#![allow(clippy::disallowed_methods)]

use std::convert::Infallible;
use std::io::{self, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::board::Phase;
use crate::clock::Clock;
use crate::error::exit;
use crate::handle::HostHandle;
use crate::lag;
use crate::probe;
use crate::record::UnitState;
use crate::reload;
use crate::signal::{Hangups, Signal, Signals};
use crate::stop::StopReason;
use crate::systemd;

/// How long after the host's grace the watchdog ends the process. The host itself needs 0.6 s of it for units that overrun
/// (`LAST_WORD` and `DROP_TIME` in `supervise/machine.rs`), and the process must be gone within a second.
const AFTER_GRACE: Duration = Duration::from_millis(850);

/// How long the last words of a process may take: a terminal or a pipe that takes no text must not hold the exit.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// How often the health of the host is looked at for its history.
const HEALTH_LOOK: Duration = Duration::from_secs(1);

/// How many times as long as a look took the next one waits, so that looks take a hundredth of a core at most,
/// however many units there are.
const HEALTH_REST: u32 = 100;

/// What a sentinel watches over.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) host: HostHandle,
    /// Whether signals are handled, and the process is ended where a stop overruns or is forced.
    pub(crate) process: bool,
    pub(crate) probes: Option<TcpListener>,
    /// The clock to drive, where it is a real one. Here and not on the main runtime: there one blocked thread may be the
    /// very one that held tokio's timers, and until something else wakes another, nobody takes them over.
    pub(crate) clock: Option<Clock>,
    pub(crate) drain_delay: Duration,
    pub(crate) grace: Duration,
}

impl Watch {
    /// Starts the thread, where there is anything to do. Signals are handled from its return on.
    ///
    /// # Errors
    /// When the system gives no thread, no runtime or no signal handler.
    pub(crate) fn start(self) -> io::Result<()> {
        if !self.process && self.probes.is_none() && self.clock.is_none() {
            return Ok(());
        }
        let process = self.process;
        let (installed, answer) = mpsc::sync_channel(1);
        std::thread::Builder::new().name("ostler-sentinel".into()).spawn(move || {
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => return drop(installed.send(Err(error))),
            };
            runtime.block_on(self.keep(&installed));
        })?;
        answer
            .recv()
            .unwrap_or_else(|_| Err(io::Error::other("the sentinel's thread ended at its start")))?;
        // Only now: one that could not be started never leaves.
        if process {
            HOSTS.enter();
        }
        Ok(())
    }

    async fn keep(mut self, installed: &mpsc::SyncSender<io::Result<()>>) {
        let signals = match self.process.then(Signals::install).transpose() {
            Ok(signals) => signals,
            Err(error) => return drop(installed.send(Err(error))),
        };
        let hangups = match self.reloads().then(Hangups::install).transpose() {
            Ok(hangups) => hangups,
            Err(error) => return drop(installed.send(Err(error))),
        };
        // Before the host goes on: from here on it waits for the notifier at its end.
        let mut notifier =
            systemd::Notifier::new(self.host.clone(), self.process, self.grace, self.drain_delay);
        let _ = installed.send(Ok(()));
        let (probes, clock) = (self.probes.take(), self.clock.take());
        let mut on_signals = std::pin::pin!(self.on_signals(signals));
        tokio::select! {
            () = self.host.board().reached(Phase::Ended) => {}
            never = &mut on_signals => match never {},
            never = self.watchdog() => match never {},
            never = serve_probes(probes, self.host.clone()) => match never {},
            never = drive(clock.clone()) => match never {},
            never = reload::on_hangup(self.host.clone(), hangups) => match never {},
            never = notifier.keep() => match never {},
            never = watch_lag(self.host.clone(), clock.clone()) => match never {},
            never = watch_health(self.host.clone(), clock) => match never {},
        }
        notifier.farewell();
        if !self.process {
            return;
        }
        // The host has ended, the process perhaps not: whatever it does now, a signal ends it - unless another host has
        // taken over.
        let successor = HOSTS.entered();
        HOSTS.leave();
        tokio::select! {
            never = on_signals => match never {},
            () = successor => {}
        }
    }

    /// Whether SIGHUP is for this host: where it has no options it ends the process, as it always has.
    fn reloads(&self) -> bool {
        self.process && !self.host.board().origins().is_empty()
    }

    /// The first signal asks for a stop, a second one ends the process.
    ///
    /// Nothing is logged here: a log that blocks (its pipe is full, its lock is held by the stuck unit) would take the
    /// watchdog with it. The host says what it does.
    async fn on_signals(&self, signals: Option<Signals>) -> Infallible {
        let Some(mut signals) = signals else { return std::future::pending().await };
        let board = self.host.board();
        let mut signalled = false;
        loop {
            let signal = signals.next().await;
            let ended = board.phase() == Phase::Ended;
            if ended && HOSTS.any() {
                continue; // It is for the host that still runs.
            }
            if std::mem::replace(&mut signalled, true) || ended {
                self.force(signal);
            }
            board.ask_to_stop(StopReason::Signal(signal));
        }
    }

    /// Ends the process when a stop takes longer than it may, because the main runtime is stuck.
    async fn watchdog(&self) -> Infallible {
        if !self.process {
            return std::future::pending().await;
        }
        let board = self.host.board();
        board.stop_asked().await;
        let asked = tokio::time::Instant::now();
        loop {
            // A start that succeeds at the same moment brings the drain delay in.
            let drain_delay = if board.was_ready() { self.drain_delay } else { Duration::ZERO };
            let limit = self.grace.saturating_add(drain_delay).saturating_add(AFTER_GRACE);
            if asked.elapsed() >= limit {
                self.exit("the grace is over and the host has not ended", exit::GRACE_EXCEEDED);
            }
            tokio::time::sleep(limit.saturating_sub(asked.elapsed())).await;
        }
    }

    fn force(&self, signal: Signal) -> ! {
        self.exit(&format!("forced by {signal}"), signal.forced_exit_code())
    }

    /// Ends the process, naming the units that have not ended.
    fn exit(&self, why: &str, code: u8) -> ! {
        let left: Vec<String> = self
            .host
            .units()
            .into_iter()
            .filter(|unit| is_up(unit.state))
            .map(|unit| format!("{} ({})", unit.name, unit.state))
            .collect();
        let left = if left.is_empty() { "none".to_owned() } else { left.join(", ") };
        last_words(format!("{why}; units that had not ended: {left}"));
        std::process::exit(i32::from(code))
    }
}

fn is_up(state: UnitState) -> bool {
    match state {
        UnitState::Starting
        | UnitState::Running
        | UnitState::Paused
        | UnitState::Restarting
        | UnitState::Draining => true,
        UnitState::Registered | UnitState::Stopped | UnitState::Completed | UnitState::Failed => false,
    }
}

async fn serve_probes(listener: Option<TcpListener>, host: HostHandle) -> Infallible {
    if let Some(listener) = listener {
        match probe::serve(listener, host).await {
            Ok(never) => match never {},
            Err(error) => drop(speak(format!("the probe server ended: {error}"))),
        }
    }
    std::future::pending().await
}

async fn drive(clock: Option<Clock>) -> Infallible {
    match clock {
        Some(clock) => clock.drive().await,
        None => std::future::pending().await,
    }
}

async fn watch_lag(host: HostHandle, clock: Option<Clock>) -> Infallible {
    match clock {
        Some(clock) => lag::watch(host, clock).await,
        None => std::future::pending().await,
    }
}

/// Takes note of what changes in the host's health.
async fn watch_health(host: HostHandle, clock: Option<Clock>) -> Infallible {
    let Some(clock) = clock else { return std::future::pending().await };
    loop {
        let began = clock.now();
        host.board().health().take_note(host.board());
        let took = clock.now().saturating_duration_since(began);
        tokio::time::sleep(HEALTH_LOOK.max(took.saturating_mul(HEALTH_REST))).await;
    }
}

/// The hosts of this process that handle its signals.
static HOSTS: Hosts = Hosts { live: AtomicUsize::new(0), entered: Notify::const_new() };

struct Hosts {
    live: AtomicUsize,
    entered: Notify,
}

impl Hosts {
    fn enter(&self) {
        self.live.fetch_add(1, Ordering::AcqRel);
        self.entered.notify_waiters();
    }

    fn leave(&self) {
        self.live.fetch_sub(1, Ordering::AcqRel);
    }

    fn any(&self) -> bool {
        self.live.load(Ordering::Acquire) > 0
    }

    /// Resolves when another host enters, from this call on.
    fn entered(&self) -> Notified<'_> {
        self.entered.notified()
    }
}

/// Says `text` and waits a moment for it to be heard.
fn last_words(text: String) {
    let _ = speak(text).recv_timeout(LAST_WORDS);
}

fn speak(text: String) -> mpsc::Receiver<()> {
    let (said, heard) = mpsc::sync_channel(1);
    aside(move || {
        tracing::error!("{text}");
        let _ = writeln!(io::stderr(), "{text}");
        let _ = said.send(());
    });
    heard
}

/// Logs from a thread of its own: a stuck unit may hold the lock of the very output that the log writes to.
pub(crate) fn aside(log: impl FnOnce() + Send + 'static) {
    // Without a thread there is nothing left to say it with.
    let _ = std::thread::Builder::new().name("ostler-aside".into()).spawn(log);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Record, UnitKind};
    use crate::supervise::{DROP_TIME, LAST_WORD};

    #[test]
    fn the_host_ends_before_the_watchdog_and_both_within_the_promised_second() {
        assert!(LAST_WORD + DROP_TIME < AFTER_GRACE);
        assert!(AFTER_GRACE + LAST_WORDS < Duration::from_secs(1));
    }

    #[test]
    fn what_changes_is_noted_without_being_asked_for() {
        let (clock, host) = (Clock::real(), HostHandle::new());
        let record = Record::new("u".into(), UnitKind::Service, clock.wall());
        record.stands(UnitState::Failed, false, clock.wall(), None);
        let (director, _messages) = tokio::sync::mpsc::unbounded_channel();
        host.board().begin(&clock, vec![std::sync::Arc::new(record)], director);
        host.board().advance(Phase::Ready);
        let (drain_delay, grace) = (Duration::ZERO, Duration::ZERO);
        let watch = Watch {
            host: host.clone(),
            process: false,
            probes: None,
            clock: Some(clock.clone()),
            drain_delay,
            grace,
        };
        watch.start().unwrap();
        let deadline = clock.now() + 30 * HEALTH_LOOK;
        while host.board().health().changes().is_empty() {
            assert!(clock.now() < deadline, "nobody looks");
            std::thread::sleep(Duration::from_millis(2));
        }
        assert_eq!(host.board().health().changes()[0].name, "u");
        host.board().advance(Phase::Ended);
    }
}
