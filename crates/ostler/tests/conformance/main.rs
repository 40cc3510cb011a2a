//! Conformance: what is commonly expected of a host of background services, one case a test, on the public API only.
//!
//! The files are the lines of that list. Other tests look at some of these cases more closely; here each is short, and
//! stays as it is when the inside of the host is written anew. The cases of real signals are in `tests/processes`.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail, and drive clocks themselves"
)]

#[path = "../common/mod.rs"]
mod common;
mod health;
mod options;
mod queue;
mod start;
mod stop;
mod timer;
