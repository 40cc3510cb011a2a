#![doc = include_str!("guide.md")]

mod answer;
mod client;
#[cfg(feature = "conformance")]
pub mod conformance;
mod error;
mod hints;
mod id;
mod job;
mod lease;
mod memory;
pub mod name;
pub mod payload;
mod policy;
mod state;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod unique;
mod wait;
mod worker;
mod workers;

pub use crate::answer::{IntoAnswer, Json};
pub use crate::client::{CHUNK, Client, EnqueueAllError, Finished, JobHandle};
pub use crate::error::{ErrorKind, StoreError};
pub use crate::hints::{EndHint, Hints};
pub use crate::id::{ClaimId, JobId, ParseJobIdError, WorkerId};
pub use crate::job::{FromJob, Job, JobArgs, NewJob};
pub use crate::memory::MemoryStore;
pub use crate::policy::{
    Ack, DEFAULT_ATTEMPTS, DEFAULT_BACKOFF, DEFAULT_PRIORITY, DEFAULT_QUEUE, DEFAULT_TIMEOUT, Durability,
    Keep, MAX_PRIORITY, MAX_RESULT, Policy, Retention, STOP_GRACE,
};
pub use crate::state::{JobState, LEGAL, Move, is_legal};
pub use crate::store::{CancelAnswer, Count, JobStatus, Store};
pub use crate::unique::{Unique, UniqueKey, Until};
pub use crate::wait::WaitError;
pub use crate::workers::{
    DEFAULT_LEASE, DEFAULT_POISON_AFTER, DEFAULT_POLL, DEFAULT_SLOTS, MAX_SLOTS, Workers,
};
