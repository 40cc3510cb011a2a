//! Queue: who is served when it is full, and what its close does.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use ostler::queue::{self, Items, Queue, SendError, TrySendError};
use ostler::testing::TestHost;
use ostler::{Clock, Host, SECOND, State, UnitEnd};

use crate::common::Log;

type Sent = Result<(), SendError<u32>>;

/// A writer that is polled by hand, so that the test knows that it waits, and when it is woken.
struct Writer<'a> {
    send: Pin<Box<dyn Future<Output = Sent> + 'a>>,
    woken: Arc<Woken>,
}

#[derive(Default)]
struct Woken(AtomicU32);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl<'a> Writer<'a> {
    /// Begins to send `item` into a queue that is full.
    fn blocked(queue: &'a Queue<u32>, item: u32) -> Self {
        let mut writer = Self { send: Box::pin(queue.send(item)), woken: Arc::default() };
        assert!(writer.poll().is_pending(), "there was room for {item}");
        writer
    }

    fn poll(&mut self) -> Poll<Sent> {
        let waker = Waker::from(Arc::clone(&self.woken));
        self.send.as_mut().poll(&mut Context::from_waker(&waker))
    }

    fn is_woken(&self) -> bool {
        self.woken.0.load(Ordering::Relaxed) > 0
    }

    /// What became of the send, once it was woken for it.
    #[track_caller]
    fn result(mut self) -> Sent {
        assert!(self.is_woken(), "nobody woke it");
        match self.poll() {
            Poll::Ready(result) => result,
            Poll::Pending => panic!("it was woken for nothing"),
        }
    }
}

/// A queue for one item that holds it.
fn full() -> (Queue<u32>, Items<u32>) {
    let (queue, items) = queue::bounded(1);
    queue.try_send(0).unwrap();
    (queue, items)
}

#[test]
fn full_writers_are_served_in_order() {
    let (queue, items) = full();
    let writers: Vec<_> = (1..=4).map(|item| Writer::blocked(&queue, item)).collect();
    let mut waiting = writers.into_iter();
    for item in 0..4 {
        assert_eq!(items.try_recv(), Some(item));
        // The place is kept for the one who has waited longest, also where it has not come yet.
        assert_eq!(queue.try_send(99), Err(TrySendError::Full(99)));
        let next = waiting.next().unwrap();
        assert!(waiting.as_slice().iter().all(|other| !other.is_woken()));
        assert_eq!(next.result(), Ok(()));
    }
    assert_eq!(items.try_recv(), Some(4));
}

#[test]
fn cancelled_writers_are_skipped() {
    let (queue, items) = full();
    let mut writers: Vec<_> = (1..=4).map(|item| Writer::blocked(&queue, item)).collect();
    // One that still waits,
    drop(writers.remove(0));
    assert_eq!(items.try_recv(), Some(0));
    assert!(writers[0].is_woken());
    // one that has been given the place and does not come,
    drop(writers.remove(0));
    assert!(writers[0].is_woken());
    // and one in the middle of the list.
    let third = writers.remove(0);
    drop(writers.remove(0));
    let last = Writer::blocked(&queue, 5);
    assert_eq!(third.result(), Ok(()));
    assert_eq!(items.try_recv(), Some(3));
    assert_eq!(last.result(), Ok(()));
    assert_eq!(items.try_recv(), Some(5));
}

/// Fails unless each of `writers`, which send 1, 2 and so on, is woken, refused and given its item back.
#[track_caller]
fn assert_refused(writers: Vec<Writer<'_>>) {
    for (writer, item) in writers.into_iter().zip(1..) {
        let error = writer.result().unwrap_err();
        assert_eq!((error.is_closed(), error.into_item()), (true, item));
    }
}

#[test]
fn closing_wakes_blocked_writers_with_an_error() {
    let (queue, items) = full();
    let writers = (1..=3).map(|item| Writer::blocked(&queue, item)).collect();
    items.close();
    assert_refused(writers);
    assert_eq!(queue.try_send(4), Err(TrySendError::Closed(4)));
}

#[test]
fn the_last_reader_gone_wakes_blocked_writers_with_an_error() {
    let (queue, items) = full();
    let writers = (1..=3).map(|item| Writer::blocked(&queue, item)).collect();
    drop(items);
    assert_refused(writers);
    assert_eq!(queue.try_send(4), Err(TrySendError::Closed(4)));
}

#[test]
fn buffered_items_stay_readable_after_the_close() {
    let (queue, items) = queue::bounded(3);
    (0..3).for_each(|item| queue.try_send(item).unwrap());
    let writer = Writer::blocked(&queue, 3);
    items.close();
    // Room that comes after the close is nobody's.
    assert_eq!(items.try_recv(), Some(0));
    assert!(writer.result().unwrap_err().is_closed());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let rest = runtime.block_on(async { [items.recv().await, items.recv().await, items.recv().await] });
    assert_eq!(rest, [Some(1), Some(2), None]);
}

#[test]
fn a_consumer_that_stops_wakes_blocked_writers_with_an_error_and_handles_what_is_buffered() {
    async fn handle(item: u32, clock: Clock, log: State<Log>) {
        clock.sleep(SECOND).await;
        log.add(format!("handled {item}"));
    }
    let (queue, items) = queue::bounded(2);
    (0..2).for_each(|item| queue.try_send(item).unwrap());
    let log = Log::default();
    let test = TestHost::start(Host::new(log.clone()).consume("work", items, handle)).unwrap();
    // The worker has taken one.
    queue.try_send(2).unwrap();
    let writer = Writer::blocked(&queue, 3);
    let report = test.stop().unwrap();
    let error = writer.result().unwrap_err();
    assert_eq!((error.is_closed(), error.into_item()), (true, 3));
    assert_eq!(log.all(), ["handled 0", "handled 1", "handled 2"]);
    let work = report.unit("work").unwrap();
    assert_eq!((work.end, work.runs, work.items_left), (UnitEnd::Stopped, 3, 0));
}
