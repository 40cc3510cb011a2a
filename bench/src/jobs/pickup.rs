//! How soon an idle worker begins a job after its enqueue was acknowledged.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ostler::{BoxError, Host, State};
use ostler_jobs::{Client, JobArgs, Workers};
use ostler_sqlite::SqliteStore;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::jobs::ostler::Folder;
use crate::jobs::{PEER, PEER_SETTINGS};
use crate::row::{Contender, Figures, Program, Row, unknown};
use crate::runtime;
use crate::target::{Measure, Target};

const OSTLER: &str = "ostler";
const P50: &str = "p50, us";
const P99: &str = "p99, us";

const ROUNDS: usize = 500;
const PAUSE: Duration = Duration::from_millis(5);

pub(crate) fn row() -> Row {
    Row {
        name: "jobs_pickup",
        about: "from an acknowledged enqueue to the handler's start, idle",
        timed: "The handler's start minus the return of `enqueue`, of 500 jobs with 5 ms between them; nothing where it starts before.",
        rounds: 5,
        contenders: vec![
            Contender::new(OSTLER, "defaults, 8 slots"),
            Contender::new(PEER, PEER_SETTINGS).against(OSTLER).by(Program::Peer("effectum", &["pickup"])),
        ],
        targets: vec![Target { contender: OSTLER, figure: P50, measure: Measure::Value, goal: 200.0, floor: 1_000.0 }],
        measure: |contender| match contender {
            OSTLER => runtime::run(ostler()),
            _ => Err(unknown(contender)),
        },
    }
}

#[derive(Serialize, Deserialize)]
struct Ping;

impl JobArgs for Ping {
    const KIND: &'static str = "ping";
}

type Started = Arc<Mutex<mpsc::UnboundedSender<Instant>>>;

async fn started(_ping: Ping, State(started): State<Started>) {
    let now = Instant::now();
    // Nobody waits for it where the measurement has failed.
    let _ = started.lock().unwrap_or_else(PoisonError::into_inner).send(now);
}

async fn ostler() -> Result<Figures, BoxError> {
    let folder = Folder::new()?;
    let store = SqliteStore::open(folder.file("jobs.db")).await?;
    let client = Client::new(store.clone());
    let (sender, mut starts) = mpsc::unbounded_channel();
    let host = Host::new(Arc::new(Mutex::new(sender)))
        .mount("jobs", Workers::new(store.clone()).queue("default", 8).handle(started));
    let handle = host.handle();
    let running = tokio::spawn(host.run());
    let mut waits = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        tokio::time::sleep(PAUSE).await;
        client.enqueue(Ping).await?;
        let acknowledged = Instant::now();
        let start = starts.recv().await.ok_or("the host has ended")?;
        waits.push(start.saturating_duration_since(acknowledged).as_secs_f64() * 1e6);
    }
    handle.stop();
    running.await?.map_err(ostler::Error::into_boxed)?;
    store.close().await;
    Ok(percentiles(waits, P50, P99))
}

/// The median, and the hundredth from above.
pub(crate) fn percentiles(mut values: Vec<f64>, p50: &'static str, p99: &'static str) -> Figures {
    values.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| values[((values.len() - 1) as f64 * share) as usize];
    vec![(p50, at(0.5)), (p99, at(0.99))]
}
