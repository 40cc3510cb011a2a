//! Where a job stands, by its row and the claims: what the owner knows by heart, read from outside.

use std::collections::HashMap;

use ostler_jobs::{JobState, StoreError};
use rusqlite::Connection;

use crate::file::fault;
use crate::writer::unpacked;

/// The jobs that stand in claims, with the attempts that had ended when they were claimed.
pub(super) struct Claimed(HashMap<u64, u32>);

impl Claimed {
    /// Reads all claims: they are as many as batches are running.
    pub(super) fn read(connection: &Connection) -> Result<Self, StoreError> {
        let failed = |error| fault("read the claims", error);
        let mut statement =
            connection.prepare("SELECT jobs FROM ostler_claim ORDER BY id").map_err(failed)?;
        let mut rows = statement.query(()).map_err(failed)?;
        let mut claimed = HashMap::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let jobs = row.get_ref(0).and_then(|value| Ok(value.as_blob()?.to_vec())).map_err(failed)?;
            claimed.extend(unpacked(&jobs));
        }
        Ok(Self(claimed))
    }

    /// Whether the job is running: a claim names it with just so many attempts.
    pub(super) fn runs(&self, job: u64, attempts: u32) -> bool {
        self.0.get(&job) == Some(&attempts)
    }

    /// All that may be running.
    pub(super) fn jobs(&self) -> impl Iterator<Item = (u64, u32)> + '_ {
        self.0.iter().map(|(&job, &attempts)| (job, attempts))
    }
}

/// The state of a job that is not finished.
pub(super) fn live(runs: bool, blocked: bool, due: Option<i64>, now: i64) -> JobState {
    match (runs, blocked) {
        (true, _) => JobState::Running,
        (false, true) => JobState::Blocked,
        (false, false) => waiting(due, now),
    }
}

/// The state of one that waits.
pub(super) fn waiting(due: Option<i64>, now: i64) -> JobState {
    if due.is_some_and(|due| due > now) { JobState::Scheduled } else { JobState::Ready }
}

/// That of a class of finished jobs.
pub(super) fn finished(number: i64) -> Option<JobState> {
    match number {
        4 => Some(JobState::Done),
        5 => Some(JobState::Cancelled),
        6 => Some(JobState::Dead),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_counts_while_the_attempts_are_the_same() {
        let claimed = Claimed([(7, 0), (8, 3)].into());
        assert!(claimed.runs(7, 0) && claimed.runs(8, 3));
        assert!(!claimed.runs(8, 4) && !claimed.runs(9, 0));
    }

    #[test]
    fn a_job_stands_where_its_row_and_the_claims_say() {
        assert_eq!(live(true, false, Some(9), 5), JobState::Running);
        assert_eq!(live(false, true, None, 5), JobState::Blocked);
        assert_eq!(live(false, false, Some(6), 5), JobState::Scheduled);
        assert_eq!(live(false, false, Some(5), 5), JobState::Ready);
        assert_eq!(live(false, false, None, 5), JobState::Ready);
    }
}
