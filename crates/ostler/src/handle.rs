//! The handle by which a running host is seen and steered, and the board behind it that the probes read.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::clock::Clock;
use crate::record::{Record, UnitKind, UnitState, UnitStatus};
use crate::stop::StopReason;

/// Sees and steers a running host. Clones are cheap.
///
/// Taken as an argument by a handler, or from [`Host::handle`](crate::Host::handle) before the start.
#[derive(Clone)]
pub struct HostHandle(Arc<Board>);

/// Where the host is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(crate) enum Phase {
    Starting,
    Ready,
    Draining,
    Ended,
}

/// What the host's own task, the probes' thread and user code share.
#[derive(Debug)]
pub(crate) struct Board {
    /// Set when the host starts.
    time: OnceLock<Time>,
    phase: AtomicU8,
    was_ready: AtomicBool,
    phase_moved: Notify,
    stop: OnceLock<Asked>,
    stop_asked: Notify,
    /// When the main runtime last showed that it is alive, in nanoseconds since `born`.
    tick: AtomicU64,
    records: OnceLock<Records>,
    triggered: Mutex<BTreeSet<usize>>,
    trigger_asked: Notify,
}

/// A stop that was asked for.
#[derive(Debug)]
struct Asked {
    reason: StopReason,
    at: Option<Instant>,
}

#[derive(Debug)]
struct Time {
    clock: Clock,
    born: Instant,
}

#[derive(Debug)]
struct Records {
    in_order: Vec<Arc<Record>>,
    by_name: HashMap<Arc<str>, usize>,
}

impl HostHandle {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Board {
            time: OnceLock::new(),
            phase: AtomicU8::new(Phase::Starting as u8),
            was_ready: AtomicBool::new(false),
            phase_moved: Notify::new(),
            stop: OnceLock::new(),
            stop_asked: Notify::new(),
            tick: AtomicU64::new(0),
            records: OnceLock::new(),
            triggered: Mutex::default(),
            trigger_asked: Notify::new(),
        }))
    }

    /// A snapshot of every unit, in order of registration; empty before the host runs.
    pub fn units(&self) -> Vec<UnitStatus> {
        self.0.records().iter().map(|record| record.status()).collect()
    }

    /// A snapshot of the unit called `name`.
    pub fn unit(&self, name: &str) -> Option<UnitStatus> {
        let records = self.0.records.get()?;
        Some(records.in_order[*records.by_name.get(name)?].status())
    }

    /// Runs a task now, beside its own schedule. Where a run is going on it runs once more after that, however
    /// often it is triggered meanwhile.
    ///
    /// # Errors
    /// [`TriggerError`]: there is no such unit, it is not a task, or the host is not running.
    pub fn trigger(&self, name: &str) -> Result<(), TriggerError> {
        let records = self.0.records.get().ok_or(TriggerError::NotRunning)?;
        let index = *records.by_name.get(name).ok_or(TriggerError::Unknown)?;
        match records.in_order[index].kind() {
            UnitKind::Consumer | UnitKind::Service => return Err(TriggerError::NotATask),
            UnitKind::Interval | UnitKind::Cron | UnitKind::OnDemand => {}
        }
        if self.0.stop_reason().is_some() || records.in_order[index].state() != UnitState::Running {
            return Err(TriggerError::NotRunning);
        }
        self.0.triggered.lock().unwrap_or_else(PoisonError::into_inner).insert(index);
        self.0.trigger_asked.notify_one();
        Ok(())
    }

    /// Asks the host to stop gracefully. Returns at once; asking again changes nothing, nor does asking before the host
    /// runs.
    pub fn stop(&self) {
        if self.0.time.get().is_some() {
            self.0.ask_to_stop(StopReason::Requested);
        }
    }

    pub(crate) fn board(&self) -> &Board {
        &self.0
    }
}

impl fmt::Debug for HostHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostHandle").field("phase", &self.0.phase()).finish_non_exhaustive()
    }
}

impl Board {
    /// The host starts on `clock` with these units. Once.
    pub(crate) fn begin(&self, clock: &Clock, in_order: Vec<Arc<Record>>) {
        let _ = self.time.set(Time { clock: clock.clone(), born: clock.now() });
        let by_name =
            in_order.iter().enumerate().map(|(at, record)| (Arc::clone(record.name()), at)).collect();
        let _ = self.records.set(Records { in_order, by_name });
    }

    pub(crate) fn records(&self) -> &[Arc<Record>] {
        self.records.get().map_or(&[], |records| &records.in_order)
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Starting,
            1 => Phase::Ready,
            2 => Phase::Draining,
            _ => Phase::Ended,
        }
    }

    /// A phase never goes back.
    pub(crate) fn advance(&self, phase: Phase) {
        if phase == Phase::Ready {
            self.was_ready.store(true, Ordering::Release);
        }
        self.phase.fetch_max(phase as u8, Ordering::AcqRel);
        self.phase_moved.notify_waiters();
    }

    /// Whether the start succeeded.
    pub(crate) fn was_ready(&self) -> bool {
        self.was_ready.load(Ordering::Acquire)
    }

    /// Resolves once `phase` is reached or passed.
    pub(crate) async fn reached(&self, phase: Phase) {
        loop {
            let moved = self.phase_moved.notified();
            if self.phase() >= phase {
                return;
            }
            moved.await;
        }
    }

    /// The first reason wins.
    pub(crate) fn ask_to_stop(&self, reason: StopReason) {
        let at = self.time.get().map(|time| time.clock.now());
        let _ = self.stop.set(Asked { reason, at });
        self.stop_asked.notify_waiters();
    }

    pub(crate) fn stop_reason(&self) -> Option<&StopReason> {
        self.stop.get().map(|asked| &asked.reason)
    }

    /// When the host was asked to stop.
    pub(crate) fn asked_at(&self) -> Option<Instant> {
        self.stop.get()?.at
    }

    pub(crate) async fn stop_asked(&self) -> StopReason {
        loop {
            let asked = self.stop_asked.notified();
            if let Some(reason) = self.stop_reason() {
                return reason.clone();
            }
            asked.await;
        }
    }

    /// The tasks that were triggered since the last call.
    pub(crate) fn take_triggered(&self) -> BTreeSet<usize> {
        std::mem::take(&mut *self.triggered.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) async fn trigger_asked(&self) {
        self.trigger_asked.notified().await;
    }

    /// The main runtime shows that it is alive.
    pub(crate) fn tick(&self) {
        if let Some(Time { clock, born }) = self.time.get() {
            let since_birth = clock.now().saturating_duration_since(*born).as_nanos();
            self.tick.store(u64::try_from(since_birth).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
    }

    /// How long ago the main runtime last did so.
    pub(crate) fn tick_age(&self) -> Duration {
        let Some(Time { clock, born }) = self.time.get() else { return Duration::ZERO };
        let tick = *born + Duration::from_nanos(self.tick.load(Ordering::Relaxed));
        clock.now().saturating_duration_since(tick)
    }
}

/// Why a task could not be triggered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TriggerError {
    /// No unit has this name.
    Unknown,
    /// The unit is a consumer or a service: it has no runs of its own to trigger.
    NotATask,
    /// The host has not started yet, or is stopping.
    NotRunning,
}

impl fmt::Display for TriggerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "no unit has this name",
            Self::NotATask => "only a task can be triggered; this unit is a consumer or a service",
            Self::NotRunning => "the unit is not running: the host is starting or stopping",
        })
    }
}

impl std::error::Error for TriggerError {}
