//! A process that enqueues from outside, through the inbox of a file that another one owns.

use std::process::ExitCode;
use std::time::Duration;

use ostler_jobs::{Client, StoreError};
use ostler_sqlite::SqliteStore;

use crate::folder::Folder;
use crate::ledger::Ledger;
use crate::work::Work;

/// Between two jobs.
const PACE: Duration = Duration::from_millis(15);

/// After a refusal, before another try.
const PATIENCE: Duration = Duration::from_millis(50);

pub(crate) fn main(folder: &Folder, name: &str, produce: usize) -> ExitCode {
    match run(folder, name, produce) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("client {name}: {error}");
            ExitCode::FAILURE
        }
    }
}

// A process without a host has no clock of one.
#[tokio::main(flavor = "current_thread")]
async fn run(folder: &Folder, name: &str, produce: usize) -> std::io::Result<()> {
    let mut ledger = Ledger::open(&folder.ledger(name))?;
    let mut client = None;
    while ledger.lines() < produce || !folder.is_enough() {
        match enqueue(folder, &mut client).await {
            Ok(id) => {
                ledger.enter(id)?;
                tokio::time::sleep(PACE).await;
            }
            Err(error) => {
                // The owner may not have made the file yet, or a recovery holds its lock.
                eprintln!("client {name}: {error}");
                client = None;
                tokio::time::sleep(PATIENCE).await;
            }
        }
    }
    Ok(())
}

async fn enqueue(folder: &Folder, client: &mut Option<Client>) -> Result<ostler_jobs::JobId, StoreError> {
    let client = match client {
        Some(client) => client,
        None => client.insert(Client::new(SqliteStore::open_client(folder.jobs()).await?)),
    };
    Ok(client.enqueue(Work { millis: fastrand::u64(0..30) }).await?.id())
}
