//! The process that owns the file: it works the jobs off, and enqueues some of them itself.

use std::process::ExitCode;
use std::time::Duration;

use ostler::{BoxError, Clock, Error, Host, Report, State, Stop};
use ostler_jobs::{Client, Workers};
use ostler_sqlite::SqliteStore;

use crate::folder::Folder;
use crate::ledger::Ledger;
use crate::poison;
use crate::witness::Witness;
use crate::work::{self, Effects, Work};

#[derive(Debug, Clone)]
pub(crate) struct Owner {
    pub(crate) folder: Folder,
    pub(crate) slots: usize,
    pub(crate) lease_ms: u64,
    pub(crate) poison: bool,
    /// How many jobs it enqueues, in all of its lives together.
    pub(crate) produce: usize,
}

#[derive(Clone)]
struct App {
    effects: Effects,
    jobs: Client,
    owner: Owner,
}

ostler::state! { App { effects: Effects } }

/// Between two jobs that are enqueued, so that there is something to kill.
const PACE: Duration = Duration::from_millis(15);

pub(crate) fn main(owner: Owner) -> ExitCode {
    tracing_subscriber::fmt().with_ansi(false).with_writer(std::io::stderr).init();
    ostler::main(|| run(owner))
}

async fn run(owner: Owner) -> Result<Report, Error> {
    let store = SqliteStore::open(owner.folder.jobs()).await?;
    let effects = Effects::open(&owner.folder.effects())?;
    let workers = Workers::new(Witness { store: store.clone(), effects: effects.clone() })
        .queue("default", owner.slots)
        .lease(Duration::from_millis(owner.lease_ms))
        .handle(work::work)
        .handle(poison::kill);
    let workers = if owner.poison { workers } else { workers.no_poison() };
    let app = App { effects, jobs: Client::new(store.clone()), owner };
    let report = Host::new(app)
        .mount("jobs", workers)
        .service("produce", produce)
        .service("watch", watch)
        .grace(Duration::from_secs(5))
        .run()
        .await;
    store.close().await;
    report
}

/// Enqueues what is left of its share, and writes down what was stored.
async fn produce(State(app): State<App>, stop: Stop, clock: Clock) -> Result<(), BoxError> {
    let mut ledger = Ledger::open(&app.owner.folder.ledger("owner"))?;
    let folder = &app.owner.folder;
    while (ledger.lines() < app.owner.produce || !folder.is_enough()) && !stop.is_requested() {
        let job = app.jobs.enqueue(Work { millis: fastrand::u64(0..30) }).await?;
        ledger.enter(job.id())?;
        clock.sleep(PACE).await;
    }
    if !stop.is_requested() {
        folder.say_produced()?;
    }
    Ok(())
}

/// Lives until the rig says that all is done.
async fn watch(State(app): State<App>, stop: Stop, clock: Clock, host: ostler::HostHandle) {
    while !app.owner.folder.is_drained() && !stop.is_requested() {
        clock.sleep(Duration::from_millis(20)).await;
    }
    host.stop();
}
