//! How long an enqueue takes while the store has half of what it can do.

use std::time::{Duration, Instant};

use ostler::BoxError;
use ostler_jobs::Durability;

use crate::jobs::ostler::{Bench, Filler, Lean};
use crate::jobs::pickup::percentiles;
use crate::row::{Contender, Figures, Row};
use crate::runtime;
use crate::target::{Measure, Target};

const OSTLER: &str = "ostler";
const P50: &str = "p50, us";
const P99: &str = "p99, us";
const RATIO: &str = "p99 / p50";
const LOAD: &str = "enqueues/s";

const CALLERS: u64 = 256;
const EACH: u64 = 200;
const WATCH: Duration = Duration::from_secs(5);

pub(crate) fn row() -> Row {
    Row {
        name: "jobs_half_load",
        about: "the time of an enqueue at half of the greatest load",
        timed: "First the greatest load: 256 callers, work done meanwhile. Then enqueues begin at half of that rate for five seconds, \
                each when it is its turn and whether others have ended or not; the time of each from its turn to its answer.",
        rounds: 5,
        contenders: vec![Contender::new(OSTLER, "256 slots, `keep(done = none)`, FULL")],
        targets: vec![Target { contender: OSTLER, figure: RATIO, measure: Measure::Value, goal: 4.0, floor: 10.0 }],
        measure: |_| runtime::run(ostler()),
    }
}

async fn ostler() -> Result<Figures, BoxError> {
    let bench = Bench::new(Durability::Full).await?;
    let running = bench.work();
    bench.enqueue::<Lean>(CALLERS, EACH / 4).await?;
    let began = Instant::now();
    bench.enqueue::<Lean>(CALLERS, EACH).await?;
    let rate = (CALLERS * EACH) as f64 / began.elapsed().as_secs_f64() / 2.0;
    let times = open_loop(&bench, rate).await?;
    running.stop().await?;
    bench.store.close().await;
    let mut figures = percentiles(times, P50, P99);
    figures.push((RATIO, figures[1].1 / figures[0].1));
    figures.push((LOAD, rate));
    Ok(figures)
}

async fn open_loop(bench: &Bench, rate: f64) -> Result<Vec<f64>, BoxError> {
    let began = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    let mut turn = 0_u64;
    while began.elapsed() < WATCH {
        let due = began.elapsed().as_secs_f64() * rate;
        while (turn as f64) < due {
            let (client, at) = (bench.client.clone(), began + Duration::from_secs_f64(turn as f64 / rate));
            tasks.spawn(async move {
                client.enqueue(Lean(Filler::number(turn))).await?;
                Ok::<_, ostler_jobs::StoreError>(at.elapsed().as_secs_f64() * 1e6)
            });
            turn += 1;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let mut times = Vec::new();
    while let Some(time) = tasks.join_next().await {
        times.push(time??);
    }
    Ok(times)
}
