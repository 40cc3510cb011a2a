//! What a process does to work jobs off: small actors around one shared state.
//!
//! ```text
//! store ── fetcher ── lane (a local queue) ── slots ── handler
//!   │                                            │
//!   ├───────────────── completer ── ends ────────┘      keeper: a thread of its own
//!   ├───────────────── heartbeat ── life ── fetcher, runs
//!   └───────────────── upkeep: due jobs, lost workers, finished jobs
//! ```

mod attempt;
mod beat;
mod complete;
mod ending;
mod fetch;
mod keeper;
mod kinds;
mod lanes;
mod runs;
mod shared;
mod slot;
mod text;
mod trouble;
mod upkeep;

pub(crate) use self::attempt::give_back;
pub(crate) use self::complete::Ends;
pub(crate) use self::fetch::fetch;
pub(crate) use self::keeper::Keeper;
pub(crate) use self::kinds::{Kind, Kinds};
pub(crate) use self::lanes::Lanes;
pub(crate) use self::shared::{Settings, Shared};
pub(crate) use self::slot::Slot;
pub(crate) use self::trouble::Trouble;
pub(crate) use self::upkeep::upkeep;
