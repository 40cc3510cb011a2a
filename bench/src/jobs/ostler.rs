//! Ostler as it is measured: a store in a folder of its own, a kind that does nothing, a host that works it off.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use ostler::{BoxError, Host, HostHandle, State};
use ostler_jobs::{Client, Durability, Job, JobArgs, Keep, Policy, Retention, Workers};
use ostler_sqlite::SqliteStore;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

/// How many jobs may run at a time.
pub(crate) const SLOTS: usize = 256;

/// A folder on the disk that is measured, removed at the end.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Result<Self, BoxError> {
        let name = format!("jobs-{}", std::process::id());
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target").join(name);
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left in the folder of what is built.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// 200 bytes of JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Filler {
    order: u64,
    text: String,
}

impl Filler {
    pub(crate) fn number(order: u64) -> Self {
        // {"order":1234567,"text":"..."} is 200 bytes where the number has seven digits.
        Self { order: 1_000_000 + order, text: "x".repeat(173) }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $name:literal $keep:expr;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Serialize, Deserialize)]
            #[serde(transparent)]
            pub(crate) struct $kind(pub(crate) Filler);

            impl JobArgs for $kind {
                const KIND: &'static str = $name;

                fn policy() -> Policy {
                    Policy::new().keep($keep)
                }
            }

            impl From<Filler> for $kind {
                fn from(filler: Filler) -> Self {
                    Self(filler)
                }
            }
        )*
    };
}

kinds! {
    /// With the default history.
    Kept "kept" Retention::new();
    /// Leaves no row.
    Lean "lean" Retention::new().done(Keep::NONE);
    /// Keeps all of its rows.
    Hoard "hoard" Retention::new().done(Keep { age: ostler::DAY, most: 10_000_000 });
}

/// Counts what was handled, and tells when that is enough.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally(Arc<Counted>);

#[derive(Debug, Default)]
struct Counted {
    handled: AtomicU64,
    enough: AtomicU64,
    reached: Notify,
}

impl Tally {
    fn handled(&self) {
        let handled = self.0.handled.fetch_add(1, Ordering::Relaxed) + 1;
        if handled == self.0.enough.load(Ordering::Relaxed) {
            self.0.reached.notify_one();
        }
    }

    /// So many more, from now.
    pub(crate) fn expect(&self, more: u64) {
        self.0.enough.store(self.0.handled.load(Ordering::Relaxed) + more, Ordering::Relaxed);
    }

    /// Resolves when they have been handled.
    pub(crate) async fn reached(&self) {
        self.0.reached.notified().await;
    }
}

async fn nothing<A: JobArgs>(_job: Job<A>, State(tally): State<Tally>) {
    tally.handled();
}

/// A store, its client, and a host that works it off once it is started.
pub(crate) struct Bench {
    pub(crate) folder: Folder,
    pub(crate) store: SqliteStore,
    pub(crate) client: Client,
    pub(crate) tally: Tally,
}

impl Bench {
    pub(crate) async fn new(durability: Durability) -> Result<Self, BoxError> {
        Self::in_folder(Folder::new()?, durability).await
    }

    pub(crate) async fn in_folder(folder: Folder, durability: Durability) -> Result<Self, BoxError> {
        let store = SqliteStore::options(folder.file("jobs.db")).durability(durability).open().await?;
        let client = Client::new(store.clone());
        Ok(Self { folder, store, client, tally: Tally::default() })
    }

    /// Starts the workers.
    pub(crate) fn work(&self) -> Running {
        let workers = Workers::new(self.store.clone())
            .queue("default", SLOTS)
            .handle(nothing::<Kept>)
            .handle(nothing::<Lean>)
            .handle(nothing::<Hoard>);
        let host = Host::new(self.tally.clone()).mount("jobs", workers);
        let handle = host.handle();
        Running { handle, host: tokio::spawn(host.run()) }
    }

    /// Enqueues so many jobs, one by one, from so many callers.
    pub(crate) async fn enqueue<A: JobArgs + From<Filler>>(&self, callers: u64, each: u64) -> Result<(), BoxError> {
        let mut tasks = Vec::new();
        for caller in 0..callers {
            let client = self.client.clone();
            tasks.push(tokio::spawn(async move {
                for number in 0..each {
                    client.enqueue(A::from(Filler::number(caller * each + number))).await?;
                }
                Ok::<_, ostler_jobs::StoreError>(())
            }));
        }
        for task in tasks {
            task.await??;
        }
        Ok(())
    }

    /// Enqueues so many by the thousand.
    pub(crate) async fn enqueue_all<A: JobArgs + From<Filler>>(&self, jobs: u64) -> Result<(), BoxError> {
        let mut number = 0;
        while number < jobs {
            let next = (number + 10_000).min(jobs);
            self.client.enqueue_all((number..next).map(|number| A::from(Filler::number(number)))).await?;
            number = next;
        }
        Ok(())
    }
}

/// A running host.
pub(crate) struct Running {
    handle: HostHandle,
    host: tokio::task::JoinHandle<Result<ostler::Report, ostler::Error>>,
}

impl Running {
    pub(crate) async fn stop(self) -> Result<(), BoxError> {
        self.handle.stop();
        self.host.await?.map_err(ostler::Error::into_boxed)?;
        Ok(())
    }
}

/// What a stretch of work took: time, processor time of this process, bytes given to `write`.
pub(crate) struct Meter {
    began: Instant,
    processor: std::time::Duration,
    written: f64,
}

impl Meter {
    pub(crate) fn start() -> Result<Self, BoxError> {
        let (processor, written) = (crate::process::processor_time()?, crate::process::written()?);
        Ok(Self { began: Instant::now(), processor, written })
    }

    /// Microseconds, processor microseconds and bytes, each for one of so many jobs.
    pub(crate) fn per_job(&self, jobs: u64) -> Result<crate::row::Figures, BoxError> {
        let took = self.began.elapsed();
        let processor = crate::process::processor_time()? - self.processor;
        let written = crate::process::written()? - self.written;
        let jobs = jobs as f64;
        Ok(vec![
            (TIME, took.as_secs_f64() * 1e6 / jobs),
            (PROCESSOR, processor.as_secs_f64() * 1e6 / jobs),
            (WRITTEN, written / jobs),
        ])
    }
}

pub(crate) const TIME: &str = "us/job";
pub(crate) const PROCESSOR: &str = "processor us/job";
pub(crate) const WRITTEN: &str = "bytes written/job";
