//! Deletes old log rows, with a connection that is this run's own.

use jiff::Timestamp;
use ostler::{Clock, Snapshot};
use sqlx::SqliteConnection;

use crate::conn::Conn;
use crate::settings::Settings;

pub(crate) async fn cleanup(
    mut db: Conn,
    clock: Clock,
    settings: Snapshot<Settings>,
) -> Result<(), sqlx::Error> {
    let keep = settings.cleanup.keep;
    let limit = clock.wall().saturating_sub(keep).unwrap_or(Timestamp::MIN);
    let deleted = delete_before(&mut db, limit.as_second()).await?;
    tracing::info!(deleted, ?keep, "deleted old log rows");
    Ok(())
}

async fn delete_before(db: &mut SqliteConnection, second: i64) -> Result<u64, sqlx::Error> {
    let done = sqlx::query("DELETE FROM logs WHERE at < ?").bind(second).execute(db).await?;
    Ok(done.rows_affected())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_old_rows_go() {
        let pool = crate::db::tests::in_memory().await;
        let mut db = pool.acquire().await.unwrap();
        let limit = Timestamp::now().as_second() - 30 * 24 * 3600;
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
