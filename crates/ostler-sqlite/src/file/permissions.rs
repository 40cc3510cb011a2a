//! Who may read the files: their user alone, since arguments of jobs are anybody's data.
//!
//! SQLite gives its `-wal` and `-shm` the permissions of the database; those that an earlier program left are
//! narrowed as well. Nothing is opened for it: see `path.rs`.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use ostler_jobs::{ErrorKind, StoreError};

use super::path::Place;

/// Read and write for the user.
const MODE: u32 = 0o600;

/// Takes away what others may do with the database and the files beside it.
pub(super) fn narrow(place: &Place) -> Result<(), StoreError> {
    for path in [PathBuf::from(place.file()), place.beside("-wal"), place.beside("-shm")] {
        match narrow_one(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(&path, error)),
            _ => {}
        }
    }
    Ok(())
}

fn narrow_one(path: &Path) -> io::Result<()> {
    let mode = fs::metadata(path)?.permissions().mode() & 0o7777;
    if mode & !MODE != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(mode & MODE))?;
        let from = format!("{mode:o}");
        tracing::warn!(path = %path.display(), from, "others may no longer read the file of the jobs");
    }
    Ok(())
}

fn failed(path: &Path, error: io::Error) -> StoreError {
    let text = format!("{} may be read by others, and that cannot be changed", path.display());
    StoreError::new(ErrorKind::Unavailable, text).with_source(error)
}
