//! Sales reports: a period goes in, figures come out. Two workers compute them from the database.

mod period;
mod query;

use std::sync::Arc;

pub(crate) use period::{Period, PeriodError};
pub(crate) use query::SalesReport;

use crate::conn::Conn;
use crate::desk::{Desk, Order};

/// Shared, because each question about a finished report gets a copy.
pub(crate) type Reports = Desk<Period, Arc<SalesReport>>;

pub(crate) async fn make(order: Order<Period, Arc<SalesReport>>, mut db: Conn) -> Result<(), sqlx::Error> {
    let Order { work: period, ticket } = order;
    let id = ticket.id();
    match query::sales(&mut db, period).await {
        Ok(report) => {
            tracing::info!(report = %id, from = %period.from, to = %period.to, orders = report.orders, "report ready");
            ticket.done(Arc::new(report));
            Ok(())
        }
        Err(error) => {
            ticket.failed(&error);
            Err(error)
        }
    }
}
