//! The jobs' tables: what makes them, and what brings those of an older version to this one. Runs within a
//! transaction of its caller, so that a file is of one format or of the next.

use ostler_jobs::{ErrorKind, StoreError};
use rusqlite::{Connection, OptionalExtension};

use super::fault;
use super::version;

/// The first brings a file without the tables to format 1, the next one from 1 to 2, and so on. What is here is
/// never changed.
const STEPS: &[&str] = &[include_str!("../schema.sql")];

/// The format of this version.
pub(super) const FORMAT: i64 = STEPS.len() as i64;

/// The bits that an id has for the file.
const FILE_BITS: u32 = 60;

/// Brings the tables to this version.
pub(super) fn migrate(connection: &Connection) -> Result<(), StoreError> {
    let format = version::format(connection)?;
    // Again, since another may have changed it before the transaction began.
    version::check_format(format)?;
    let done = usize::try_from(format.unwrap_or(0)).unwrap_or(0);
    for step in STEPS.iter().skip(done) {
        connection.execute_batch(step).map_err(|error| fault("change the schema", error))?;
    }
    if format.is_none() {
        begin(connection)?;
    }
    put(connection, "format", FORMAT)
}

/// The random number of this file, which its ids carry.
pub(super) fn file(connection: &Connection) -> Result<u64, StoreError> {
    let sql = "SELECT value FROM ostler_meta WHERE key = 'file'";
    let found: Option<i64> = connection
        .query_row(sql, (), |row| row.get(0))
        .optional()
        .map_err(|error| fault("read the number of the file", error))?;
    match found.and_then(|found| u64::try_from(found).ok()) {
        Some(file) if file < 1 << FILE_BITS => Ok(file),
        _ => Err(StoreError::new(ErrorKind::Corrupt, "the table ostler_meta has no number of this file")),
    }
}

/// The first rows. SQLite's random numbers are seeded by the system.
fn begin(connection: &Connection) -> Result<(), StoreError> {
    let random = connection.query_row("SELECT random()", (), |row| row.get::<_, i64>(0));
    let random = random.map_err(|error| fault("draw a random number", error))?;
    put(connection, "file", random & ((1 << FILE_BITS) - 1))?;
    put(connection, "epoch", 0)
}

fn put(connection: &Connection, key: &str, value: i64) -> Result<(), StoreError> {
    let sql = "INSERT INTO ostler_meta (key, value) VALUES (?1, ?2) \
               ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    connection.execute(sql, (key, value)).map_err(|error| fault("write to ostler_meta", error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_has_all_tables_once_and_keeps_its_number() {
        let connection = Connection::open_in_memory().unwrap();
        migrate(&connection).unwrap();
        let first = file(&connection).unwrap();
        migrate(&connection).unwrap();
        assert_eq!(file(&connection).unwrap(), first);
        assert_eq!(version::format(&connection).unwrap(), Some(FORMAT));
    }

    #[test]
    fn two_files_have_two_numbers() {
        let numbers = [(); 2].map(|()| {
            let connection = Connection::open_in_memory().unwrap();
            migrate(&connection).unwrap();
            file(&connection).unwrap()
        });
        assert_ne!(numbers[0], numbers[1]);
    }

    #[test]
    fn a_newer_format_is_left_alone() {
        let connection = Connection::open_in_memory().unwrap();
        migrate(&connection).unwrap();
        put(&connection, "format", FORMAT + 1).unwrap();
        assert_eq!(migrate(&connection).unwrap_err().kind(), ErrorKind::Version);
        assert_eq!(version::format(&connection).unwrap(), Some(FORMAT + 1));
    }
}
