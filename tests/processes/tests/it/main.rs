//! Real processes and real signals: the fixture of this package is started, and what it prints, answers and exits with
//! is looked at.
//!
//! Nothing sleeps for luck: a test waits for a line of its fixture, or asks again until a deadline. A time that is
//! promised is printed (`--nocapture` shows it) and fails only far beyond the promise.

mod blocked;
mod failures;
mod harness;
mod lag;
mod limits;
mod probes;
mod reload;
mod signals;
mod stops;
#[cfg(target_os = "linux")]
mod systemd;
