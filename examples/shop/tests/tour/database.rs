//! The shop's database, read beside the shop itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

/// What was sold, added up here and not by the shop's SQL.
#[derive(Default)]
pub(crate) struct Sold {
    pub(crate) orders: BTreeSet<i64>,
    pub(crate) items: i64,
    pub(crate) cents: i64,
    pub(crate) cents_by_day: BTreeMap<String, i64>,
    pub(crate) cents_by_product: BTreeMap<i64, i64>,
}

impl Sold {
    pub(crate) fn between(data: &Path, from: &str, to: &str) -> Self {
        let lines: Vec<(i64, String, i64, i64, i64)> = query(
            data,
            "SELECT o.id, o.placed_on, l.product_id, l.quantity, l.unit_cents
             FROM orders o JOIN order_lines l ON l.order_id = o.id",
        );
        let mut sold = Self::default();
        for (order, day, product, quantity, unit) in lines {
            if (from..=to).contains(&day.as_str()) {
                sold.orders.insert(order);
                sold.items += quantity;
                sold.cents += quantity * unit;
                *sold.cents_by_day.entry(day).or_default() += quantity * unit;
                *sold.cents_by_product.entry(product).or_default() += quantity * unit;
            }
        }
        sold
    }
}

pub(crate) fn number(data: &Path, sql: &'static str) -> i64 {
    query::<(i64,)>(data, sql)[0].0
}

fn query<R>(data: &Path, sql: &'static str) -> Vec<R>
where
    R: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow> + Send + Unpin,
{
    with(data, async |db| sqlx::query_as(sql).fetch_all(db).await.unwrap())
}

pub(crate) fn execute(data: &Path, sql: &'static str) {
    with(data, async |db| {
        sqlx::query(sql).execute(db).await.unwrap();
    });
}

fn with<T>(data: &Path, work: impl AsyncFnOnce(&SqlitePool) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options =
            SqliteConnectOptions::new().filename(data.join("shop.db")).busy_timeout(Duration::from_secs(10));
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
        let answer = work(&pool).await;
        pool.close().await;
        answer
    })
}
