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

/// A store whose writer is at work.
pub(crate) struct Opened {
    pub(crate) queue: Arc<Queue>,
    pub(crate) hints: Hints,
    /// Closes when the file is closed and the lock is free.
    pub(crate) closed: watch::Receiver<()>,
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
    let OwnedFile { connection, lock, file, epoch } = match file::open(options) {
        Ok(file) => file,
        Err(error) => return drop(answer.send(Err(error))),
    };
    let (ended, closed) = watch::channel(());
    work(&connection, options, Ids::new(file, epoch), closed, answer);
    close(connection);
    drop(lock);
    drop(ended);
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
fn close(connection: Connection) {
    if let Err(error) = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", (), |_| Ok(())) {
        tracing::debug!(%error, "the last checkpoint failed; the next open makes up for it");
    }
    if let Err((_, error)) = connection.close() {
        tracing::warn!(%error, "the file could not be closed");
    }
}

struct End(Arc<Queue>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// The watch's life: it looks often enough for no call to take a tenth longer than its deadline.
fn watch_over(queue: &Queue, deadline: Duration) {
    let pause = (deadline / 10).clamp(Duration::from_millis(1), Duration::from_secs(1));
    while queue.watch(wall::now(), deadline, pause) {}
}
