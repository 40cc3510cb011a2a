//! A monitored service: its health says when it last ran, whether it is late, and what went wrong.
//!
//! What it shows: a run every minute, and a check `background-service` that reads what the host knows of
//! it. Healthy before the first run, Degraded when late by more than five minutes, Unhealthy after a run
//! that failed, with its error. How a run goes stands in the file `mood.txt`.
//!
//! What to try: `curl -i http://127.0.0.1:9090/readyz`, and `/readyz?verbose` for the last run and error.
//! `echo "no disk" > mood.txt`: runs fail. `echo slow > mood.txt`: one takes ten minutes. `rm mood.txt`.
//!
//! Run it with `cargo run -p monitored-service`, or with `-- --fast` behind that: minutes are seconds.

use std::{env, fs, io, io::IsTerminal, net::TcpListener, path::PathBuf, process::ExitCode, time::Duration};

use ostler::{Checked, Clock, Error, Host, HostHandle, MINUTE, Report, SECOND, State, Status, Stop};
use ostler::{blocking, check, every};
use tracing::info;

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_ansi(io::stdout().is_terminal()).init();
    ostler::main(app)
}

#[derive(Clone)]
struct App {
    minute: Duration,
    mood: PathBuf,
}

async fn app() -> Result<Report, Error> {
    let usage = "usage: monitored-service [--fast] [--probes ADDR] [--mood FILE]";
    let (mut app, mut probes) =
        (App { minute: MINUTE, mood: "mood.txt".into() }, "127.0.0.1:9090".to_owned());
    let mut args = env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--fast" => app.minute = SECOND,
            "--probes" => probes = args.next().unwrap_or_default(),
            "--mood" => app.mood = args.next().unwrap_or_default().into(),
            other => return Err(Error::usage(format!("unknown argument: {other}; {usage}"))),
        }
    }
    let unusable = |error| Error::config(format!("--probes {probes}: {error}"));
    let listener = TcpListener::bind(&probes).map_err(unusable)?;
    info!("probes on http://{}", listener.local_addr()?);
    host(app).probes(listener).run().await
}

fn host(app: App) -> Host<App> {
    Host::new(app.clone())
        .task("work", every(app.minute).late_after(5 * app.minute), work)
        .check(check("background-service").every(app.minute / 4), background_service)
}

async fn work(State(app): State<App>, clock: Clock, stop: Stop) -> Result<(), String> {
    match blocking(move || fs::read_to_string(app.mood)).await.unwrap_or_default().trim() {
        "" => info!("worked"),
        "slow" => {
            info!("working slowly");
            tokio::select! { () = clock.sleep(10 * app.minute) => {}, () = stop.requested() => {} }
        }
        error => return Err(error.to_owned()),
    }
    Ok(())
}

/// Run every 15 seconds. A probe does not run it: it is told what was found last.
async fn background_service(host: HostHandle) -> Checked {
    let Some(work) = host.unit("work") else { return Status::Unhealthy.because("there is no such unit") };
    let last = work.last_run.map_or_else(|| "none yet".into(), |at| at.to_string());
    let facts = format!("last run: {last}; last error: {}", work.last_error.as_deref().unwrap_or("none"));
    match (work.last_outcome, work.late) {
        (Some(outcome), _) if outcome.is_failure() => Status::Unhealthy.because(facts),
        (_, Some(late)) => Status::Degraded.because(format!("late by {late:?}; {facts}")),
        _ => Status::Healthy.because(facts),
    }
}

#[cfg(test)]
mod tests;
