//! Work queues in memory: some code hands work in, other code does it later.
//!
//! What it shows: three bounded queues. `mails` holds 100 typed items, and `produce` hands in 250: when
//! the queue is full, it waits for room. `chores` holds closures. The journal is a service that
//! receives by itself, in order to write fifty lines at once.
//!
//! What to try: press Ctrl-C while it works. No more mails are handed in, those in the queue are
//! still sent, and then the program ends with 0.
//!
//! Run it with `cargo run -p work-queue`, or with `cargo run -p work-queue -- --fast` for quicker mails.

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use ostler::queue::{self, Items, Queue, Work};
use ostler::{BoxError, Clock, Context, Error, Host, Report, SECOND, Service, State, Stop};
use tracing::info;

#[derive(Clone)]
struct App {
    mails: Queue<Mail>,
    chores: Queue<Work>,
    journal: Queue<String>,
    pace: Duration,
}

struct Mail {
    number: u32,
}

fn main() -> ExitCode {
    tracing_subscriber::fmt().init();
    ostler::main(app)
}

async fn app() -> Result<Report, Error> {
    let pace = match env::args().skip(1).collect::<Vec<_>>().join(" ").as_str() {
        "" => SECOND / 10,
        "--fast" => SECOND / 100,
        other => return Err(Error::usage(format!("unknown argument: {other}"))),
    };
    let (mails, mail_items) = queue::bounded(100);
    let (chores, chore_items) = queue::bounded(100);
    let (journal, lines) = queue::bounded(100);
    Host::new(App { mails, chores, journal, pace })
        .consume("mails", mail_items, send)
        .consume("chores", chore_items, Work::run)
        .mount("journal", Journal(lines))
        .service("produce", produce)
        .run()
        .await
}

/// Services are told to stop before the queues are: what is handed in is still worked off.
async fn produce(State(app): State<App>, stop: Stop) -> Result<(), Error> {
    app.chores.send(Work::new(|_| async { info!("the floor is swept") })).await?;
    for number in (1..=250).take_while(|_| !stop.is_requested()) {
        app.mails.send(Mail { number }).await?;
        app.journal.send(format!("mail {number}")).await?;
        info!(number, waiting = app.mails.len(), "mail handed in");
    }
    Ok(())
}

async fn send(mail: Mail, State(app): State<App>, clock: Clock) {
    clock.sleep(app.pace).await;
    info!(mail.number, "mail sent");
}

struct Journal(Items<String>);

impl<S: Send + Sync + 'static> Service<S> for Journal {
    async fn run(&self, cx: Context<S>) -> Result<(), BoxError> {
        let Self(lines) = self;
        while !cx.stop().is_requested() {
            tokio::select! {
                line = lines.recv() => write(lines, line),
                () = cx.stop().requested() => {}
            }
        }
    }
}
