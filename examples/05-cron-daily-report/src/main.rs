//! A daily report: every day at 08:00 by the clocks of Oslo.
//!
//! What it shows: a cron expression of six fields, seconds first, in a time zone. It is 08:00 in summer
//! and in winter, wherever the machine stands. The time of the next report is in the log at the start
//! and after each report.
//!
//! What to try: another zone, or an expression with a mistake in it: the program says what is wrong
//! with it, and exits with 78 before anything has started.
//!
//! Run it with `cargo run -p cron-daily-report`, or with `cargo run -p cron-daily-report -- --fast` for a
//! report at every second second.

use std::env;
use std::io::{self, IsTerminal};
use std::process::ExitCode;

use jiff::Timestamp;
use ostler::{Clock, Error, Host, Report, Schedule, State};
use tracing::info;

const ZONE: &str = "Europe/Oslo";

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_ansi(io::stdout().is_terminal()).init();
    ostler::main(app)
}

async fn app() -> Result<Report, Error> {
    let expression = match env::args().skip(1).collect::<Vec<_>>().join(" ").as_str() {
        "" => "0 0 8 * * *",
        "--fast" => "*/2 * * * * *",
        other => {
            return Err(Error::usage(format!(
                "unknown argument: {other}; usage: cron-daily-report [--fast]"
            )));
        }
    };
    // `cron(expression, ZONE)` would do as a plan. This one can be asked for its next time as well.
    let schedule = Schedule::cron(expression, ZONE).map_err(Error::config)?;
    log_next(&schedule, Timestamp::now())?;
    Host::new(schedule.clone()).task("daily-report", schedule, daily_report).run().await
}

async fn daily_report(State(schedule): State<Schedule>, clock: Clock) -> Result<(), jiff::Error> {
    info!("the daily report is made");
    log_next(&schedule, clock.wall())
}

fn log_next(schedule: &Schedule, now: Timestamp) -> Result<(), jiff::Error> {
    if let Some(next) = schedule.next_after(now) {
        info!(at = %next.in_tz(ZONE)?, "next daily report");
    }
    Ok(())
}
