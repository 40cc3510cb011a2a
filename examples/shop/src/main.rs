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
use ostler_jobs::{Client, Store, Workers};
use ostler_sqlite::SqliteStore;
use sqlx::SqlitePool;

use crate::app::App;
use crate::args::Args;
use crate::desk::Desk;
use crate::door::Door;
use crate::reports::Reports;
use crate::settings::Settings;

/// How many uploads wait at most. Past it a caller gets 503 at once, which is kinder than a queue
/// that grows until the machine is out of memory. An upload has at most 4 MiB: 400 MiB in all.
const WAITING_UPLOADS: usize = 100;

/// How many reports are made at a time. Each reads the whole period from the database. The number is fixed: the slots
/// of a queue are set at the start, unlike the workers of the thumbnails.
const REPORT_SLOTS: usize = 2;

/// How long the databases may take to close. A unit that did not stop in time may still hold a
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
    let jobs = reports::open(&args.data).await?;
    let host = host(db.clone(), jobs.clone(), door, options, args.allow_crash);
    let report = host.probes(probe_listener).run().await?;
    stdout::say(&report);
    close(db, jobs).await;
    Ok(report)
}

/// Every unit by name. The tests run this same host on a virtual clock.
fn host(
    db: SqlitePool,
    jobs: impl Store + Clone,
    door: Door,
    options: Options<Settings>,
    allow_crash: bool,
) -> Host<App> {
    let (thumbnails, uploads) = Desk::open(WAITING_UPLOADS);
    let reports = Reports::new(Client::new(jobs.clone()), allow_crash);
    let jobs = Workers::new(jobs).queue(reports::QUEUE, REPORT_SLOTS).handle(reports::make);

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
        .mount("jobs", jobs)
        .service(
            unit("upstream").restart(Restart::on_failure().budget(5, MINUTE).when_spent(Spent::StayFailed)),
            units::upstream,
        )
        .service(unit("slow-stop").grace(5 * SECOND), units::slow_stop)
        .service(unit("http").grace(10 * SECOND), web::serve)
        .grace(30 * SECOND)
}

async fn close(db: SqlitePool, jobs: SqliteStore) {
    let both = async { tokio::join!(db.close(), jobs.close()) };
    if tokio::time::timeout(CLOSING, both).await.is_err() {
        tracing::warn!("a connection to a database is still in use; it is left behind");
    }
}
