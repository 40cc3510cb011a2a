//! One model for each promise of the core. Loom runs it in every order of its threads' steps (up to a number of
//! preemptions), and fails where all threads wait for ever: a lost wake-up.

use std::future::{Future, poll_fn};
use std::iter;
use std::pin::Pin;
use std::task::Poll;

use loom::future::block_on;
use loom::sync::Arc;
use loom::thread::{self, JoinHandle};

use crate::core::{Core, Refused, Taken};

/// Interruptions of a running thread in one order. Bugs of this sort need two at most; a third is for safety.
/// `LOOM_MAX_PREEMPTIONS` overrides it.
const PREEMPTIONS: usize = 3;

fn model(run: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(PREEMPTIONS);
    builder.check(run);
}

type Queue = Arc<Core<u8>>;

/// A queue of `capacity` that holds `items`.
fn queue(capacity: usize, items: &[u8]) -> Queue {
    let core = Core::new(capacity);
    items.iter().for_each(|&item| core.try_push(item).expect("there is room"));
    Arc::new(core)
}

fn spawn<R: 'static>(queue: &Queue, run: impl FnOnce(&Core<u8>) -> R + 'static) -> JoinHandle<R> {
    let queue = Arc::clone(queue);
    thread::spawn(move || run(&queue))
}

fn joined<R: 'static>(thread: JoinHandle<R>) -> R {
    thread.join().expect("no thread panics")
}

/// Polls once; `None` is pending.
fn once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    block_on(poll_fn(|cx| match Pin::new(&mut *future).poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    }))
}

fn receive(queue: &Core<u8>) -> Option<u8> {
    block_on(queue.pop()).item()
}

/// All that is in the queue.
fn rest(queue: &Core<u8>) -> Vec<u8> {
    iter::from_fn(|| queue.try_pop()).collect()
}

fn sorted(mut items: Vec<u8>) -> Vec<u8> {
    items.sort_unstable();
    items
}

#[test]
fn two_senders_and_a_receiver_on_one_place_lose_nothing() {
    model(|| {
        let queue = queue(1, &[]);
        let senders = [1, 2].map(|item| spawn(&queue, move |queue| block_on(queue.push(item, None))));
        let received = (0..2).map(|_| {
            let item = receive(&queue).expect("it is open");
            assert!(queue.len() <= 1, "more items than places");
            item
        });
        assert_eq!(sorted(received.collect()), [1, 2]);
        senders.into_iter().for_each(|sender| assert_eq!(joined(sender), Ok(())));
        assert!(rest(&queue).is_empty());
    });
}

#[test]
fn a_newcomer_does_not_overtake_a_sender_that_waits() {
    model(|| {
        let queue = queue(1, &[0]);
        let mut first = queue.push(1, None);
        assert_eq!(once(&mut first), None);
        let newcomer = spawn(&queue, |queue| block_on(queue.push(2, None)));
        let receiver = spawn(&queue, |queue| [receive(queue), receive(queue)]);
        assert_eq!(block_on(first), Ok(()));
        assert_eq!(joined(receiver), [Some(0), Some(1)]);
        assert_eq!(joined(newcomer), Ok(()));
        assert_eq!(rest(&queue), [2]);
    });
}

#[test]
fn a_try_push_does_not_overtake_a_sender_that_waits() {
    model(|| {
        let queue = queue(1, &[0]);
        let mut first = queue.push(1, None);
        assert_eq!(once(&mut first), None);
        let newcomer = spawn(&queue, |queue| queue.try_push(2).is_ok());
        let receiver = spawn(&queue, |queue| [receive(queue), receive(queue)]);
        assert_eq!(block_on(first), Ok(()));
        assert_eq!(joined(receiver), [Some(0), Some(1)]);
        let left = if joined(newcomer) { vec![2] } else { vec![] };
        assert_eq!(rest(&queue), left);
    });
}

#[test]
fn a_sender_cancelled_after_it_was_woken_passes_its_place_on() {
    model(|| {
        let queue = queue(1, &[0]);
        let mut cancelled = queue.push(1, None);
        assert_eq!(once(&mut cancelled), None);
        let next = spawn(&queue, |queue| block_on(queue.push(2, None)));
        let receiver = spawn(&queue, |queue| queue.try_pop());
        drop(cancelled);
        assert_eq!(joined(receiver), Some(0));
        assert_eq!(joined(next), Ok(()));
        assert_eq!(rest(&queue), [2]);
        // The place came back as well.
        assert!(queue.try_push(3).is_ok());
    });
}

#[test]
fn a_receiver_cancelled_after_it_was_woken_passes_the_item_on() {
    model(|| {
        let queue = queue(1, &[]);
        let mut cancelled = queue.pop();
        assert_eq!(once(&mut cancelled), None);
        let next = spawn(&queue, receive);
        let sender = spawn(&queue, |queue| queue.try_push(1).is_ok());
        drop(cancelled);
        assert!(joined(sender));
        assert_eq!(joined(next), Some(1));
    });
}

#[test]
fn a_receiver_whose_item_was_taken_waits_for_the_next() {
    model(|| {
        let queue = queue(1, &[]);
        let receiver = spawn(&queue, receive);
        let thief = spawn(&queue, |queue| queue.try_pop());
        assert_eq!(block_on(queue.push(1, None)), Ok(()));
        // Where the thief was quicker, there is one more item, and it is the receiver's.
        match joined(thief) {
            Some(taken) => {
                assert_eq!(taken, 1);
                assert_eq!(block_on(queue.push(2, None)), Ok(()));
                assert_eq!(joined(receiver), Some(2));
            }
            None => assert_eq!(joined(receiver), Some(1)),
        }
    });
}

#[test]
fn two_receivers_take_two_items() {
    model(|| {
        let queue = queue(2, &[]);
        let receivers = [(); 2].map(|()| spawn(&queue, receive));
        assert!(queue.try_push(1).is_ok());
        assert!(queue.try_push(2).is_ok());
        let received = receivers.map(|receiver| joined(receiver).expect("it is open"));
        assert_eq!(sorted(received.to_vec()), [1, 2]);
    });
}

#[test]
fn a_close_accepts_a_waiting_item_or_gives_it_back() {
    model(|| {
        let queue = queue(1, &[0]);
        let sender = spawn(&queue, |queue| block_on(queue.push(1, None)));
        let receiver = spawn(&queue, |queue| iter::from_fn(|| receive(queue)).collect::<Vec<_>>());
        queue.close();
        let received = joined(receiver);
        match joined(sender) {
            Ok(()) => assert_eq!(received, [0, 1]),
            Err(given_back) => {
                assert_eq!(given_back, Refused::Closed(1));
                assert_eq!(received, [0]);
            }
        }
    });
}

#[test]
fn a_close_wakes_senders_and_leaves_what_is_buffered() {
    model(|| {
        let queue = queue(1, &[0]);
        let senders = [1, 2].map(|item| spawn(&queue, move |queue| block_on(queue.push(item, None))));
        queue.close();
        for (sender, item) in senders.into_iter().zip([1, 2]) {
            assert_eq!(joined(sender), Err(Refused::Closed(item)));
        }
        assert_eq!(receive(&queue), Some(0));
        assert_eq!(receive(&queue), None);
    });
}

#[test]
fn a_close_wakes_all_receivers() {
    model(|| {
        let queue = queue(1, &[]);
        let receivers = [(); 2].map(|()| spawn(&queue, receive));
        queue.close();
        receivers.into_iter().for_each(|receiver| assert_eq!(joined(receiver), None));
    });
}

#[test]
fn a_close_that_clears_gives_each_item_to_one_side_only() {
    model(|| {
        let queue = queue(1, &[0]);
        let sender = spawn(&queue, |queue| block_on(queue.push(1, None)));
        let receiver = spawn(&queue, |queue| queue.try_pop());
        let mut items = Vec::from(queue.close_and_clear());
        items.extend(joined(receiver));
        if let Err(Refused::Closed(item)) = joined(sender) {
            items.push(item);
        }
        assert_eq!(sorted(items), [0, 1]);
        assert!(rest(&queue).is_empty());
    });
}

#[test]
fn a_cancelled_sender_and_a_close_do_not_meet_badly() {
    model(|| {
        let queue = queue(1, &[0]);
        let mut cancelled = queue.push(1, None);
        assert_eq!(once(&mut cancelled), None);
        let receiver = spawn(&queue, |queue| queue.try_pop());
        let closer = spawn(&queue, Core::close);
        assert_eq!(cancelled.into_item(), Some(1));
        joined(closer);
        assert_eq!(joined(receiver), Some(0));
        assert_eq!(receive(&queue), None);
    });
}

#[test]
fn of_two_that_try_for_one_place_one_gets_it() {
    model(|| {
        let queue = queue(1, &[]);
        let other = spawn(&queue, |queue| tried(queue, 2));
        let mine = tried(&queue, 1);
        let accepted: Vec<u8> = [mine, joined(other)].into_iter().flatten().collect();
        assert_eq!(accepted.len(), 1);
        assert_eq!(rest(&queue), accepted);
    });
}

#[test]
fn tries_beside_a_receiver_are_accepted_and_read_or_given_back() {
    model(|| {
        let queue = queue(1, &[0]);
        let tries = [1, 2].map(|item| spawn(&queue, move |queue| tried(queue, item)));
        assert_eq!(queue.try_pop(), Some(0));
        assert!(queue.len() <= 1, "more items than places");
        let accepted: Vec<u8> = tries.into_iter().filter_map(joined).collect();
        assert!(accepted.len() <= 1);
        assert_eq!(rest(&queue), accepted);
    });
}

/// Tries; `Some` is the item that was accepted.
fn tried(queue: &Core<u8>, item: u8) -> Option<u8> {
    match queue.try_push(item) {
        Ok(()) => Some(item),
        Err(Refused::Full(given_back)) => {
            assert_eq!(given_back, item);
            None
        }
        Err(refused) => panic!("it is open: {refused:?}"),
    }
}

#[test]
fn a_push_that_drops_the_oldest_wakes_a_receiver_and_loses_no_other() {
    model(|| {
        let queue = queue(1, &[]);
        let receiver = spawn(&queue, receive);
        let other = spawn(&queue, |queue| queue.push_dropping_oldest(2));
        let mine = queue.push_dropping_oldest(1).expect("it is open");
        let others = joined(other).expect("it is open");
        assert!(queue.len() <= 1, "more items than places");
        let mut items: Vec<u8> = [mine, others, joined(receiver)].into_iter().flatten().collect();
        items.extend(rest(&queue));
        assert_eq!(sorted(items), [1, 2]);
    });
}

#[test]
fn of_two_takers_that_fill_their_own_queue_one_is_refused_and_the_other_finds_room() {
    model(|| {
        let queue = queue(1, &[0]);
        (0..2).for_each(|_| queue.worker_came());
        let takers = [1, 2].map(|id| {
            spawn(&queue, move |queue| {
                let taker = Some(id);
                match block_on(queue.push(id as u8, taker)) {
                    Ok(()) => None,
                    Err(Refused::Deadlock(item)) => {
                        assert_eq!(queue.try_pop(), Some(0));
                        Some(item)
                    }
                    Err(refused) => panic!("{refused:?}"),
                }
            })
        });
        let refused: Vec<u8> = takers.into_iter().filter_map(joined).collect();
        let left = rest(&queue);
        assert_eq!((refused.len(), left.len()), (1, 1));
        assert_ne!(refused, left);
    });
}

/// A worker's item, until it is dismissed or the queue has ended.
fn take(queue: &Core<u8>, worker: usize) -> Taken<u8> {
    block_on(queue.take(worker))
}

#[test]
fn a_worker_that_is_dismissed_leaves_its_item_to_another() {
    model(|| {
        let queue = queue(1, &[]);
        queue.set_crew(2, false);
        let dismissed = spawn(&queue, |queue| take(queue, 2));
        let stays = spawn(&queue, |queue| take(queue, 1));
        let sender = spawn(&queue, |queue| queue.try_push(1));
        queue.set_crew(1, false);
        assert_eq!(joined(sender), Ok(()));
        match joined(dismissed) {
            Taken::Dismissed => assert_eq!(joined(stays), Taken::Item(1, 1)),
            taken => {
                assert_eq!(taken, Taken::Item(1, 1));
                queue.close();
                assert_eq!(joined(stays), Taken::Closed);
            }
        }
    });
}

#[test]
fn a_crew_that_is_held_takes_nothing_and_goes_on_when_it_is_released() {
    model(|| {
        let queue = queue(1, &[1]);
        queue.set_crew(1, true);
        let worker = spawn(&queue, |queue| take(queue, 1));
        assert_eq!(queue.len(), 1, "it is held");
        queue.set_crew(1, false);
        assert_eq!(joined(worker), Taken::Item(1, 1));
    });
}

#[test]
fn holding_a_crew_loses_no_item_and_what_was_taken_is_counted() {
    model(|| {
        let queue = queue(2, &[]);
        queue.set_crew(1, false);
        let worker = spawn(&queue, |queue| take(queue, 1));
        let sender = spawn(&queue, |queue| queue.try_push(1));
        let taken = queue.set_crew(1, true);
        assert_eq!(joined(sender), Ok(()));
        // From the answer on nothing more is taken: the item is where the count says.
        assert_eq!(queue.len() as u64, 1 - taken);
        queue.set_crew(1, false);
        assert_eq!(joined(worker), Taken::Item(1, 1));
    });
}

#[test]
fn a_receiver_that_is_no_worker_gets_what_a_held_worker_was_woken_for() {
    model(|| {
        let queue = queue(1, &[]);
        queue.set_crew(1, false);
        let worker = spawn(&queue, |queue| take(queue, 1));
        let user = spawn(&queue, receive);
        queue.set_crew(1, true);
        let sent = queue.try_push(1);
        assert_eq!(sent, Ok(()));
        // The worker may have been the quicker one before it was held; then the queue ends for the other.
        if queue.len() == 0 {
            queue.close();
        }
        let got = joined(user);
        if got.is_some() {
            queue.set_crew(0, false);
            assert!(!matches!(joined(worker), Taken::Item(..)), "there was one item");
        } else {
            assert_eq!(joined(worker), Taken::Item(1, 1));
        }
    });
}

#[test]
fn a_closed_queue_lets_a_held_worker_go_once_it_is_empty() {
    model(|| {
        let queue = queue(1, &[]);
        queue.set_crew(1, true);
        let worker = spawn(&queue, |queue| take(queue, 1));
        queue.close();
        assert_eq!(joined(worker), Taken::Closed);
    });
}

#[test]
fn when_the_last_worker_that_could_make_room_leaves_one_that_waits_is_told() {
    model(|| {
        let queue = queue(1, &[0]);
        (0..2).for_each(|_| queue.worker_came());
        let leaves = spawn(&queue, |queue| queue.worker_left());
        let waits = spawn(&queue, |queue| block_on(queue.push(1, Some(1))));
        joined(leaves);
        assert_eq!(joined(waits), Err(Refused::Deadlock(1)));
        assert_eq!(rest(&queue), [0]);
    });
}
