//! Runs units: tasks by one timetable, consumers by workers, services by a supervisor each.
//!
//! Each unit's work is spawned on its seat, which counts what is alive. What a unit does by itself, the host learns
//! from an [`Event`].

mod consumer;
mod machine;
mod service;
mod tasks;

use tokio::sync::{mpsc, oneshot};

pub(crate) use self::consumer::Consumer;
pub(crate) use self::service::{MakeInstance, Supervised};
pub(crate) use self::tasks::{RunTask, Task, TaskBoard, tend};
use crate::error::BoxError;

/// What a unit did by itself, after it was ready.
#[derive(Debug)]
pub(crate) enum Event {
    /// It ended, and the host goes on without it.
    Completed,
    /// It failed, its restart budget spent: the unit, by its place among all, and its error.
    Failed(usize, BoxError),
}

/// The writing end of the host's events: one message for each unit at most.
pub(crate) type Events = mpsc::UnboundedSender<Event>;

/// How a unit comes up: first polled, then ready or failed.
#[derive(Debug)]
pub(crate) struct Starting {
    pub(crate) polled: oneshot::Receiver<()>,
    pub(crate) ready: oneshot::Receiver<Result<(), BoxError>>,
}
