//! The board of a host: what its own task, the sentinel's thread and user code share.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;

use crate::clock::Clock;
use crate::events::EventSource;
use crate::health::HealthBoard;
use crate::line::Message;
use crate::live::Origin;
use crate::record::{Now, Record};
use crate::stop::StopReason;

/// Where the host is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(crate) enum Phase {
    Starting,
    Ready,
    Draining,
    Ended,
}

/// See the module.
pub(crate) struct Board {
    /// Set when the host starts.
    time: OnceLock<Time>,
    phase: AtomicU8,
    was_ready: AtomicBool,
    phase_moved: Notify,
    stop: OnceLock<Asked>,
    stop_asked: Notify,
    /// When the main runtime was last asked to show that it is alive, and when it last did, in nanoseconds since `born`.
    ping: AtomicU64,
    tick: AtomicU64,
    pinged: Notify,
    /// How long it took to answer the last time.
    lag: AtomicU64,
    records: OnceLock<Records>,
    director: OnceLock<UnboundedSender<Message>>,
    events: EventSource,
    origins: OnceLock<Vec<Arc<dyn Origin>>>,
    /// Whether the service manager is still to be told of the end.
    to_tell: AtomicBool,
    told: Notify,
    health: HealthBoard,
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
    /// Their places, sorted by name.
    by_name: Box<[u32]>,
}

impl Board {
    pub(crate) fn new() -> Self {
        Self {
            time: OnceLock::new(),
            phase: AtomicU8::new(Phase::Starting as u8),
            was_ready: AtomicBool::new(false),
            phase_moved: Notify::new(),
            stop: OnceLock::new(),
            stop_asked: Notify::new(),
            ping: AtomicU64::new(0),
            tick: AtomicU64::new(0),
            pinged: Notify::new(),
            lag: AtomicU64::new(0),
            records: OnceLock::new(),
            director: OnceLock::new(),
            events: EventSource::default(),
            origins: OnceLock::new(),
            to_tell: AtomicBool::new(false),
            told: Notify::new(),
            health: HealthBoard::default(),
        }
    }

    /// The host starts on `clock` with these units, directed from the other end of `director`. Once.
    pub(crate) fn begin(
        &self,
        clock: &Clock,
        in_order: Vec<Arc<Record>>,
        director: UnboundedSender<Message>,
    ) {
        let _ = self.time.set(Time { clock: clock.clone(), born: clock.now() });
        let mut by_name: Box<[u32]> = (0..in_order.len() as u32).collect();
        by_name.sort_by_key(|&place| in_order[place as usize].name());
        let _ = self.records.set(Records { in_order, by_name });
        let _ = self.director.set(director);
    }

    /// Where the live values of this host come from. Once, before [`begin`](Self::begin).
    pub(crate) fn set_origins(&self, origins: Vec<Arc<dyn Origin>>) {
        let _ = self.origins.set(origins);
    }

    pub(crate) fn origins(&self) -> &[Arc<dyn Origin>] {
        self.origins.get().map_or(&[], |origins| origins)
    }

    pub(crate) fn health(&self) -> &HealthBoard {
        &self.health
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.time.get().is_some()
    }

    pub(crate) fn records(&self) -> &[Arc<Record>] {
        self.records.get().map_or(&[], |records| &records.in_order)
    }

    /// A unit's place among all.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        let Records { in_order, by_name } = self.records.get()?;
        let at = by_name.binary_search_by_key(&name, |&place| in_order[place as usize].name()).ok()?;
        Some(by_name[at] as usize)
    }

    pub(crate) fn record(&self, name: &str) -> Option<&Arc<Record>> {
        self.place(name).map(|place| &self.records()[place])
    }

    /// The line to who runs the units; `None` before the host runs and after it ended.
    pub(crate) fn director(&self) -> Option<&UnboundedSender<Message>> {
        self.director.get().filter(|_| self.phase() != Phase::Ended)
    }

    pub(crate) fn events(&self) -> &EventSource {
        &self.events
    }

    /// The host's clock.
    pub(crate) fn clock(&self) -> Clock {
        self.time.get().map_or_else(Clock::real, |time| time.clock.clone())
    }

    /// Both clocks, now.
    pub(crate) fn now(&self) -> Now {
        match self.time.get() {
            Some(Time { clock, .. }) => Now { now: clock.now(), wall: clock.wall() },
            None => {
                let clock = Clock::real();
                Now { now: clock.now(), wall: clock.wall() }
            }
        }
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

    /// Asks the main runtime to show that it is alive.
    pub(crate) fn ask_for_tick(&self) {
        self.ping.store(self.nanos(), Ordering::Release);
        self.pinged.notify_one();
    }

    /// Shows for ever that the main runtime is alive, whenever it is asked.
    pub(crate) async fn answer_pings(&self) {
        loop {
            self.pinged.notified().await;
            self.tick();
        }
    }

    /// The main runtime shows that it is alive.
    pub(crate) fn tick(&self) {
        let now = self.nanos();
        self.lag.store(now.saturating_sub(self.ping.load(Ordering::Acquire)), Ordering::Relaxed);
        self.tick.store(now, Ordering::Release);
    }

    /// How long ago the main runtime last did so.
    pub(crate) fn tick_age(&self) -> Duration {
        Duration::from_nanos(self.nanos().saturating_sub(self.tick.load(Ordering::Acquire)))
    }

    /// Whether the main runtime was asked and has not answered.
    pub(crate) fn owes_a_tick(&self) -> bool {
        self.ping.load(Ordering::Acquire) > self.tick.load(Ordering::Acquire)
    }

    /// How long the main runtime took to answer the last time, or has not answered.
    pub(crate) fn lag(&self) -> Duration {
        let last = self.lag.load(Ordering::Relaxed);
        let owed = if self.owes_a_tick() {
            self.nanos().saturating_sub(self.ping.load(Ordering::Acquire))
        } else {
            0
        };
        Duration::from_nanos(last.max(owed))
    }

    /// Somebody is told of the end of this host, and is waited for at its end.
    #[cfg(all(feature = "systemd", target_os = "linux"))]
    pub(crate) fn is_to_tell(&self) {
        self.to_tell.store(true, Ordering::Release);
    }

    /// All has been told that there is to tell.
    #[cfg(all(feature = "systemd", target_os = "linux"))]
    pub(crate) fn has_told(&self) {
        self.to_tell.store(false, Ordering::Release);
        self.told.notify_waiters();
    }

    /// Resolves once all has been told; at once where there is nothing to tell.
    pub(crate) async fn told(&self) {
        loop {
            let told = self.told.notified();
            if !self.to_tell.load(Ordering::Acquire) {
                return;
            }
            told.await;
        }
    }

    /// Nanoseconds of monotonic time since the host began.
    fn nanos(&self) -> u64 {
        let Some(Time { clock, born }) = self.time.get() else { return 0 };
        u64::try_from(clock.now().saturating_duration_since(*born).as_nanos()).unwrap_or(u64::MAX)
    }
}

impl std::fmt::Debug for Board {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Board").field("phase", &self.phase()).finish_non_exhaustive()
    }
}
