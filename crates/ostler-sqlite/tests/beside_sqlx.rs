//! One program with sqlx and this store: they are linked with one SQLite, on two files and on one.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail, and these are about real files, processes and threads, and the real clock"
)]

mod process;

use std::str::FromStr;

use ostler_jobs::{Store, StoreError};
use ostler_sqlite::SqliteStore;
use process::{Directory, Receipt, claim, insert, row};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{Row, SqlitePool};

async fn pool(path: &std::path::Path) -> SqlitePool {
    let options = SqliteConnectOptions::from_str(&format!("sqlite://{}", path.display())).unwrap();
    SqlitePoolOptions::new().max_connections(2).connect_with(options.create_if_missing(true)).await.unwrap()
}

#[tokio::test]
async fn on_two_files() {
    let directory = Directory::new();
    let store = SqliteStore::options(directory.file()).open().await.unwrap();
    let pool = pool(&directory.path().join("orders.db")).await;
    sqlx::query("CREATE TABLE orders (item TEXT)").execute(&pool).await.unwrap();
    sqlx::query("INSERT INTO orders VALUES ('a lamp')").execute(&pool).await.unwrap();
    insert(&store, row(1)).await.unwrap();
    let version = sqlx::query("SELECT sqlite_version()").fetch_one(&pool).await.unwrap();
    assert_eq!(version.get::<String, _>(0), rusqlite::version(), "two libraries in one program");
}

#[tokio::test]
async fn on_one_file() {
    let directory = Directory::new();
    let store = SqliteStore::options(directory.file()).open().await.unwrap();
    let pool = pool(&directory.file()).await;
    sqlx::query("CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT)").execute(&pool).await.unwrap();
    sqlx::query("INSERT INTO orders (item) VALUES ('a lamp')").execute(&pool).await.unwrap();

    // In one commit with the store's jobs, on the store's connection.
    let job = store.transaction(|tx| {
        tx.sql()
            .execute("INSERT INTO orders (item) VALUES ('a chair')", ())
            .map_err(|error| error.to_string())?;
        let order = tx.sql().last_insert_rowid();
        tx.enqueue(Receipt { order }).map_err(|error: StoreError| error.to_string())
    });
    let job = job.await.unwrap();
    let items = sqlx::query("SELECT item FROM orders ORDER BY id").fetch_all(&pool).await.unwrap();
    let items: Vec<String> = items.iter().map(|row| row.get(0)).collect();
    assert_eq!(items, ["a lamp", "a chair"]);
    let worker = store.join().await.unwrap();
    assert_eq!(claim(&store, worker, 9).await.unwrap().jobs[0].id, job);

    // And in one commit of sqlx's own connection, by the inbox.
    let mut transaction = pool.begin().await.unwrap();
    sqlx::query("INSERT INTO orders (item) VALUES ('a table')").execute(&mut *transaction).await.unwrap();
    sqlx::query("INSERT INTO ostler_inbox (kind, args) VALUES ('receipt', '{\"order\":3}')")
        .execute(&mut *transaction)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    let (claim, _) = process::claim_next(&store, worker).await;
    assert_eq!(&*claim.jobs[0].args, "{\"order\":3}");

    // The owner's lock is its own still, whatever other connections of this process have opened and closed.
    pool.close().await;
    assert!(SqliteStore::options(directory.file()).open().await.is_err());
    insert(&store, row(4)).await.unwrap();
}
