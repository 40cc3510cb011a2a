//! What a unit did before: its last runs and its last errors, the newest first.

use jiff::Timestamp;
use ostler::HostHandle;
use serde::Serialize;

use super::millis::millis;

#[derive(Serialize)]
pub(super) struct History {
    history: Vec<PastRun>,
    errors: Vec<PastError>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PastRun {
    id: u64,
    worker: Option<usize>,
    began: Timestamp,
    took_ms: f64,
    outcome: String,
    attempts: u32,
}

#[derive(Serialize)]
struct PastError {
    at: Timestamp,
    run: u64,
    attempt: u32,
    error: String,
}

impl History {
    /// Nothing where there is no such unit.
    pub(super) fn of(host: &HostHandle, name: &str) -> Option<Self> {
        let history = host.history(name)?.into_iter().map(PastRun::from).collect();
        let errors = host.errors(name)?.into_iter().map(PastError::from).collect();
        Some(Self { history, errors })
    }
}

impl From<ostler::PastRun> for PastRun {
    fn from(run: ostler::PastRun) -> Self {
        Self {
            id: run.id,
            worker: run.worker,
            began: run.began,
            took_ms: millis(run.took),
            outcome: run.outcome.to_string(),
            attempts: run.attempts,
        }
    }
}

impl From<ostler::PastError> for PastError {
    fn from(error: ostler::PastError) -> Self {
        Self { at: error.at, run: error.run, attempt: error.attempt, error: error.error }
    }
}
