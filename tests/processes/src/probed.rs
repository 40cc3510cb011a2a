//! Programs whose probes are asked. Each prints where: `probes on ADDRESS`.

use std::io;
use std::net::TcpListener;
use std::sync::{Arc, Barrier, Condvar, Mutex, PoisonError};
use std::time::Duration;

use ostler::{
    BoxError, Error, First, Host, MINUTE, Ready, Report, Restart, SECOND, Spent, Stop, after_completion,
    blocking, check, queue, unit,
};

use crate::stopping::{GRACE, run, seconds};

/// How long the front goes on after a signal; the tests know it too.
const DRAIN_DELAY: Duration = Duration::from_secs(2);

pub(crate) fn listen() -> io::Result<TcpListener> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    println!("probes on {}", listener.local_addr()?);
    Ok(listener)
}

/// Waits for one line on standard input.
pub(crate) fn line() -> io::Result<()> {
    io::stdin().read_line(&mut String::new()).map(drop)
}

/// A service that is ready when it was given a line.
pub(crate) async fn front() -> Result<Report, Error> {
    let host = Host::new(()).service("front", async |stop: Stop, ready: Ready| {
        blocking(line).await?;
        ready.notify();
        println!("up");
        stop.requested().await;
        println!("told");
        Ok::<_, io::Error>(())
    });
    run(host.probes(listen()?).drain_delay(DRAIN_DELAY).grace(GRACE)).await
}

/// A unit that, when the program is given a line, blocks all threads of the runtime: until a second line, or for as many
/// seconds as the second argument says. The third is the grace.
pub(crate) async fn hog() -> Result<Report, Error> {
    let (at_most, grace) = (seconds(1, MINUTE)?, seconds(2, GRACE)?);
    run(hogging(at_most).probes(listen()?).grace(grace)).await
}

/// As `hog`, for a minute at most, with a health file at the second argument. The runtime may be silent for a second.
pub(crate) async fn hog_with_file() -> Result<Report, Error> {
    let file = std::env::args().nth(2).unwrap_or_default();
    run(hogging(MINUTE).health_file(file).live_within(SECOND).probes(listen()?).grace(GRACE)).await
}

/// A host whose unit blocks all threads of the runtime for so long, between a first and a second line.
fn hogging(at_most: Duration) -> Host<queue::Queue<()>> {
    let threads = tokio::runtime::Handle::current().metrics().num_workers();
    let (meals, items) = queue::bounded::<()>(threads);
    let at_table = Arc::new(Barrier::new(threads));
    let gate = Arc::new(Gate::default());
    let (waiter, door) = (meals.clone(), Arc::clone(&gate));
    std::thread::spawn(move || {
        if line().is_ok() {
            (0..threads).for_each(|_| waiter.try_send(()).unwrap_or_else(|full| eprintln!("{full}")));
        }
        if line().is_ok() {
            door.open();
        }
    });
    // The state keeps the queue open.
    Host::new(meals).consume("hog", items.workers(threads), move |(): ()| {
        let (at_table, gate) = (Arc::clone(&at_table), Arc::clone(&gate));
        async move {
            if at_table.wait().is_leader() {
                println!("blocked {threads} threads");
            }
            gate.wait(at_most);
            println!("free");
        }
    })
}

/// A check that blocks the last thread of the runtime, until the program is given a line: it never gets to its own
/// timeout.
pub(crate) async fn blocking_check() -> Result<Report, Error> {
    let threads = tokio::runtime::Handle::current().metrics().num_workers();
    let (meals, items) = queue::bounded::<()>(threads);
    let (at_table, gate) = (Arc::new(Barrier::new(threads)), Arc::new(Gate::default()));
    (1..threads).try_for_each(|_| meals.try_send(()))?;
    let door = Arc::clone(&gate);
    std::thread::spawn(move || line().map(|()| door.open()));
    let block = move || {
        if at_table.wait().is_leader() {
            println!("blocked {threads} threads");
        }
        gate.wait(MINUTE);
        println!("free");
    };
    let eat = block.clone();
    // The state keeps the queue open.
    let host = Host::new(meals)
        .consume("hog", items.workers(threads - 1), move |(): ()| {
            let eat = eat.clone();
            async move { eat() }
        })
        .check(check("db").every(MINUTE).timeout(SECOND), move || {
            let block = block.clone();
            async move { block() }
        });
    run(host.probes(listen()?).grace(GRACE)).await
}

/// Blocks the threads that come to it until it is open.
#[derive(Default)]
struct Gate {
    open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn open(&self) {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.opened.notify_all();
    }

    fn wait(&self, at_most: Duration) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.opened.wait_timeout_while(open, at_most, |open| !*open));
    }
}

/// A service that is up, fails for good, and lets the host go on.
pub(crate) async fn failed_unit() -> Result<Report, Error> {
    let restart = Restart::never().when_spent(Spent::StayFailed);
    let host = Host::new(()).service("front", async |stop: Stop| stop.requested().await).service(
        unit("map").restart(restart),
        async |ready: Ready| {
            ready.notify();
            Err::<(), _>("the map is torn")
        },
    );
    run(host.probes(listen()?).grace(GRACE)).await
}

/// A task whose one run fails.
pub(crate) async fn failing_task() -> Result<Report, Error> {
    let now = after_completion(MINUTE).first(First::Now);
    let host = Host::new(()).task("beat", now, async || Err::<(), BoxError>("no pulse".into()));
    run(host.probes(listen()?).grace(GRACE)).await
}
