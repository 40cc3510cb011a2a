//! The thread that has the client's connection: one call after the other, each with what is left of its deadline.
//!
//! It ends when the last client is dropped. It waits inside of SQLite alone, where a busy timeout and a
//! progress handler hold it to the deadline.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use ostler::Clock;
use ostler_jobs::{ErrorKind, StoreError};
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::file::{self, fault};

/// After so many steps of SQLite's machine, which are some tens of microseconds, it is asked whether the
/// deadline has passed.
const STEPS: i32 = 4_000;

/// A call: it gives its answer by itself. The connection, or why it is too late.
type Call = Box<dyn FnOnce(Result<&mut Connection, StoreError>) + Send>;

/// What is asked of the thread, and until when it is to be done.
struct Asked {
    call: Call,
    until: Instant,
}

/// The caller's end.
pub(super) struct Thread {
    calls: mpsc::Sender<Asked>,
    deadline: Duration,
    clock: Clock,
}

impl Thread {
    /// Opens the file on a new thread. Its number as well.
    pub(super) async fn start(path: PathBuf, deadline: Duration) -> Result<(Self, u64), StoreError> {
        let (calls, asked) = mpsc::channel();
        let (opened, answer) = oneshot::channel();
        let serve = move || match file::open_client(&path, deadline) {
            Ok((connection, file)) => {
                if opened.send(Ok(file)).is_ok() {
                    serve(connection, &asked);
                }
            }
            Err(error) => {
                let _ = opened.send(Err(error));
            }
        };
        spawn(serve)?;
        let file = answer.await.map_err(|_| gone())??;
        Ok((Self { calls, deadline, clock: Clock::real() }, file))
    }

    /// Runs this on the thread.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let call: Call = Box::new(move |connection| {
            // Nobody hears it where the caller has gone.
            let _ = answer.send(connection.and_then(work));
        });
        let asked = Asked { call, until: self.clock.now() + self.deadline };
        self.calls.send(asked).map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

/// A thread of its own, since SQLite blocks, and a client belongs to no host whose pool it could use.
#[allow(clippy::disallowed_methods)]
fn spawn(serve: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
    let spawned = std::thread::Builder::new().name("ostler-client".to_owned()).spawn(serve);
    spawned.map(drop).map_err(|error| {
        StoreError::new(ErrorKind::Unavailable, "the client has got no thread").with_source(error)
    })
}

fn serve(mut connection: Connection, asked: &mpsc::Receiver<Asked>) {
    let clock = Clock::real();
    while let Ok(Asked { call, until }) = asked.recv() {
        let ready = hold_to(&connection, until, &clock).map(|()| &mut connection);
        // A call has no code of the application's in it; this keeps a fault of ours from ending the others.
        let _ = catch_unwind(AssertUnwindSafe(|| call(ready)));
    }
}

/// Lets nothing take longer than this.
fn hold_to(connection: &Connection, until: Instant, clock: &Clock) -> Result<(), StoreError> {
    let left = until.saturating_duration_since(clock.now());
    if left.is_zero() {
        return Err(StoreError::new(
            ErrorKind::Timeout,
            "the client's earlier calls took longer than the deadline",
        ));
    }
    connection.busy_timeout(left).map_err(|error| fault("set the busy timeout", error))?;
    let clock = clock.clone();
    let late = move || clock.now() > until;
    connection.progress_handler(STEPS, Some(late)).map_err(|error| fault("set a deadline", error))
}

fn gone() -> StoreError {
    StoreError::new(ErrorKind::Closed, "the client's thread has ended").ambiguous()
}
