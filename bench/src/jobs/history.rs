//! Whether finished jobs that are kept make the next ones dearer.

use ostler::BoxError;
use ostler_jobs::Durability;

use crate::jobs::ostler::{Bench, Hoard, Meter, PROCESSOR};
use crate::row::{Contender, Figures, Row, unknown};
use crate::runtime;
use crate::target::{Measure, Target};

const EMPTY: &str = "empty";
const FULL: &str = "1,000,000 finished";

const FINISHED: u64 = 1_000_000;
const CALLERS: u64 = 256;
const EACH: u64 = 300;

pub(crate) fn row() -> Row {
    Row {
        name: "jobs_history",
        about: "processor time of a job beside a million finished ones",
        timed: "76,800 jobs of 256 callers, as in `jobs_mixed`, all of which are kept: in a new file, and in one where a million finished \
                ones are kept already.",
        rounds: 3,
        contenders: vec![
            Contender::new(EMPTY, "256 slots, FULL, everything is kept"),
            Contender::new(FULL, "the same, after a million jobs").against(EMPTY),
        ],
        targets: vec![Target { contender: FULL, figure: PROCESSOR, measure: Measure::Ratio, goal: 1.15, floor: 1.3 }],
        measure: |contender| match contender {
            EMPTY => runtime::run(ostler(0)),
            FULL => runtime::run(ostler(FINISHED)),
            _ => Err(unknown(contender)),
        },
    }
}

async fn ostler(finished: u64) -> Result<Figures, BoxError> {
    let bench = Bench::new(Durability::Full).await?;
    let running = bench.work();
    if finished > 0 {
        bench.tally.expect(finished);
        bench.enqueue_all::<Hoard>(finished).await?;
        bench.tally.reached().await;
    }
    bench.tally.expect(CALLERS * EACH);
    let meter = Meter::start()?;
    bench.enqueue::<Hoard>(CALLERS, EACH).await?;
    bench.tally.reached().await;
    let figures = meter.per_job(CALLERS * EACH)?;
    running.stop().await?;
    bench.store.close().await;
    Ok(figures)
}
