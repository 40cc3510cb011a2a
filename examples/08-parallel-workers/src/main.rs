//! Parallel workers: four workers take their items from one queue.
//!
//! What it shows: twelve photos, four at a time, each by one worker only. The number of the worker is in
//! every line of its run: in the span that the host opens (`run{.. worker=2 ..}`), and as an argument
//! for your own use. The queue is closed for new photos, so the workers end when it is empty, and the
//! host with them.
//!
//! What to try: another number of workers. Or press Ctrl-C: the photos in the queue are still done.
//!
//! Run it with `cargo run -p parallel-workers`, or with `cargo run -p parallel-workers -- --fast` for
//! quicker workers.

use std::env;
use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::Duration;

use ostler::{Clock, Error, Host, Report, Run, SECOND, State, queue};
use tracing::info;

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_ansi(io::stdout().is_terminal()).init();
    ostler::main(app)
}

async fn app() -> Result<Report, Error> {
    let pace = match env::args().skip(1).collect::<Vec<_>>().join(" ").as_str() {
        "" => 2 * SECOND,
        "--fast" => SECOND / 2,
        other => {
            return Err(Error::usage(format!("unknown argument: {other}; usage: parallel-workers [--fast]")));
        }
    };
    let (photos, items) = queue::bounded(100);
    for photo in 1..=12 {
        photos.try_send(Photo(photo))?;
    }
    // A queue closes when its last sender is dropped.
    drop(photos);
    Host::new(pace).consume("photos", items.workers(4), develop).run().await
}

struct Photo(u32);

async fn develop(Photo(photo): Photo, run: Run, State(pace): State<Duration>, clock: Clock) {
    let worker = run.worker();
    info!(photo, worker, "begun");
    clock.sleep(pace).await;
    info!(photo, worker, "done");
}
