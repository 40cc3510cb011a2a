//! At eight in the morning, in Oslo: asks for the report about yesterday.
//!
//! It only enqueues the job; the slots of the reports do it. A full queue is an error of this run, and
//! the plan tries again.

use ostler::{Clock, Error, State};

use crate::day;
use crate::reports::{Period, Reports};

pub(crate) async fn daily_report(State(reports): State<Reports>, clock: Clock) -> Result<(), Error> {
    let yesterday = day::at(clock.wall())?.yesterday()?;
    let id = reports.ask_for(Period { from: yesterday, to: yesterday }, false).await?;
    tracing::info!(report = %id, day = %yesterday, "asked for the daily report");
    Ok(())
}
