//! The file of the durable jobs, beside the shop's database. Two files: sqlx writes one, and the store alone the other.

use std::path::Path;

use ostler::Error;
use ostler_sqlite::SqliteStore;

/// How many reports wait at most. A report reads the whole period, so a short queue is enough.
const WAITING: usize = 100;

/// Opens the store in `folder`. A second shop on the same folder is refused here: a file of jobs has one owner.
pub(crate) async fn open(folder: &Path) -> Result<SqliteStore, Error> {
    open_with(folder, WAITING).await
}

pub(crate) async fn open_with(folder: &Path, waiting: usize) -> Result<SqliteStore, Error> {
    let unusable = |error| Error::config(format!("--data {}: cannot be used: {error}", folder.display()));
    SqliteStore::options(folder.join("jobs.db")).max_ready(waiting).open().await.map_err(unusable)
}
