//! effectum, measured as `ostler-bench` measures ostler and called by it.
//!
//! It asks SQLite for a pragma called `journal`, which does not exist, and so runs with a rollback journal; the file is made in WAL
//! mode here beforehand, which stays and is faster.

#[allow(dead_code, reason = "not all that the others measure is measured here")]
#[path = "../../../src/process.rs"]
mod process;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use effectum::{Job, JobRunner, Queue, RunningJob, Worker};
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, mpsc};

type BoxError = Box<dyn Error + Send + Sync>;
type Figures = Vec<(&'static str, f64)>;

const CALLERS: [(u64, u64, &str); 3] =
    [(1, 2_000, "us/enqueue, 1 caller"), (16, 200, "us/enqueue, 16 callers"), (256, 100, "us/enqueue, 256 callers")];
const BULK: u64 = 20_000;

/// Fewer than ostler's, because it takes longer: the figures are for each job.
const MIXED: (u64, u64, u64) = (256, 60, 4);
const DRAIN: u64 = 20_000;
const PICKUPS: usize = 500;

fn main() -> Result<(), BoxError> {
    let what = std::env::args().nth(1).unwrap_or_default();
    // As many threads as ostler-bench has.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let folder = Folder::new()?;
    let figures = runtime.block_on(async {
        match what.as_str() {
            "enqueue" => enqueue(&folder).await,
            "mixed" => mixed(&folder).await,
            "drain" => drain(&folder).await,
            "pickup" => pickup(&folder).await,
            _ => Err("usage: enqueue | mixed | drain | pickup".into()),
        }
    })?;
    runtime.shutdown_background();
    for (figure, value) in figures {
        println!("{figure}\t{value}");
    }
    Ok(())
}

/// On the disk that ostler is measured on.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, BoxError> {
        let name = format!("effectum-{}", std::process::id());
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target").join(name);
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left in the folder of what is built.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[derive(Serialize, Deserialize)]
struct Filler {
    order: u64,
    text: String,
}

#[derive(Clone, Debug)]
struct Context {
    tally: Arc<Tally>,
    started: Option<mpsc::UnboundedSender<Instant>>,
}

#[derive(Debug, Default)]
struct Tally {
    handled: AtomicU64,
    enough: AtomicU64,
    reached: Notify,
}

impl Tally {
    fn expect(&self, more: u64) {
        self.enough.store(self.handled.load(Ordering::Relaxed) + more, Ordering::Relaxed);
    }
}

async fn queue(folder: &Folder) -> Result<Arc<Queue>, BoxError> {
    let path = folder.0.join("jobs.db");
    rusqlite::Connection::open(&path)?.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    Ok(Arc::new(Queue::new(&path).await?))
}

fn job(number: u64) -> Result<Job, BoxError> {
    let filler = Filler { order: 1_000_000 + number, text: "x".repeat(173) };
    Ok(Job::builder("filler").json_payload(&filler)?.build())
}

async fn handle(job: RunningJob, context: Context) -> Result<(), effectum::Error> {
    if let Some(started) = &context.started {
        // Nobody waits for it where the measurement has failed.
        let _ = started.send(Instant::now());
    }
    let _filler: Filler = job.json_payload()?;
    let handled = context.tally.handled.fetch_add(1, Ordering::Relaxed) + 1;
    if handled == context.tally.enough.load(Ordering::Relaxed) {
        context.tally.reached.notify_one();
    }
    Ok(())
}

async fn worker(queue: &Arc<Queue>, context: &Context) -> Result<Worker, BoxError> {
    let runner = JobRunner::builder("filler", handle).build();
    let worker = Worker::builder(queue, context.clone()).jobs([runner]).min_concurrency(128).max_concurrency(256);
    Ok(worker.build().await?)
}

async fn callers(queue: &Arc<Queue>, callers: u64, each: u64) -> Result<(), BoxError> {
    let mut tasks = Vec::new();
    for caller in 0..callers {
        let queue = Arc::clone(queue);
        tasks.push(tokio::spawn(async move {
            for number in 0..each {
                queue.add_job(job(caller * each + number)?).await?;
            }
            Ok::<_, BoxError>(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    Ok(())
}

async fn bulk(queue: &Arc<Queue>, jobs: u64) -> Result<(), BoxError> {
    for part in 0..jobs / 1_000 {
        let jobs = (part * 1_000..(part + 1) * 1_000).map(job).collect::<Result<Vec<_>, _>>()?;
        queue.add_jobs(jobs).await?;
    }
    Ok(())
}

async fn enqueue(folder: &Folder) -> Result<Figures, BoxError> {
    let queue = queue(folder).await?;
    callers(&queue, 16, 10).await?;
    let mut figures = Figures::new();
    for (count, each, figure) in CALLERS {
        let began = Instant::now();
        callers(&queue, count, each).await?;
        figures.push((figure, began.elapsed().as_secs_f64() * 1e6 / (count * each) as f64));
    }
    let began = Instant::now();
    bulk(&queue, BULK).await?;
    figures.push(("us/job, by the thousand", began.elapsed().as_secs_f64() * 1e6 / BULK as f64));
    Ok(figures)
}

/// Time, processor time and bytes for each of so many jobs.
struct Meter(Instant, Duration, f64);

impl Meter {
    fn start() -> Result<Self, BoxError> {
        Ok(Self(Instant::now(), process::processor_time()?, process::written()?))
    }

    fn per_job(&self, jobs: u64) -> Result<Figures, BoxError> {
        let jobs = jobs as f64;
        let processor = process::processor_time()? - self.1;
        Ok(vec![
            ("us/job", self.0.elapsed().as_secs_f64() * 1e6 / jobs),
            ("processor us/job", processor.as_secs_f64() * 1e6 / jobs),
            ("bytes written/job", (process::written()? - self.2) / jobs),
        ])
    }
}

async fn mixed(folder: &Folder) -> Result<Figures, BoxError> {
    let queue = queue(folder).await?;
    let context = Context { tally: Arc::default(), started: None };
    let _worker = worker(&queue, &context).await?;
    let (count, each, warm_up) = MIXED;
    round(&queue, &context, count, warm_up).await?;
    let meter = Meter::start()?;
    round(&queue, &context, count, each).await?;
    meter.per_job(count * each)
}

async fn round(queue: &Arc<Queue>, context: &Context, count: u64, each: u64) -> Result<(), BoxError> {
    context.tally.expect(count * each);
    callers(queue, count, each).await?;
    context.tally.reached.notified().await;
    Ok(())
}

async fn drain(folder: &Folder) -> Result<Figures, BoxError> {
    let queue = queue(folder).await?;
    let context = Context { tally: Arc::default(), started: None };
    bulk(&queue, DRAIN).await?;
    context.tally.expect(DRAIN);
    let meter = Meter::start()?;
    let _worker = worker(&queue, &context).await?;
    context.tally.reached.notified().await;
    meter.per_job(DRAIN)
}

async fn pickup(folder: &Folder) -> Result<Figures, BoxError> {
    let queue = queue(folder).await?;
    let (sender, mut starts) = mpsc::unbounded_channel();
    let context = Context { tally: Arc::default(), started: Some(sender) };
    let _worker = worker(&queue, &context).await?;
    let mut waits = Vec::new();
    for number in 0..PICKUPS {
        tokio::time::sleep(Duration::from_millis(5)).await;
        queue.add_job(job(number as u64)?).await?;
        let acknowledged = Instant::now();
        let start = starts.recv().await.ok_or("the worker has ended")?;
        waits.push(start.saturating_duration_since(acknowledged).as_secs_f64() * 1e6);
    }
    waits.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize];
    Ok(vec![("p50, us", at(0.5)), ("p99, us", at(0.99))])
}
