//! The suite that every store runs: one file for each verb, and a machine that runs random programs on a store and on
//! [`MemoryStore`](crate::MemoryStore) side by side.
//!
//! ```no_run
//! use ostler::Clock;
//! use ostler_jobs::MemoryStore;
//! use ostler_jobs::conformance::{self, Subject};
//!
//! #[derive(Default)]
//! struct Memory;
//!
//! impl Subject for Memory {
//!     type Store = MemoryStore;
//!
//!     async fn open(&self, clock: Clock) -> MemoryStore {
//!         MemoryStore::on(clock)
//!     }
//! }
//!
//! // One `#[test]` for each case.
//! ostler_jobs::conformance_suite!(Memory);
//!
//! // To be called by a test of its own.
//! fn random_programs() {
//!     conformance::machine::<Memory>(1_000);
//! }
//! ```
//!
//! It moves a virtual clock by whole milliseconds, so that a store may keep its times as such; no case takes any real
//! time. A store under test makes a job ready when [`stage`](crate::Store::stage) says so, and not by itself.

// It is test code, which is exported: a case fails by a panic.
#![allow(clippy::unwrap_used)]

#[doc(hidden)]
pub mod cases;
mod corpus;
mod machine;
mod stand;
mod suite;

pub use self::corpus::{PayloadCase, payloads};
pub use self::machine::machine;
#[doc(hidden)]
pub use self::stand::{Stand, run};
pub use self::suite::Subject;
