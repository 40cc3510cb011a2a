//! How well a host is: what follows from the states of its units, what units say of themselves, and custom checks.
//!
//! Probes, the file probe and the handle read what is known already, from any thread; nothing here waits for the main
//! runtime but `keeper.rs`, which runs the checks there.
//!
//! `derived.rs`, `kept.rs`, `history.rs`, `shortlist.rs`, `roll.rs`, `json.rs` and `page.rs` are pure: from what is
//! known, and a moment, to what it means.

mod board;
mod check;
mod checked;
mod derived;
mod file;
mod history;
mod json;
mod keeper;
mod kept;
mod look;
mod page;
mod report;
mod roll;
mod shortlist;
mod word;

pub(crate) use self::board::HealthBoard;
pub(crate) use self::check::longer_than_zero;
pub use self::check::{Check, DEFAULT_CHECK_PERIOD, DEFAULT_CHECK_TIMEOUT, check};
pub use self::checked::{Checked, IntoChecked};
pub use self::derived::LIVE_WITHIN;
pub(crate) use self::file::StatusFile;
pub use self::history::HealthChange;
pub(crate) use self::keeper::{RunCheck, keep};
pub(crate) use self::kept::Kept;
pub(crate) use self::look::{live, ready, ready_and_noted, report, started};
pub(crate) use self::page::Page;
pub use self::report::{HealthEntry, HealthKind, HealthReport};
pub use self::word::Health;
