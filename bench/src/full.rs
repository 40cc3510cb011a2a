//! Four producers and four workers on a full queue of closures.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use ostler::queue::{self, Items, Queue, Work};
use ostler::{BoxError, Consume, Host, MINUTE, Plan};
use tokio::sync::Semaphore;

use crate::channel::{AsyncChannel, Channel, Ostler, Yielding};
use crate::job::{Closure, Job};
use crate::row::{Contender, Figures, Row, unknown};
use crate::runtime;
use crate::target::{Measure, Target};

const RAW: &str = "async-channel";
const YIELDING: &str = "async-channel, yielding";
const QUEUE: &str = "ostler queue, no host";
const HOST: &str = "host";
const HOST_WORK: &str = "host, `Work`";

const NANOS: &str = "ns/item";
const DEPTH: &str = "items in the queue, mean";

const PRODUCERS: u64 = 4;
const WORKERS: usize = 4;
const CAPACITY: usize = 1024;
/// For each producer.
const ITEMS: u64 = 150_000;
const WARM_UP: u64 = 15_000;

pub(crate) fn row() -> Row {
    let within =
        |contender| Target { contender, figure: NANOS, measure: Measure::Ratio, goal: 2.0, floor: 2.5 };
    Row {
        name: "full",
        about: "four producers and four workers on a full queue of closures",
        timed: "From the start of four producers, which send 150,000 closures each as fast as the queue of \
                1,024 takes them, until the last closure of each has run. A pass of a tenth of that goes \
                ahead to warm up; in it every 61st send looks how many items are in the queue. The raw \
                limit is the channel as it is, whose workers go on until it is empty, so that it swings \
                between full and empty; yielding, they give their thread back after 128 items, as the \
                host's do, and it stays near full.",
        rounds: 7,
        contenders: vec![
            Contender::new(
                RAW,
                "`async_channel::bounded(1024)`, four tasks that receive and call; items are boxed closures that \
                 return a boxed future",
            ),
            Contender::new(YIELDING, "the same, and each worker spends tokio's budget for each item")
                .against(RAW),
            Contender::new(QUEUE, "`queue::bounded(1024)`, the same tasks and items").against(RAW),
            Contender::new(HOST, "`Host::consume`, `workers(4)`, `timeout(1 min)`, the same items")
                .against(RAW),
            Contender::new(HOST_WORK, "the same with items `queue::Work` and the handler `Work::run`")
                .against(RAW),
        ],
        targets: vec![within(HOST), within(HOST_WORK)],
        measure: |contender| {
            runtime::run(async {
                match contender {
                    RAW => bare::<AsyncChannel>().await,
                    YIELDING => bare::<Yielding<AsyncChannel>>().await,
                    QUEUE => bare::<Ostler>().await,
                    HOST => {
                        let (queue, items) = queue::bounded::<Job>(CAPACITY);
                        let handler = async |job: Job| job().await;
                        hosted(Host::new(()).consume("work", plan(items), handler), queue).await
                    }
                    HOST_WORK => {
                        let (queue, items) = queue::bounded::<Work>(CAPACITY);
                        hosted(Host::new(()).consume("work", plan(items), Work::run), queue).await
                    }
                    _ => Err(unknown(contender)),
                }
            })
        },
    }
}

fn plan<T>(items: Items<T>) -> Plan<Consume<T>> {
    items.workers(WORKERS).timeout(MINUTE)
}

/// Tasks that receive and call.
async fn bare<C>() -> Result<Figures, BoxError>
where
    C: Channel<Job>,
    C::Receiver: Clone,
{
    let (sender, receiver) = C::bounded(CAPACITY);
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let mut receiver = receiver.clone();
            tokio::spawn(async move {
                let mut called = 0;
                while let Some(job) = C::recv(&mut receiver).await {
                    job().await;
                    called += 1;
                }
                called
            })
        })
        .collect();
    drop(receiver);
    let figures = passes::<C, Job>(sender).await?;
    let mut called = 0;
    for worker in workers {
        called += worker.await?;
    }
    all_of_them(called)?;
    Ok(figures)
}

/// Sends to the workers of a host, which ends when the queue is closed and empty.
async fn hosted<T: Closure>(host: Host<()>, queue: Queue<T>) -> Result<Figures, BoxError> {
    let running = tokio::spawn(host.run());
    let figures = passes::<Ostler, T>(queue).await?;
    let report = running.await?.map_err(ostler::Error::into_boxed)?;
    let unit = report.unit("work").ok_or("the consumer is not in the report")?;
    all_of_them(unit.runs - unit.failed)?;
    Ok(figures)
}

/// A pass to warm up, and one that is timed.
async fn passes<C: Channel<T>, T: Closure>(sender: C::Sender) -> Result<Figures, BoxError> {
    let depth = Arc::new(Depth::default());
    pass::<C, T>(&sender, WARM_UP, Some(&depth)).await?;
    let began = Instant::now();
    pass::<C, T>(&sender, ITEMS, None).await?;
    let took = began.elapsed();
    Ok(vec![(NANOS, took.as_nanos() as f64 / (PRODUCERS * ITEMS) as f64), (DEPTH, depth.mean())])
}

/// Sends so many closures from each producer, and waits until the last of each has run.
async fn pass<C: Channel<T>, T: Closure>(
    sender: &C::Sender,
    items: u64,
    depth: Option<&Arc<Depth>>,
) -> Result<(), BoxError> {
    let ended = Arc::new(Semaphore::new(0));
    for _ in 0..PRODUCERS {
        let (sender, ended, depth) = (sender.clone(), Arc::clone(&ended), depth.cloned());
        tokio::spawn(async move {
            for number in 1..items {
                if let Some(depth) = depth.as_ref().filter(|_| number % 61 == 0) {
                    depth.add(C::len(&sender));
                }
                C::send(&sender, T::of_number(number)).await;
            }
            C::send(&sender, T::new(async move { ended.add_permits(1) })).await;
        });
    }
    ended.acquire_many(PRODUCERS as u32).await?.forget();
    Ok(())
}

fn all_of_them(called: u64) -> Result<(), BoxError> {
    let sent = PRODUCERS * (WARM_UP + ITEMS);
    if called == sent { Ok(()) } else { Err(format!("{called} closures ran, {sent} were sent").into()) }
}

/// How full a queue was found.
#[derive(Debug, Default)]
struct Depth {
    sum: AtomicU64,
    looks: AtomicU64,
}

impl Depth {
    fn add(&self, items: usize) {
        self.sum.fetch_add(items as u64, Ordering::Relaxed);
        self.looks.fetch_add(1, Ordering::Relaxed);
    }

    fn mean(&self) -> f64 {
        self.sum.load(Ordering::Relaxed) as f64 / self.looks.load(Ordering::Relaxed) as f64
    }
}
