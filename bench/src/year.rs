//! A year of a daily task, on a virtual clock.

use std::time::Instant;

use jiff::Timestamp;
use ostler::testing::TestHost;
use ostler::{BoxError, Clock, DAY, Host, Occurrence, Schedule};

use crate::row::{Contender, Figures, Row, unknown};
use crate::target::{Measure, Target};

const RAW: &str = "schedule alone";
const HOST: &str = "test host";

const YEAR: &str = "a year, ms";

const EXPRESSION: &str = "0 0 8 * * *";
const ZONE: &str = "Europe/Oslo";
const RUNS: u64 = 365;

pub(crate) fn row() -> Row {
    Row {
        name: "year",
        about: "a simulated year of a daily task",
        timed: "All 365 runs of `cron(\"0 0 8 * * *\", \"Europe/Oslo\")` from 2026-01-01 on, both clock changes among them. Each \
                is at its stated instant, or there is no figure.",
        rounds: 21,
        contenders: vec![
            Contender::new(RAW, "365 times `Schedule::next_after`, each from the answer before"),
            Contender::new(
                HOST,
                "`TestHost::advance(365 * DAY)`: timetable, scope, run, record; the handler compares its clock with its \
                 `Occurrence`",
            )
            .against(RAW),
        ],
        targets: vec![Target { contender: HOST, figure: YEAR, measure: Measure::Value, goal: 5.0, floor: 10.0 }],
        measure: |contender| match contender {
            RAW => raw(),
            HOST => host(),
            _ => Err(unknown(contender)),
        },
    }
}

fn raw() -> Result<Figures, BoxError> {
    let schedule = Schedule::cron(EXPRESSION, ZONE)?;
    let start: Timestamp = "2026-01-01T00:00:00Z".parse()?;
    let began = Instant::now();
    let last = schedule.after(start).take(RUNS as usize).last();
    let took = began.elapsed();
    if last != Some("2026-12-31T07:00:00Z".parse()?) {
        return Err("the last occurrence is another".into());
    }
    Ok(vec![(YEAR, took.as_secs_f64() * 1e3)])
}

fn host() -> Result<Figures, BoxError> {
    let schedule = Schedule::cron(EXPRESSION, ZONE)?;
    let host = Host::new(()).task("daily-report", schedule, report);
    let mut test = TestHost::start_at(host, "2026-01-01T00:00:00Z".parse()?).map_err(said)?;
    let began = Instant::now();
    test.advance(RUNS as u32 * DAY);
    let took = began.elapsed();
    let unit = test.unit("daily-report");
    if (unit.runs, unit.failed) != (RUNS, 0) {
        return Err(format!("{} runs, {} of them failed", unit.runs, unit.failed).into());
    }
    test.stop().map_err(said)?;
    Ok(vec![(YEAR, took.as_secs_f64() * 1e3)])
}

async fn report(occurrence: Occurrence, clock: Clock) -> Result<(), BoxError> {
    if clock.wall() == occurrence.at() { Ok(()) } else { Err("not at its instant".into()) }
}

fn said(error: ostler::Error) -> BoxError {
    error.to_string().into()
}
