//! Programs whose units block threads of the runtime, and whose log says so.

use std::io;
use std::time::Duration;

use ostler::{Error, Host, Report, Stop, every, poke};

use crate::probed::line;
use crate::stopping::{GRACE, run};

/// How long a hog blocks its thread; the tests know it too.
const BLOCK: Duration = Duration::from_secs(3);

/// How often the lag is printed.
const LOOK: Duration = Duration::from_millis(50);

/// As many hogs as the second argument says each block a thread once the program is given a line; the units beside them
/// never block. Each hog says when it begins and ends. The lag is printed all the time, from a thread of its own.
pub(crate) async fn hogs() -> Result<Report, Error> {
    tracing_subscriber::fmt().with_ansi(false).with_writer(io::stdout).init();
    let hogs = std::env::args().nth(2).unwrap_or_default().parse::<u32>()?;
    let mut host = Host::new(())
        .task("bystander", every(Duration::from_millis(10)), async || ())
        .service("door", async |stop: Stop| stop.requested().await);
    let names: Vec<String> = (1..=hogs).map(|n| format!("hog-{n}")).collect();
    for name in &names {
        let own = name.clone();
        host = host.task(name.as_str(), poke(), move || {
            let name = own.clone();
            async move {
                println!("blocks {name}");
                std::thread::sleep(BLOCK);
                println!("free {name}");
            }
        });
    }
    let handle = host.handle();
    let lag = handle.clone();
    std::thread::spawn(move || {
        loop {
            println!("lag {}", lag.lag().as_micros());
            std::thread::sleep(LOOK);
        }
    });
    let triggers = tokio::runtime::Handle::current();
    std::thread::spawn(move || {
        println!("up");
        if line().is_ok() {
            for name in names {
                let handle = handle.clone();
                triggers.spawn(async move {
                    handle.trigger(&name).await.unwrap_or_else(|error| eprintln!("{error}"))
                });
            }
        }
    });
    run(host.grace(GRACE)).await
}
