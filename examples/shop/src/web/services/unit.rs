//! One unit as callers see it. What a unit of its kind does not have is `null`, so that every unit has the
//! same members.

use jiff::Timestamp;
use ostler::UnitStatus;
use serde::Serialize;

use super::millis::millis;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Unit {
    name: String,
    kind: String,
    state: String,
    ready: bool,
    since: Timestamp,
    reason: Option<String>,
    last_run: Option<Timestamp>,
    last_outcome: Option<String>,
    last_duration_ms: Option<f64>,
    last_error: Option<String>,
    enabled: bool,
    late_ms: Option<f64>,
    next_run: Option<Timestamp>,
    lateness_ms: Option<f64>,
    restarts: u64,
    runs: u64,
    succeeded: u64,
    failed: u64,
    running: u64,
    retries: u64,
    skipped: u64,
    depth: Option<usize>,
    capacity: Option<usize>,
    wait_ms: Option<f64>,
    dropped: Option<u64>,
    workers: Option<usize>,
}

impl From<UnitStatus> for Unit {
    fn from(status: UnitStatus) -> Self {
        Self {
            kind: status.kind.to_string(),
            state: status.state.to_string(),
            ready: status.ready,
            since: status.since,
            reason: status.reason,
            last_run: status.last_run,
            last_outcome: status.last_outcome.map(|outcome| outcome.to_string()),
            last_duration_ms: status.last_duration.map(millis),
            last_error: status.last_error,
            enabled: status.enabled,
            late_ms: status.late.map(millis),
            next_run: status.next_run,
            lateness_ms: status.lateness.map(millis),
            restarts: status.restarts,
            runs: status.runs,
            succeeded: status.succeeded,
            failed: status.failed,
            running: status.running,
            retries: status.retries,
            skipped: status.skipped,
            depth: status.depth,
            capacity: status.capacity,
            wait_ms: status.wait.map(millis),
            dropped: status.dropped,
            workers: status.workers,
            name: status.name,
        }
    }
}
