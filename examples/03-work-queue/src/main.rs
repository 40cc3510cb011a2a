//! Work queues in memory: some code hands work in, other code does it later.
//!
//! What it shows: the queue `mails` holds 100 items. `produce` has 250, so it waits for room. The queue
//! `chores` holds closures. The journal is a service that receives by itself, to write many lines at once.
//!
//! What to try: press Ctrl-C while it works. What is in the queues is still done, then it ends with 0.
//!
//! Run it with `cargo run -p work-queue`, or with `cargo run -p work-queue -- --fast` for quicker mails.

use std::{env, io, io::IsTerminal, iter, process::ExitCode, time::Duration};

use ostler::queue::{self, Items, Queue, Work};
use ostler::{BoxError, Clock, Context, Error, Host, Report, SECOND, Service, State, Stop};
use tracing::info;

struct Mail(u32);
struct Journal(Items<String>);

#[derive(Clone)]
struct App {
    mails: Queue<Mail>,
    journal: Queue<String>,
    pace: Duration,
}

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_ansi(io::stdout().is_terminal()).init();
    ostler::main(app)
}

async fn app() -> Result<Report, Error> {
    let pace = match env::args().skip(1).collect::<Vec<_>>().join(" ").as_str() {
        "" => SECOND / 10,
        "--fast" => SECOND / 100,
        other => return Err(Error::usage(format!("unknown argument: {other}; usage: work-queue [--fast]"))),
    };
    let (mails, mail_items) = queue::bounded(100);
    let (chores, chore_items) = queue::bounded(100);
    let (journal, lines) = queue::bounded(100);
    chores.send(Work::new(|_| async { info!("floor swept") })).await?;
    Host::new(App { mails, journal, pace })
        .consume("mails", mail_items, send)
        .consume("chores", chore_items, Work::run)
        .mount("journal", Journal(lines))
        .service("produce", produce)
        .run()
        .await
}

/// Services are told to stop before the queues are: what is handed in is still worked off.
async fn produce(State(app): State<App>, stop: Stop) -> Result<(), Error> {
    for number in (1..=250).take_while(|_| !stop.is_requested()) {
        app.mails.send(Mail(number)).await?;
        app.journal.send(format!("mail {number}")).await?;
        info!(number, waiting = app.mails.len(), "mail handed in");
    }
    Ok(())
}

async fn send(Mail(number): Mail, State(app): State<App>, clock: Clock) {
    clock.sleep(app.pace).await;
    info!(number, "mail sent");
}

/// A write takes as long as ten mails, so all the lines there are go into one.
impl Service<App> for Journal {
    async fn run(&self, cx: Context<App>) -> Result<(), BoxError> {
        loop {
            let first = tokio::select! {
                line = self.0.recv() => line,
                () = cx.stop().requested() => self.0.try_recv(),
            };
            let Some(first) = first else { return Ok(()) };
            let lines: Vec<_> = [first].into_iter().chain(iter::from_fn(|| self.0.try_recv())).collect();
            cx.clock().sleep(10 * cx.state().pace).await;
            info!(lines = lines.len(), "journal written");
        }
    }
}
