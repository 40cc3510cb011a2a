//! The bare queue beside the channels in common use, always full.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ostler::BoxError;

use crate::channel::{AsyncChannel, Channel, Flume, Mpsc, Ostler};
use crate::row::{Contender, Figures, Row, unknown};
use crate::runtime;

const ONE_ASYNC_CHANNEL: &str = "1x1 async-channel";
const ONE_OSTLER: &str = "1x1 ostler";
const ONE_FLUME: &str = "1x1 flume";
const ONE_MPSC: &str = "1x1 tokio mpsc";
const FOUR_ASYNC_CHANNEL: &str = "4x4 async-channel";
const FOUR_OSTLER: &str = "4x4 ostler";
const FOUR_FLUME: &str = "4x4 flume";

const NANOS: &str = "ns/item";
const DEPTH: &str = "items in the queue, mean";

const CAPACITY: usize = 1024;
/// Of all producers together.
const ITEMS: u64 = 1_000_000;
/// After so many items a consumer gives its thread back.
const TURN: u64 = 32;
const WARM_UP: u64 = 100_000;

pub(crate) fn row() -> Row {
    let channel = "capacity 1,024, items `u64`";
    Row {
        name: "queue",
        about: "send and receive, full, one to one and four to four",
        timed: "1,000,000 items, from the start of the producers and consumers until all consumers have \
                ended: each item is sent with the asynchronous send that waits for room, and received with \
                the asynchronous receive. Producers do nothing else; each consumer gives its thread back \
                after 32 items, so that the producers are ahead and the channel is full or nearly. \
                (Without that it swings between full and empty, as tokio lets a consumer go on while it \
                finds items.) The cost of that is in all figures alike. A tenth of the items goes ahead to \
                warm up, on a channel of its own; in it every 61st send looks how many items are in the \
                channel. tokio's mpsc has one receiver and is left out of 4x4.",
        rounds: 7,
        contenders: vec![
            Contender::new(ONE_ASYNC_CHANNEL, channel),
            Contender::new(ONE_OSTLER, channel).against(ONE_ASYNC_CHANNEL),
            Contender::new(ONE_FLUME, channel).against(ONE_ASYNC_CHANNEL),
            Contender::new(ONE_MPSC, channel).against(ONE_ASYNC_CHANNEL),
            Contender::new(FOUR_ASYNC_CHANNEL, channel),
            Contender::new(FOUR_OSTLER, channel).against(FOUR_ASYNC_CHANNEL),
            Contender::new(FOUR_FLUME, channel).against(FOUR_ASYNC_CHANNEL),
        ],
        targets: Vec::new(),
        measure: |contender| {
            runtime::run(async {
                match contender {
                    ONE_ASYNC_CHANNEL => one_to_one::<AsyncChannel>().await,
                    ONE_OSTLER => one_to_one::<Ostler>().await,
                    ONE_FLUME => one_to_one::<Flume>().await,
                    ONE_MPSC => one_to_one::<Mpsc>().await,
                    FOUR_ASYNC_CHANNEL => four_to_four::<AsyncChannel>().await,
                    FOUR_OSTLER => four_to_four::<Ostler>().await,
                    FOUR_FLUME => four_to_four::<Flume>().await,
                    _ => Err(unknown(contender)),
                }
            })
        },
    }
}

async fn one_to_one<C: Channel<u64>>() -> Result<Figures, BoxError> {
    let channel = || {
        let (sender, receiver) = C::bounded(CAPACITY);
        (sender, vec![receiver])
    };
    passes::<C>(channel, 1).await
}

async fn four_to_four<C: Channel<u64>>() -> Result<Figures, BoxError>
where
    C::Receiver: Clone,
{
    let channel = || {
        let (sender, receiver) = C::bounded(CAPACITY);
        (sender, vec![receiver; 4])
    };
    passes::<C>(channel, 4).await
}

/// A pass to warm up, and one that is timed.
async fn passes<C: Channel<u64>>(
    channel: impl Fn() -> (C::Sender, Vec<C::Receiver>),
    producers: u64,
) -> Result<Figures, BoxError> {
    let depth = Arc::new(AtomicU64::new(0));
    pass::<C>(channel(), producers, WARM_UP, Some(&depth)).await?;
    let took = pass::<C>(channel(), producers, ITEMS, None).await?;
    let looks = producers * (WARM_UP / producers).div_ceil(61);
    let depth = depth.load(Ordering::Relaxed) as f64 / looks as f64;
    Ok(vec![(NANOS, took.as_nanos() as f64 / ITEMS as f64), (DEPTH, depth)])
}

async fn pass<C: Channel<u64>>(
    (sender, receivers): (C::Sender, Vec<C::Receiver>),
    producers: u64,
    items: u64,
    depth: Option<&Arc<AtomicU64>>,
) -> Result<Duration, BoxError> {
    let each = items / producers;
    let began = Instant::now();
    for _ in 0..producers {
        let (sender, depth) = (sender.clone(), depth.cloned());
        tokio::spawn(async move {
            for item in 0..each {
                if let Some(depth) = depth.as_ref().filter(|_| item % 61 == 0) {
                    depth.fetch_add(C::len(&sender) as u64, Ordering::Relaxed);
                }
                C::send(&sender, item).await;
            }
        });
    }
    // The producers have the last ones, so that the channel closes behind them.
    drop(sender);
    let consumers: Vec<_> = receivers
        .into_iter()
        .map(|mut receiver| {
            tokio::spawn(async move {
                let mut sum = 0;
                let mut taken = 0_u64;
                while let Some(item) = C::recv(&mut receiver).await {
                    sum += black_box(item);
                    taken += 1;
                    if taken.is_multiple_of(TURN) {
                        tokio::task::yield_now().await;
                    }
                }
                sum
            })
        })
        .collect();
    let mut sum = 0;
    for consumer in consumers {
        sum += consumer.await?;
    }
    let took = began.elapsed();
    let expected = producers * (each * (each - 1) / 2);
    if sum == expected { Ok(took) } else { Err(format!("the items' sum is {sum}, not {expected}").into()) }
}
