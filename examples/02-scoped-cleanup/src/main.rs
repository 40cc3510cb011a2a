//! A clean-up with a scope: every hour it deletes old rows, over a connection of its own.
//!
//! What it shows: `Conn` is made for each run by `FromScope`: taken from the pool when the run starts,
//! given back when it ends, well or badly. A handler that asks for something the state does not have
//! does not compile. The rows older than 30 days go by one DELETE; how many is in the log.
//!
//! What to try: of the 60 rows that are put in at the start, 30 are too old. They go in the first run,
//! and the next finds none. Look into the file, which stays, or give a folder with `--data DIR`.
//!
//! Run it with `cargo run -p scoped-cleanup`, or with `cargo run -p scoped-cleanup -- --fast` for a run
//! every second. The first one comes at once.

use std::env;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::process::ExitCode;

use ostler::{Error, First, FromScope, HOUR, Host, MINUTE, Report, SECOND, Scope, every};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Sqlite, SqlitePool};
use tracing::info;

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_ansi(io::stdout().is_terminal()).init();
    ostler::main(app)
}

async fn app() -> Result<Report, Error> {
    let usage = "usage: scoped-cleanup [--fast] [--data DIR]";
    let (mut period, mut folder) = (HOUR, env::temp_dir());
    let mut args = env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--fast" => period = SECOND,
            "--data" => folder = args.next().ok_or_else(|| Error::usage("--data takes a folder"))?.into(),
            other => return Err(Error::usage(format!("unknown argument: {other}; {usage}"))),
        }
    }
    let unusable = |error| Error::config(format!("--data {}: {error}", folder.display()));
    let db = open(&folder.join("scoped-cleanup.db")).await.map_err(unusable)?;
    info!(?period, "rows older than 30 days are deleted");
    let plan = every(period).first(First::Now).timeout(MINUTE).attempts(3);
    Host::new(db).task("cleanup", plan, cleanup).run().await
}

/// A connection for one run.
struct Conn(PoolConnection<Sqlite>);

impl FromScope<SqlitePool> for Conn {
    type Rejection = sqlx::Error;

    async fn from_scope(scope: &Scope<SqlitePool>) -> Result<Self, sqlx::Error> {
        scope.state().acquire().await.map(Self)
    }
}

async fn cleanup(Conn(mut db): Conn) -> Result<(), sqlx::Error> {
    let old = sqlx::query("DELETE FROM logs WHERE written < datetime('now', '-30 days')");
    let deleted = old.execute(&mut *db).await?.rows_affected();
    info!(deleted, "cleaned up");
    Ok(())
}

/// Opens the database and puts 60 rows in, one for noon or so of each of the last 60 days.
async fn open(file: &Path) -> Result<SqlitePool, sqlx::Error> {
    info!(file = %file.display(), "opening the database");
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let db = SqlitePool::connect_with(options).await?;
    sqlx::query("CREATE TABLE IF NOT EXISTS logs (written TEXT NOT NULL)").execute(&db).await?;
    let fill = "WITH RECURSIVE age(days) AS (SELECT 0.5 UNION ALL SELECT days + 1 FROM age LIMIT 60)
                INSERT INTO logs SELECT datetime('now', '-' || days || ' days') FROM age";
    sqlx::query(fill).execute(&db).await?;
    Ok(db)
}
