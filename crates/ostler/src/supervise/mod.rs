//! Runs units: tasks by one timetable, consumers by a crew of workers, services an instance at a time.
//!
//! Each unit's work is spawned on its seat, which counts what is alive. What happens to it, the host's director learns by
//! the unit's line; what follows from it, `machine` says.

mod consumer;
mod machine;
mod restarts;
mod service;
mod tasks;

use std::time::Duration;

pub(crate) use self::consumer::Crew;
pub use self::consumer::MAX_WORKERS;
pub(crate) use self::machine::{Act, Down, Event, Machine, Makeup, Stage, Then};
#[cfg(test)]
pub(crate) use self::machine::{DROP_TIME, LAST_WORD};
pub(crate) use self::service::{MakeInstance, run_instance};
pub(crate) use self::tasks::{RunTask, Task, TaskBoard, tend};
use crate::clock::Clock;

/// How long to wait before looking again whether a run has begun that is about to: that takes microseconds, unless all
/// threads are busy.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// How often to let others run before that.
const TURNS: usize = 64;

/// Waits until something is true that is about to become so.
async fn until(clock: &Clock, is_so: impl Fn() -> bool) {
    for turn in 0.. {
        if is_so() {
            return;
        }
        if turn < TURNS {
            tokio::task::yield_now().await;
        } else {
            clock.sleep(LOOK_AGAIN).await;
        }
    }
}
