//! A disk that knows what was synced, and forgets the rest.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::trace::Call;

#[derive(Default)]
pub(crate) struct Disk(BTreeMap<PathBuf, Content>);

#[derive(Default)]
struct Content {
    written: Vec<u8>,
    synced: Vec<u8>,
}

impl Disk {
    pub(crate) fn apply(&mut self, call: Call) {
        match call {
            Call::Write { path, at, data } => {
                let written = &mut self.0.entry(path).or_default().written;
                let end = at + data.len();
                if written.len() < end {
                    written.resize(end, 0);
                }
                written[at..end].copy_from_slice(&data);
            }
            Call::Truncate { path, length } => self.0.entry(path).or_default().written.resize(length, 0),
            Call::Sync { path } => {
                let content = self.0.entry(path).or_default();
                content.synced.clone_from(&content.written);
            }
            Call::Remove { path } => {
                self.0.remove(&path);
            }
        }
    }

    /// What is left of the database and its log after a power loss, into this folder. The shared memory file is none of it.
    pub(crate) fn write_synced(&self, folder: &Path) {
        for (path, content) in &self.0 {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name == "jobs.db" || name == "jobs.db-wal" {
                std::fs::write(folder.join(name), &content.synced).unwrap();
            }
        }
    }
}
