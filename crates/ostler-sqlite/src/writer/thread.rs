//! The writer's thread and its watch: how they begin, and how they end.

use std::sync::Arc;
use std::time::Duration;

use ostler_jobs::{ErrorKind, Hints, StoreError};
use rusqlite::Connection;
use tokio::sync::{oneshot, watch};

use super::engine::Engine;
use super::run::Loop;
use super::wall;
use crate::file::{self, OwnedFile};
use crate::ids::Ids;
use crate::inbox::Inbox;
use crate::load;
use crate::options::OpenOptions;
use crate::queue::Queue;

/// A store whose writer is at work, until this is dropped: also where whoever opened it went away before it was handed over.
pub(crate) struct Opened {
    pub(crate) queue: Arc<Queue>,
    pub(crate) hints: Hints,
    /// Closes when the file is closed and the lock is free.
    pub(crate) closed: watch::Receiver<()>,
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// Opens the file on a thread of its own, which is its writer from then on.
pub(crate) async fn start(options: OpenOptions) -> Result<Opened, StoreError> {
    let (answer, answered) = oneshot::channel();
    spawn("ostler-sqlite", move || live(&options, answer))?;
    answered.await.unwrap_or_else(|_| Err(crate::call::broken_down()))
}

/// What a thread of the store's is started by: no runtime is needed, and it ends with the store.
#[allow(clippy::disallowed_methods)] // As above.
fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
    let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(run);
    let failed =
        |error| StoreError::new(ErrorKind::Unavailable, "a thread could not be started").with_source(error);
    spawned.map(drop).map_err(failed)
}

/// The writer's life.
fn live(options: &OpenOptions, answer: oneshot::Sender<Result<Opened, StoreError>>) {
    // Dropped last, also where the writer panics: who waits for the end finds the lock free.
    let (_ended, closed) = watch::channel(());
    match file::open(options) {
        Ok(owned) => with(owned, |owned| {
            work(&owned.connection, options, Ids::new(owned.file, owned.epoch), closed, answer);
        }),
        Err(error) => drop(answer.send(Err(error))),
    }
}

/// Works with the file and closes it. It is kept whole, so that also where the work panics the connection is closed before the lock
/// is free.
fn with(owned: OwnedFile, work: impl FnOnce(&OwnedFile)) {
    work(&owned);
    close(owned);
}

fn work(
    connection: &Connection,
    options: &OpenOptions,
    ids: Ids,
    closed: watch::Receiver<()>,
    answer: oneshot::Sender<Result<Opened, StoreError>>,
) {
    let (queue, hints) = (Arc::new(Queue::default()), Hints::default());
    // Also where the writer breaks down: its callers are told and not left waiting.
    let _end = End(Arc::clone(&queue));
    let (mut engine, inbox) = match ready(connection, options, ids, &hints) {
        Ok(ready) => ready,
        Err(error) => return drop(answer.send(Err(error))),
    };
    let watched = Arc::clone(&queue);
    let deadline = options.deadline;
    if let Err(error) = spawn("ostler-sqlite-watch", move || watch_over(&watched, deadline)) {
        return drop(answer.send(Err(error)));
    }
    // Whoever opened may have gone; then nobody will ask, and the queue is closed at once.
    if answer.send(Ok(Opened { queue: Arc::clone(&queue), hints, closed })).is_ok() {
        Loop::new(&mut engine, inbox, &queue).run();
    }
}

fn ready<'c>(
    connection: &'c Connection,
    options: &'c OpenOptions,
    ids: Ids,
    hints: &Hints,
) -> Result<(Engine<'c>, Inbox), StoreError> {
    let mut engine = Engine::new(connection, options, ids, hints.clone())?;
    load::load(&mut engine)?;
    let mut inbox = Inbox::new(options);
    inbox.drain(&mut engine)?;
    Ok((engine, inbox))
}

/// The rest of the log goes into the database as far as nobody reads it, so that the next open is quick.
fn close(OwnedFile { connection, lock, .. }: OwnedFile) {
    if let Err(error) = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", (), |_| Ok(())) {
        tracing::debug!(%error, "the last checkpoint failed; the next open makes up for it");
    }
    if let Err((_, error)) = connection.close() {
        tracing::warn!(%error, "the file could not be closed");
    }
    drop(lock);
}

struct End(Arc<Queue>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// The watch's life: it looks every tenth of a deadline, so that a call which the writer never took is given up a tenth of it late at
/// most. One that was taken is given as long again: its answer comes after twice the deadline and a tenth at most.
fn watch_over(queue: &Queue, deadline: Duration) {
    let pause = (deadline / 10).clamp(Duration::from_millis(1), Duration::from_secs(1));
    while queue.watch(wall::now(), deadline, pause) {}
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::path::{Path, PathBuf};
    use std::sync::mpsc;

    use super::*;

    fn is_locked(path: &Path) -> bool {
        File::open(path).unwrap().try_lock().is_err()
    }

    /// Goes with a connection, and tells whether the lock was held then.
    struct Probe(PathBuf, mpsc::Sender<bool>);

    impl Drop for Probe {
        fn drop(&mut self) {
            self.1.send(is_locked(&self.0)).unwrap();
        }
    }

    #[test]
    fn a_writer_that_panics_closes_its_connection_before_its_lock_is_free() {
        let directory = std::env::temp_dir().join(format!("ostler-sqlite-panic-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let lock = directory.join("jobs.db.lock");
        let owned = file::open(&OpenOptions::new(directory.join("jobs.db"))).unwrap();
        let (tell, told) = mpsc::channel();
        let probe = Probe(lock.clone(), tell);
        let hook = move || probe.0.as_os_str().is_empty();
        owned.connection.progress_handler(1_000_000, Some(hook)).unwrap();
        let panics = AssertUnwindSafe(|| with(owned, |_| panic!("it breaks down")));
        assert!(catch_unwind(panics).is_err());
        assert_eq!(told.try_recv(), Ok(true), "the lock was free before the connection was closed");
        assert!(!is_locked(&lock));
        std::fs::remove_dir_all(directory).unwrap();
    }
}
