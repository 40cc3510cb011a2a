//! What is logged. One subscriber for the whole file: tracing remembers for each place in the code whether anyone
//! listens, and with a subscriber for one thread only that memory depends on which test came first.

#![allow(clippy::unwrap_used, reason = "tests may fail")]

mod common;

use std::sync::OnceLock;

use common::Log;
use ostler::backoff::Backoff;
use ostler::queue::{self, Items, Queue};
use ostler::testing::TestHost;
use ostler::{Host, MINUTE, Run, SECOND, State, every};

/// All lines that were logged so far and contain `text`.
fn lines_with(text: &str) -> Vec<String> {
    listen().all().into_iter().filter(|line| line.contains(text)).collect()
}

fn listen() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Log::default();
        let lines = log.clone();
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::DEBUG)
            .with_writer(move || Lines(lines.clone()))
            .with_ansi(false)
            .without_time()
            .init();
        log
    })
}

/// Writes log lines into a [`Log`].
struct Lines(Log);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.add(String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn each_attempt_logs_under_a_span_of_its_own() {
    async fn fail_once(run: Run) -> Result<(), &'static str> {
        tracing::info!("working");
        if run.attempt() == 1 { Err("not yet") } else { Ok(()) }
    }
    listen();
    let plan = every(MINUTE).attempts(2).backoff(Backoff::constant(SECOND));
    let mut test = TestHost::start(Host::new(()).task("twice", plan, fail_once)).unwrap();
    test.advance(MINUTE + 2 * SECOND);
    let lines = lines_with("run{unit=twice");
    let has = |span: &str, text: &str| lines.iter().any(|line| line.contains(span) && line.contains(text));
    assert!(has("run{unit=twice run=1 attempt=1 occurrence=2026-01-01T00:01:00Z}", "working"), "{lines:?}");
    assert!(
        has(
            "run{unit=twice run=1 attempt=1 occurrence=2026-01-01T00:01:00Z}",
            "attempt failed, trying again error=not yet"
        ),
        "{lines:?}"
    );
    assert!(has("run{unit=twice run=1 attempt=2 occurrence=2026-01-01T00:01:00Z}", "working"), "{lines:?}");
    assert!(
        has(
            "run{unit=twice run=1 attempt=2 occurrence=2026-01-01T00:01:00Z outcome=\"succeeded\"}",
            "run ended"
        ),
        "{lines:?}"
    );
}

#[test]
fn a_service_that_fills_the_queue_it_receives_from_is_warned_of() {
    async fn relay(items: State<Items<u32>>, queue: State<Queue<u32>>) {
        while let Some(item) = items.recv().await {
            queue.send(item).await.ok();
            queue.send(item).await.ok();
        }
    }
    #[derive(Clone)]
    struct App {
        queue: Queue<u32>,
        items: Items<u32>,
    }
    ostler::state! { App { queue: Queue<u32>, items: Items<u32> } }
    listen();
    let (queue, items) = queue::bounded(1);
    let host = Host::new(App { queue: queue.clone(), items }).grace(SECOND).service("relay", relay);
    let mut test = TestHost::start(host).unwrap();
    queue.try_send(1).unwrap();
    test.run_until_idle();
    let lines = lines_with("unit=relay queue=u32");
    assert!(lines.iter().any(|line| line.contains("WARN") && line.contains("waits for room")), "{lines:?}");
}

#[test]
fn ordinary_blocking_calls_are_not_warned_of() {
    async fn count(_: u32) {
        ostler::blocking(|| ()).await;
    }
    listen();
    let (queue, items) = queue::bounded(5_000);
    (0..5_000).for_each(|n| queue.try_send(n).unwrap());
    drop(queue);
    // On several threads: the question is which one is quicker.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let host = Host::new(()).signals(false).consume("count", items.workers(4), count);
    let report = runtime.block_on(host.run()).unwrap();
    assert_eq!(report.unit("count").unwrap().runs, 5_000);
    assert!(lines_with("before its blocking calls").is_empty());
}

#[test]
fn an_error_from_outside_forges_no_line() {
    async fn fail() -> Result<(), String> {
        Err("x\nFORGED".to_owned())
    }
    listen();
    let mut test = TestHost::start(Host::new(()).task("forge", every(SECOND), fail)).unwrap();
    test.advance(SECOND);
    assert_eq!(lines_with("x\\nFORGED").len(), 1);
    assert!(lines_with("\nFORGED").is_empty());
}
