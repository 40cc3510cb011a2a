//! A timed service: every five minutes the host calls an async function.
//!
//! What it shows: the smallest host there is. Its start, each run with its number, and its stop are in
//! the log. The first run comes after one period.
//!
//! What to try: press Ctrl-C. The host stops, says so, and the exit code is 0.
//!
//! Run it with `cargo run -p timed-service`, or with `cargo run -p timed-service -- --fast` for a run
//! every second.

use std::env;
use std::io::{self, IsTerminal};
use std::process::ExitCode;

use ostler::{Error, Host, MINUTE, Report, Run, SECOND, every};
use tracing::info;

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_ansi(io::stdout().is_terminal()).init();
    ostler::main(app)
}

async fn app() -> Result<Report, Error> {
    let period = match env::args().skip(1).collect::<Vec<_>>().join(" ").as_str() {
        "" => 5 * MINUTE,
        "--fast" => SECOND,
        other => {
            return Err(Error::usage(format!("unknown argument: {other}; usage: timed-service [--fast]")));
        }
    };
    info!(?period, "the timed service starts");
    let report = Host::new(()).task("timed", every(period), work).run().await?;
    info!("the timed service has stopped");
    Ok(report)
}

/// Called for each run. Arguments are made by the host: here the facts of the run.
async fn work(run: Run) {
    info!(count = run.id(), "the timed service works");
}
