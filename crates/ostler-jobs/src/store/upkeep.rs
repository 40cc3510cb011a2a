//! What has to be done from time to time.

use jiff::Timestamp;

/// What came due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Staged {
    /// How many jobs became ready.
    pub moved: usize,
    /// When the next one is due, as far as known.
    pub next: Option<Timestamp>,
}

/// What was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pruned {
    /// So many rows.
    pub removed: usize,
    /// There is more to remove now.
    pub more: bool,
}
