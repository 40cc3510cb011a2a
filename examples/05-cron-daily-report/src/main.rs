//! A daily report: every day at 08:00 by the clocks of Oslo, and another at 08:00 by those of this machine.
//!
//! What it shows: a cron expression of six fields, seconds first, in a stated time zone and in the local
//! one. It is 08:00 in summer and in winter, wherever the machine stands. A report is told which occurrence
//! it is for, however late it is made: a machine that sleeps over 08:00 makes up for up to a week of
//! reports. What the schedules say and the time of the next report are in the log at the start, and the
//! latter after each report.
//!
//! What to try: another zone, or an expression with a mistake in it: the program says what is wrong
//! with it, and exits with 78 before anything has started.
//!
//! Run it with `cargo run -p cron-daily-report`, or with `cargo run -p cron-daily-report -- --fast` for a
//! report at every second second.

use std::collections::BTreeMap;
use std::env;
use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ostler::{Clock, Error, Host, Misfire, Occurrence, Plan, Report, Run, Schedule, State};
use tracing::info;

/// The reports, each with the zone of its schedule.
const REPORTS: [(&str, &str); 2] = [("oslo-report", "Europe/Oslo"), ("local-report", "local")];

type Schedules = Arc<BTreeMap<&'static str, Schedule>>;

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
    // `cron(expression, zone)` would do as a plan. These can be asked for their next time as well.
    let mut schedules = BTreeMap::new();
    for (report, zone) in REPORTS {
        schedules.insert(report, Schedule::cron(expression, zone).map_err(Error::config)?);
    }
    let schedules: Schedules = Arc::new(schedules);
    let mut host = Host::new(Arc::clone(&schedules));
    for (&report, schedule) in &*schedules {
        info!(report, %schedule, "{}", schedule.describe());
        log_next(report, schedule, Timestamp::now());
        let plan = Plan::from(schedule.clone()).misfire(Misfire::FireAll { max: 7 });
        host = host.task(report, plan, daily_report);
    }
    host.run().await
}

async fn daily_report(run: Run, occurrence: Occurrence, clock: Clock, State(schedules): State<Schedules>) {
    info!(of = %occurrence.at(), "the daily report is made");
    if let Some(schedule) = schedules.get(run.unit()) {
        // One that is made up for is long past, and so may be the one after it.
        log_next(run.unit(), schedule, occurrence.at().max(clock.wall()));
    }
}

fn log_next(report: &str, schedule: &Schedule, after: Timestamp) {
    let zone = schedule.time_zone().cloned().unwrap_or(TimeZone::UTC);
    if let Some(next) = schedule.next_after(after) {
        info!(report, at = %next.to_zoned(zone), "next daily report");
    }
}
