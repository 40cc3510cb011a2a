//! `main` for an application: its runtime, and the exit code.

use std::future::Future;
use std::io::Write;
use std::process::ExitCode;

use crate::error::{Error, exit, with_causes};
use crate::panics;
use crate::report::Report;

/// Runs `app` on a multi-threaded runtime and turns its result into the process's exit code.
///
/// ```no_run
/// use ostler::{Error, Host, MINUTE, Report, every};
///
/// fn main() -> std::process::ExitCode {
///     ostler::main(app)
/// }
///
/// async fn app() -> Result<Report, Error> {
///     Host::new(()).task("heartbeat", every(5 * MINUTE), async || println!("alive")).run().await
/// }
/// ```
///
/// It owns the runtime for a reason: `#[tokio::main]` waits for every blocking call before the exit code is
/// delivered, also for one that never returns, and a `Result` returned from `main` exits with 1 whatever the error is.
/// Here the runtime is left behind.
///
/// `app` runs on the main thread. What is still alive when it returns, tasks and blocking calls, is left behind without its
/// destructors.
///
/// An error is printed to standard error with its causes. The exit codes are in [`exit`](crate::exit): 0 for a clean
/// end, [`Report::exit_code`] or [`Error::exit_code`] otherwise, 101 when `app` panics, and 130, 131 or 143 when a second
/// signal forces the end.
pub fn main<F, Fut>(app: F) -> ExitCode
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<Report, Error>>,
{
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say(&format!("error: the async runtime could not be started: {error}"));
            return ExitCode::from(exit::FAILED);
        }
    };
    let result = panics::catch(|| runtime.block_on(app()));
    runtime.shutdown_background();
    ExitCode::from(match result {
        Ok(Ok(report)) => report.exit_code(),
        Ok(Err(error)) => {
            print(&error);
            error.exit_code()
        }
        // The panic hook has printed it.
        Err(payload) => {
            panics::discard(payload);
            PANICKED
        }
    })
}

/// What Rust itself exits with after a panic in `main`.
const PANICKED: u8 = 101;

fn print(error: &Error) {
    if let Some(cause) = error.chain().next() {
        say(&format!("error: {}", with_causes(cause)));
    }
    if let Some(report) = error.report() {
        say(&report.to_string());
    }
}

/// Prints to standard error, if anyone reads it: a closed pipe must not change the exit code.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
