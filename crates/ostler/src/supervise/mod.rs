//! Runs units: tasks by one timetable, consumers by a crew of workers, services an instance at a time.
//!
//! Each unit's work is spawned on its seat, which counts what is alive. What happens to it, the host's director learns by
//! the unit's line; what follows from it, `machine` says.

mod consumer;
mod machine;
mod restarts;
mod service;
mod tasks;
mod until;

pub(crate) use self::consumer::Crew;
pub(crate) use self::machine::{Act, Down, Event, Machine, Makeup, Stage, Then};
#[cfg(test)]
pub(crate) use self::machine::{DROP_TIME, LAST_WORD};
pub(crate) use self::service::{MakeInstance, run_instance};
pub(crate) use self::tasks::{RunTask, Task, TaskBoard, tend};
