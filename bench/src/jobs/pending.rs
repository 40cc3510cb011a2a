//! A million jobs that wait: what they weigh in memory, and how long it takes to open their file again.

use std::time::Instant;

use ostler::BoxError;
use ostler_jobs::Durability;
use ostler_sqlite::SqliteStore;

use crate::jobs::ostler::{Bench, Lean};
use crate::process;
use crate::row::{Contender, Figures, Row};
use crate::runtime;

const JOBS: u64 = 1_000_000;

pub(crate) fn row() -> Row {
    Row {
        name: "jobs_pending",
        about: "1,000,000 waiting jobs: memory, and the time to open the file again",
        timed: "Memory: what the process's resident memory has grown by since before the store was opened, after the file was closed \
                and opened again; SQLite's page cache of up to 64 MB is in it. Reopen: from the call of `open` to its answer; the \
                file is in the system's cache.",
        rounds: 3,
        contenders: vec![Contender::new("ostler", "jobs of 200 bytes, enqueued by the thousand")],
        targets: vec![],
        measure: |_| runtime::run(ostler()),
    }
}

async fn ostler() -> Result<Figures, BoxError> {
    let bench = Bench::new(Durability::Full).await?;
    bench.enqueue_all::<Lean>(JOBS).await?;
    bench.store.close().await;
    let path = bench.folder.file("jobs.db");
    let Bench { folder, store, client, tally } = bench;
    drop((store, client, tally));
    let before = process::resident()?;
    let began = Instant::now();
    let store = SqliteStore::open(path).await?;
    let reopened = began.elapsed().as_secs_f64();
    let grown = process::resident()? - before;
    store.close().await;
    drop(folder);
    Ok(vec![("reopen, s", reopened), ("memory, MB", grown / 1e6), ("bytes a job", grown / JOBS as f64)])
}
