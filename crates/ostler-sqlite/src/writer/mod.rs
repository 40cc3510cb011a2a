//! The one thread that writes: it owns the connection, and whoever wants something asks it.
//!
//! Many requests share a commit ([`group`]), so that many callers wait for one write to the disk. What a verb does is in a file of
//! its own; what the writer knows without asking the file is the [index](crate::index).

mod cancel;
mod claim;
mod control;
mod engine;
mod finish;
mod fresh;
mod group;
mod insert;
mod inspect;
mod linger;
mod news;
mod prune;
mod row;
mod run;
mod sql;
mod stage;
mod thread;
mod unreadable;
pub(crate) mod wall;
mod worker;

pub(crate) use self::cancel::Cancel;
pub(crate) use self::claim::{Claim, unpacked};
pub(crate) use self::control::{Pause, Paused, Resume};
pub(crate) use self::engine::Engine;
pub(crate) use self::finish::Finish;
pub(crate) use self::insert::Insert;
pub(crate) use self::inspect::{Counts, Status};
pub(crate) use self::prune::Prune;
pub(crate) use self::row::{Args, DueAt, KeyUntil, Row, RowKey, timestamp};
pub(crate) use self::stage::Stage;
pub(crate) use self::thread::{Opened, start};
pub(crate) use self::unreadable::{NO_NAME, Unreadable};
pub(crate) use self::worker::{Beats, Expire, Join, Leave, Pulse, crashes};
