//! The tour from outside: the real program, a folder of its own, free ports, real requests.
//!
//! Nothing sleeps for luck: whatever takes time is asked for again until a deadline.

#![allow(clippy::unwrap_used)] // Helpers of tests are outside `#[test]` functions, and are tests all the same.

mod control;
mod database;
mod deploy;
mod durable;
mod events;
mod guards;
mod harness;
mod health;
mod jobs;
mod limits;
mod listing;
mod live;
mod metrics;
mod page;
mod reports;
mod routes;
mod settings;
mod start;
mod stops;
mod stream;
mod thumbnails;
mod units;
