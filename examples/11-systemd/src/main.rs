//! A good citizen under systemd: the program says when it is ready, how it is, that it is alive, and that it stops.
//!
//! What it shows: nothing of it is in the code below. With ostler's feature `systemd` the host speaks where systemd
//! listens (`NOTIFY_SOCKET` is set), and is silent elsewhere. `systemctl status` shows its line; a start or a stop
//! that takes long is extended; and the watchdog is fed only while the runtime is alive.
//!
//! What to try: play systemd in one terminal, which prints what it is told; in a second one run the program under it,
//! with a watchdog of two seconds. Wait until it is ready and press Ctrl-C there: it stops, and asks for more time.
//!
//!     cargo run -p systemd -- --listen /tmp/notify
//!     NOTIFY_SOCKET=/tmp/notify WATCHDOG_USEC=2000000 cargo run -p systemd
//!
//! With `--fast` it starts and stops in a second instead of ten. Under the real one, beside `systemctl --user status`:
//!
//!     systemd-run --user --pty -p Type=notify -p WatchdogSec=2s target/debug/systemd
//!
//! A unit file with reasons is in `deploy/shop.service`.

use std::env;
use std::io::{self, IsTerminal};
use std::os::unix::net::UnixDatagram;
use std::process::ExitCode;
use std::time::Duration;

use ostler::{Clock, Error, Host, MINUTE, Ready, Report, SECOND, State, Stop, every};
use tracing::info;

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_ansi(io::stdout().is_terminal()).init();
    ostler::main(app)
}

async fn app() -> Result<Report, Error> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => run(10 * SECOND).await,
        ["--fast"] => run(SECOND).await,
        ["--listen", path] => listen(path),
        _ => {
            let unknown = arguments.join(" ");
            Err(Error::usage(format!("unknown argument: {unknown}; usage: systemd [--fast | --listen PATH]")))
        }
    }
}

async fn run(step: Duration) -> Result<Report, Error> {
    Host::new(step).task("heartbeat", every(MINUTE), heartbeat).service("cache", cache).run().await
}

async fn heartbeat() {
    info!("alive");
}

/// Slow to come up and slow to go, as a cache that is read from a disk and written back.
async fn cache(stop: Stop, ready: Ready, clock: Clock, State(step): State<Duration>) {
    info!("reading");
    clock.sleep(step).await;
    ready.notify();
    stop.requested().await;
    info!("writing back");
    clock.sleep(step).await;
}

/// Plays systemd: prints a line for each message.
fn listen(path: &str) -> Result<Report, Error> {
    let socket = UnixDatagram::bind(path).map_err(|error| format!("cannot listen at {path}: {error}"))?;
    info!(path, "what is told here is printed, until you press Ctrl-C");
    let mut message = [0; 4096];
    loop {
        let length = socket.recv(&mut message)?;
        info!("told {}", String::from_utf8_lossy(&message[..length]).trim_end().replace('\n', ", "));
    }
}
