//! Opening the file: from a path to a connection whose process owns it, of a known format, in an epoch of its own.
//!
//! This file is the order of the steps. Nothing of a file is changed before it is known to be a database of a
//! format that this version works with; nothing is written before the owner's lock is held.

pub(crate) mod disk;
mod epoch;
mod fault;
mod lock;
mod path;
mod permissions;
mod pragmas;
mod schema;
mod version;

use std::time::Duration;

use ostler_jobs::{ErrorKind, StoreError};
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::options::OpenOptions;

pub(crate) use self::fault::fault;
pub(crate) use self::lock::OwnerLock;
use self::path::Place;

/// How long a statement waits inside of SQLite for a foreign writer. Short, because the caller's own loop,
/// which sees deadlines, tries again.
pub(crate) const BUSY_WAIT: Duration = Duration::from_millis(20);

/// A file that this process owns.
#[derive(Debug)]
pub(crate) struct OwnedFile {
    /// Its only connection of ours that writes.
    pub(crate) connection: Connection,
    /// Held until the connection is closed: fields are dropped in order.
    pub(crate) lock: OwnerLock,
    /// The random number of the file, below 2^60.
    pub(crate) file: u64,
    /// That of this opening, which no other had or will have: 1 to [`epoch::LAST`].
    pub(crate) epoch: u64,
}

/// Opens the file, or makes it, as its owner. Blocks for as long as the disk takes, and at most for the
/// deadline where a foreign connection holds a lock.
pub(crate) fn open(options: &OpenOptions) -> Result<OwnedFile, StoreError> {
    version::check_library(rusqlite::version_number())?;
    let place = Place::to_own(&options.path)?;
    let lock = OwnerLock::take(&place)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let mut connection = connect(&place.uri_to_make(), flags, options.deadline)?;
    version::check_format(version::format(&connection)?)?;
    permissions::narrow(&place)?;
    pragmas::hold(&connection)?;
    alone(&connection)?;
    let (file, epoch) = prepare(&mut connection)?;
    permissions::narrow(&place)?;
    waits(&connection, BUSY_WAIT)?;
    Ok(OwnedFile { connection, lock, file, epoch })
}

/// Opens a file that another process owns, or will own again: it has to be there, with a schema of this version.
pub(crate) fn open_client(
    path: &std::path::Path,
    deadline: Duration,
) -> Result<(Connection, u64), StoreError> {
    version::check_library(rusqlite::version_number())?;
    let place = Place::of_other(path)?;
    let connection = connect(&place.uri(), OpenFlags::SQLITE_OPEN_READ_WRITE, deadline)?;
    let Some(format) = version::format(&connection)? else {
        let text = format!("{} has no jobs in it: the process that owns it makes the tables", place.shown());
        return Err(StoreError::new(ErrorKind::Version, text));
    };
    version::check_client(format)?;
    pragmas::hold(&connection)?;
    let file = schema::file(&connection)?;
    waits(&connection, BUSY_WAIT)?;
    Ok((connection, file))
}

/// A connection, of which nothing has been asked yet but whether this is a database.
fn connect(uri: &str, flags: OpenFlags, deadline: Duration) -> Result<Connection, StoreError> {
    let flags = flags
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let connection =
        Connection::open_with_flags(uri, flags).map_err(|error| fault("open the file", error))?;
    waits(&connection, deadline)?;
    connection
        .query_row("PRAGMA schema_version", (), |_| Ok(()))
        .map_err(|error| fault("read the file", error))?;
    Ok(connection)
}

/// No other database is ever attached: a commit over two files is not atomic with a write-ahead log.
fn alone(connection: &Connection) -> Result<(), StoreError> {
    let set = connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0);
    set.map(drop).map_err(|error| fault("limit the connection", error))
}

fn waits(connection: &Connection, wait: Duration) -> Result<(), StoreError> {
    connection.busy_timeout(wait).map_err(|error| fault("set the busy timeout", error))
}

/// Brings the schema to this version and raises the epoch, in one transaction: the file's number and its new epoch.
fn prepare(connection: &mut Connection) -> Result<(u64, u64), StoreError> {
    let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate);
    let transaction = begun.map_err(|error| fault("begin the migration", error))?;
    schema::migrate(&transaction)?;
    let file = schema::file(&transaction)?;
    let epoch = epoch::raise(&transaction)?;
    transaction.commit().map_err(|error| fault("commit the migration", error))?;
    Ok((file, epoch))
}
