//! Durable jobs on SQLite: a row for each question, and what the rows share. Always through the public API, on the default schema.

mod drain;
mod enqueue;
mod half_load;
mod history;
mod mixed;
mod ostler;
mod pending;
mod pickup;
mod raw_log;
mod raw_sqlite;

use crate::row::Row;

/// The peer's name, where its code is, and how it is set.
const PEER: &str = "effectum";
const PEER_SETTINGS: &str = "effectum 0.7, one worker, WAL with `synchronous=NORMAL`: nothing that it says survives a power loss";

pub(crate) fn rows() -> Vec<Row> {
    vec![
        enqueue::row(),
        mixed::row(),
        drain::row(),
        pickup::row(),
        half_load::row(),
        pending::row(),
        history::row(),
    ]
}
