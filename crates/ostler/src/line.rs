//! What the director of a host is told about its units, and the line by which a unit tells it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use crate::control::Command;
use crate::error::BoxError;

/// What the director is told. A unit is named by its place among all.
///
/// What one instance of a unit says comes in order, and before its `Gone`. There are a few of them for each start of a
/// unit, one for each change of a service's word, and one for each call of the handle.
#[derive(Debug)]
pub(crate) enum Message {
    /// It was polled for the first time.
    Polled(usize),
    /// It says that it is ready.
    Ready(usize),
    /// It takes that back.
    NotReady(usize, Arc<str>),
    /// It will never say that it is ready.
    NeverReady(usize),
    /// Its instance, or the last of its workers, ended by itself. One that is dropped says nothing.
    Ended(usize, Result<(), BoxError>),
    /// After its seat was closed: nothing of it is alive any more.
    Gone(usize),
    /// Somebody wants something done.
    Command(Command),
    /// A live setting of it has changed.
    Setting(usize, Setting),
}

/// A live setting of a unit, as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setting {
    Period(Duration),
    Enabled(bool),
    Workers(usize),
}

/// One unit's line to the director. Where the director is gone, nobody is told.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    unit: usize,
    director: UnboundedSender<Message>,
}

impl Line {
    pub(crate) fn new(unit: usize, director: UnboundedSender<Message>) -> Self {
        Self { unit, director }
    }

    /// A line at whose other end nobody is: of what is no unit.
    pub(crate) fn nowhere() -> Self {
        Self { unit: usize::MAX, director: tokio::sync::mpsc::unbounded_channel().0 }
    }

    pub(crate) fn leads_nowhere(&self) -> bool {
        self.unit == usize::MAX
    }

    pub(crate) fn ready(&self) {
        self.tell(Message::Ready(self.unit));
    }

    pub(crate) fn not_ready(&self, reason: Arc<str>) {
        self.tell(Message::NotReady(self.unit, reason));
    }

    pub(crate) fn never_ready(&self) {
        self.tell(Message::NeverReady(self.unit));
    }

    pub(crate) fn gone(&self) {
        self.tell(Message::Gone(self.unit));
    }

    /// Says that the unit was polled when it is dropped, so that a panic in the first poll says so too.
    pub(crate) fn polled(&self) -> Polled {
        Polled(self.clone())
    }

    pub(crate) fn ended(&self, result: Result<(), BoxError>) {
        self.tell(Message::Ended(self.unit, result));
    }

    fn tell(&self, message: Message) {
        let _ = self.director.send(message);
    }
}

/// See [`Line::polled`].
#[derive(Debug)]
pub(crate) struct Polled(Line);

impl Drop for Polled {
    fn drop(&mut self) {
        self.0.tell(Message::Polled(self.0.unit));
    }
}
