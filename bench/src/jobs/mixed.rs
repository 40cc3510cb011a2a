//! Steady work: 256 callers enqueue one by one while the workers keep up.

use ostler::BoxError;
use ostler_jobs::{Durability, JobArgs};

use crate::jobs::ostler::{Bench, Filler, Folder, Kept, Lean, Meter, PROCESSOR, TIME, WRITTEN};
use crate::jobs::{PEER, PEER_SETTINGS, raw_sqlite};
use crate::row::{Contender, Figures, Program, Row, unknown};
use crate::runtime;
use crate::target::{Measure, Target};

const RAW: &str = "L1";
const RAW_RELAXED: &str = "L1, relaxed";
const LEAN: &str = "ostler, nothing kept";
const KEPT: &str = "ostler, defaults";
const RELAXED: &str = "ostler, nothing kept, relaxed";

const CALLERS: u64 = 256;
const EACH: u64 = 600;
const WARM_UP: u64 = 40;

pub(crate) fn row() -> Row {
    let ratio = |contender, goal, floor| Target { contender, figure: TIME, measure: Measure::Ratio, goal, floor };
    let value = |figure, goal, floor| Target { contender: LEAN, figure, measure: Measure::Value, goal, floor };
    Row {
        name: "jobs_mixed",
        about: "durable work end to end, enqueued one by one by 256 callers while it is done",
        timed: "From the first of 153,600 enqueues to the end of the last handler, after 10,240 that do not count. Processor time and \
                bytes given to `write` are those of the whole process: callers, host and store.",
        rounds: 5,
        contenders: vec![
            Contender::new(RAW, "the bare loop: 256 inserts and 256 deletes a transaction, WAL, `synchronous=FULL`"),
            Contender::new(RAW_RELAXED, "the same with `synchronous=NORMAL`"),
            Contender::new(LEAN, "256 slots, `keep(done = none)`, FULL").against(RAW),
            Contender::new(KEPT, "256 slots, history kept and pruned by the defaults, FULL").against(RAW),
            Contender::new(RELAXED, "256 slots, `keep(done = none)`, a store opened relaxed").against(RAW_RELAXED),
            Contender::new(PEER, PEER_SETTINGS).against(RAW_RELAXED).by(Program::Peer("effectum", &["mixed"])),
        ],
        targets: vec![
            ratio(LEAN, 2.0, 2.857),
            ratio(KEPT, 3.333, 4.545),
            ratio(RELAXED, 2.222, 3.03),
            value(PROCESSOR, 12.0, 16.0),
            value(WRITTEN, 700.0, 900.0),
        ],
        measure: |contender| match contender {
            RAW => raw("FULL"),
            RAW_RELAXED => raw("NORMAL"),
            LEAN => runtime::run(ostler::<Lean>(Durability::Full)),
            KEPT => runtime::run(ostler::<Kept>(Durability::Full)),
            RELAXED => runtime::run(ostler::<Lean>(Durability::Relaxed)),
            _ => Err(unknown(contender)),
        },
    }
}

fn raw(synchronous: &str) -> Result<Figures, BoxError> {
    let folder = Folder::new()?;
    let file = raw_sqlite::open(&folder.file("l1.db"), synchronous)?;
    raw_sqlite::run(&file, 1, CALLERS * WARM_UP)?;
    let meter = Meter::start()?;
    raw_sqlite::run(&file, 1 + CALLERS * WARM_UP, CALLERS * EACH)?;
    meter.per_job(CALLERS * EACH)
}

async fn ostler<A: JobArgs + From<Filler>>(durability: Durability) -> Result<Figures, BoxError> {
    let bench = Bench::new(durability).await?;
    let running = bench.work();
    round::<A>(&bench, WARM_UP).await?;
    let meter = Meter::start()?;
    round::<A>(&bench, EACH).await?;
    let figures = meter.per_job(CALLERS * EACH)?;
    running.stop().await?;
    bench.store.close().await;
    Ok(figures)
}

async fn round<A: JobArgs + From<Filler>>(bench: &Bench, each: u64) -> Result<(), BoxError> {
    bench.tally.expect(CALLERS * each);
    bench.enqueue::<A>(CALLERS, each).await?;
    bench.tally.reached().await;
    Ok(())
}
