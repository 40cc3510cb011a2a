//! The tour of Ostler: a small web shop whose background work is run by one host.
//!
//! This file is the map: arguments, then state, then the host with every unit by name. What a unit
//! does is in `units`, `thumbnails`, `reports` and `web`; nothing here does any work itself.

mod app;
mod args;
mod conn;
mod day;
mod db;
mod desk;
mod door;
mod logs;
mod reports;
mod results;
mod settings;
mod stdout;
mod thumbnails;
mod units;
mod web;

#[cfg(test)]
mod tests;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use ostler::backoff::Backoff;
use ostler::{
    Error, First, Host, MINUTE, Options, OptionsBuilder, Report, Restart, SECOND, Spent, check, cron, every,
    unit,
};
use sqlx::SqlitePool;

use crate::app::App;
use crate::args::Args;
use crate::desk::Desk;
use crate::door::Door;
use crate::settings::Settings;

/// How many uploads wait at most. Past it a caller gets 503 at once, which is kinder than a queue
/// that grows until the machine is out of memory. An upload has at most 4 MiB: 400 MiB in all.
const WAITING_UPLOADS: usize = 100;

/// How many reports wait at most. A report reads the whole period, so a short queue is enough.
const WAITING_REPORTS: usize = 100;

/// How long the database may take to close. A unit that did not stop in time may still hold a
/// connection, and would be waited for without end.
const CLOSING: Duration = SECOND;

fn main() -> ExitCode {
    let args = Args::parse();
    let layers = settings::layers(&args);
    // `--check-config` and `--print-config` open nothing.
    if let Some(code) = layers.answer() {
        return code;
    }
    ostler::main(|| shop(args, layers))
}

async fn shop(args: Args, layers: OptionsBuilder<Settings>) -> Result<Report, Error> {
    settings::write_sample(&args.data)?;
    let options = layers.load()?;
    logs::start(&options)?;
    let app_listener = door::bind("--listen", args.listen)?;
    let probe_listener = door::bind("--probes", args.probes)?;
    let door = Door::new(app_listener, &probe_listener)?;
    let db = db::open(&args.data).await?;
    let report = host(db.clone(), door, options).probes(probe_listener).run().await?;
    stdout::say(&report);
    close(db).await;
    Ok(report)
}

/// Every unit by name. The tests run this same host on a virtual clock.
fn host(db: SqlitePool, door: Door, options: Options<Settings>) -> Host<App> {
    let (thumbnails, uploads) = Desk::open(WAITING_UPLOADS);
    let (reports, periods) = Desk::open(WAITING_REPORTS);

    let cleanup = every(options.map(|o| o.cleanup.every))
        .first(First::Now)
        .enabled(options.map(|o| o.cleanup.enabled))
        .timeout(MINUTE)
        .attempts(3);
    let uploads =
        uploads.workers(options.map(|o| o.thumbnails.workers)).timeout(options.map(|o| o.thumbnails.timeout));

    Host::new(App { db, thumbnails, reports, door, options })
        .check(check("database").every(10 * SECOND).timeout(2 * SECOND).tag("db"), db::check)
        .task("heartbeat", every(5 * SECOND), units::heartbeat)
        .task("cleanup", cleanup, units::cleanup)
        .task(
            "daily-report",
            cron("0 0 8 * * *", day::ZONE).attempts(3).backoff(Backoff::exponential(SECOND)),
            units::daily_report,
        )
        .consume("thumbnails", uploads, thumbnails::make)
        .consume("reports", periods.workers(2).timeout(MINUTE), reports::make)
        .service(
            unit("upstream").restart(Restart::on_failure().budget(5, MINUTE).when_spent(Spent::StayFailed)),
            units::upstream,
        )
        .service(unit("slow-stop").grace(5 * SECOND), units::slow_stop)
        .service(unit("http").grace(10 * SECOND), web::serve)
        .grace(30 * SECOND)
}

async fn close(db: SqlitePool) {
    if tokio::time::timeout(CLOSING, db.close()).await.is_err() {
        tracing::warn!("a connection to the database is still in use; it is left behind");
    }
}
