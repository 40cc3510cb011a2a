//! The stream of state changes of a host's units.

use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{self, Receiver, Sender};

use crate::record::UnitState;

/// How many events a slow reader may be behind. Past it the oldest are missed, and it is told how many.
pub(crate) const KEPT_EVENTS: usize = 1024;

/// What happened to a unit, or to the stream itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnitEvent {
    /// A unit's state or readiness changed.
    Changed(UnitChange),
    /// This reader was too slow, and so many events are lost to it: look at
    /// [`HostHandle::units`](crate::HostHandle::units) again.
    Missed(u64),
}

/// A change of a unit's state, or of its readiness.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnitChange {
    /// The unit's name.
    pub unit: Arc<str>,
    /// What it was doing.
    pub from: UnitState,
    /// What it is doing now.
    pub to: UnitState,
    /// Whether it is ready now.
    pub ready: bool,
    /// When that was.
    pub at: Timestamp,
    /// Why, where there is more to say than the state itself.
    pub reason: Option<Arc<str>>,
}

/// The events of a host, from when it was asked for. Made by [`HostHandle::events`](crate::HostHandle::events).
#[derive(Debug)]
pub struct Events(Receiver<UnitEvent>);

impl Events {
    /// The next event, in order; `None` when the host has ended and all of them were read. Cancel safe.
    pub async fn next(&mut self) -> Option<UnitEvent> {
        match self.0.recv().await {
            Ok(event) => Some(event),
            Err(RecvError::Lagged(missed)) => Some(UnitEvent::Missed(missed)),
            Err(RecvError::Closed) => None,
        }
    }
}

/// The writing end. Nothing is kept while nobody reads.
#[derive(Debug, Default)]
pub(crate) struct EventSource {
    /// Made for the first reader: its ring is allocated at once.
    sender: OnceLock<std::sync::Mutex<Option<Sender<UnitEvent>>>>,
}

impl EventSource {
    pub(crate) fn subscribe(&self) -> Events {
        let sender =
            self.sender.get_or_init(|| std::sync::Mutex::new(Some(broadcast::channel(KEPT_EVENTS).0)));
        let sender = sender.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Once the host has ended, a stream that has ended too.
        Events(sender.as_ref().map_or_else(|| broadcast::channel(1).1, Sender::subscribe))
    }

    pub(crate) fn send(&self, change: impl FnOnce() -> UnitChange) {
        let Some(sender) = self.sender.get() else { return };
        let sender = sender.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(sender) = sender.as_ref().filter(|sender| sender.receiver_count() > 0) {
            let _ = sender.send(UnitEvent::Changed(change()));
        }
    }

    /// No more events will come.
    pub(crate) fn end(&self) {
        let sender = self.sender.get_or_init(Default::default);
        sender.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    }
}
