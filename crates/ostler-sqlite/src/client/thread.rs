//! The thread that has the client's connection: one call after the other, each with what is left of its deadline.
//!
//! It ends when the last client is dropped. It waits inside of SQLite alone, where a busy timeout and a
//! progress handler hold it to the deadline. Where the disk hangs they cannot: the watch answers then.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use ostler::Clock;
use ostler_jobs::{ErrorKind, StoreError};
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::watch::{Answer, Waiting, Watch};
use crate::file::{self, fault};

/// After so many steps of SQLite's machine, which are some tens of microseconds, it is asked whether the
/// deadline has passed.
const STEPS: i32 = 4_000;

/// A call: it gives its answer by itself. The connection, or why it is too late.
type Call = Box<dyn FnOnce(Result<&mut Connection, StoreError>) + Send>;

/// What is asked of the thread, and until when it is to be done.
struct Asked {
    call: Call,
    caller: Arc<dyn Waiting>,
    until: Instant,
}

/// The caller's end.
pub(super) struct Thread {
    calls: mpsc::Sender<Asked>,
    watch: Arc<Watch>,
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
        spawn("ostler-client", serve)?;
        let file = answer.await.map_err(|_| gone())??;
        let watch = Arc::new(Watch::default());
        let watches = Arc::clone(&watch);
        spawn("ostler-client-watch", move || watches.run(deadline))?;
        Ok((Self { calls, watch, deadline, clock: Clock::real() }, file))
    }

    /// Runs this on the thread.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (to, answered) = oneshot::channel();
        let until = self.clock.now() + self.deadline;
        let caller = Arc::new(Answer::new(to, until));
        let answering = Answering(Arc::clone(&caller));
        let call: Call = Box::new(move |connection| answering.0.give(connection.and_then(work)));
        self.watch.add(Arc::clone(&caller) as Arc<dyn Waiting>);
        self.calls.send(Asked { call, caller, until }).map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.watch.close();
    }
}

/// The thread's end of a call: one that is dropped has failed.
struct Answering<T>(Arc<Answer<T>>);

impl<T> Drop for Answering<T> {
    fn drop(&mut self) {
        self.0.give(Err(gone()));
    }
}

/// Threads of its own, since SQLite blocks, and a client belongs to no host whose pool it could use.
#[allow(clippy::disallowed_methods)]
fn spawn(name: &str, serve: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
    let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(serve);
    spawned.map(drop).map_err(|error| {
        StoreError::new(ErrorKind::Unavailable, "the client has got no thread").with_source(error)
    })
}

fn serve(mut connection: Connection, asked: &mpsc::Receiver<Asked>) {
    let clock = Clock::real();
    while let Ok(Asked { call, caller, until }) = asked.recv() {
        caller.begin();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::OpenOptions;

    const DEADLINE: Duration = Duration::from_millis(200);

    async fn started(name: &str) -> (Thread, PathBuf) {
        let path = std::env::temp_dir().join(format!("ostler-sqlite-{name}-{}.db", std::process::id()));
        OpenOptions::new(&path).open().await.unwrap().close().await;
        (Thread::start(path.clone(), DEADLINE).await.unwrap().0, path)
    }

    fn removed(path: &std::path::Path) {
        for end in ["", "-wal", "-shm", ".lock"] {
            let _ = std::fs::remove_file(format!("{}{end}", path.display()));
        }
    }

    /// A hang is what the test is about: it is ended after a minute.
    #[allow(clippy::disallowed_methods)]
    async fn answer<T>(call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        tokio::time::timeout(Duration::from_secs(60), call).await.expect("it is never answered")
    }

    #[tokio::test]
    async fn a_call_that_hangs_and_those_behind_it_are_answered() {
        let (thread, path) = started("hangs").await;
        let (go_on, told) = mpsc::channel::<()>();
        let hangs = thread.ask(move |_| {
            let _ = told.recv();
            Ok(())
        });
        let (hung, behind) = tokio::join!(answer(hangs), answer(thread.ask(|_| Ok(()))));
        let (hung, behind) = (hung.unwrap_err(), behind.unwrap_err());
        assert_eq!((hung.kind(), hung.is_ambiguous()), (ErrorKind::Timeout, true));
        assert_eq!((behind.kind(), behind.is_ambiguous()), (ErrorKind::Timeout, false));
        go_on.send(()).unwrap();
        // It goes on, once the thread has refused the one that was given up.
        while answer(thread.ask(|_| Ok(()))).await.is_err() {}
        removed(&path);
    }

    #[tokio::test]
    async fn a_call_that_breaks_down_is_answered_at_once() {
        let (thread, path) = started("panics").await;
        let broken = answer(thread.ask(|_| -> Result<(), StoreError> { panic!("a fault of ours") })).await;
        assert_eq!(broken.unwrap_err().kind(), ErrorKind::Closed);
        answer(thread.ask(|_| Ok(()))).await.unwrap();
        removed(&path);
    }
}
