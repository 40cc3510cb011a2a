//! Where a run of the rig keeps its files.

use std::path::PathBuf;

/// A folder of a run.
#[derive(Debug, Clone)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// The file of jobs.
    pub(crate) fn jobs(&self) -> PathBuf {
        self.0.join("jobs.db")
    }

    /// What the handlers did.
    pub(crate) fn effects(&self) -> PathBuf {
        self.0.join("effects")
    }

    /// What a producer was told is stored.
    pub(crate) fn ledger(&self, name: &str) -> PathBuf {
        self.0.join(format!("ledger.{name}"))
    }

    /// The ids that [`acknowledge`](crate::acknowledge) hands out.
    pub(crate) fn acks(&self) -> PathBuf {
        self.0.join("acks")
    }

    /// Producers that have done their share may stop.
    pub(crate) fn is_enough(&self) -> bool {
        self.0.join("enough").exists()
    }

    /// Tells the rig that the owner has enqueued its share.
    pub(crate) fn say_produced(&self) -> std::io::Result<()> {
        std::fs::write(self.0.join("produced"), "")
    }

    /// All is done, and the owner may stop.
    pub(crate) fn is_drained(&self) -> bool {
        self.0.join("drained").exists()
    }
}
