//! The queue as its users see it; its core is model-checked by the package `queue-model`.

#![allow(clippy::disallowed_methods)]

use std::collections::HashMap;
use std::sync::Mutex;

use proptest::prelude::*;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::clock::Clock;

fn on_runtime<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

/// Polls `future` once.
fn poll_once<F: Future>(future: Pin<&mut F>) -> std::task::Poll<F::Output> {
    future.poll(&mut std::task::Context::from_waker(std::task::Waker::noop()))
}

#[test]
fn full_and_closed_are_different_errors() {
    let (queue, items) = bounded(1);
    queue.try_send(1).unwrap();
    assert_eq!(queue.try_send(2), Err(TrySendError::Full(2)));
    items.close();
    assert_eq!(queue.try_send(3), Err(TrySendError::Closed(3)));
    assert_eq!(items.try_recv(), Some(1));
}

#[test]
fn closing_wakes_blocked_senders_with_an_error_and_leaves_items_readable() {
    on_runtime(async {
        let (queue, items) = bounded(1);
        queue.send(1).await.unwrap();
        let blocked = tokio::spawn(async move { queue.send(2).await });
        tokio::task::yield_now().await;
        items.close();
        let error = blocked.await.unwrap().unwrap_err();
        assert!(error.is_closed());
        assert_eq!(error.into_item(), 2);
        assert_eq!(items.recv().await, Some(1));
        assert_eq!(items.recv().await, None);
    });
}

#[test]
fn waiting_senders_are_served_in_order_and_a_cancelled_one_is_skipped() {
    let (queue, items) = bounded(1);
    queue.try_send(0).unwrap();
    let mut first = Box::pin(queue.send(1));
    let mut second = Box::pin(queue.send(2));
    let mut third = Box::pin(queue.send(3));
    for send in [&mut first, &mut second, &mut third] {
        assert!(poll_once(send.as_mut()).is_pending());
    }
    drop(first);
    assert_eq!(items.try_recv(), Some(0));
    // The place is the second sender's: neither a newcomer nor the third gets it.
    assert_eq!(queue.try_send(9), Err(TrySendError::Full(9)));
    assert!(poll_once(third.as_mut()).is_pending());
    // Woken and then cancelled, it passes its place on.
    drop(second);
    assert!(poll_once(third.as_mut()).is_ready());
    assert_eq!(items.try_recv(), Some(3));
}

#[test]
fn each_policy_does_what_it_says_when_full() {
    on_runtime(async {
        let (queue, items) = bounded_with(1, Full::Reject);
        queue.send(1).await.unwrap();
        let error = queue.send(2).await.unwrap_err();
        assert!(error.is_full() && !error.is_closed());
        assert_eq!((items.try_recv(), queue.dropped()), (Some(1), 0));

        let (queue, items) = bounded_with(1, Full::DropNewest);
        queue.send(1).await.unwrap();
        queue.send(2).await.unwrap();
        assert_eq!((items.try_recv(), items.try_recv(), queue.dropped()), (Some(1), None, 1));

        let (queue, items) = bounded_with(1, Full::DropOldest);
        queue.send(1).await.unwrap();
        queue.send(2).await.unwrap();
        assert_eq!((items.try_recv(), items.try_recv(), queue.dropped()), (Some(2), None, 1));
    });
}

#[test]
fn a_send_with_a_time_limit_gives_the_item_back() {
    on_runtime(async {
        let clock = Clock::real();
        let driver = tokio::spawn(clock.clone().drive());
        let (queue, items) = bounded(1);
        queue.send(1).await.unwrap();
        let error = queue.send_timeout(2, Duration::from_millis(5), &clock).await.unwrap_err();
        assert!(error.is_timeout());
        assert_eq!(error.into_item(), 2);
        assert_eq!(items.try_recv(), Some(1));
        queue.send_timeout(3, Duration::from_secs(60), &clock).await.unwrap();
        driver.abort();
    });
}

#[test]
fn the_last_end_dropped_closes_the_other() {
    let (queue, items) = bounded::<u8>(1);
    let second = queue.clone();
    drop(queue);
    assert!(!second.is_closed());
    drop(second);
    on_runtime(async { assert_eq!(items.recv().await, None) });

    let (queue, items) = bounded(1);
    drop(items);
    assert_eq!(queue.try_send(1), Err(TrySendError::Closed(1)));
}

#[test]
fn what_is_buffered_goes_with_the_last_receiver() {
    let alive = Arc::new(());
    let (queue, items) = bounded(2);
    queue.try_send(Arc::clone(&alive)).unwrap();
    let second = items.clone();
    drop(items);
    assert_eq!(Arc::strong_count(&alive), 2);
    drop(second);
    assert_eq!(Arc::strong_count(&alive), 1, "a reply channel in an item must not hang its caller");
    assert!(queue.is_closed());
}

/// What eight producers and eight consumers did.
#[derive(Default)]
struct Ledger {
    accepted: Mutex<HashMap<usize, Vec<u32>>>,
    /// What each consumer took, in its order.
    received: Mutex<HashMap<u64, Vec<(usize, u32)>>>,
}

/// Producers whose sends are cancelled at random, on a queue of `capacity`.
async fn many_to_many(capacity: usize, each: u32, seed: u64) -> Ledger {
    let ledger = Arc::new(Ledger::default());
    let (queue, items) = bounded(capacity);
    let mut tasks = Vec::new();
    for producer in 0..8 {
        let (queue, ledger) = (queue.clone(), Arc::clone(&ledger));
        let mut random = fastrand::Rng::with_seed(seed ^ producer as u64);
        tasks.push(tokio::spawn(async move {
            for number in 0..each {
                let mut send = Box::pin(queue.send((producer, number)));
                // Polled a few times at most, then dropped.
                let mut polls = random.u32(1..6);
                let sent = poll_fn(|cx| match send.as_mut().poll(cx) {
                    std::task::Poll::Ready(sent) => std::task::Poll::Ready(sent.is_ok()),
                    std::task::Poll::Pending if polls == 0 => std::task::Poll::Ready(false),
                    std::task::Poll::Pending => {
                        polls -= 1;
                        cx.waker().wake_by_ref();
                        std::task::Poll::Pending
                    }
                })
                .await;
                if sent {
                    ledger.accepted.lock().unwrap().entry(producer).or_default().push(number);
                }
                if random.bool() {
                    tokio::task::yield_now().await;
                }
            }
        }));
    }
    drop(queue);
    for consumer in 0..8u64 {
        let (items, ledger) = (items.clone(), Arc::clone(&ledger));
        let mut random = fastrand::Rng::with_seed(!seed ^ consumer);
        tasks.push(tokio::spawn(async move {
            loop {
                // Now and then a receive is given up after one poll.
                let mut receive = Box::pin(items.recv());
                let give_up = random.u8(..) < 64;
                let received = poll_fn(|cx| match receive.as_mut().poll(cx) {
                    std::task::Poll::Pending if give_up => std::task::Poll::Ready(None),
                    poll => poll.map(Some),
                })
                .await;
                match received {
                    Some(Some(item)) => {
                        ledger.received.lock().unwrap().entry(consumer).or_default().push(item)
                    }
                    Some(None) => return,
                    None => tokio::task::yield_now().await,
                }
            }
        }));
    }
    for task in tasks {
        tokio::time::timeout(Duration::from_secs(60), task).await.expect("no wake-up is lost").unwrap();
    }
    Arc::into_inner(ledger).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn nothing_accepted_is_lost_or_doubled_under_cancellation(capacity in 1usize..9, seed: u64) {
        let ledger = on_runtime(many_to_many(capacity, 200, seed));
        let mut accepted: Vec<(usize, u32)> = Vec::new();
        for (producer, numbers) in ledger.accepted.into_inner().unwrap() {
            accepted.extend(numbers.into_iter().map(|number| (producer, number)));
        }
        let by_consumer = ledger.received.into_inner().unwrap();
        for taken in by_consumer.values() {
            for producer in 0..8 {
                let numbers = taken.iter().filter(|(from, _)| *from == producer).map(|(_, number)| number);
                prop_assert!(numbers.is_sorted(), "producer {producer} was overtaken by itself");
            }
        }
        let mut received: Vec<_> = by_consumer.into_values().flatten().collect();
        prop_assert!(!accepted.is_empty());
        accepted.sort_unstable();
        received.sort_unstable();
        prop_assert_eq!(accepted, received);
    }

    /// One consumer sees each producer's items in the order in which that producer sent them.
    #[test]
    fn items_are_first_in_first_out_for_each_producer(capacity in 1usize..5) {
        on_runtime(async move {
            let (queue, items) = bounded(capacity);
            for producer in 0..8usize {
                let queue = queue.clone();
                tokio::spawn(async move {
                    for number in 0..100u32 {
                        queue.send((producer, number)).await.unwrap();
                    }
                });
            }
            drop(queue);
            let mut next = [0; 8];
            while let Some((producer, number)) = items.recv().await {
                assert_eq!(number, next[producer], "producer {producer}");
                next[producer] += 1;
            }
            assert_eq!(next, [100; 8]);
        });
    }
}
