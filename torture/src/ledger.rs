//! A producer's ledger: the ids of jobs that it was told are stored, each written and synced before the next step, so that no kill
//! makes it forget one.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use ostler_jobs::JobId;

pub(crate) struct Ledger {
    file: File,
    lines: usize,
}

impl Ledger {
    /// Goes on with the ledger of an earlier life.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let lines = std::fs::read_to_string(path).unwrap_or_default().lines().count();
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self { file, lines })
    }

    /// How many are in it.
    pub(crate) fn lines(&self) -> usize {
        self.lines
    }

    /// Writes one down for good.
    pub(crate) fn enter(&mut self, id: JobId) -> io::Result<()> {
        self.file.write_all(format!("{id}\n").as_bytes())?;
        self.file.sync_data()?;
        self.lines += 1;
        Ok(())
    }
}
