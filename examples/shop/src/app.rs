//! The state that every unit and every route shares. It is built once, before the host starts.

use ostler::Options;
use sqlx::SqlitePool;

use crate::door::Door;
use crate::reports::Reports;
use crate::settings::Settings;
use crate::thumbnails::Thumbnails;

/// Cheap to clone: each field is a handle.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) db: SqlitePool,
    pub(crate) thumbnails: Thumbnails,
    pub(crate) reports: Reports,
    pub(crate) door: Door,
    pub(crate) options: Options<Settings>,
}

// A handler may ask for one field alone: `State(db): State<SqlitePool>`.
ostler::state! {
    App { db: SqlitePool, thumbnails: Thumbnails, reports: Reports, door: Door, options: Options<Settings> }
}
