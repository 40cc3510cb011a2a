//! What the host adds to one item of a consumer: its whole machinery, over a loop that takes from the same queue and
//! calls the same handler.

use std::future::Future;
use std::hint::black_box;
use std::sync::Arc;

use ostler::queue::{self, Items, Queue, Work};
use ostler::{BoxError, Host, MINUTE, State};

use crate::gate::{self, Gate, Item, Took};
use crate::job::{Closure, Job};
use crate::row::{Contender, Figures, Row, unknown};
use crate::runtime;
use crate::target::{Measure, Target};

const BARE: &str = "bare loop";
const HOST: &str = "host";
const BARE_WAITS: &str = "bare loop, handler waits";
const HOST_WAITS: &str = "host, handler waits";
const BARE_CLOSURES: &str = "bare loop, closures";
const HOST_CLOSURES: &str = "host, `Work`";

const BOTH: &str = "ns/item, sender and worker";
const WORKER: &str = "ns/item, worker";
const SENDER: &str = "ns/item, sender";

/// Large enough that the ends of a chunk do not count, small enough that most chunks pass without the system taking the
/// core away.
const ITEMS: u32 = 1_000;
const CHUNKS: u32 = 500;

pub(crate) fn row() -> Row {
    let over = |contender, figure| Target {
        contender,
        figure,
        measure: Measure::Difference,
        goal: 80.0,
        floor: 120.0,
    };
    Row {
        name: "machinery",
        about: "a consumer of the host over a bare loop, for each item",
        timed: "An item's way through `queue.send(item).await` and one worker. A queue is filled with \
                1,000 items while its worker waits inside its handler, then worked off while nobody sends: \
                500 times, after one that does not count; the median chunk is the figure. So no lock is \
                contended and no wake-up is counted, and the difference to the bare loop is the host's \
                machinery alone: scope, `State`, timeout, panic guard, counters, span. The sender's share \
                is in it because the host stamps each item of a queue that it serves. The handler that \
                \"waits\" yields once to the runtime, so that the timeout becomes a timer.",
        rounds: 7,
        contenders: vec![
            Contender::new(
                BARE,
                "`items.recv()` in a loop in one task, items `u64`, calls the async handler with a borrowed state",
            ),
            Contender::new(
                HOST,
                "`Host::consume`, `workers(1)`, `timeout(1 min)`, the same handler with a `State`",
            )
            .against(BARE),
            Contender::new(BARE_WAITS, "as the bare loop; the handler yields once"),
            Contender::new(HOST_WAITS, "as the host; the handler yields once").against(BARE_WAITS),
            Contender::new(
                BARE_CLOSURES,
                "`items.recv()` in a loop in one task, items are boxed closures that return a boxed future",
            ),
            Contender::new(
                HOST_CLOSURES,
                "`Host::consume(.., Work::run)`, `workers(1)`, `timeout(1 min)`, items `queue::Work`",
            )
            .against(BARE_CLOSURES),
        ],
        targets: vec![
            over(HOST, BOTH),
            over(HOST, WORKER),
            over(HOST_CLOSURES, BOTH),
            over(HOST_CLOSURES, WORKER),
        ],
        measure: |contender| {
            let took = runtime::run(async {
                match contender {
                    BARE => bare(CHUNKS, ITEMS).await,
                    HOST => host(CHUNKS, ITEMS).await,
                    BARE_WAITS => bare_waits(CHUNKS, ITEMS).await,
                    HOST_WAITS => host_waits(CHUNKS, ITEMS).await,
                    BARE_CLOSURES => bare_closures().await,
                    HOST_CLOSURES => host_closures().await,
                    _ => Err(unknown(contender)),
                }
            })?;
            Ok(figures(&took))
        },
    }
}

fn figures(took: &Took) -> Figures {
    let (sender, worker) = took.per_item();
    vec![(BOTH, sender + worker), (WORKER, worker), (SENDER, sender)]
}

/// The loop without a host, through so many chunks.
pub(crate) async fn bare(chunks: u32, items: u32) -> Result<Took, BoxError> {
    bare_with(chunks, items, handle).await
}

/// The same with a handler that yields once.
pub(crate) async fn bare_waits(chunks: u32, items: u32) -> Result<Took, BoxError> {
    bare_with(chunks, items, handle_and_wait).await
}

async fn bare_with<H>(chunks: u32, items: u32, handle: H) -> Result<Took, BoxError>
where
    H: for<'a> Handle<'a>,
{
    let (queue, receiver) = room_for::<u64>(items);
    let gate = Arc::new(Gate::new());
    let own = Arc::clone(&gate);
    let worker = tokio::spawn(async move {
        let mut succeeded = 0;
        while let Some(item) = receiver.recv().await {
            if handle.call(item, &own).await.is_ok() {
                succeeded += 1;
            }
        }
        succeeded
    });
    let took = gate.send_chunks(&queue, chunks, items, number).await?;
    drop(queue);
    gate::handled(async { Ok(worker.await?) }, chunks, items).await?;
    Ok(took)
}

/// A consumer of a host, through so many chunks.
pub(crate) async fn host(chunks: u32, items: u32) -> Result<Took, BoxError> {
    let (queue, receiver) = room_for::<u64>(items);
    let gate = Arc::new(Gate::new());
    let host = Host::new(Arc::clone(&gate)).consume("work", receiver.workers(1).timeout(MINUTE), handler);
    hosted(host, &gate, queue, chunks, items, number).await
}

/// The same with a handler that yields once.
pub(crate) async fn host_waits(chunks: u32, items: u32) -> Result<Took, BoxError> {
    let (queue, receiver) = room_for::<u64>(items);
    let gate = Arc::new(Gate::new());
    let plan = receiver.workers(1).timeout(MINUTE);
    let host = Host::new(Arc::clone(&gate)).consume("work", plan, handler_that_waits);
    hosted(host, &gate, queue, chunks, items, number).await
}

async fn bare_closures() -> Result<Took, BoxError> {
    let (queue, items) = room_for::<Job>(ITEMS);
    let gate = Arc::new(Gate::new());
    let worker = tokio::spawn(async move {
        let mut called = 0;
        while let Some(job) = items.recv().await {
            job().await;
            called += 1;
        }
        called
    });
    let took = gate.send_chunks(&queue, CHUNKS, ITEMS, |item| closure(item, &gate)).await?;
    drop(queue);
    gate::handled(async { Ok(worker.await?) }, CHUNKS, ITEMS).await?;
    Ok(took)
}

async fn host_closures() -> Result<Took, BoxError> {
    let (queue, items) = room_for::<Work>(ITEMS);
    let gate = Arc::new(Gate::new());
    let host = Host::new(()).consume("work", items.workers(1).timeout(MINUTE), Work::run);
    hosted(host, &gate, queue, CHUNKS, ITEMS, |item| closure(item, &gate)).await
}

/// Runs `host` and sends it chunks; all items must have succeeded.
async fn hosted<S: Send + Sync + 'static, T>(
    host: Host<S>,
    gate: &Gate,
    queue: Queue<T>,
    chunks: u32,
    items: u32,
    item: impl Fn(Item) -> T,
) -> Result<Took, BoxError> {
    let running = tokio::spawn(host.run());
    let took = gate.send_chunks(&queue, chunks, items, item).await?;
    // The consumer completes, and with it the host.
    drop(queue);
    let ended = async {
        let report = running.await?.map_err(ostler::Error::into_boxed)?;
        let unit = report.unit("work").ok_or("the consumer is not in the report")?;
        Ok(unit.runs - unit.failed)
    };
    gate::handled(ended, chunks, items).await?;
    Ok(took)
}

/// A chunk, with its first and last item.
fn room_for<T>(items: u32) -> (Queue<T>, Items<T>) {
    queue::bounded(items as usize + 2)
}

fn number(item: Item) -> u64 {
    match item {
        Item::First => FIRST,
        Item::Number(number) => u64::from(number),
        Item::Last => LAST,
    }
}

const FIRST: u64 = u64::MAX - 1;
const LAST: u64 = u64::MAX;

fn closure<C: Closure>(item: Item, gate: &Arc<Gate>) -> C {
    let own = || Arc::clone(gate);
    match item {
        Item::First => {
            let gate = own();
            C::new(async move { gate.wait().await })
        }
        Item::Number(number) => C::of_number(number.into()),
        Item::Last => {
            let gate = own();
            C::new(async move { gate.end() })
        }
    }
}

/// What both call. The wait at the gate is boxed, so that it does not make every item's future larger.
async fn handle(item: u64, gate: &Gate) -> Result<(), BoxError> {
    match item {
        FIRST => Box::pin(gate.wait()).await,
        LAST => gate.end(),
        item => {
            black_box(item);
        }
    }
    Ok(())
}

async fn handle_and_wait(item: u64, gate: &Gate) -> Result<(), BoxError> {
    tokio::task::yield_now().await;
    handle(item, gate).await
}

async fn handler(item: u64, gate: State<Arc<Gate>>) -> Result<(), BoxError> {
    handle(item, &gate).await
}

async fn handler_that_waits(item: u64, gate: State<Arc<Gate>>) -> Result<(), BoxError> {
    handle_and_wait(item, &gate).await
}

/// An async function of an item and a borrowed gate. `Fn(u64, &Gate) -> Fut` cannot say that `Fut` borrows, and an
/// `AsyncFn` not that it may be sent between threads.
trait Handle<'a>: Send + 'static {
    type Future: Future<Output = Result<(), BoxError>> + Send;

    fn call(&self, item: u64, gate: &'a Gate) -> Self::Future;
}

impl<'a, F, Fut> Handle<'a> for F
where
    F: Fn(u64, &'a Gate) -> Fut + Send + 'static,
    Fut: Future<Output = Result<(), BoxError>> + Send,
{
    type Future = Fut;

    fn call(&self, item: u64, gate: &'a Gate) -> Fut {
        self(item, gate)
    }
}
