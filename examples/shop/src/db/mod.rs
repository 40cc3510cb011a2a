//! The shop's database: one SQLite file in the data folder. The durable jobs have a file of their own beside it.
//!
//! It is made and filled in a single transaction, so that a start that was cut short leaves either
//! nothing or everything.

mod seed;

use std::path::Path;
use std::time::Duration;

use ostler::{Error, State};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use crate::day;

const SCHEMA: &str = include_str!("schema.sql");

/// Two reports at a time and the cleanup; the rest is to spare.
const CONNECTIONS: u32 = 6;

/// How long a writer waits for another one. Writes here take milliseconds.
const BUSY: Duration = Duration::from_secs(5);

/// How long a run waits for a connection. It then fails, and its unit says why.
const ACQUIRE: Duration = Duration::from_secs(5);

/// Opens the database in `folder`; makes and fills it on the first start.
pub(crate) async fn open(folder: &Path) -> Result<SqlitePool, Error> {
    let unusable = |error: &dyn std::fmt::Display| {
        Error::config(format!("--data {}: cannot be used: {error}", folder.display()))
    };
    std::fs::create_dir_all(folder).map_err(|error| unusable(&error))?;
    let pool = connect(&folder.join("shop.db")).await.map_err(|error| unusable(&error))?;
    prepare(&pool).await.map_err(|error| unusable(&error))?;
    Ok(pool)
}

async fn connect(file: &Path) -> Result<SqlitePool, sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // With a write-ahead log a power cut cannot damage the file, only lose the newest commits. Here
        // those are deletions of old rows, which are made again.
        .synchronous(SqliteSynchronous::Normal)
        .foreign_keys(true)
        .busy_timeout(BUSY);
    SqlitePoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(ACQUIRE).connect_with(options).await
}

async fn prepare(pool: &SqlitePool) -> Result<(), ostler::Error> {
    // IMMEDIATE: of two shops started at once on one folder, the second waits and finds it filled.
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::raw_sql(SCHEMA).execute(&mut *tx).await?;
    let products: i64 = sqlx::query_scalar("SELECT count(*) FROM products").fetch_one(&mut *tx).await?;
    if products == 0 {
        let counts = seed::fill(&mut tx, day::today()?).await?;
        tracing::info!(
            products = counts.products,
            customers = counts.customers,
            orders = counts.orders,
            logs = counts.logs,
            "filled the empty database with sample data"
        );
    }
    tx.commit().await?;
    Ok(())
}

/// Whether the database answers.
pub(crate) async fn check(State(pool): State<SqlitePool>) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT 1").execute(&pool).await.map(drop)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A filled database in memory. One connection, for each would see a database of its own.
    pub(crate) async fn in_memory() -> SqlitePool {
        let options = SqliteConnectOptions::new().in_memory(true).foreign_keys(true);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
        prepare(&pool).await.unwrap();
        pool
    }

    #[tokio::test]
    async fn the_sample_data_is_plausible() {
        let pool = in_memory().await;
        let count =
            async |sql: &'static str| sqlx::query_scalar::<_, i64>(sql).fetch_one(&pool).await.unwrap();
        assert_eq!(count("SELECT count(DISTINCT placed_on) FROM orders").await, 90);
        assert!(count("SELECT count(*) FROM orders").await > 900);
        assert_eq!(
            count("SELECT count(*) FROM orders WHERE id NOT IN (SELECT order_id FROM order_lines)").await,
            0
        );
        let old = count("SELECT count(*) FROM logs WHERE at < unixepoch() - 30 * 86400").await;
        let all = count("SELECT count(*) FROM logs").await;
        assert!(old > all / 2 && old < all, "{old} of {all} log rows are old");
    }

    #[tokio::test]
    async fn a_second_start_adds_nothing() {
        let pool = in_memory().await;
        let count = async || {
            sqlx::query_scalar::<_, i64>("SELECT count(*) FROM orders").fetch_one(&pool).await.unwrap()
        };
        let before = count().await;
        prepare(&pool).await.unwrap();
        assert_eq!(count().await, before);
    }
}
