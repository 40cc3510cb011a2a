//! A gate in front of a queue that is filled first and worked off then, so that filling and working are timed apart.
//!
//! One chunk after the other: the worker takes a first item and waits inside its handler; the queue is filled; the gate
//! is opened; the last item tells the time. Nothing but the worker touches the queue while it is timed, so that what
//! is measured is its own work and not how two threads share a lock, and no wake-up is counted.

use std::future::Future;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use ostler::BoxError;
use ostler::queue::Queue;
use tokio::sync::Semaphore;

/// Where the worker waits while the queue is filled.
#[derive(Debug)]
pub(crate) struct Gate {
    reached: Semaphore,
    open: Semaphore,
    done: Semaphore,
    /// When the worker began and ended a chunk.
    times: Mutex<(Instant, Instant)>,
}

/// What the chunks took.
#[derive(Debug)]
pub(crate) struct Took {
    /// In a chunk.
    items: u32,
    /// To fill the queue and to work it off, for each chunk.
    chunks: Vec<(Duration, Duration)>,
}

impl Gate {
    pub(crate) fn new() -> Self {
        let closed = || Semaphore::new(0);
        let now = Instant::now();
        Self { reached: closed(), open: closed(), done: closed(), times: Mutex::new((now, now)) }
    }

    /// What the first item of a chunk does in the worker.
    pub(crate) async fn wait(&self) {
        self.reached.add_permits(1);
        if let Ok(opened) = self.open.acquire().await {
            opened.forget();
        }
        self.times().0 = Instant::now();
    }

    /// What the last item of a chunk does in the worker.
    pub(crate) fn end(&self) {
        self.times().1 = Instant::now();
        self.done.add_permits(1);
    }

    /// Sends chunks through `queue`, of so many items between a first and a last one, and takes the times. A
    /// chunk goes ahead that does not count, to warm up.
    pub(crate) async fn send_chunks<T>(
        &self,
        queue: &Queue<T>,
        chunks: u32,
        items: u32,
        item: impl Fn(Item) -> T,
    ) -> Result<Took, BoxError> {
        let mut took = Took { items, chunks: Vec::new() };
        for chunk in 0..=chunks {
            let one = self.send_chunk(queue, items, &item).await?;
            if chunk > 0 {
                took.chunks.push(one);
            }
        }
        Ok(took)
    }

    async fn send_chunk<T>(
        &self,
        queue: &Queue<T>,
        items: u32,
        item: impl Fn(Item) -> T,
    ) -> Result<(Duration, Duration), BoxError> {
        let closed = "the queue was closed";
        queue.send(item(Item::First)).await.map_err(|_| closed)?;
        self.reached.acquire().await?.forget();
        let began = Instant::now();
        for number in 0..items {
            queue.send(item(Item::Number(number))).await.map_err(|_| closed)?;
        }
        let fill = began.elapsed();
        queue.send(item(Item::Last)).await.map_err(|_| closed)?;
        self.open.add_permits(1);
        self.done.acquire().await?.forget();
        let (began, ended) = *self.times();
        Ok((fill, ended.saturating_duration_since(began)))
    }

    fn times(&self) -> std::sync::MutexGuard<'_, (Instant, Instant)> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An item of a chunk.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Item {
    First,
    Number(u32),
    Last,
}

impl Took {
    /// Nanoseconds per item for the sender, and for the worker: of the median chunk, so that the few in which the
    /// system gave the core to someone else do not count.
    pub(crate) fn per_item(&self) -> (f64, f64) {
        let median = |part: fn(&(Duration, Duration)) -> Duration| {
            let mut nanos: Vec<u128> = self.chunks.iter().map(|chunk| part(chunk).as_nanos()).collect();
            nanos.sort_unstable();
            let middle = nanos.get(nanos.len() / 2).copied().unwrap_or_default();
            middle as f64 / f64::from(self.items)
        };
        (median(|chunk| chunk.0), median(|chunk| chunk.1))
    }
}

/// A worker that is running: what is to be awaited for its end, and how many items it must have handled.
pub(crate) async fn handled(
    worker: impl Future<Output = Result<u64, BoxError>>,
    chunks: u32,
    items: u32,
) -> Result<(), BoxError> {
    let expected = u64::from(chunks + 1) * u64::from(items + 2);
    match worker.await? {
        handled if handled == expected => Ok(()),
        handled => Err(format!("{handled} items were handled, not {expected}").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ostler::queue;
    use std::sync::Arc;

    #[tokio::test]
    async fn every_item_passes_the_gate_and_is_counted() {
        let gate = Arc::new(Gate::new());
        let (queue, items) = queue::bounded::<Item>(7);
        let own = Arc::clone(&gate);
        let worker = tokio::spawn(async move {
            let mut count = 0;
            while let Some(item) = items.recv().await {
                match item {
                    Item::First => own.wait().await,
                    Item::Number(_) => {}
                    Item::Last => own.end(),
                }
                count += 1;
            }
            count
        });
        let took = gate.send_chunks(&queue, 3, 5, |item| item).await.unwrap();
        drop(queue);
        assert_eq!((took.items, took.chunks.len()), (5, 3));
        let worker = async { Ok(worker.await?) };
        handled(worker, 3, 5).await.unwrap();
        assert!(handled(async { Ok(27) }, 3, 5).await.is_err());
    }

    #[test]
    fn a_chunk_that_took_long_does_not_count() {
        let chunk = |fill, work| (Duration::from_nanos(fill), Duration::from_nanos(work));
        let took = Took { items: 10, chunks: vec![chunk(20, 40), chunk(9_000, 50), chunk(30, 9_000)] };
        assert_eq!(took.per_item(), (3.0, 5.0));
    }
}
