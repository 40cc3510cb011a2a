//! Programs whose probes are asked. Each prints where: `probes on ADDRESS`.

use std::io;
use std::net::TcpListener;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use ostler::{Error, Host, Ready, Report, SECOND, Stop, blocking, queue};

use crate::stopping::{GRACE, run};

/// How long the front goes on after a signal; the tests know it too.
const DRAIN_DELAY: Duration = Duration::from_secs(2);

fn listen() -> io::Result<TcpListener> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    println!("probes on {}", listener.local_addr()?);
    Ok(listener)
}

/// Waits for one line on standard input.
fn line() -> io::Result<()> {
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

/// A unit that, when the program is given a line, blocks all threads of the runtime for as many seconds as the second
/// argument says.
pub(crate) async fn hog() -> Result<Report, Error> {
    let seconds = std::env::args().nth(2).unwrap_or_default().parse::<u32>()?;
    let threads = tokio::runtime::Handle::current().metrics().num_workers();
    let (meals, items) = queue::bounded::<()>(threads);
    let at_table = Arc::new(Barrier::new(threads));
    let waiter = meals.clone();
    std::thread::spawn(move || {
        if line().is_ok() {
            (0..threads).for_each(|_| waiter.try_send(()).unwrap_or_else(|full| eprintln!("{full}")));
        }
    });
    // The state keeps the queue open.
    let host = Host::new(meals).consume("hog", items.workers(threads), move |(): ()| {
        let at_table = Arc::clone(&at_table);
        async move {
            if at_table.wait().is_leader() {
                println!("blocked {threads} threads");
            }
            std::thread::sleep(seconds * SECOND);
            println!("free");
        }
    });
    run(host.probes(listen()?).grace(GRACE)).await
}
