//! Services: work that owns its loop, started, restarted and stopped by the host.
//!
//! What it shows: a service is an async function (`heartbeat`), or a value that implements `Service`
//! (`Poller`). One of them, `upstream`, loses its connection again and again. The host restarts it
//! twice. The third crash is one too many: the host stops all the others, and the exit code is 1, so
//! that whoever started the program learns of it.
//!
//! What to try: press Ctrl-C before the third crash, and the exit code is 0. Or write
//! `Spent::StayFailed`, and the others go on without `upstream`.
//!
//! Run it with `cargo run -p hosted-service`, or with `cargo run -p hosted-service -- --fast` to see it
//! all within seconds.

use std::{env, io, io::IsTerminal, process::ExitCode, time::Duration};

use ostler::backoff::Backoff;
use ostler::{BoxError, Clock, Context, Error, Host, MINUTE, Report, Restart, Run};
use ostler::{SECOND, Service, Spent, State, Stop, unit};
use tracing::info;

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_ansi(io::stdout().is_terminal()).init();
    ostler::main(app)
}

async fn app() -> Result<Report, Error> {
    let beat = match env::args().skip(1).collect::<Vec<_>>().join(" ").as_str() {
        "" => 5 * SECOND,
        "--fast" => SECOND / 4,
        other => {
            return Err(Error::usage(format!("unknown argument: {other}; usage: hosted-service [--fast]")));
        }
    };
    let twice = Restart::on_failure().budget(2, MINUTE).backoff(Backoff::constant(beat));
    Host::new(beat)
        .mount("poller", Poller { page: "/prices", pause: beat })
        .service("heartbeat", heartbeat)
        .service(unit("upstream").restart(twice.when_spent(Spent::StopHost)), upstream)
        .run()
        .await
}

/// A service that is a function. Arguments are made by the host; `State` takes from the host's state.
async fn heartbeat(State(beat): State<Duration>, clock: Clock, stop: Stop) {
    loop {
        tokio::select! {
            () = clock.sleep(beat) => info!("still alive"),
            () = stop.requested() => return,
        }
    }
}

/// A service that fails. An error is a crash, and so is a panic.
async fn upstream(State(beat): State<Duration>, run: Run, clock: Clock, stop: Stop) -> Result<(), BoxError> {
    info!(connection = run.id(), "connected");
    tokio::select! {
        () = clock.sleep(2 * beat) => Err("the connection was lost".into()),
        () = stop.requested() => Ok(()),
    }
}

/// A service that is a value, for when it has settings of its own.
struct Poller {
    page: &'static str,
    pause: Duration,
}

impl<S: Send + Sync + 'static> Service<S> for Poller {
    async fn run(&self, cx: Context<S>) -> Result<(), BoxError> {
        while !cx.stop().is_requested() {
            info!(page = self.page, "polled");
            tokio::select! {
                () = cx.clock().sleep(self.pause) => {}
                () = cx.stop().requested() => {}
            }
        }
        Ok(())
    }
}
