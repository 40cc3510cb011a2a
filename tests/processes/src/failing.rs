//! Programs that end with an error.

use std::fmt;
use std::io;
use std::time::Duration;

use ostler::backoff::Backoff;
use ostler::{
    BoxError, Context, Error, Host, MINUTE, Ready, Report, Restart, Service, Stop, every, queue, unit,
};

use crate::stopping::{GRACE, for_ever, run};

/// Two restarts, at once.
fn budget() -> Restart {
    Restart::on_failure().budget(2, MINUTE).backoff(Backoff::constant(Duration::from_millis(10)))
}

/// A service that fails each time, with a cause behind its error.
pub(crate) async fn service() -> Result<Report, Error> {
    let host = Host::new(()).mount("bystander", Unit("bystander")).service(
        unit("map").restart(budget()),
        async || {
            println!("try");
            Err::<(), _>(Unreadable(io::Error::other("the file is torn")))
        },
    );
    run(host.grace(GRACE)).await
}

/// An error with a cause.
#[derive(Debug)]
struct Unreadable(io::Error);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the map could not be read")
    }
}

impl std::error::Error for Unreadable {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// A service that panics each time.
pub(crate) async fn panicking() -> Result<Report, Error> {
    let host = Host::new(()).service(unit("map").restart(budget()), async || {
        println!("try");
        assert!(std::env::args().count() == 0, "the map is upside down");
    });
    run(host.grace(GRACE)).await
}

/// A service whose error asks for an exit code of its own.
pub(crate) async fn with_code() -> Result<Report, Error> {
    let host = Host::new(()).service(unit("store").restart(budget()), async || {
        println!("try");
        Err::<(), _>(Error::with_exit_code(69, "the store is away"))
    });
    run(host.grace(GRACE)).await
}

pub(crate) async fn config() -> Result<Report, Error> {
    Err(Error::config("the port is not a number"))
}

pub(crate) async fn usage() -> Result<Report, Error> {
    Err(Error::usage("there is no flag --fast"))
}

/// Four mistakes.
pub(crate) async fn registration() -> Result<Report, Error> {
    let (_letters, items) = queue::bounded::<u32>(0);
    let host = Host::new(())
        .task("beat", every(Duration::ZERO), async || println!("up"))
        .consume("letters", items, async |_letter: u32| println!("up"))
        .service("two words", async || println!("up"))
        .service("beat", async || println!("up"));
    run(host.grace(GRACE)).await
}

/// Ten units, five in each wave; the eighth does not start. Each says when it starts and when it stops.
pub(crate) async fn start() -> Result<Report, Error> {
    let mut host = Host::new(());
    for name in ["m1", "m2", "m3", "m4", "m5"] {
        host = host.mount(name, Unit(name));
    }
    for name in ["s1", "s2", "s3", "s4", "s5"] {
        host = if name == "s3" {
            host.service(name, async |_ready: Ready| {
                println!("start s3");
                Err::<(), _>(io::Error::other("the port is taken"))
            })
        } else {
            host.service(name, move |stop: Stop| until_stopped(name, stop))
        };
    }
    run(host.grace(GRACE)).await
}

/// A unit whose first poll does not return, after one that started well.
pub(crate) async fn blocking_start() -> Result<Report, Error> {
    let blocker = unit("blocker").start_timeout(Duration::from_millis(200));
    let host = Host::new(()).mount("bystander", Unit("bystander")).service(blocker, async || for_ever());
    run(host.grace(GRACE)).await
}

/// An application that panics before it has a host.
pub(crate) async fn app() -> Result<Report, Error> {
    panic!("the app is upside down")
}

async fn until_stopped(name: &str, stop: Stop) {
    println!("start {name}");
    stop.requested().await;
    println!("stop {name}");
}

/// A mounted value that says when it starts and when it stops.
struct Unit(&'static str);

impl<S: Send + Sync + 'static> Service<S> for Unit {
    async fn run(&self, cx: Context<S>) -> Result<(), BoxError> {
        until_stopped(self.0, cx.stop()).await;
        Ok(())
    }
}
