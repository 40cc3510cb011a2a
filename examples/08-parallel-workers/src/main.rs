//! Parallel workers: several workers take their items from one queue, as many as the settings say.
//!
//! What it shows: twelve photos, four at a time, each by one worker only. The number of the worker is in
//! every line of its run: in the span that the host opens (`run{.. worker=2 ..}`), and as an argument
//! for your own use. The queue is closed for new photos, so the workers end when it is empty, and the
//! host with them.
//!
//! What to try: another `Count` in `appsettings.json` beside this package, also while it works; or
//! `BackgroundWorkers__Count=2` in the environment, which wins. 0 is refused, at the start and later.
//! Or press Ctrl-C: the photos in the queue are still done.
//!
//! Run it with `cargo run -p parallel-workers`, or with `cargo run -p parallel-workers -- --fast` for
//! quicker workers. A folder as argument is where the settings are read instead.

use std::env;
use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::Duration;

use ostler::{Clock, Error, Host, Options, Report, Run, SECOND, State, queue};
use serde::{Deserialize, Serialize};
use tracing::info;

#[derive(PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct BackgroundWorkers {
    count: usize,
}

impl Default for BackgroundWorkers {
    fn default() -> Self {
        Self { count: 4 }
    }
}

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_ansi(io::stdout().is_terminal()).init();
    ostler::main(app)
}

async fn app() -> Result<Report, Error> {
    let (mut pace, mut folder) = (2 * SECOND, env!("CARGO_MANIFEST_DIR").to_owned());
    for argument in env::args().skip(1) {
        match argument.as_str() {
            "--fast" => pace = SECOND / 2,
            flag if flag.starts_with('-') => {
                let usage = "usage: parallel-workers [--fast] [FOLDER]";
                return Err(Error::usage(format!("unknown argument: {flag}; {usage}")));
            }
            other => folder = other.to_owned(),
        }
    }
    let settings = Options::<BackgroundWorkers>::builder().folder(folder).prefix("");
    let settings = settings.section("BackgroundWorkers").load()?;
    let (photos, items) = queue::bounded(100);
    for photo in 1..=12 {
        photos.try_send(Photo(photo))?;
    }
    // A queue closes when its last sender is dropped.
    drop(photos);
    let workers = items.workers(settings.map(|workers| workers.count));
    Host::new(pace).consume("photos", workers, develop).run().await
}

struct Photo(u32);

async fn develop(Photo(photo): Photo, run: Run, State(pace): State<Duration>, clock: Clock) {
    let worker = run.worker();
    info!(photo, worker, "begun");
    clock.sleep(pace).await;
    info!(photo, worker, "done");
}
