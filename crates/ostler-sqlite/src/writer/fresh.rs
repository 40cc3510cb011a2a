//! New jobs whose arguments are still in memory, so that their claim need not read the row back. A limit in bytes; past it the
//! row is read.

use std::sync::Arc;

use crate::index::IdMap;

/// How many bytes may be kept: as much as the connection's page cache.
const LIMIT: usize = 64 * 1024 * 1024;

/// What an entry takes beside its arguments, about.
const ENTRY: usize = 96;

/// A job that was never claimed.
#[derive(Debug)]
pub(crate) struct Fresh {
    pub(crate) args: Arc<str>,
    pub(crate) created: i64,
    pub(crate) key: Option<[u8; 16]>,
}

/// All that are kept.
#[derive(Debug, Default)]
pub(crate) struct FreshJobs {
    jobs: IdMap<u64, Fresh>,
    bytes: usize,
}

impl FreshJobs {
    /// Keeps a job, where there is room.
    pub(crate) fn put(&mut self, job: u64, fresh: Fresh) {
        let bytes = fresh.args.len() + ENTRY;
        if self.bytes + bytes <= LIMIT {
            self.bytes += bytes;
            self.jobs.insert(job, fresh);
        }
    }

    /// Takes a job out.
    pub(crate) fn take(&mut self, job: u64) -> Option<Fresh> {
        let fresh = self.jobs.remove(&job)?;
        self.bytes -= fresh.args.len() + ENTRY;
        Some(fresh)
    }

    /// Forgets all: after a transaction that failed nobody knows which are there.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_the_limit_is_not_kept() {
        let mut jobs = FreshJobs::default();
        let half: Arc<str> = "x".repeat(LIMIT / 2).into();
        let fresh = |args: &Arc<str>| Fresh { args: args.clone(), created: 0, key: None };
        jobs.put(1, fresh(&half));
        jobs.put(2, fresh(&half));
        assert!(jobs.take(2).is_none());
        assert!(jobs.take(1).is_some());
        jobs.put(3, fresh(&half));
        assert!(jobs.take(3).is_some());
        assert_eq!(jobs.bytes, 0);
    }
}
