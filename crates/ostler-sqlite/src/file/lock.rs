//! The owner's lock: one process has a file, told by a lock on a file of its own beside it.
//!
//! Not a lock on the database: closing any descriptor of it would drop those of SQLite. The kernel gives the
//! lock back when the process ends, however it ends; the file stays, since who removes it may remove that of
//! the next owner.

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};

use ostler_jobs::{ErrorKind, StoreError};

use super::path::Place;

/// What its name has after that of the database.
pub(super) const ENDING: &str = ".lock";

/// Held, the process owns the file; dropped, it does not.
#[derive(Debug)]
pub(crate) struct OwnerLock(File);

impl OwnerLock {
    /// Takes it, where nobody has it, and writes this process's id down.
    pub(super) fn take(place: &Place) -> Result<Self, StoreError> {
        let mut file = open(place).map_err(|error| failed(place, error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(owned(place, read_pid(&mut file))),
            Err(TryLockError::Error(error)) => return Err(failed(place, error)),
        }
        write_pid(&mut file, std::process::id()).map_err(|error| failed(place, error))?;
        Ok(Self(file))
    }
}

impl Drop for OwnerLock {
    fn drop(&mut self) {
        // So that nobody is told of a process that is no longer the owner. Best effort: the lock itself tells
        // the truth.
        let _ = self.0.set_len(0);
    }
}

fn open(place: &Place) -> io::Result<File> {
    let path = place.beside(ENDING);
    let file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    // The file mode creation mask may have taken bits away, and an older file may have more.
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file)
}

/// What a second opener reads. It may miss an owner that has just begun.
fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn write_pid(file: &mut File, pid: u32) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(format!("{pid}\n").as_bytes())
}

fn owned(place: &Place, pid: Option<u32>) -> StoreError {
    let who = match pid {
        Some(pid) if pid == std::process::id() => format!("this process ({pid}) has it open already"),
        Some(pid) => format!("process {pid} owns it"),
        None => "another process owns it".to_owned(),
    };
    StoreError::owned(pid, format!("{} cannot be opened: {who}", place.shown()))
}

fn failed(place: &Place, error: io::Error) -> StoreError {
    let text = format!("the lock {}{ENDING} cannot be taken", place.shown());
    StoreError::new(ErrorKind::Unavailable, text).with_source(error)
}
