//! A row and a job in one commit: there is no order without its receipt, and no receipt without its order.
//!
//! What it shows: five customers want boots, and there are three pairs. For each, one transaction adds the order,
//! enqueues the receipt and takes a pair. The fourth fails at its last statement: its row and its job are gone.
//!
//! The condition: the application's tables stand in the jobs' own file, for one commit covers one file. Where
//! they stand elsewhere, write what is to be done into a table there (an outbox), and enqueue from it.
//!
//! Run it with `cargo run -p enqueue-in-transaction`, or with `-- --fast FILE` behind that for quicker receipts.

use std::{env, io, io::IsTerminal, process::ExitCode, time::Duration};

use ostler::{BoxError, Clock, Error, Host, Report, SECOND, State};
use ostler_jobs::{JobArgs, Workers};
use ostler_sqlite::{SqliteStore, TransactionError};
use serde::{Deserialize, Serialize};
use tracing::{info, warn};

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY AUTOINCREMENT, customer INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS boots (pairs INTEGER NOT NULL CHECK (pairs >= 0));
    DELETE FROM boots;
    INSERT INTO boots VALUES (3);";

#[derive(Serialize, Deserialize)]
struct Receipt {
    order: i64,
}

impl JobArgs for Receipt {
    const KIND: &'static str = "receipt";
}

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_ansi(io::stdout().is_terminal()).init();
    ostler::main(app)
}

async fn app() -> Result<Report, Error> {
    let (mut pace, mut file) = (SECOND, "enqueue-in-transaction.db".to_owned());
    for arg in env::args().skip(1) {
        match arg.as_str() {
            "--fast" => pace = SECOND / 20,
            arg if !arg.starts_with('-') => file = arg.to_owned(),
            other => return Err(Error::usage(format!("unknown argument: {other}; usage: [--fast] [FILE]"))),
        }
    }
    let store = SqliteStore::options(&file).open().await?;
    store.transaction(|tx| tx.sql().execute_batch(TABLES)).await?;
    for customer in 1..=5 {
        match order(&store, customer).await {
            Ok(order) => info!(customer, order, "ordered"),
            Err(error) => warn!(customer, %error, "no order, and no receipt"),
        }
    }
    let workers = Workers::new(store.clone()).handle(send);
    Host::new(pace).mount("jobs", workers).run().await
}

/// All of it is committed, or nothing. The closure runs on the store's own thread: it holds up every other write, so
/// it should do no more than its statements.
async fn order(store: &SqliteStore, customer: u32) -> Result<i64, TransactionError<BoxError>> {
    let order = move |tx: &mut ostler_sqlite::Tx<'_>| {
        tx.sql().execute("INSERT INTO orders (customer) VALUES (?1)", [customer])?;
        let order = tx.sql().last_insert_rowid();
        tx.enqueue(Receipt { order })?;
        tx.sql().execute("UPDATE boots SET pairs = pairs - 1", [])?; // CHECK (pairs >= 0)
        Ok(order)
    };
    store.transaction(order).await
}

async fn send(Receipt { order }: Receipt, State(pace): State<Duration>, clock: Clock) {
    clock.sleep(pace).await;
    info!(order, "receipt sent");
}
