//! The figures of a period, by SQL. One read transaction, so that the parts agree with each other
//! while orders come in.

use jiff::civil::Date;
use serde::Serialize;
use sqlx::{Connection, SqliteConnection};

use super::Period;

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SalesReport {
    pub(crate) from: Date,
    pub(crate) to: Date,
    pub(crate) orders: i64,
    pub(crate) items: i64,
    pub(crate) revenue_cents: i64,
    pub(crate) top_products: Vec<ProductSales>,
    pub(crate) per_day: Vec<DaySales>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProductSales {
    product_id: i64,
    name: String,
    items: i64,
    revenue_cents: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DaySales {
    date: String,
    orders: i64,
    items: i64,
    revenue_cents: i64,
}

const TOTALS: &str = "
    SELECT count(DISTINCT o.id), coalesce(sum(l.quantity), 0), coalesce(sum(l.quantity * l.unit_cents), 0)
    FROM orders o LEFT JOIN order_lines l ON l.order_id = o.id
    WHERE o.placed_on BETWEEN ? AND ?";

const TOP_PRODUCTS: &str = "
    SELECT p.id, p.name, sum(l.quantity), sum(l.quantity * l.unit_cents) AS revenue_cents
    FROM orders o JOIN order_lines l ON l.order_id = o.id JOIN products p ON p.id = l.product_id
    WHERE o.placed_on BETWEEN ? AND ?
    GROUP BY p.id ORDER BY revenue_cents DESC, p.id LIMIT 5";

/// Every day of the period has a row, with zeros where nothing was sold.
const PER_DAY: &str = "
    WITH RECURSIVE days (date) AS (
        SELECT ?1 UNION ALL SELECT date(date, '+1 day') FROM days WHERE date < ?2
    )
    SELECT d.date, count(DISTINCT o.id), coalesce(sum(l.quantity), 0), coalesce(sum(l.quantity * l.unit_cents), 0)
    FROM days d LEFT JOIN orders o ON o.placed_on = d.date LEFT JOIN order_lines l ON l.order_id = o.id
    GROUP BY d.date ORDER BY d.date";

pub(super) async fn sales(db: &mut SqliteConnection, period: Period) -> Result<SalesReport, sqlx::Error> {
    let (from, to) = (period.from.to_string(), period.to.to_string());
    let mut tx = db.begin().await?;
    let (orders, items, revenue_cents) =
        sqlx::query_as(TOTALS).bind(&from).bind(&to).fetch_one(&mut *tx).await?;
    let top: Vec<ProductRow> = sqlx::query_as(TOP_PRODUCTS).bind(&from).bind(&to).fetch_all(&mut *tx).await?;
    let days: Vec<DayRow> = sqlx::query_as(PER_DAY).bind(&from).bind(&to).fetch_all(&mut *tx).await?;
    tx.commit().await?;
    Ok(SalesReport {
        from: period.from,
        to: period.to,
        orders,
        items,
        revenue_cents,
        top_products: top.into_iter().map(ProductSales::from).collect(),
        per_day: days.into_iter().map(DaySales::from).collect(),
    })
}

type ProductRow = (i64, String, i64, i64);

type DayRow = (String, i64, i64, i64);

impl From<ProductRow> for ProductSales {
    fn from((product_id, name, items, revenue_cents): ProductRow) -> Self {
        Self { product_id, name, items, revenue_cents }
    }
}

impl From<DayRow> for DaySales {
    fn from((date, orders, items, revenue_cents): DayRow) -> Self {
        Self { date, orders, items, revenue_cents }
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use jiff::civil::date;

    use super::*;
    use crate::reports::period::MAX_DAYS;

    #[tokio::test]
    async fn the_days_add_up_to_the_totals() {
        let pool = crate::db::tests::in_memory().await;
        let mut db = pool.acquire().await.unwrap();
        let to = crate::day::today().unwrap();
        let from = to.saturating_sub(29.days());
        let report = sales(&mut db, Period { from, to }).await.unwrap();
        assert_eq!(report.per_day.len(), 30);
        assert_eq!(report.per_day.iter().map(|day| day.orders).sum::<i64>(), report.orders);
        assert_eq!(report.per_day.iter().map(|day| day.items).sum::<i64>(), report.items);
        assert_eq!(report.per_day.iter().map(|day| day.revenue_cents).sum::<i64>(), report.revenue_cents);
        assert!(report.orders > 200 && report.top_products.len() == 5);
    }

    /// A result is stored with its job, and one that is too large would be replaced by a note.
    #[test]
    fn the_largest_report_fits_into_a_result() {
        let day = || DaySales {
            date: "2024-02-29".into(),
            orders: i64::MAX,
            items: i64::MAX,
            revenue_cents: i64::MAX,
        };
        let product = || ProductSales {
            product_id: i64::MAX,
            name: "n".repeat(1_000),
            items: i64::MAX,
            revenue_cents: i64::MAX,
        };
        let report = SalesReport {
            from: date(2024, 1, 1),
            to: date(2024, 12, 31),
            orders: i64::MAX,
            items: i64::MAX,
            revenue_cents: i64::MAX,
            top_products: std::iter::repeat_with(product).take(5).collect(),
            per_day: std::iter::repeat_with(day).take(usize::try_from(MAX_DAYS).unwrap()).collect(),
        };
        let size = serde_json::to_string(&report).unwrap().len();
        assert!(size < ostler_jobs::MAX_RESULT, "{size} bytes");
    }

    #[tokio::test]
    async fn a_period_without_orders_is_all_zeros() {
        let pool = crate::db::tests::in_memory().await;
        let mut db = pool.acquire().await.unwrap();
        let period = Period { from: date(1999, 12, 31), to: date(2000, 1, 1) };
        let report = sales(&mut db, period).await.unwrap();
        assert_eq!((report.orders, report.items, report.revenue_cents), (0, 0, 0));
        assert_eq!(report.per_day.len(), 2);
        assert!(report.top_products.is_empty());
    }
}
