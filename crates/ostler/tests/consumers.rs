//! Consumers: workers, attempts, closures, and a queue that its own consumer fills.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail, and drive clocks themselves"
)]

mod common;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::Log;
use ostler::backoff::Backoff;
use ostler::queue::{self, Queue, Work};
use ostler::testing::TestHost;
use ostler::{Clock, Error, Host, Run, RunOutcome, SECOND, State, Stop, StopReason, UnitEnd, UnitState};

#[test]
fn items_are_handled_by_numbered_workers_side_by_side() {
    async fn note(item: u32, run: Run, clock: Clock, log: State<Log>) {
        log.add(format!("{item} by {}", run.worker().unwrap()));
        clock.sleep(SECOND).await;
    }
    let (queue, items) = queue::bounded(100);
    let log = Log::default();
    let mut test = TestHost::start(Host::new(log.clone()).consume("work", items.workers(4), note)).unwrap();
    (0..8).for_each(|n| queue.try_send(n).unwrap());
    test.run_until_idle();
    assert_eq!(log.all().len(), 4, "four at once");
    let unit = test.unit("work");
    assert_eq!((unit.depth, unit.capacity, unit.workers), (Some(4), Some(100), Some(4)));
    test.advance(2 * SECOND);
    assert_eq!(test.unit("work").wait, Some(SECOND));
    let workers: BTreeSet<String> =
        log.all().iter().map(|line| line.rsplit_once(' ').unwrap().1.to_owned()).collect();
    assert_eq!(workers.len(), 4);
    test.stop().unwrap();
}

#[test]
fn an_item_is_tried_again_as_its_plan_says_also_while_draining() {
    async fn fail_twice(item: String, run: Run, log: State<Log>) -> Result<(), &'static str> {
        log.add(format!("{item} {}", run.attempt()));
        if run.attempt() < 3 { Err("not yet") } else { Ok(()) }
    }
    let (queue, items) = queue::bounded::<String>(10);
    let log = Log::default();
    let plan = items.workers(1).attempts(3).backoff(Backoff::constant(SECOND).jitter(0.0));
    let mut test = TestHost::start(Host::new(log.clone()).consume("work", plan, fail_twice)).unwrap();
    queue.try_send("a".into()).unwrap();
    queue.try_send("b".into()).unwrap();
    test.run_until_idle();
    let report = test.stop().unwrap();
    assert_eq!(log.all(), ["a 1", "a 2", "a 3", "b 1", "b 2", "b 3"]);
    assert_eq!(report.unit("work").unwrap().failed, 0);
}

#[test]
fn a_failing_or_panicking_item_costs_no_worker() {
    async fn hard(item: u32) -> Result<(), &'static str> {
        match item % 3 {
            0 => Err("odd"),
            1 => panic!("item {item}"),
            _ => Ok(()),
        }
    }
    let (queue, items) = queue::bounded(100);
    let mut test = TestHost::start(Host::new(()).consume("work", items.workers(3), hard)).unwrap();
    (0..90).for_each(|n| queue.try_send(n).unwrap());
    test.run_until_idle();
    let unit = test.unit("work");
    assert_eq!((unit.runs, unit.succeeded, unit.failed, unit.state), (90, 30, 60, UnitState::Running));
    test.stop().unwrap();
}

#[test]
fn an_item_whose_clone_or_drop_panics_costs_no_worker() {
    struct Nasty(bool);
    impl Clone for Nasty {
        fn clone(&self) -> Self {
            panic!("clone")
        }
    }
    impl Drop for Nasty {
        fn drop(&mut self) {
            if self.0 && !std::thread::panicking() {
                panic!("drop")
            }
        }
    }
    async fn take(_: Nasty) {}
    let (queue, items) = queue::bounded(10);
    let plan = items.workers(1).attempts(2).backoff(Backoff::constant(Duration::ZERO));
    let mut test = TestHost::start(Host::new(()).consume("work", plan, take)).unwrap();
    queue.try_send(Nasty(false)).unwrap();
    queue.try_send(Nasty(true)).unwrap();
    queue.try_send(Nasty(false)).unwrap();
    test.advance(SECOND);
    let unit = test.unit("work");
    assert_eq!((unit.runs, unit.succeeded, unit.failed), (3, 2, 1));
    test.stop().unwrap();
}

#[test]
fn an_item_times_out() {
    async fn stuck(_: u32) {
        std::future::pending::<()>().await;
    }
    let (queue, items) = queue::bounded(10);
    let host = Host::new(()).consume("work", items.workers(1).timeout(5 * SECOND), stuck);
    let mut test = TestHost::start(host).unwrap();
    test.quiet_after(Duration::from_millis(50));
    queue.try_send(1).unwrap();
    queue.try_send(2).unwrap();
    test.advance(10 * SECOND);
    let unit = test.unit("work");
    assert_eq!((unit.runs, unit.last_outcome), (2, Some(RunOutcome::TimedOut)));
}

#[test]
fn items_that_a_full_queue_drops_are_counted() {
    async fn take(_: u32) {}
    let (queue, items) = queue::bounded_with(2, queue::Full::DropOldest);
    (0..5).for_each(|n| queue.try_send(n).unwrap());
    let mut test = TestHost::start(Host::new(()).consume("work", items, take)).unwrap();
    test.run_until_idle();
    let unit = test.unit("work");
    assert_eq!((unit.runs, unit.dropped), (2, Some(3)));
    test.stop().unwrap();
}

#[test]
fn closures_are_work_items_too() {
    let (queue, items) = queue::bounded::<Work>(10);
    let mut test = TestHost::start(Host::new(()).consume("work", items.workers(2), Work::run)).unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (first, second) = (Arc::clone(&seen), Arc::clone(&seen));
    queue
        .try_send(Work::new(move |stop: Stop| async move { first.lock().unwrap().push(stop.is_requested()) }))
        .unwrap();
    queue
        .try_send(Work::new(move |_| async move {
            second.lock().unwrap().push(true);
            Err::<(), _>("it failed")
        }))
        .unwrap();
    test.run_until_idle();
    assert_eq!(*seen.lock().unwrap(), [false, true]);
    assert_eq!(test.unit("work").last_error.as_deref(), Some("it failed"));
    test.stop().unwrap();
}

#[test]
fn a_consumer_completes_when_all_senders_are_gone() {
    async fn take(_: u8) {}
    let (queue, items) = queue::bounded(10);
    let mut test = TestHost::start(Host::new(()).consume("work", items, take)).unwrap();
    queue.try_send(1).unwrap();
    drop(queue);
    test.run_until_idle();
    assert!(test.has_ended());
    let report = test.stop().unwrap();
    assert_eq!(report.reason(), Some(&StopReason::Completed));
    assert_eq!((report.units()[0].end, report.units()[0].runs), (UnitEnd::Completed, 1));
}

#[derive(Clone)]
struct Looped {
    queue: Queue<u32>,
    log: Log,
}

ostler::state! { Looped { queue: Queue<u32>, log: Log } }

#[test]
fn four_consumers_that_each_send_into_their_own_full_queue_do_not_deadlock() {
    async fn resend(item: u32, queue: State<Queue<u32>>, log: State<Log>) -> Result<(), Error> {
        log.add("taken");
        if item < 100 {
            // Each item makes two more, which a bounded queue cannot take for ever.
            queue.send(item + 100).await?;
            queue.send(item + 200).await?;
        }
        Ok(())
    }
    let (queue, items) = queue::bounded(4);
    let state = Looped { queue: queue.clone(), log: Log::default() };
    let log = state.log.clone();
    let host = Host::new(state).consume("resend", items.workers(4), resend);
    let mut test = TestHost::start(host).unwrap();
    test.block_on(async {
        for item in 0..20 {
            queue.send(item).await.unwrap();
        }
    });
    test.run_until_idle();
    let unit = test.unit("resend");
    assert_eq!(unit.depth, Some(0), "all has been taken");
    assert!(unit.failed > 0, "somebody was told");
    assert_eq!(
        unit.last_error.as_deref(),
        Some("queue `resend` is full and all of its workers wait for room in it")
    );
    assert!(log.count("taken") > 20);
    test.stop().unwrap();
}

#[test]
fn a_worker_is_refused_only_when_no_other_can_make_room() {
    // Two workers, one place. The first waits for room; the second takes the item that makes it, and sends one more in
    // the same breath. Nobody is stuck, so nobody is refused.
    async fn resend(item: u32, queue: State<Queue<u32>>, log: State<Log>) -> Result<(), Error> {
        log.add(format!("{item}"));
        if item < 2 {
            queue.send(item + 10).await?;
            queue.send(item + 20).await?;
        }
        Ok(())
    }
    let (queue, items) = queue::bounded(1);
    let state = Looped { queue: queue.clone(), log: Log::default() };
    let log = state.log.clone();
    let mut test = TestHost::start(Host::new(state).consume("resend", items.workers(2), resend)).unwrap();
    queue.try_send(0).unwrap();
    test.run_until_idle();
    assert_eq!(log.all(), ["0", "10", "20"]);
    assert_eq!(test.unit("resend").failed, 0);
    test.stop().unwrap();
}

#[test]
fn errors_and_items_that_panic_when_they_are_read_cost_no_worker() {
    #[derive(Debug)]
    struct Unreadable;
    impl std::fmt::Display for Unreadable {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("no text")
        }
    }
    impl std::error::Error for Unreadable {}
    async fn fail(_: u32) -> Result<(), Unreadable> {
        Err(Unreadable)
    }
    let (queue, items) = queue::bounded(10);
    let mut test = TestHost::start(Host::new(()).consume("work", items.workers(1), fail)).unwrap();
    (0..3).for_each(|n| queue.try_send(n).unwrap());
    test.run_until_idle();
    let unit = test.unit("work");
    assert_eq!((unit.runs, unit.failed), (3, 3));
    assert!(unit.last_error.unwrap().ends_with("panicked: no text"));
    assert_eq!(test.stop().unwrap().exit_code(), 0);
}

#[test]
fn workers_that_are_never_kept_waiting_let_others_run() {
    async fn busy(_: u32) {}
    async fn other(queue: State<Queue<u32>>, log: State<Log>) {
        while !queue.is_empty() {
            tokio::task::yield_now().await;
            log.add("turn");
        }
    }
    let (queue, items) = queue::bounded(100_000);
    (0..100_000).for_each(|n| queue.try_send(n).unwrap());
    let state = Looped { queue, log: Log::default() };
    let log = state.log.clone();
    let host = Host::new(state).consume("busy", items.workers(2), busy).service("other", other);
    let test = TestHost::start(host).unwrap();
    assert_eq!(test.unit("busy").runs, 100_000);
    // Tokio gives a task 128 steps before it must yield.
    assert!(log.count("turn") > 100, "{} turns", log.count("turn"));
    test.stop().unwrap();
}
