//! The rig: real processes on a real file, killed at random moments.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests may fail, and live in real time")]

#[macro_use]
#[path = "../../src/forward.rs"]
mod forward;

mod checker;
mod effects;
mod killers;
mod kills;
mod locked;
mod process;
mod results;
mod scale;
mod zombies;
