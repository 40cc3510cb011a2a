//! The sentinel: a thread with a runtime of its own, for what must work while the main runtime is stuck - signals,
//! probes, and the watchdog that ends the process when a stop does not.

// Its own thread and runtime: the host's clock and spawns are not for it.
#![allow(clippy::disallowed_methods)]

use std::io;
use std::net::TcpListener;
use std::sync::mpsc;
use std::time::Duration;

use crate::error::exit;
use crate::handle::{HostHandle, Phase};
use crate::probe;
use crate::record::UnitState;
use crate::signal::{Signal, Signals};
use crate::stop::StopReason;

/// How long after the host's grace the watchdog ends the process. The host itself needs 0.6 s of it for units that overrun
/// (`LAST_WORD` and `DROP_TIME` in `host/stop.rs`), and the process must be gone within a second.
const AFTER_GRACE: Duration = Duration::from_millis(850);

/// How long the last words of a process may take: a terminal or a pipe that takes no text must not hold the exit.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// What a sentinel watches over.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) host: HostHandle,
    /// Whether signals are handled, and the process is ended where a stop overruns or is forced.
    pub(crate) process: bool,
    pub(crate) probes: Option<TcpListener>,
    /// How long a stop may take: drain delay and grace.
    pub(crate) stop_limit: Duration,
}

impl Watch {
    /// Starts the thread, where there is anything to do. Signals are handled from its return on.
    ///
    /// # Errors
    /// When the system gives no thread, no runtime or no signal handler.
    pub(crate) fn start(self) -> io::Result<()> {
        if !self.process && self.probes.is_none() {
            return Ok(());
        }
        let (installed, answer) = mpsc::sync_channel(1);
        std::thread::Builder::new().name("ostler-sentinel".into()).spawn(move || {
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => return drop(installed.send(Err(error))),
            };
            runtime.block_on(self.keep(&installed));
        })?;
        answer.recv().unwrap_or_else(|_| Err(io::Error::other("the sentinel's thread ended at its start")))
    }

    async fn keep(mut self, installed: &mpsc::SyncSender<io::Result<()>>) {
        let signals = match self.process.then(Signals::install).transpose() {
            Ok(signals) => signals,
            Err(error) => return drop(installed.send(Err(error))),
        };
        let _ = installed.send(Ok(()));
        let probes = self.probes.take();
        let mut on_signals = std::pin::pin!(self.on_signals(signals));
        tokio::select! {
            () = self.host.board().reached(Phase::Ended) => {}
            () = &mut on_signals => {}
            () = self.watchdog() => {}
            error = serve_probes(probes, self.host.clone()) => {
                tracing::error!(%error, "the probe server ended");
                tokio::select! {
                    () = self.host.board().reached(Phase::Ended) => {}
                    () = &mut on_signals => {}
                    () = self.watchdog() => {}
                }
            }
        }
        // The host has ended, the process perhaps not: whatever it does now, a signal ends it.
        if self.process {
            on_signals.await;
        }
    }

    /// The first signal asks for a stop, a second one ends the process.
    async fn on_signals(&self, signals: Option<Signals>) {
        let Some(mut signals) = signals else { return std::future::pending().await };
        let board = self.host.board();
        let mut signalled = false;
        loop {
            let signal = signals.next().await;
            if std::mem::replace(&mut signalled, true) || board.phase() == Phase::Ended {
                self.force(signal);
            }
            tracing::info!(%signal, "stopping; a second signal forces the end");
            board.ask_to_stop(StopReason::Signal(signal));
        }
    }

    /// Ends the process when a stop takes longer than it may, because the main runtime is stuck.
    async fn watchdog(&self) {
        if !self.process {
            return std::future::pending().await;
        }
        self.host.board().stop_asked().await;
        tokio::time::sleep(self.stop_limit + AFTER_GRACE).await;
        self.exit("the grace is over and the host has not ended", exit::GRACE_EXCEEDED)
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
        UnitState::Starting | UnitState::Running | UnitState::Restarting | UnitState::Draining => true,
        UnitState::Registered | UnitState::Stopped | UnitState::Completed | UnitState::Failed => false,
    }
}

async fn serve_probes(listener: Option<TcpListener>, host: HostHandle) -> io::Error {
    match listener {
        Some(listener) => match probe::serve(listener, host).await {
            Err(error) => error,
            Ok(never) => match never {},
        },
        None => std::future::pending().await,
    }
}

/// Logs `text` from a thread of its own: a stuck unit may hold the lock of the very output that the log writes to.
fn last_words(text: String) {
    let (said, heard) = mpsc::sync_channel(1);
    let speaker = std::thread::Builder::new().name("ostler-last-words".into()).spawn(move || {
        tracing::error!("{text}");
        eprintln!("{text}");
        let _ = said.send(());
    });
    if speaker.is_ok() {
        let _ = heard.recv_timeout(LAST_WORDS);
    }
}
