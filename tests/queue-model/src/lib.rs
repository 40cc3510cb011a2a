//! The queue's core, model-checked: the very file that the crate `ostler` compiles, on loom's lock instead of std's.
//!
//! `cargo test -p queue-model` runs it; no flags are needed, as the lock comes in by the module `sync`.

#![cfg(test)]

#[expect(dead_code, reason = "the models use only a part of the core")]
#[path = "../../../crates/ostler/src/queue/core.rs"]
mod core;
mod models;

/// What the core takes its lock from.
mod sync {
    pub(crate) use loom::sync::{Mutex, MutexGuard};
}
