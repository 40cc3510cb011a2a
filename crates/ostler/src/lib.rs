#![doc = include_str!("guide.md")]

mod attempt;
pub mod backoff;
mod blocking;
mod board;
mod clock;
mod control;
mod current;
mod error;
mod events;
mod handle;
mod handler;
mod health;
mod host;
mod lag;
mod line;
mod live;
#[cfg(feature = "logs")]
pub mod logs;
#[cfg(feature = "metrics")]
mod metrics;
mod node;
mod occurrence;
mod open_run;
mod options;
mod outcome;
mod panics;
mod probe;
mod problem;
mod process;
pub mod queue;
mod ready;
mod record;
mod reload;
mod report;
mod run;
mod scope;
mod seat;
mod sentinel;
mod service;
mod signal;
mod stall;
mod state;
mod status;
mod stop;
mod supervise;
mod systemd;
mod tally;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "metrics")]
mod times;
pub mod trace;
mod tracker;
mod trigger;
mod unit;

pub use crate::blocking::blocking;
pub use crate::clock::{Clock, DAY, HOUR, MINUTE, SECOND, Sleep};
pub use crate::control::ControlError;
pub use crate::error::{BoxError, Error, RegistrationError, exit};
pub use crate::events::{Events, UnitChange, UnitEvent};
pub use crate::handle::HostHandle;
pub use crate::handler::{FromItem, HandlerFn, TaskFn};
pub use crate::health::{
    Check, Checked, DEFAULT_CHECK_PERIOD, DEFAULT_CHECK_TIMEOUT, Health, HealthChange, HealthEntry,
    HealthKind, HealthReport, IntoChecked, LIVE_WITHIN, check,
};
pub use crate::host::{DEFAULT_GRACE, Host};
pub use crate::live::Live;
pub use crate::occurrence::Occurrence;
pub use crate::open_run::{OpenRun, RunEnd, RunLimit, RunStopper};
#[cfg(feature = "clap")]
pub use crate::options::ConfigArgs;
pub use crate::options::{Format, Options, OptionsBuilder, Problems, Secret, Snapshot, Subscription};
pub use crate::outcome::{Halt, HaltKind, IntoOutcome, Outcome, RunOutcome};
pub use crate::probe::Probes;
pub use crate::problem::{ConfigError, Problem};
pub use crate::process::main;
pub use crate::ready::Ready;
pub use crate::record::{DEFAULT_LATE_AFTER, PastError, PastRun, UnitKind, UnitState, UnitStatus};
pub use crate::report::{Report, UnitEnd, UnitReport};
pub use crate::scope::{FromScope, Run, Scope};
pub use crate::service::{Context, Service};
pub use crate::signal::Signal;
pub use crate::state::{FromRef, State};
pub use crate::status::Status;
pub use crate::stop::{Stop, StopReason};
pub use crate::trigger::{
    Consume, DEFAULT_MISFIRE_GRACE, DstPolicy, First, Leftover, MAX_FIRE_ALL, MAX_WORKERS, Misfire, Overlap,
    Plan, Schedule, ScheduleError, Timer, after_completion, cron, every, poke,
};
pub use crate::unit::{
    DEFAULT_RESTART_BACKOFF, DEFAULT_RESTART_WINDOW, DEFAULT_RESTARTS, DEFAULT_START_TIMEOUT, Restart, Spent,
    Unit, unit,
};

/// For the expansion of [`state!`] only.
#[cfg(feature = "axum")]
#[doc(hidden)]
pub mod __axum {
    pub use axum::extract::FromRef;
}

/// The README's code, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
mod readme {}

/// The code of the page about schedules, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/schedules.md")]
mod schedules_page {}

/// The code of the page about options, compiled.
#[cfg(all(doctest, feature = "clap"))]
#[doc = include_str!("../../../docs/options.md")]
mod options_page {}
