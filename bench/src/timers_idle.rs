//! A hundred thousand timers of one hour: what they weigh, and what they cost while nothing is due.

use std::sync::Arc;
use std::time::Instant;

use ostler::{BoxError, Clock, HOUR, Host, every};
use tokio::sync::Semaphore;

use crate::once::Once;
use crate::process;
use crate::row::{Contender, Figures, Program, Row, unknown};
use crate::runtime;
use crate::target::{Measure, Target};

const RAW: &str = "tokio tasks";
const HOST: &str = "host";
const SLEEPS: &str = "`Clock::sleep` in tokio tasks";
const SCHEDULER: &str = "tokio-cron-scheduler";

const MEMORY: &str = "memory for 100,000, MB";
const IDLE: &str = "idle, % of a core";
const START: &str = "start, s";

const TIMERS: usize = 100_000;

pub(crate) fn row() -> Row {
    let target =
        |figure, goal, floor| Target { contender: HOST, figure, measure: Measure::Value, goal, floor };
    Row {
        name: "timers_idle",
        about: "100,000 timers of one hour: memory, idle processor time, start",
        timed: "Memory: what the process's resident memory (`VmRSS`) has grown by two seconds after the \
                start, since before the first timer was made. Idle: user and system time of the process \
                over the 10 s after that, in steps of 0.1 %. Start: from the first registration until all \
                timers are pending.",
        rounds: 5,
        contenders: vec![
            Contender::new(RAW, "100,000 tasks, each in `tokio::time::sleep(HOUR)` in a loop"),
            Contender::new(
                HOST,
                "100,000 units `task-<n>`, `every(HOUR)`, one handler; up when a service that is registered after \
                 them is started",
            )
            .against(RAW),
            Contender::new(
                SLEEPS,
                "100,000 tasks, each in `clock.sleep(HOUR)` in a loop, on the clock of a host that was there before",
            )
            .against(RAW),
            Contender::new(
                SCHEDULER,
                "100,000 `Job::new_repeated_async` of one hour, `new_with_channel_size(2_000)`; up when `start` has \
                 returned. Its default of 200 can be overtaken while jobs are added, which loses them: hence the \
                 figure of the timers that it knows",
            )
            .against(RAW)
            .by(Program::Peer("tokio-cron-scheduler", &["idle", "100000", "2000"])),
        ],
        targets: vec![target(MEMORY, 40.0, 60.0), target(IDLE, 0.5, 1.0)],
        measure: |contender| {
            runtime::run(async {
                match contender {
                    RAW => raw().await,
                    HOST => host().await,
                    SLEEPS => sleeps().await,
                    _ => Err(unknown(contender)),
                }
            })
        },
    }
}

async fn raw() -> Result<Figures, BoxError> {
    pending(|| tokio::time::sleep(HOUR)).await
}

async fn sleeps() -> Result<Figures, BoxError> {
    let (here, clock) = Once::new();
    let host = Host::new(()).service("clock", move |clock: Clock| {
        here.give(clock);
        std::future::pending::<()>()
    });
    tokio::spawn(host.run());
    let clock = clock.await?;
    pending(move || clock.sleep(HOUR)).await
}

/// A task for each timer; all are pending when each has been polled once.
async fn pending<F>(sleep: impl Fn() -> F + Clone + Send + 'static) -> Result<Figures, BoxError>
where
    F: Future<Output = ()> + Send,
{
    let before = process::resident()?;
    let began = Instant::now();
    let polled = Arc::new(Semaphore::new(0));
    for _ in 0..TIMERS {
        let (sleep, polled) = (sleep.clone(), Arc::clone(&polled));
        tokio::spawn(async move {
            polled.add_permits(1);
            drop(polled);
            loop {
                sleep().await;
            }
        });
    }
    polled.acquire_many(TIMERS as u32).await?.forget();
    let took = began.elapsed();
    let mut figures = process::idle(before, TIMERS).await?;
    figures.push((START, took.as_secs_f64()));
    Ok(figures)
}

async fn host() -> Result<Figures, BoxError> {
    let before = process::resident()?;
    let began = Instant::now();
    let (up, is_up) = Once::new();
    let mut host = Host::new(());
    for timer in 0..TIMERS {
        host = host.task(format!("task-{timer}"), every(HOUR), async || {});
    }
    // Services start behind all tasks.
    host = host.service("last", move || {
        up.give(Instant::now());
        std::future::pending::<()>()
    });
    tokio::spawn(host.run());
    let took = is_up.await?.duration_since(began);
    let mut figures = process::idle(before, TIMERS).await?;
    figures.push((START, took.as_secs_f64()));
    Ok(figures)
}
