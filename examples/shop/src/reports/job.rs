//! The kind of job that makes a report.

use std::process;

use ostler::backoff::Backoff;
use ostler::{Halt, MINUTE, SECOND, State};
use ostler_jobs::{Job, JobArgs, Json, Policy};
use serde::{Deserialize, Serialize};

use super::query::{self, SalesReport};
use super::{Period, Reports};
use crate::conn::Conn;

/// Where reports wait.
pub(crate) const QUEUE: &str = "reports";

/// What is stored of a report that was asked for. It outlives the program, so a field that is added needs a default.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct MakeReport {
    pub(crate) period: Period,
    /// Whether it kills the process: to show what becomes of such a job.
    #[serde(default)]
    pub(crate) crash: bool,
}

impl JobArgs for MakeReport {
    const KIND: &'static str = "report";

    /// Five attempts within a few seconds: somebody waits for the answer. More than the three crashes after which a job
    /// counts as poison, so that this is the reason that is told.
    fn policy() -> Policy {
        Policy::new().queue(QUEUE).attempts(5).backoff(Backoff::exponential(SECOND / 4)).timeout(MINUTE)
    }
}

/// It only reads, so it may run twice. What it returns is kept with the job.
pub(crate) async fn make(
    job: Job<MakeReport>,
    State(reports): State<Reports>,
    mut db: Conn,
) -> Result<Json<SalesReport>, Halt> {
    if job.crash {
        crash(&reports)?;
    }
    let report = query::sales(&mut db, job.period).await?;
    let (from, to) = (job.period.from, job.period.to);
    tracing::info!(report = %job.id(), %from, %to, orders = report.orders, attempt = job.attempt(), "report ready");
    Ok(Json(report))
}

/// As a stack overflow or a fault in a C library would: no handler of panics sees it.
fn crash(reports: &Reports) -> Result<(), Halt> {
    if reports.may_crash() {
        tracing::error!("this report kills the process, as it was asked to");
        process::abort();
    }
    Err(Halt::discard("it was to kill the process, which needs --allow-crash"))
}
