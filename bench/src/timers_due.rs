//! Ten thousand tasks that are due at one instant.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use ostler::{BoxError, First, HOUR, Host, State, every};

use crate::lateness::Lateness;
use crate::once::Once;
use crate::row::{Contender, Figures, Program, Row, unknown};
use crate::runtime;
use crate::target::{Measure, Target};

const RAW: &str = "tokio tasks";
const HOST: &str = "host";
const SCHEDULER: &str = "tokio-cron-scheduler";
const SCHEDULER_WIDE: &str = "tokio-cron-scheduler, large channel";

const JOBS: usize = 10_000;
/// The least time between a contender's start and when its jobs are due. It has to be up by then.
const AHEAD: Duration = Duration::from_secs(3);

pub(crate) fn row() -> Row {
    let target =
        |figure, goal, floor| Target { contender: HOST, figure, measure: Measure::Value, goal, floor };
    Row {
        name: "timers_due",
        about: "10,000 tasks due at one instant: lateness, and runs lost",
        timed: "10,000 jobs are due at one full second of the wall clock. The first thing that each run \
                does is to read that clock: its lateness. A job that has not run 30 s later is lost.",
        rounds: 5,
        contenders: vec![
            Contender::new(RAW, "10,000 tasks, each in `tokio::time::sleep_until` the same instant"),
            Contender::new(HOST, "10,000 units, `every(HOUR).first(First::At(instant))`").against(RAW),
            Contender::new(
                SCHEDULER,
                "10,000 `Job::new_async` with one cron expression; its defaults (a channel of 200)",
            )
            .against(RAW)
            .by(Program::Peer("tokio-cron-scheduler", &["due", "10000", "200"])),
            Contender::new(
                SCHEDULER_WIDE,
                "the same with `new_with_channel_size(20_000)`, so that no message is overtaken",
            )
            .against(RAW)
            .by(Program::Peer("tokio-cron-scheduler", &["due", "10000", "20000"])),
        ],
        targets: vec![target("lateness p99, ms", 20.0, 50.0), target("lost", 0.0, 0.0)],
        measure: |contender| {
            runtime::run(async {
                match contender {
                    RAW => raw().await,
                    HOST => host().await,
                    _ => Err(unknown(contender)),
                }
            })
        },
    }
}

async fn raw() -> Result<Figures, BoxError> {
    let jobs = Arc::new(Lateness::of(JOBS, AHEAD));
    let due = tokio::time::Instant::now() + jobs.ahead().ok_or(TOO_LATE)?;
    for job in 0..JOBS {
        let jobs = Arc::clone(&jobs);
        tokio::spawn(async move {
            tokio::time::sleep_until(due).await;
            jobs.ran(job);
        });
    }
    in_time(&jobs).await
}

async fn host() -> Result<Figures, BoxError> {
    let jobs = Arc::new(Lateness::of(JOBS, AHEAD));
    let first = First::At(Timestamp::try_from(jobs.due())?);
    let (up, is_up) = Once::new();
    let mut host = Host::new(Arc::clone(&jobs));
    for job in 0..JOBS {
        let plan = every(HOUR).first(first);
        let handler = move |jobs: State<Arc<Lateness>>| async move { jobs.ran(job) };
        host = host.task(format!("task-{job}"), plan, handler);
    }
    // Services start behind all tasks.
    host = host.service("last", move || {
        up.give(());
        std::future::pending::<()>()
    });
    tokio::spawn(host.run());
    is_up.await?;
    in_time(&jobs).await
}

const TOO_LATE: &str = "the jobs were due before all of them had been started";

async fn in_time(jobs: &Lateness) -> Result<Figures, BoxError> {
    jobs.ahead().ok_or(TOO_LATE)?;
    Ok(jobs.figures().await)
}
