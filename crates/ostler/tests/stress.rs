//! A running host under orders from many threads at once, on a real runtime and the real clock.
//!
//! What is random comes from one seed, which is printed; `OSTLER_STRESS_SEED=...` takes it again. The threads' turns
//! are the system's, so the same seed is the same storm, not the same weather.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail, and this one is about real threads and the real clock"
)]

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context as Polling, Poll, Wake, Waker};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use ostler::backoff::Backoff;
use ostler::queue::{self, Queue};
use ostler::{
    BoxError, Context, ControlError, Error, First, Host, HostHandle, Ready, Report, Restart, SECOND, Service,
    Stop, UnitEnd, UnitState, after_completion, every, poke, unit,
};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Barrier;
use tokio::task::yield_now;

/// Longer than any order takes: what is not answered by then hangs.
const LIMIT: Duration = Duration::from_secs(20);

/// Threads that give orders.
const THREADS: u64 = 4;

/// Random orders of each thread for each unit.
const ORDERS: usize = 1_000;

/// The most workers that are ever asked for.
const MOST: usize = 16;

/// One unit of every kind. A unit's place here is its place everywhere below.
const UNITS: [&str; 7] = ["interval", "delay", "demand", "items", "door", "flaky", "mounted"];
const ITEMS: usize = 3;
const FLAKY: usize = 5;

const fn is_task(unit: usize) -> bool {
    unit < ITEMS
}

// ---- Waiting without a runtime: what gives orders must not depend on what it gives them to.

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The answer to a call; fails the test where none comes.
#[track_caller]
fn answer<F: Future>(what: &str, future: F) -> F::Output {
    within_limit(future).unwrap_or_else(|| panic!("no answer within {LIMIT:?}: {what}"))
}

/// What a future ends with, if it does.
fn within_limit<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Polling::from_waker(&waker)) {
            return Some(output);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        thread::park_timeout(left);
    }
}

/// Looks until it is so.
#[track_caller]
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !is_so() {
        assert!(Instant::now() < deadline, "not within {LIMIT:?}: {what}");
        thread::yield_now();
    }
}

fn seed() -> u64 {
    let given = std::env::var("OSTLER_STRESS_SEED").ok();
    let seed = given.map_or_else(|| fastrand::u64(..), |seed| seed.parse().unwrap());
    println!("OSTLER_STRESS_SEED={seed}");
    seed
}

fn dice(seed: u64, of: u64) -> fastrand::Rng {
    fastrand::Rng::with_seed(seed.wrapping_add(of.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// A host that runs on a runtime of its own.
struct Running {
    runtime: Runtime,
    handle: HostHandle,
    host: tokio::task::JoinHandle<Result<Report, Error>>,
}

impl Running {
    /// Starts it and waits until all units are up.
    fn start(host: Host<()>) -> Self {
        let runtime = runtime();
        assert_eq!(runtime.metrics().num_alive_tasks(), 0);
        let handle = host.handle();
        let host = runtime.spawn(host.signals(false).run());
        until("all units are up", || {
            let units = handle.units();
            !units.is_empty() && units.iter().all(|unit| unit.state == UnitState::Running)
        });
        // The last unit is up a moment before the host has started.
        let first = handle.units()[0].name.clone();
        until("orders are taken", || {
            let refusal = answer("a start of what is up", handle.start_unit(&first));
            refusal.is_err_and(|error| error.is_not_possible())
        });
        Self { runtime, handle, host }
    }

    fn alive(&self) -> usize {
        self.runtime.metrics().num_alive_tasks()
    }

    /// Stops it, and asserts that nothing of it is left on the runtime.
    fn stop(self) -> Report {
        self.handle.stop();
        let report = answer("the end of the host", self.host).unwrap().unwrap();
        until("nothing of the host is left", || self.runtime.metrics().num_alive_tasks() == 0);
        report
    }
}

// ---- What the units do, and what is seen of it.

/// How many of something go on at once.
#[derive(Default)]
struct Gauge {
    now: AtomicUsize,
    most: AtomicUsize,
    begun: AtomicUsize,
}

struct Inside<'a>(&'a Gauge);

impl Gauge {
    fn enter(&self) -> Inside<'_> {
        self.begun.fetch_add(1, SeqCst);
        self.most.fetch_max(self.now.fetch_add(1, SeqCst) + 1, SeqCst);
        Inside(self)
    }

    fn now(&self) -> usize {
        self.now.load(SeqCst)
    }

    fn most(&self) -> usize {
        self.most.load(SeqCst)
    }

    fn begun(&self) -> usize {
        self.begun.load(SeqCst)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, SeqCst);
    }
}

struct World {
    gauges: [Gauge; UNITS.len()],
    dice: Mutex<fastrand::Rng>,
    /// How often each numbered item was handled.
    handled: Mutex<Vec<u32>>,
    /// Nothing fails by chance any more.
    calm: AtomicBool,
}

impl World {
    fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self {
            gauges: Default::default(),
            dice: Mutex::new(dice(seed, 99)),
            handled: Mutex::default(),
            calm: AtomicBool::new(false),
        })
    }

    fn roll(&self, sides: u64) -> u64 {
        self.dice.lock().unwrap().u64(0..sides)
    }

    /// Lets time pass in one of the ways in which code does.
    async fn work(&self) {
        match self.roll(8) {
            0..4 => {}
            4 | 5 => yield_now().await,
            6 => spin(Duration::from_micros(self.roll(30))),
            _ => tokio::time::sleep(Duration::from_micros(self.roll(1_500))).await,
        }
    }

    fn is_calm(&self) -> bool {
        self.calm.load(SeqCst)
    }

    fn handled(&self) -> usize {
        self.handled.lock().unwrap().iter().map(|&times| times as usize).sum()
    }
}

fn spin(time: Duration) {
    let began = Instant::now();
    while began.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// A run of a task.
fn run(world: &Arc<World>, unit: usize) -> impl Future<Output = ()> + Send + use<> {
    let world = Arc::clone(world);
    async move {
        let _inside = world.gauges[unit].enter();
        world.work().await;
    }
}

enum Item {
    Numbered(usize),
    /// Is over when as many are being handled as the barrier is wide.
    Meet(Arc<Barrier>),
}

async fn handle(world: Arc<World>, item: Item) {
    let _inside = world.gauges[ITEMS].enter();
    match item {
        Item::Numbered(number) => {
            world.work().await;
            let mut handled = world.handled.lock().unwrap();
            if handled.len() <= number {
                handled.resize(number + 1, 0);
            }
            handled[number] += 1;
        }
        Item::Meet(barrier) => {
            barrier.wait().await;
        }
    }
}

/// Fails now and then, also on its way up; not before its first instance was up, which would fail the host's start.
async fn flaky(world: Arc<World>, stop: Stop, ready: Ready) -> Result<(), &'static str> {
    let gauge = &world.gauges[FLAKY];
    let first = gauge.begun() == 0;
    let _inside = gauge.enter();
    world.work().await;
    if !first && !world.is_calm() && world.roll(4) == 0 {
        return Err("not even up");
    }
    ready.notify();
    tokio::select! {
        () = stop.requested() => return Ok(()),
        () = tokio::time::sleep(Duration::from_micros(world.roll(5_000))) => {}
    }
    if !world.is_calm() {
        return Err("by chance");
    }
    stop.requested().await;
    Ok(())
}

async fn door(world: Arc<World>, stop: Stop, ready: Ready) {
    let _inside = world.gauges[4].enter();
    world.work().await;
    ready.notify();
    stop.requested().await;
    world.work().await;
}

struct Mounted(Arc<World>);

impl Service<()> for Mounted {
    async fn run(&self, cx: Context<()>) -> Result<(), BoxError> {
        let _inside = self.0.gauges[6].enter();
        self.0.work().await;
        cx.ready();
        cx.stop().requested().await;
        Ok(())
    }
}

fn host(world: &Arc<World>) -> (Host<()>, Queue<Item>) {
    const TICK: Duration = Duration::from_millis(1);
    let (queue, items) = queue::bounded(32);
    let of = || Arc::clone(world);
    let (interval, delay, demand, item, front, failing) = (of(), of(), of(), of(), of(), of());
    let restart =
        Restart::on_failure().budget(1_000_000, SECOND).backoff(Backoff::constant(TICK).jitter(0.5));
    let host = Host::new(())
        .task(UNITS[0], every(TICK).first(First::Now), move || run(&interval, 0))
        .task(UNITS[1], after_completion(TICK), move || run(&delay, 1))
        .task(UNITS[2], poke(), move || run(&demand, 2))
        .consume(UNITS[3], items.workers(4), move |next: Item| handle(Arc::clone(&item), next))
        .service(UNITS[4], move |stop: Stop, ready: Ready| door(Arc::clone(&front), stop, ready))
        .service(unit(UNITS[5]).restart(restart), move |stop: Stop, ready: Ready| {
            flaky(Arc::clone(&failing), stop, ready)
        })
        .mount(unit(UNITS[6]).readiness(), Mounted(of()));
    (host, queue)
}

// ---- Orders.

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    Pause,
    Resume,
    Trigger,
    Restart,
    Stop,
    Start,
    Resize(usize),
}

impl Order {
    /// Mostly one that the unit can follow.
    fn random(unit: usize, dice: &mut fastrand::Rng) -> Self {
        loop {
            let order = match dice.u8(0..7) {
                0 => Self::Pause,
                1 => Self::Resume,
                2 => Self::Trigger,
                3 => Self::Restart,
                4 => Self::Stop,
                5 => Self::Start,
                _ => Self::Resize(dice.usize(1..=MOST)),
            };
            if order.suits(unit) || dice.u8(0..16) == 0 {
                return order;
            }
        }
    }

    fn suits(self, unit: usize) -> bool {
        match self {
            Self::Pause | Self::Resume => is_task(unit) || unit == ITEMS,
            Self::Trigger => is_task(unit),
            Self::Resize(_) => unit == ITEMS,
            Self::Restart | Self::Stop | Self::Start => true,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Trigger => "trigger",
            Self::Restart => "restart",
            Self::Stop => "stop_unit",
            Self::Start => "start_unit",
            Self::Resize(_) => "resize",
        }
    }

    async fn give(self, handle: &HostHandle, unit: usize) -> Result<(), ControlError> {
        let name = UNITS[unit];
        match self {
            Self::Pause => handle.pause(name).await,
            Self::Resume => handle.resume(name).await,
            Self::Trigger => handle.trigger(name).await,
            Self::Restart => handle.restart(name).await,
            Self::Stop => handle.stop_unit(name).await,
            Self::Start => handle.start_unit(name).await,
            Self::Resize(workers) => handle.resize(name, workers).await,
        }
    }
}

/// How often each unit was stopped by somebody: begun and answered.
#[derive(Default)]
struct Stops {
    begun: [AtomicUsize; UNITS.len()],
    over: [AtomicUsize; UNITS.len()],
}

/// Answers by (unit, order): done, not possible, failed.
type Table = BTreeMap<(usize, &'static str), [usize; 3]>;

fn print(table: &Table) {
    println!("{:10} {:10} {:>8} {:>13} {:>8}", "unit", "order", "done", "not possible", "failed");
    for (&(unit, order), [done, refused, failed]) in table {
        println!("{:10} {order:10} {done:>8} {refused:>13} {failed:>8}", UNITS[unit]);
    }
    let sums = |at: usize| table.values().map(|counts| counts[at]).sum::<usize>();
    println!("{:10} {:10} {:>8} {:>13} {:>8}", "all", "", sums(0), sums(1), sums(2));
}

/// Gives random orders, and judges each answer.
fn storm(handle: &HostHandle, stops: &Stops, mut dice: fastrand::Rng) -> Table {
    let mut table = Table::new();
    for _ in 0..ORDERS * UNITS.len() {
        let unit = dice.usize(0..UNITS.len());
        let order = Order::random(unit, &mut dice);
        let over = stops.over[unit].load(SeqCst);
        if order == Order::Stop {
            stops.begun[unit].fetch_add(1, SeqCst);
        }
        let what = format!("{order:?} of `{}`", UNITS[unit]);
        let answer = answer(&what, order.give(handle, unit));
        let others_stopped = stops.begun[unit].load(SeqCst) > over;
        if order == Order::Stop {
            stops.over[unit].fetch_add(1, SeqCst);
        }
        let counts = table.entry((unit, order.name())).or_default();
        match answer {
            Ok(()) => {
                assert!(order.suits(unit), "{what}: done, and it cannot be");
                counts[0] += 1;
            }
            Err(error) if error.is_not_possible() => counts[1] += 1,
            Err(error) if error.is_failed() => {
                // It was to come up, and somebody stopped it, or it is the one that fails. Its run was to begin, or it was to
                // be held, and somebody stopped or restarted it before.
                let may_fail = match order {
                    Order::Restart | Order::Start => others_stopped || unit == FLAKY,
                    Order::Trigger | Order::Pause => true,
                    _ => false,
                };
                assert!(may_fail, "{what}: failed: {error}");
                counts[2] += 1;
            }
            Err(error) => panic!("{what}: {error}"),
        }
        match dice.u8(0..4) {
            0 => {}
            1 => thread::yield_now(),
            2 => spin(Duration::from_micros(dice.u64(0..20))),
            _ => thread::sleep(Duration::from_micros(dice.u64(0..200))),
        }
    }
    table
}

/// Feeds the consumer until `done`; the numbers of what was accepted.
fn produce(
    queue: Queue<Item>,
    waits: bool,
    number: Arc<AtomicUsize>,
    done: Arc<AtomicBool>,
) -> JoinHandle<Vec<usize>> {
    thread::spawn(move || {
        let mut accepted = Vec::new();
        while !done.load(SeqCst) {
            let next = number.fetch_add(1, SeqCst);
            let sent = match waits {
                // The wait is as long as the consumer is down, and no longer than the storm.
                true => wait(queue.send(Item::Numbered(next))).is_ok(),
                false => queue.try_send(Item::Numbered(next)).is_ok(),
            };
            if sent {
                accepted.push(next);
            } else {
                thread::sleep(Duration::from_micros(100));
            }
        }
        accepted
    })
}

fn wait<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Polling::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}

/// Whatever a unit was told, it is up afterwards. Nobody else gives orders, so no refusal has an excuse.
fn bring_back(handle: &HostHandle) {
    for (unit, name) in UNITS.iter().enumerate() {
        // The one that fails may still wait for a restart.
        until(&format!("`{name}` is at rest"), || {
            use UnitState::{Paused, Running, Stopped};
            matches!(handle.unit(name).unwrap().state, Running | Paused | Stopped)
        });
        let order = match handle.unit(name).unwrap().state {
            UnitState::Paused => Order::Resume,
            UnitState::Stopped => Order::Start,
            _ => continue,
        };
        answer(name, order.give(handle, unit))
            .unwrap_or_else(|error| panic!("{order:?} of `{name}`: {error}"));
    }
    until("all run", || handle.units().iter().all(|unit| unit.state == UnitState::Running && unit.ready));
}

/// Pauses the tasks and waits until nothing comes or goes; how many tokio tasks are alive then, with so many workers.
fn calm_down(host: &Running, world: &World, workers: usize) -> usize {
    let handle = &host.handle;
    answer("resize", handle.resize(UNITS[ITEMS], workers)).unwrap();
    (0..UNITS.len())
        .filter(|&unit| is_task(unit))
        .for_each(|unit| answer("pause", handle.pause(UNITS[unit])).unwrap());
    until("no run goes on", || world.gauges[..=ITEMS].iter().all(|gauge| gauge.now() == 0));
    // Equal for some time: a run that has ended is a task for a moment longer, and so is a dismissed worker.
    let (mut alive, mut times) = (host.alive(), 0);
    until("the count of tasks stands still", || {
        let now = host.alive();
        times = if now == alive { times + 1 } else { 0 };
        alive = now;
        times == 100
    });
    UNITS.iter().take(ITEMS).for_each(|name| answer("resume", handle.resume(name)).unwrap());
    alive
}

/// One thread gives orders, so each answer and each state is known beforehand; and what is paused begins nothing.
fn one_thread(host: &Running, mut dice: fastrand::Rng) {
    use UnitState::{Paused, Running, Stopped};
    let handle = &host.handle;
    let mut states = [Running; UNITS.len()];
    let mut begun = [0; UNITS.len()];
    let mut workers = handle.unit(UNITS[ITEMS]).unwrap().workers;
    for _ in 0..ORDERS {
        let unit = dice.usize(0..UNITS.len());
        let order = Order::random(unit, &mut dice);
        let state = states[unit];
        let expected = match (order, state) {
            _ if !order.suits(unit) => None,
            (Order::Pause, Running | Paused) => Some(Paused),
            (Order::Resume, Running | Paused) | (Order::Trigger, Running) => Some(Running),
            (Order::Restart, Running | Paused) | (Order::Start, Stopped) => Some(Running),
            (Order::Stop, Running | Paused) => Some(Stopped),
            (Order::Resize(_), _) => Some(state),
            _ => None,
        };
        let rested = state != Running;
        assert!(!rested || runs_begun(handle, unit) == begun[unit], "`{}` began a run, {state}", UNITS[unit]);
        let what = format!("{order:?} of `{}`, which is {state}", UNITS[unit]);
        match (answer(&what, order.give(handle, unit)), expected) {
            (Ok(()), Some(next)) => states[unit] = next,
            (Err(error), None) if error.is_not_possible() => {}
            (answer, _) => panic!("{what}: {answer:?}"),
        }
        if let (Order::Resize(count), ITEMS) = (order, unit) {
            workers = Some(count);
        }
        if states[unit] != Running && !rested {
            begun[unit] = runs_begun(handle, unit);
        }
        let status = handle.unit(UNITS[unit]).unwrap();
        assert_eq!(status.state, states[unit], "after {what}");
        assert_eq!(handle.unit(UNITS[ITEMS]).unwrap().workers, workers, "after {what}");
        if dice.bool() {
            thread::sleep(Duration::from_micros(dice.u64(0..400)));
        }
    }
}

/// Runs of a unit that have begun, as the host counts them: a handler's first line may be a moment behind.
fn runs_begun(handle: &HostHandle, unit: usize) -> u64 {
    let status = handle.unit(UNITS[unit]).unwrap();
    status.runs + status.running
}

/// Asserts that so many workers handle items side by side.
fn meet(handle: &HostHandle, queue: &Queue<Item>, workers: usize) {
    let barrier = Arc::new(Barrier::new(workers + 1));
    for _ in 0..workers {
        let meet = Item::Meet(Arc::clone(&barrier));
        answer("room for an item", queue.send(meet)).unwrap_or_else(|error| panic!("{error}"));
    }
    if within_limit(barrier.wait()).is_none() {
        panic!("{workers} workers are not there: {:?}", handle.unit(UNITS[ITEMS]));
    }
}

#[test]
fn a_storm_of_orders_from_four_threads_loses_nothing_and_leaves_nothing() {
    let seed = seed();
    let began = Instant::now();
    let world = World::new(seed);
    let (host, queue) = host(&world);
    let host = Running::start(host);
    let handle = host.handle.clone();
    world.calm.store(true, SeqCst);
    let before = calm_down(&host, &world, 4);
    world.calm.store(false, SeqCst);

    let (number, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let producers = [true, false].map(|waits| produce(queue.clone(), waits, number.clone(), done.clone()));
    let stops = Stops::default();
    let tables = thread::scope(|scope| {
        let (handle, stops) = (&handle, &stops);
        let storms: Vec<_> =
            (0..THREADS).map(|n| scope.spawn(move || storm(handle, stops, dice(seed, n)))).collect();
        storms.into_iter().map(|storm| storm.join().unwrap()).collect::<Vec<_>>()
    });
    let mut table = Table::new();
    for ((unit, order), counts) in tables.into_iter().flatten() {
        let sums = table.entry((unit, order)).or_default();
        sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    print(&table);
    println!("the storm took {:?}", began.elapsed());
    assert_eq!(table.values().flatten().sum::<usize>(), THREADS as usize * ORDERS * UNITS.len());

    world.calm.store(true, SeqCst);
    bring_back(&handle);
    one_thread(&host, dice(seed, 50));
    bring_back(&handle);
    // Each way back to work leads there.
    for orders in [&[Order::Restart][..], &[Order::Pause, Order::Restart], &[Order::Stop, Order::Start]] {
        orders.iter().for_each(|order| answer("an order", order.give(&handle, ITEMS)).unwrap());
        let handled = world.handled();
        until(&format!("items are handled after {orders:?}"), || world.handled() > handled);
    }
    let workers = dice(seed, 51).usize(1..=MOST);
    answer("resize", handle.resize(UNITS[ITEMS], workers)).unwrap();
    meet(&handle, &queue, workers);

    // All that was accepted is handled, once each, and nothing else.
    done.store(true, SeqCst);
    let mut accepted: Vec<usize> =
        producers.into_iter().flat_map(|producer| producer.join().unwrap()).collect();
    accepted.sort_unstable();
    until("all items are handled", || world.handled() >= accepted.len());
    let handled = world.handled.lock().unwrap().clone();
    let once: Vec<usize> = (0..handled.len()).filter(|&item| handled[item] == 1).collect();
    assert!(handled.iter().all(|&times| times <= 1), "an item was handled twice");
    assert!(once == accepted, "{} items accepted, {} handled", accepted.len(), once.len());
    let items = handle.unit(UNITS[ITEMS]).unwrap();
    println!("{} items accepted and handled, {} runs of tasks", accepted.len(), {
        world.gauges[..ITEMS].iter().map(Gauge::begun).sum::<usize>()
    });
    assert_eq!((items.depth, items.failed, items.dropped), (Some(0), 0, Some(0)));

    for (unit, gauge) in world.gauges.iter().enumerate() {
        let most = if unit == ITEMS { MOST } else { 1 };
        assert!(gauge.begun() > 100, "`{}` began {} times", UNITS[unit], gauge.begun());
        assert!(gauge.most() <= most, "`{}`: {} at once", UNITS[unit], gauge.most());
    }
    let after = calm_down(&host, &world, 4);
    println!("{before} tokio tasks before the storm, {after} after it");
    assert!(after <= before, "{before} tokio tasks before the storm, {after} after it");

    let report = host.stop();
    assert!(report.units().iter().all(|unit| unit.end == UnitEnd::Stopped), "{report}");
    assert_eq!(report.units().len(), UNITS.len());
    println!("{report}\nall took {:?}", began.elapsed());
}

#[test]
fn from_the_answer_of_a_pause_on_no_run_begins() {
    let seed = seed();
    let world = World::new(seed);
    let (host, queue) = host(&world);
    let host = Running::start(host);
    let handle = host.handle.clone();
    let mut dice = dice(seed, 1);
    // One that gives its orders on the runtime itself is answered soonest.
    let rounds = async move {
        let mut late = [0; ITEMS + 1];
        for _ in 0..500 {
            for (unit, late) in late.iter_mut().enumerate() {
                if unit == ITEMS {
                    (0..8).for_each(|n| drop(queue.try_send(Item::Numbered(n))));
                    handle.pause(UNITS[unit]).await.unwrap();
                } else {
                    // The trigger comes first: it has been answered, and its run has begun, when the pause is.
                    let (triggered, paused) =
                        tokio::join!(handle.trigger(UNITS[unit]), handle.pause(UNITS[unit]));
                    triggered.unwrap();
                    paused.unwrap();
                }
                let begun = runs_begun(&handle, unit);
                for _ in 0..dice.u8(0..20) {
                    yield_now().await;
                }
                tokio::time::sleep(Duration::from_micros(dice.u64(0..1_500))).await;
                *late += usize::from(runs_begun(&handle, unit) != begun);
                handle.resume(UNITS[unit]).await.unwrap();
            }
        }
        late
    };
    let late = answer("500 rounds", host.runtime.spawn(rounds)).unwrap();
    host.stop();
    assert_eq!(
        late,
        [0; ITEMS + 1],
        "of 500 pauses each of {:?}, so many were followed by a run",
        &UNITS[..=ITEMS]
    );
}

#[test]
fn a_consumer_that_shrinks_and_grows_at_once_has_all_its_workers() {
    let seed = seed();
    let world = World::new(seed);
    let (host, queue) = host(&world);
    let host = Running::start(host);
    let handle = &host.handle;
    let mut dice = dice(seed, 2);
    for _ in 0..10_000 {
        let (less, more) = (dice.usize(1..MOST), dice.usize(2..=MOST));
        // Both are asked for before the first is answered.
        let sizes =
            async { tokio::join!(handle.resize(UNITS[ITEMS], less), handle.resize(UNITS[ITEMS], more)) };
        let (shrunk, grown) = answer("resize twice", sizes);
        shrunk.unwrap();
        grown.unwrap();
        // Twice as many items as there are workers, which are let go in two groups: so there are no fewer, and no more.
        let (gauge, barrier) = (&world.gauges[ITEMS], Arc::new(Barrier::new(more)));
        let begun = gauge.begun();
        gauge.most.store(0, SeqCst);
        for _ in 0..2 * more {
            queue.try_send(Item::Meet(Arc::clone(&barrier))).unwrap_or_else(|error| panic!("{error}"));
        }
        until(&format!("{more} workers meet twice"), || {
            gauge.begun() == begun + 2 * more && gauge.now() == 0
        });
        assert_eq!(gauge.most(), more, "workers at once, after {less} and {more} were asked for");
    }
    host.stop();
}

#[test]
fn a_task_that_is_triggered_and_restarted_at_once_has_one_run_at_a_time() {
    let seed = seed();
    let live = Arc::new(Gauge::default());
    let seen = Arc::clone(&live);
    let host = Host::new(()).task(UNITS[0], every(SECOND).first(First::Now), move || {
        let live = Arc::clone(&seen);
        async move {
            let _inside = live.enter();
            for _ in 0..50 {
                yield_now().await;
            }
        }
    });
    let host = Running::start(host);
    let handle = &host.handle;
    let mut dice = dice(seed, 3);
    for _ in 0..2_000 {
        // The run that was asked for may be cut off by the restart; the one that begins the new schedule is alone.
        let both = async { tokio::join!(handle.trigger(UNITS[0]), handle.restart(UNITS[0])) };
        let (triggered, restarted) = answer("trigger and restart", both);
        assert!(triggered.is_ok() || triggered.is_err_and(|error| error.is_failed()));
        restarted.unwrap();
        spin(Duration::from_micros(dice.u64(0..20)));
        answer("trigger", handle.trigger(UNITS[0])).unwrap();
    }
    assert_eq!(live.most(), 1, "runs of one task at once");
    host.stop();
}

/// What is promised of a new size, and ten times that, which is what a busy machine is allowed.
const IN_EFFECT_WITHIN: Duration = Duration::from_millis(100);

#[test]
fn a_new_size_takes_effect_under_load_and_nothing_is_lost() {
    let gauge = Arc::new(Gauge::default());
    let seen = Arc::clone(&gauge);
    let (queue, items) = queue::bounded::<usize>(64);
    let host = Host::new(()).consume("items", items.workers(1), move |_: usize| {
        let gauge = Arc::clone(&seen);
        async move {
            let _inside = gauge.enter();
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    let host = Running::start(host);
    let enough = Arc::new(AtomicBool::new(false));
    let stop_sending = Arc::clone(&enough);
    let sender = host.runtime.spawn(async move {
        let mut sent = 0;
        while !stop_sending.load(SeqCst) {
            queue.send(sent).await.unwrap();
            sent += 1;
        }
        sent
    });
    until("the first item is at work", || gauge.now() == 1);
    for (size, what) in [(64, "64 are at work"), (1, "1 is at work"), (64, "64 are again"), (1, "1 is again")]
    {
        let asked = Instant::now();
        answer("a resize", host.handle.resize("items", size)).unwrap();
        let answered = asked.elapsed();
        until(what, || if size == 1 { gauge.now() <= 1 } else { gauge.now() == size });
        let took = asked.elapsed();
        println!("{what} {took:?} after a resize was asked for, answered after {answered:?}");
        assert!(took < 10 * IN_EFFECT_WITHIN, "{what}: {took:?}");
        gauge.most.store(0, SeqCst);
    }
    enough.store(true, SeqCst);
    let sent = answer("the sender ends", sender).unwrap();
    until("all that was sent is handled", || gauge.begun() == sent && gauge.now() == 0);
    assert!(gauge.most() <= 1, "one worker, and {} at once", gauge.most());
    host.stop();
}
