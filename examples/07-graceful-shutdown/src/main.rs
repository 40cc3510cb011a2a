//! A graceful shutdown: what happens to long work when the program is told to stop.
//!
//! What it shows: converting a video takes a minute, and at most ten (`timeout`). A stop gives it 30
//! seconds (`grace`). Then it is dropped, and the log names the run of `videos` that was interrupted.
//! Videos that wait in the queue are not begun any more; the log says how many.
//!
//! What to try: press Ctrl-C early in a video: it is interrupted, and the exit code is 75, which means
//! that something outlived its grace. Press it late in a video: that one is finished, and the exit code
//! is 0. Press it twice: the program ends at once, with 130.
//!
//! Run it with `cargo run -p graceful-shutdown`, or with `cargo run -p graceful-shutdown -- --fast` for
//! videos of five seconds and a grace of two.

use std::env;
use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::Duration;

use ostler::{Clock, Error, Host, Leftover, MINUTE, Report, SECOND, State, queue, unit};
use tracing::info;

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_ansi(io::stdout().is_terminal()).init();
    ostler::main(app)
}

async fn app() -> Result<Report, Error> {
    let (step, grace) = match env::args().skip(1).collect::<Vec<_>>().join(" ").as_str() {
        "" => (6 * SECOND, 30 * SECOND),
        "--fast" => (SECOND / 2, 2 * SECOND),
        other => {
            return Err(Error::usage(format!(
                "unknown argument: {other}; usage: graceful-shutdown [--fast]"
            )));
        }
    };
    let timeout = 10 * MINUTE;
    info!(?timeout, ?grace, "videos are converted until you press Ctrl-C");

    let (videos, items) = queue::bounded(100);
    for name in ["holiday.mp4", "wedding.mp4", "birthday.mp4"] {
        videos.try_send(name)?;
    }
    Host::new(step)
        .consume(
            unit("videos").grace(grace),
            items.workers(1).timeout(timeout).leftover(Leftover::Drop),
            convert,
        )
        .grace(MINUTE)
        .run()
        .await
}

/// It needs no code for the stop: it goes on, and is dropped at an await when the grace is over.
async fn convert(video: &'static str, State(step): State<Duration>, clock: Clock) {
    for percent in (0..100).step_by(10) {
        info!(video, percent, "converting");
        clock.sleep(step).await;
    }
    info!(video, "converted");
}
