//! The durable jobs, read beside the shop that owns them.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

/// How many jobs are not finished.
pub(crate) fn live(data: &Path) -> i64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        // Not read-only: after a kill, whoever opens the file first goes through the log that was left.
        let options =
            SqliteConnectOptions::new().filename(data.join("jobs.db")).busy_timeout(Duration::from_secs(10));
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
        let live = sqlx::query_scalar("SELECT count(*) FROM ostler_job").fetch_one(&pool).await.unwrap();
        pool.close().await;
        live
    })
}
