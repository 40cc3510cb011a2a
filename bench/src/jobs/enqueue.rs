//! Enqueueing, with nobody who works: one by one from 1, 16 and 256 callers, and by the thousand.

use std::time::Instant;

use ostler::BoxError;
use ostler_jobs::Durability;

use crate::jobs::ostler::{Bench, Folder, Lean};
use crate::jobs::raw_log::RawLog;
use crate::jobs::{PEER, PEER_SETTINGS};
use crate::row::{Contender, Figures, Program, Row, unknown};
use crate::runtime;
use crate::target::{Measure, Target};

const RAW: &str = "raw log";
const OSTLER: &str = "ostler";
const RELAXED: &str = "ostler, relaxed";

const ONE: &str = "us/enqueue, 1 caller";

/// Callers, how many enqueues of each, and the figure.
const CALLERS: [(u64, u64, &str); 3] =
    [(1, 2_000, ONE), (16, 1_000, "us/enqueue, 16 callers"), (256, 400, "us/enqueue, 256 callers")];

const BULK: u64 = 100_000;
const BULK_FIGURE: &str = "us/job, by the thousand";

pub(crate) fn row() -> Row {
    Row {
        name: "jobs_enqueue",
        about: "durable enqueue: 1, 16 and 256 callers, and in bulk",
        timed: "The time of a stretch of enqueues over their number. Each caller awaits its answer before it goes on; the bulk \
                goes in parts of 10,000 to `enqueue_all`. 200 bytes of JSON. Nobody works.",
        rounds: 5,
        contenders: vec![
            Contender::new(RAW, "200 + 16 bytes appended to a preallocated file, `pwrite` and `fdatasync`, the same group commit"),
            Contender::new(OSTLER, "`Client::enqueue`, `Client::enqueue_all`; WAL, `synchronous=FULL`").against(RAW),
            Contender::new(RELAXED, "the same with `Durability::Relaxed`").against(RAW),
            Contender::new(PEER, PEER_SETTINGS).against(RAW).by(Program::Peer("effectum", &["enqueue"])),
        ],
        targets: vec![Target { contender: OSTLER, figure: ONE, measure: Measure::Ratio, goal: 1.25, floor: 1.667 }],
        measure: |contender| {
            runtime::run(async {
                match contender {
                    RAW => raw().await,
                    OSTLER => ostler(Durability::Full).await,
                    RELAXED => ostler(Durability::Relaxed).await,
                    _ => Err(unknown(contender)),
                }
            })
        },
    }
}

async fn raw() -> Result<Figures, BoxError> {
    let folder = Folder::new()?;
    let log = RawLog::create(&folder.file("log"))?;
    let mut figures = Vec::new();
    for (callers, each, figure) in CALLERS {
        let began = Instant::now();
        let mut tasks = Vec::new();
        for _ in 0..callers {
            let log = log.clone();
            tasks.push(tokio::spawn(async move {
                for _ in 0..each {
                    log.append().await?;
                }
                Ok::<_, BoxError>(())
            }));
        }
        for task in tasks {
            task.await??;
        }
        figures.push((figure, began.elapsed().as_secs_f64() * 1e6 / (callers * each) as f64));
    }
    Ok(figures)
}

async fn ostler(durability: Durability) -> Result<Figures, BoxError> {
    let bench = Bench::new(durability).await?;
    bench.enqueue::<Lean>(16, 100).await?;
    let mut figures = Vec::new();
    for (callers, each, figure) in CALLERS {
        let began = Instant::now();
        bench.enqueue::<Lean>(callers, each).await?;
        figures.push((figure, began.elapsed().as_secs_f64() * 1e6 / (callers * each) as f64));
    }
    let began = Instant::now();
    bench.enqueue_all::<Lean>(BULK).await?;
    figures.push((BULK_FIGURE, began.elapsed().as_secs_f64() * 1e6 / BULK as f64));
    bench.store.close().await;
    Ok(figures)
}
