//! A job under test: the code that enqueues it, its handler, and `tests.rs`, which is the point.
//!
//! What it shows: a test asserts what was enqueued, runs what is due, and goes to the next retry, on a store in memory
//! and a clock of its own: eight hours pass in no time. Handler and settings are those of the program.
//!
//! What to try: `cargo test -p test-a-job`. Then break the handler: leave out `?`, or the second mail.
//!
//! Run it with `cargo run -p test-a-job`, or with `cargo run -p test-a-job -- --fast`: eight hours are two seconds.

use std::sync::{Arc, atomic::AtomicU32, atomic::Ordering::Relaxed};
use std::{env, io, io::IsTerminal, process::ExitCode, time::Duration};

use ostler::{DAY, Error, HOUR, Host, Report, SECOND, State, backoff::Backoff};
use ostler_jobs::{Client, Job, JobArgs, MemoryStore, Policy, StoreError, Workers};
use serde::{Deserialize, Serialize};
use tracing::info;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Mail {
    to: String,
    text: String,
}

impl JobArgs for Mail {
    const KIND: &'static str = "mail";

    fn policy() -> Policy {
        Policy::new().attempts(3).backoff(Backoff::constant(SECOND))
    }
}

/// What is tested: one mail at once and one later; whoever signs up twice is welcomed once.
async fn sign_up(client: &Client, name: &str, later: Duration) -> Result<(), StoreError> {
    let mail = |text: &str| Mail { to: name.to_owned(), text: text.to_owned() };
    client.enqueue(mail("welcome").unique_for(DAY)).await?;
    client.enqueue(mail("how do you like it?").after(later).unique_for(DAY)).await?;
    Ok(())
}

/// The handler. An error is a failed attempt: the job is tried again, three times in all.
async fn send(mail: Job<Mail>, State(server): State<Server>) -> Result<(), String> {
    server.deliver()?;
    info!(to = mail.to, text = mail.text, attempt = mail.attempt(), "mail sent");
    Ok(())
}

/// Stands in for a mail server that is busy so many times.
#[derive(Clone)]
struct Server(Arc<AtomicU32>);

impl Server {
    fn deliver(&self) -> Result<(), String> {
        let is_busy = self.0.fetch_update(Relaxed, Relaxed, |times| times.checked_sub(1)).is_ok();
        if is_busy { Err("the mail server is busy".to_owned()) } else { Ok(()) }
    }
}

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_ansi(io::stdout().is_terminal()).init();
    ostler::main(app)
}

async fn app() -> Result<Report, Error> {
    let later = match env::args().skip(1).collect::<Vec<_>>().join(" ").as_str() {
        "" => 8 * HOUR,
        "--fast" => 2 * SECOND,
        other => return Err(Error::usage(format!("unknown argument: {other}; usage: test-a-job [--fast]"))),
    };
    let store = MemoryStore::new();
    sign_up(&Client::new(store.clone()), "ada", later).await?;
    Host::new(Server(Arc::new(1.into()))).mount("jobs", Workers::new(store).handle(send)).run().await
}

#[cfg(test)]
mod tests;
