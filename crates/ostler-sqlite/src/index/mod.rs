//! What the writer knows without asking the file: which jobs are ready, which claims live, how many jobs there are.
//!
//! It is no truth of its own: it is made from the tables at open, and each change of it goes with one of theirs. While a
//! transaction is open the changes are written down ([`undo`]), so that with a transaction that fails all of them are taken back:
//! between two transactions the index says what is committed, and no more.

mod classes;
mod counts;
mod dues;
mod hash;
mod lanes;
mod leases;
mod names;
mod paused;
mod undo;

pub(crate) use self::classes::{Class, ClassId, ClassKey, ended_state};
pub(crate) use self::counts::Stage;
pub(crate) use self::dues::Dues;
pub(crate) use self::hash::IdMap;
pub(crate) use self::lanes::{KindSet, LaneId, Place, Taken, Which};
pub(crate) use self::leases::{Held, Running};
pub(crate) use self::names::NameId;

use self::classes::Classes;
use self::counts::Counts;
use self::lanes::Lanes;
use self::leases::Leases;
use self::names::Names;
use self::paused::Paused;
use self::undo::Undo;

/// The index.
#[derive(Debug, Default)]
pub(crate) struct Index {
    names: Names,
    lanes: Lanes,
    leases: Leases,
    counts: Counts,
    classes: Classes,
    paused: Paused,
    pub(crate) dues: Dues,
    undo: Vec<Undo>,
    /// Running jobs that are none any more, in the order of their entries in `undo`; apart, because they are large.
    rested: Vec<Running>,
}
