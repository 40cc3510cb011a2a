//! A configurable service: its settings come from a file, are checked, and are followed while it runs.
//!
//! What it shows: an `appsettings.json` as it is, typed and validated; a period, attempts, a limit and a switch that
//! change while the service runs. Its work fails now and then, and is tried again after 2, 4, 8 s.
//!
//! What to try: edit `appsettings.json` beside this package and save it. Another interval, `"Enabled": false`, or a
//! mistake: the last good values stay, and `curl 127.0.0.1:9090/readyz` says what is wrong, with file and line.
//! `BackgroundService__Enabled=false` in the environment wins over the file.
//!
//! Run it with `cargo run -p configurable-service`, or with `cargo run -p configurable-service -- --fast` for a run
//! each second (`appsettings.Fast.json` is laid over the other file). A folder as argument is used instead.

use std::env;
use std::io::{self, IsTerminal};
use std::net::TcpListener;
use std::process::ExitCode;
use std::time::Duration;

use ostler::backoff::Backoff;
use ostler::{Error, First, Host, Options, Report, Run, SECOND, Snapshot, every};
use serde::{Deserialize, Serialize};
use tracing::info;

/// As in the file; what it leaves out is as in `default`.
#[derive(PartialEq, Serialize, Deserialize, garde::Validate)]
#[serde(default, rename_all = "PascalCase")]
struct Settings {
    #[garde(skip)]
    enabled: bool,
    #[garde(range(min = 1, max = 86_400))]
    interval_seconds: u64,
    #[garde(range(min = 1, max = 10))]
    max_retries: u32,
    #[garde(range(min = 1))]
    timeout_seconds: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { enabled: true, interval_seconds: 60, max_retries: 3, timeout_seconds: 300 }
    }
}

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_ansi(io::stdout().is_terminal()).init();
    ostler::main(app)
}

async fn app() -> Result<Report, Error> {
    let mut options = Options::<Settings>::builder().section("BackgroundService").prefix("").garde();
    let mut folder = env!("CARGO_MANIFEST_DIR").to_owned();
    for argument in env::args().skip(1) {
        match argument.as_str() {
            "--fast" => options = options.environment("Fast"),
            flag if flag.starts_with('-') => {
                return Err(Error::usage(format!("unknown argument: {flag}; usage: [--fast] [FOLDER]")));
            }
            other => folder = other.to_owned(),
        }
    }
    let options = options.folder(folder).load()?; // a mistake in it exits with 78
    let plan = every(options.map(|o| Duration::from_secs(o.interval_seconds)))
        .first(First::Now)
        .enabled(options.map(|o| o.enabled))
        .attempts(options.map(|o| o.max_retries))
        .deadline(options.map(|o| Duration::from_secs(o.timeout_seconds)))
        .backoff(Backoff::exponential(2 * SECOND).jitter(0.0));
    let probes = TcpListener::bind("127.0.0.1:9090").or_else(|_| TcpListener::bind("127.0.0.1:0"))?;
    info!(address = %probes.local_addr()?, "probes");
    Host::new(options).task("configurable", plan, work).probes(probes).run().await
}

/// Fails in the first attempt of each fifth run.
async fn work(run: Run, settings: Snapshot<Settings>) -> Result<(), &'static str> {
    info!(run = run.id(), attempt = run.attempt(), interval = settings.interval_seconds, "working");
    if run.id().is_multiple_of(5) && run.attempt() == 1 { Err("the neighbour is away") } else { Ok(()) }
}
