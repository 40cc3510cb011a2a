//! Unique jobs: the key under which there is at most one, and for how long.

use std::fmt;
use std::time::Duration;

use sha2::{Digest, Sha256};

/// What makes a job unique: its key, which is of its kind and its arguments or a text of the caller's, and how long it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unique {
    /// The key.
    pub key: UniqueKey,
    /// How long it holds.
    pub until: Until,
}

/// How long a key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Until {
    /// For this long after the job was enqueued, whatever becomes of it.
    After(Duration),
    /// Until the job is finished.
    Finished,
}

/// The first sixteen bytes of a SHA-256: kind and text, of which nobody can find two with the same by chance.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UniqueKey(pub [u8; 16]);

impl UniqueKey {
    /// The key of this text among jobs of this kind.
    pub fn of(kind: &str, text: &str) -> Self {
        Self::made(kind, b't', text)
    }

    /// The key of these arguments, as JSON, among jobs of this kind.
    pub fn of_args(kind: &str, args: &str) -> Self {
        Self::made(kind, b'a', args)
    }

    fn made(kind: &str, what: u8, text: &str) -> Self {
        // A kind has no zero byte in it.
        let hash = Sha256::new().chain_update(kind).chain_update([0, what]).chain_update(text).finalize();
        let mut key = [0; 16];
        key.copy_from_slice(&hash[..16]);
        Self(key)
    }
}

impl fmt::Debug for UniqueKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UniqueKey({:032x})", u128::from_be_bytes(self.0))
    }
}
