//! Sales reports: a period goes in, figures come out. Each is a durable job in `jobs.db`: it is accepted when it is on
//! disk, and made even if the process is killed meanwhile. The thumbnails are the other kind of work, which is in memory.

mod client;
mod job;
mod period;
mod query;
mod store;

pub(crate) use client::Reports;
pub(crate) use job::{QUEUE, make};
pub(crate) use period::{Period, PeriodError};
pub(crate) use store::open;
#[cfg(test)]
pub(crate) use store::open_with;
