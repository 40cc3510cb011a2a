//! Enqueues jobs one after another and hands out the id of each as soon as it is acknowledged: what is traced for the test of power
//! losses.

use std::io::Write;
use std::process::ExitCode;

use ostler::BoxError;
use ostler_jobs::Client;
use ostler_sqlite::SqliteStore;

use crate::folder::Folder;
use crate::work::Work;

pub(crate) fn main(folder: &Folder, jobs: usize) -> ExitCode {
    match run(folder, jobs) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("acknowledge: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn run(folder: &Folder, jobs: usize) -> Result<(), BoxError> {
    let store = SqliteStore::open(folder.jobs()).await?;
    let client = Client::new(store.clone());
    let mut acks = std::fs::File::create(folder.acks())?;
    for _ in 0..jobs {
        let job = client.enqueue(Work { millis: 0 }).await?;
        acks.write_all(format!("{}\n", job.id()).as_bytes())?;
    }
    store.close().await;
    Ok(())
}
