//! A host with a hundred units: its start and its stop.

use std::time::Instant;

use ostler::{BoxError, HOUR, Host, MINUTE, Ready, Stop, every, queue};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

use crate::once::Once;
use crate::row::{Contender, Figures, Row, unknown};
use crate::runtime;
use crate::target::{Measure, Target};

const RAW: &str = "tokio tasks";
const HOST: &str = "host";

const START: &str = "start, ms";
const STOP: &str = "stop, ms";

const TASKS: usize = 50;
const CONSUMERS: usize = 25;
const SERVICES: usize = 25;

pub(crate) fn row() -> Row {
    let target =
        |figure| Target { contender: HOST, figure, measure: Measure::Value, goal: 20.0, floor: 50.0 };
    Row {
        name: "units",
        about: "a host with 100 units: start and stop",
        timed: "Start: from the call of `run` until the last service has said that it is ready, which is \
                after all other units. Stop: from `HostHandle::stop` until `run` has returned. Both are \
                the first of their process, as they are in a program.",
        rounds: 21,
        contenders: vec![
            Contender::new(
                RAW,
                "100 tasks that say that they have begun and end when a `watch` tells them to; a `JoinSet`",
            ),
            Contender::new(
                HOST,
                "50 tasks `every(HOUR)`, 25 consumers with a queue each, 25 services with `Ready` and `Stop`; \
                 handles signals, no probes",
            )
            .against(RAW),
        ],
        targets: vec![target(START), target(STOP)],
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
    let (stop, stopped) = watch::channel(false);
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    let mut words = Vec::new();
    for _ in 0..TASKS + CONSUMERS + SERVICES {
        let (word, ready) = oneshot::channel();
        words.push(ready);
        let mut stopped = stopped.clone();
        tasks.spawn(async move {
            let _ = word.send(());
            stopped.wait_for(|stopped| *stopped).await.is_ok()
        });
    }
    for ready in words {
        ready.await?;
    }
    let start = began.elapsed();
    let began = Instant::now();
    stop.send_replace(true);
    while let Some(ended) = tasks.join_next().await {
        ended?;
    }
    Ok(figures(start.as_secs_f64(), began.elapsed().as_secs_f64()))
}

async fn host() -> Result<Figures, BoxError> {
    let mut host = Host::new(());
    for task in 0..TASKS {
        host = host.task(format!("task-{task}"), every(HOUR), async || {});
    }
    let mut senders = Vec::new();
    for consumer in 0..CONSUMERS {
        let (sender, items) = queue::bounded::<u64>(16);
        senders.push(sender);
        host =
            host.consume(format!("consumer-{consumer}"), items.workers(1).timeout(MINUTE), async |_: u64| {});
    }
    for service in 1..SERVICES {
        host = host.service(format!("service-{service}"), async |ready: Ready, stop: Stop| {
            ready.notify();
            stop.requested().await;
        });
    }
    let (last, is_last) = Once::new();
    host = host.service("service-last", move |ready: Ready, stop: Stop| {
        ready.notify();
        last.give(Instant::now());
        async move { stop.requested().await }
    });
    let handle = host.handle();
    let running = tokio::spawn(async move {
        let began = Instant::now();
        (began, host.run().await, Instant::now())
    });
    let up = is_last.await?;
    while handle.units().iter().any(|unit| unit.state != ostler::UnitState::Running) {
        tokio::task::yield_now().await;
    }
    let told = Instant::now();
    handle.stop();
    let (began, report, ended) = running.await?;
    let report = report.map_err(ostler::Error::into_boxed)?;
    if report.units().len() != TASKS + CONSUMERS + SERVICES || report.exit_code() != 0 {
        return Err(format!("the host did not end cleanly: {report}").into());
    }
    Ok(figures(up.duration_since(began).as_secs_f64(), ended.duration_since(told).as_secs_f64()))
}

fn figures(start: f64, stop: f64) -> Figures {
    vec![(START, start * 1e3), (STOP, stop * 1e3)]
}
