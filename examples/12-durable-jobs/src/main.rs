//! Durable jobs: mails in one SQLite file, of which a crash loses none.
//!
//! What it shows: the first start enqueues 50 mails, in one commit; four slots send them. A mail's end is on disk
//! before its slot takes the next one (`Ack::Sync`), so a crash repeats at most the four on their way.
//!
//! What to try: `kill -9` it (the first line has its number) and start it again: it goes on where it was, and a mail
//! that was on its way shows `attempt=2`. Ctrl-C gives those back uncounted. Remove the file to begin anew.
//!
//! Run it with `cargo run -p durable-jobs`, or with `cargo run -p durable-jobs -- --fast FILE` for quicker mails in a
//! file of your choice.

use std::{env, io, io::IsTerminal, process, process::ExitCode, time::Duration};

use ostler::{Clock, Error, Host, Report, SECOND, State};
use ostler_jobs::{Ack, Client, JobArgs, Policy, Workers};
use ostler_sqlite::SqliteStore;
use serde::{Deserialize, Serialize};
use tracing::info;

/// What is stored of a mail. It outlives this program, and may be read by a newer one.
#[derive(Serialize, Deserialize)]
struct Mail {
    number: u32,
}

impl JobArgs for Mail {
    const KIND: &'static str = "mail";

    fn policy() -> Policy {
        Policy::new().queue("mails").ack(Ack::Sync)
    }
}

#[derive(Clone)]
struct App {
    pace: Duration,
}

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_ansi(io::stdout().is_terminal()).init();
    ostler::main(app)
}

async fn app() -> Result<Report, Error> {
    let (mut pace, mut file) = (SECOND, "durable-jobs.db".to_owned());
    for arg in env::args().skip(1) {
        match arg.as_str() {
            "--fast" => pace = SECOND / 20,
            arg if !arg.starts_with('-') => file = arg.to_owned(),
            other => {
                let usage = "usage: durable-jobs [--fast] [FILE]";
                return Err(Error::usage(format!("unknown argument: {other}; {usage}")));
            }
        }
    }
    info!(pid = process::id(), file, "opening");
    let store = SqliteStore::options(&file).open().await?;
    let client = Client::new(store.clone());
    // Finished jobs are counted too, as long as they are kept: here for a day.
    if client.counts().await?.is_empty() {
        let mails = client.enqueue_all((1..=50).map(|number| Mail { number })).await?;
        info!(mails = mails.len(), "enqueued, and on disk");
    }
    let workers = Workers::new(store).queue("mails", 4).handle(send);
    Host::new(App { pace }).mount("jobs", workers).run().await
}

/// As for a queue in memory. What it logs stands in a span that names the job and the attempt; as an argument,
/// `Job<Mail>` in place of the bare `Mail` knows them.
async fn send(Mail { number }: Mail, State(app): State<App>, clock: Clock) {
    info!(number, "sending");
    clock.sleep(app.pace).await;
    info!(number, "mail sent");
}
