//! Working off what has been waiting.

use ostler::BoxError;
use ostler_jobs::{Durability, JobArgs};

use crate::jobs::ostler::{Bench, Filler, Kept, Lean, Meter};
use crate::jobs::{PEER, PEER_SETTINGS};
use crate::row::{Contender, Figures, Program, Row, unknown};
use crate::runtime;

const LEAN: &str = "ostler, nothing kept";
const KEPT: &str = "ostler, defaults";

const JOBS: u64 = 100_000;

pub(crate) fn row() -> Row {
    Row {
        name: "jobs_drain",
        about: "100,000 waiting jobs worked off",
        timed: "From the start of the host to the end of the last handler; the jobs were enqueued before.",
        rounds: 5,
        contenders: vec![
            Contender::new(LEAN, "256 slots, `keep(done = none)`, FULL"),
            Contender::new(KEPT, "256 slots, history kept and pruned by the defaults, FULL").against(LEAN),
            Contender::new(PEER, PEER_SETTINGS).against(LEAN).by(Program::Peer("effectum", &["drain"])),
        ],
        targets: vec![],
        measure: |contender| match contender {
            LEAN => runtime::run(ostler::<Lean>()),
            KEPT => runtime::run(ostler::<Kept>()),
            _ => Err(unknown(contender)),
        },
    }
}

async fn ostler<A: JobArgs + From<Filler>>() -> Result<Figures, BoxError> {
    let bench = Bench::new(Durability::Full).await?;
    bench.enqueue_all::<A>(JOBS).await?;
    bench.tally.expect(JOBS);
    let meter = Meter::start()?;
    let running = bench.work();
    bench.tally.reached().await;
    let figures = meter.per_job(JOBS)?;
    running.stop().await?;
    bench.store.close().await;
    Ok(figures)
}
