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

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
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
        log_next(report, next_report(schedule, Timestamp::now()));
        let plan = Plan::from(schedule.clone()).misfire(Misfire::FireAll { max: 7 });
        host = host.task(report, plan, daily_report);
    }
    host.run().await
}

async fn daily_report(run: Run, occurrence: Occurrence, clock: Clock, State(schedules): State<Schedules>) {
    info!(of = %occurrence.at(), "the daily report is made");
    if let Some(schedule) = schedules.get(run.unit()) {
        log_next(run.unit(), next_after_that_of(occurrence, schedule, clock.wall()));
    }
}

/// One that is made up for is long past, and the one after it may be, too; a clock that was set back is before it.
fn next_after_that_of(occurrence: Occurrence, schedule: &Schedule, now: Timestamp) -> Option<Zoned> {
    next_report(schedule, occurrence.at().max(now))
}

fn next_report(schedule: &Schedule, after: Timestamp) -> Option<Zoned> {
    let zone = schedule.time_zone().cloned().unwrap_or(TimeZone::UTC);
    schedule.next_after(after).map(|next| next.to_zoned(zone))
}

fn log_next(report: &str, next: Option<Zoned>) {
    if let Some(at) = next {
        info!(report, %at, "next daily report");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_report_is_after_the_one_that_is_made_and_never_in_the_past() {
        let at = |text: &str| text.parse::<Timestamp>().expect("it is an instant");
        let schedule = Schedule::cron("0 0 8 * * *", "UTC").expect("it can be read");
        let of = Occurrence::new(at("2026-03-02T08:00:00Z"));
        for (now, next) in [
            ("2026-03-02T08:00:01Z", "2026-03-03T08:00:00Z"),
            ("2026-03-05T12:00:00Z", "2026-03-06T08:00:00Z"),
            ("2026-03-02T07:00:00Z", "2026-03-03T08:00:00Z"),
        ] {
            let seen = next_after_that_of(of, &schedule, at(now)).map(|next| next.timestamp());
            assert_eq!(seen, Some(at(next)), "{now}");
        }
    }
}
