//! The room on the disk: inserts are refused before it is full, since on a full one SQLite cannot even delete.
//!
//! It only says no to new jobs; the ends of running ones need the room that is left.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use ostler_jobs::{ErrorKind, StoreError};

use crate::options::OpenOptions;

/// How often the file system is asked at most.
const EACH: Duration = Duration::from_millis(250);

/// The watermark where none is set: twice what the write-ahead log may hold before it is written back to the
/// database, so that there is room for it to grow to that, and for the database to take it.
const DEFAULT: u64 = 64 * 1024 * 1024;

/// On a file system of less than 1.25 GiB, a twentieth of it is kept free instead: a store on it is meant to be
/// small, and the default would leave it no room at all.
const DEFAULT_SHARE: u64 = 20;

/// What is known of the room.
#[derive(Debug)]
pub(crate) struct Disk {
    directory: PathBuf,
    watermark: Option<u64>,
    looked: Option<Instant>,
    low: Option<Low>,
}

/// There is too little.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Low {
    free: u64,
    watermark: u64,
}

impl Disk {
    /// Nothing is known yet, and nothing refused.
    pub(crate) fn new(options: &OpenOptions) -> Self {
        let directory = options.path.canonicalize().unwrap_or_else(|_| options.path.clone());
        let directory = directory.parent().map_or_else(|| PathBuf::from("."), PathBuf::from);
        Self { directory, watermark: options.watermark, looked: None, low: None }
    }

    /// Asks the file system, where that was not done just now. One that does not answer changes nothing: a
    /// write will tell.
    pub(crate) fn look(&mut self, now: Instant) {
        if self.looked.is_some_and(|looked| now.saturating_duration_since(looked) < EACH) {
            return;
        }
        self.looked = Some(now);
        if let Ok(found) = rustix::fs::statvfs(&self.directory) {
            let unit = found.f_frsize;
            self.found(low(found.f_bavail * unit, found.f_blocks * unit, self.watermark));
        }
    }

    /// Whether jobs may be added.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match self.low {
            None => Ok(()),
            Some(Low { free, watermark }) => Err(StoreError::new(
                ErrorKind::StoreFull,
                format!("the disk has {free} bytes left, and jobs are taken from {watermark} on: make room"),
            )),
        }
    }

    fn found(&mut self, low: Option<Low>) {
        match (self.low, low) {
            (None, Some(Low { free, watermark })) => {
                tracing::warn!(free, watermark, "the disk is nearly full: no more jobs are taken");
            }
            (Some(_), None) => tracing::info!("the disk has room again: jobs are taken"),
            _ => {}
        }
        self.low = low;
    }
}

/// Whether so many free bytes of so many are too few.
fn low(free: u64, total: u64, watermark: Option<u64>) -> Option<Low> {
    let watermark = watermark.unwrap_or_else(|| DEFAULT.min(total / DEFAULT_SHARE));
    (free < watermark).then_some(Low { free, watermark })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    #[test]
    fn a_large_file_system_keeps_64_mib_free() {
        assert_eq!(low(64 * MIB, 100_000 * MIB, None), None);
        let watermark = 64 * MIB;
        assert_eq!(low(64 * MIB - 1, 100_000 * MIB, None), Some(Low { free: 64 * MIB - 1, watermark }));
    }

    #[test]
    fn a_small_one_keeps_a_twentieth_free() {
        assert_eq!(low(MIB, 20 * MIB, None), None);
        assert_eq!(low(MIB - 1, 20 * MIB, None), Some(Low { free: MIB - 1, watermark: MIB }));
    }

    #[test]
    fn a_watermark_of_its_own_is_taken_as_it_is() {
        assert_eq!(low(0, MIB, Some(0)), None);
        assert!(low(5, MIB, Some(6)).is_some());
    }

    #[test]
    fn the_file_system_is_not_asked_again_at_once() {
        let mut options = OpenOptions::new("/tmp/jobs.db").watermark(u64::MAX);
        let mut disk = Disk::new(&options);
        let start = options.clock.now();
        disk.look(start);
        assert_eq!(disk.check().unwrap_err().kind(), ErrorKind::StoreFull);
        options = options.watermark(0);
        disk.watermark = options.watermark;
        disk.look(start + EACH / 2);
        assert_eq!(disk.check().unwrap_err().kind(), ErrorKind::StoreFull);
        disk.look(start + EACH);
        disk.check().unwrap();
    }
}
