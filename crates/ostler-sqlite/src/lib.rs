#![doc = include_str!("guide.md")]

mod call;
mod client;
mod file;
mod ids;
mod inbox;
mod index;
mod load;
mod options;
mod queue;
mod store;
mod tx;
mod writer;

pub use crate::client::SqliteClient;
pub use crate::options::{DEFAULT_DEADLINE, DEFAULT_INBOX_POLL, DEFAULT_MAX_READY, OpenOptions};
pub use crate::store::SqliteStore;
pub use crate::tx::{TransactionError, Tx};

/// The code of the page about guarantees, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guarantees.md")]
mod guarantees_page {}

/// The code of the page about handlers that may run twice, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/idempotent-handlers.md")]
mod idempotent_handlers_page {}
