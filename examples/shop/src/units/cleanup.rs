//! Deletes old log rows, with a connection that is this run's own.

use ostler::Clock;
use sqlx::SqliteConnection;

use crate::conn::Conn;

/// How long a log row is kept.
const KEPT_SECONDS: i64 = 30 * 24 * 3600;

pub(crate) async fn cleanup(mut db: Conn, clock: Clock) -> Result<(), sqlx::Error> {
    let deleted = delete_before(&mut db, clock.wall().as_second() - KEPT_SECONDS).await?;
    tracing::info!(deleted, "deleted log rows older than 30 days");
    Ok(())
}

async fn delete_before(db: &mut SqliteConnection, second: i64) -> Result<u64, sqlx::Error> {
    let done = sqlx::query("DELETE FROM logs WHERE at < ?").bind(second).execute(db).await?;
    Ok(done.rows_affected())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[tokio::test]
    async fn only_the_old_rows_go() {
        let pool = crate::db::tests::in_memory().await;
        let mut db = pool.acquire().await.unwrap();
        let limit = Timestamp::now().as_second() - KEPT_SECONDS;
        let all: i64 = sqlx::query_scalar("SELECT count(*) FROM logs").fetch_one(&mut *db).await.unwrap();
        let deleted = delete_before(&mut db, limit).await.unwrap();
        let left: (i64, i64) =
            sqlx::query_as("SELECT count(*), min(at) FROM logs").fetch_one(&mut *db).await.unwrap();
        assert!(deleted > 0 && left.0 > 0);
        assert_eq!(all, left.0 + i64::try_from(deleted).unwrap());
        assert!(left.1 >= limit);
        assert_eq!(delete_before(&mut db, limit).await.unwrap(), 0);
    }
}
