//! Programs that are told to stop, and do or do not.
//!
//! Each prints a line with `up` when the unit that matters is running.

use std::future::pending;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ostler::backoff::Backoff;
use ostler::{
    BoxError, Context, Error, First, Host, MINUTE, Ready, Report, Restart, SECOND, Service, Stop,
    after_completion, blocking, every, queue, unit,
};
use tokio::signal::unix::{SignalKind, signal};

use crate::probed::{line, listen};

/// The grace of nearly all fixtures; the tests know it too.
pub(crate) const GRACE: Duration = SECOND;

/// The argument at `place` after the scenario, in seconds.
pub(crate) fn seconds(place: usize, otherwise: Duration) -> Result<Duration, Error> {
    match std::env::args().nth(1 + place) {
        Some(text) => Ok(text.parse::<u32>()? * SECOND),
        None => Ok(otherwise),
    }
}

/// Runs the host and prints its report.
pub(crate) async fn run<S>(host: Host<S>) -> Result<Report, Error> {
    let report = host.run().await?;
    println!("{report}");
    Ok(report)
}

/// One unit of each kind, and all do as they are told.
pub(crate) async fn obedient() -> Result<Report, Error> {
    let (letters, items) = queue::bounded::<u32>(4);
    letters.send(1).await?;
    let host = Host::new(letters)
        .task("ticker", every(Duration::from_millis(20)), async || ())
        .consume("letters", items, async |_letter: u32| ())
        .mount("keeper", Keeper)
        .service("door", async |stop: Stop| {
            println!("up");
            stop.requested().await;
        });
    run(host.grace(GRACE)).await
}

/// A mounted value that does as it is told.
struct Keeper;

impl<S: Send + Sync + 'static> Service<S> for Keeper {
    async fn run(&self, cx: Context<S>) -> Result<(), BoxError> {
        cx.stop().requested().await;
        Ok(())
    }
}

/// A unit that says when it was told and then takes for ever, with all the grace in the world.
pub(crate) async fn draining() -> Result<Report, Error> {
    let host = Host::new(()).service("slow", async |stop: Stop| {
        println!("up");
        stop.requested().await;
        println!("draining");
        pending::<()>().await;
    });
    run(host.grace(MINUTE)).await
}

/// A unit that never looks at its stop.
pub(crate) async fn deaf() -> Result<Report, Error> {
    run(Host::new(()).service("deaf", async || shout("deaf").await).grace(GRACE)).await
}

async fn shout(name: &str) {
    println!("up {name}");
    loop {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A unit that does not even yield. The grace is the second argument.
pub(crate) async fn stuck() -> Result<Report, Error> {
    let host = Host::new(()).service("stuck", block);
    run(host.probes(listen()?).grace(seconds(1, GRACE)?)).await
}

/// The same in a program that handles its signals itself, and stops the host when it is given a line.
pub(crate) async fn stuck_alone() -> Result<Report, Error> {
    let host = Host::new(()).service("stuck", block).signals(false);
    let handle = host.handle();
    std::thread::spawn(move || line().map(|()| handle.stop()));
    run(host.probes(listen()?).grace(GRACE)).await
}

async fn block() {
    // The first poll returns, or the host would still be starting.
    tokio::time::sleep(Duration::from_millis(50)).await;
    println!("up");
    for_ever();
}

pub(crate) fn for_ever() {
    loop {
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A blocking call that never returns.
pub(crate) async fn blocking_call() -> Result<Report, Error> {
    let host = Host::new(()).service("digger", async || {
        blocking(|| {
            println!("up");
            for_ever();
        })
        .await;
    });
    run(host.grace(GRACE)).await
}

/// Deaf units of each kind, in both waves, and a blocking call: all overrun at once. One has a grace of its own.
pub(crate) async fn crowd() -> Result<Report, Error> {
    let (letters, items) = queue::bounded::<u32>(4);
    letters.send(1).await?;
    letters.send(2).await?;
    let now = after_completion(SECOND).first(First::Now);
    let host = Host::new(letters)
        .task("task", now, async || shout("task").await)
        .consume("consumer", items.workers(2), async |_letter: u32| shout("consumer").await)
        .mount("mount", Deaf)
        .service(unit("short").grace(GRACE / 4), async || shout("short").await)
        .service("door", async || shout("door").await)
        .service("digger", async || {
            blocking(|| {
                println!("up digger");
                for_ever();
            })
            .await;
        });
    run(host.grace(GRACE)).await
}

/// A mounted value that never looks at its stop.
struct Deaf;

impl<S: Send + Sync + 'static> Service<S> for Deaf {
    async fn run(&self, _: Context<S>) -> Result<(), BoxError> {
        shout("mount").await;
        Ok(())
    }
}

/// A service that keeps its `Ready` for ever, and does as it is told when it is stopped.
pub(crate) async fn never_ready() -> Result<Report, Error> {
    let host = Host::new(()).service("late", async |stop: Stop, ready: Ready| {
        println!("up");
        stop.requested().await;
        drop(ready);
    });
    run(host.grace(GRACE)).await
}

/// The same with something left to do after its `Ready` is gone: it must be let finish.
pub(crate) async fn never_ready_select() -> Result<Report, Error> {
    let host = Host::new(()).service("late", async |stop: Stop, ready: Ready| {
        println!("up");
        tokio::select! {
            () = pending() => ready.notify(),
            () = stop.requested() => drop(ready),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        println!("tidied up");
    });
    run(host.grace(GRACE)).await
}

/// A service that fails once, and whose second instance is told to stop before it is ready.
pub(crate) async fn never_ready_again() -> Result<Report, Error> {
    let instances = AtomicU32::new(0);
    let restart = Restart::on_failure().backoff(Backoff::constant(Duration::from_millis(10)));
    let host = Host::new(()).service(unit("late").restart(restart), move |stop: Stop, ready: Ready| {
        late(instances.fetch_add(1, Ordering::Relaxed), stop, ready)
    });
    run(host.grace(GRACE)).await
}

async fn late(instance: u32, stop: Stop, ready: Ready) -> Result<(), &'static str> {
    if instance == 0 {
        ready.notify();
        tokio::time::sleep(Duration::from_millis(20)).await;
        return Err("the first instance fails");
    }
    println!("up");
    stop.requested().await;
    drop(ready);
    Ok(())
}

/// Two units: one blocks a thread of the runtime for ever, the other only has to be on time.
pub(crate) async fn half_blocked() -> Result<Report, Error> {
    let host = Host::new(())
        .task("ticker", every(Duration::from_millis(500)), async || println!("tick"))
        .service("stuck", block);
    run(host.grace(GRACE)).await
}

/// A program that handles SIGTERM itself. Its unit ends when it is given a line.
pub(crate) async fn own_signals() -> Result<Report, Error> {
    let mut terms = signal(SignalKind::terminate())?;
    let host = Host::new(()).service("door", async |stop: Stop| {
        println!("up");
        stop.requested().await;
        println!("draining");
        blocking(line).await
    });
    let handle = host.handle();
    tokio::spawn(async move {
        while terms.recv().await.is_some() {
            println!("SIGTERM");
            handle.stop();
        }
    });
    run(host.signals(false).grace(MINUTE)).await
}
