//! tokio-cron-scheduler, measured as `ostler-bench` measures ostler and called by it.

#[path = "../../../src/lateness.rs"]
mod lateness;
#[path = "../../../src/process.rs"]
mod process;

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio_cron_scheduler::{Job, JobScheduler};

use crate::lateness::Lateness;

type BoxError = Box<dyn Error + Send + Sync>;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Longer than it takes to add 10,000 jobs.
const AHEAD: Duration = Duration::from_secs(8);

fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    // As many threads as ostler-bench has.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let figures = runtime.block_on(async {
        match words[..] {
            ["due", jobs, channel] => due(jobs.parse()?, channel.parse()?).await,
            ["idle", jobs, channel] => idle(jobs.parse()?, channel.parse()?).await,
            _ => Err("usage: due <jobs> <channel size> | idle <jobs> <channel size>".into()),
        }
    })?;
    runtime.shutdown_background();
    for (figure, value) in figures {
        println!("{figure}\t{value}");
    }
    Ok(())
}

async fn due(count: usize, channel: usize) -> Result<Vec<(&'static str, f64)>, BoxError> {
    let jobs = Arc::new(Lateness::of(count, AHEAD));
    let scheduler = JobScheduler::new_with_channel_size(channel).await?;
    let at = DateTime::<Utc>::from(jobs.due()).format("%S %M %H * * *").to_string();
    for job in 0..count {
        let jobs = Arc::clone(&jobs);
        let added = Job::new_async(at.as_str(), move |_, _| {
            let jobs = Arc::clone(&jobs);
            Box::pin(async move { jobs.ran(job) })
        })?;
        scheduler.add(added).await?;
    }
    scheduler.start().await?;
    jobs.ahead().ok_or("the jobs were due before all of them had been added")?;
    Ok(jobs.figures().await)
}

async fn idle(count: usize, channel: usize) -> Result<Vec<(&'static str, f64)>, BoxError> {
    let before = process::resident()?;
    let began = Instant::now();
    let scheduler = JobScheduler::new_with_channel_size(channel).await?;
    for _ in 0..count {
        scheduler.add(Job::new_repeated_async(HOUR, |_, _| Box::pin(async {}))?).await?;
    }
    scheduler.start().await?;
    let took = began.elapsed();
    let mut figures = process::idle(before, count).await?;
    figures.push(("start, s", took.as_secs_f64()));
    figures.push(("timers known", known(&scheduler).await? as f64));
    Ok(figures)
}

/// How many jobs the scheduler could run. It tells each job to two keepers, of its time and of its code, through a
/// channel of a fixed size, and waits for the first of them; a keeper that is overtaken ends, without an error for
/// anyone.
async fn known(scheduler: &JobScheduler) -> Result<usize, BoxError> {
    let context = scheduler.context();
    let timed = context.metadata_storage.write().await.list_next_ticks().await?;
    let mut code = context.job_code.write().await;
    let mut known = 0;
    for job in timed.into_iter().filter_map(|job| job.id) {
        known += usize::from(code.get((&job).into()).await?.is_some());
    }
    Ok(known)
}
