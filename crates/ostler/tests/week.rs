//! A week of two hundred units on the virtual clock, compared with a second, plain account of the documented rules.
//!
//! What is random comes from one seed, which is printed; `OSTLER_WEEK_SEED=...` gives the same week again, to the
//! nanosecond. Each handler rolls its own dice, made from the seed, its unit and its run: so the account below comes to
//! the same numbers without knowing in which order things happened.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail, and this one also measures how long it takes"
)]

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ostler::backoff::Backoff;
use ostler::queue::{self, Queue};
use ostler::testing::TestHost;
use ostler::{
    Clock, DAY, Host, MINUTE, Ready, Restart, Run, SECOND, Spent, Stop, UnitState, UnitStatus,
    after_completion, cron, every, unit,
};

const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

const SERVICES: usize = 80;
const EVERY: usize = 60;
const DELAYS: usize = 15;
const CRONS: usize = 15;
/// As many tasks feed as many consumers.
const PAIRS: usize = 15;

/// A moment's length that adds up to no round number: two things never happen at the same instant, whose order nothing
/// promises.
const ODD: Duration = Duration::from_nanos(1_000_003);

/// When something was, counted from the start of the week.
type At = Duration;

/// A beginning, and its end where that has come.
type Life = (At, Option<At>);
type Lives = Vec<Life>;

fn dice(seed: u64, of: &str, number: u64) -> fastrand::Rng {
    let mut mixed = seed;
    for byte in of.bytes().chain(number.to_le_bytes()) {
        mixed = (mixed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    }
    fastrand::Rng::with_seed(mixed)
}

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn one_of<T: Copy>(dice: &mut fastrand::Rng, all: &[T]) -> T {
    all[dice.usize(0..all.len())]
}

/// What happened to one unit, in order: a beginning and its end.
#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Lives>>);

impl Diary {
    fn opens(&self, clock: &Clock, born: Instant) -> Entry {
        let mut all = self.0.lock().unwrap();
        all.push((clock.now() - born, None));
        Entry { diary: self.clone(), place: all.len() - 1, clock: clock.clone(), born }
    }

    fn all(&self) -> Lives {
        self.0.lock().unwrap().clone()
    }
}

/// Written when it is dropped, so however it ends.
struct Entry {
    diary: Diary,
    place: usize,
    clock: Clock,
    born: Instant,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.diary.0.lock().unwrap()[self.place].1 = Some(self.clock.now() - self.born);
    }
}

/// The instant at which the week begins, known when the host is.
type Born = Arc<std::sync::OnceLock<Instant>>;

// ---- Services.

#[derive(Debug, Clone, Copy, PartialEq)]
enum When {
    Never,
    OnFailure,
    Always,
}

/// A service as it is registered, in numbers that the account can count with.
#[derive(Debug, Clone, Copy)]
struct Policy {
    when: When,
    budget: usize,
    window: Duration,
    /// The first wait, its factor, and the longest.
    first: Duration,
    factor: u32,
    max: Duration,
    /// It says that it is ready, and has so long for it.
    start_timeout: Option<Duration>,
    /// How long an instance lives, in seconds, at most.
    life: u64,
    /// It fails so often, of a hundred.
    fails: u8,
}

impl Policy {
    fn random(mut dice: fastrand::Rng) -> Self {
        let window = one_of(&mut dice, &[10 * MINUTE, 60 * MINUTE, 6 * 60 * MINUTE]);
        let budget = dice.usize(0..16);
        Self {
            when: one_of(
                &mut dice,
                &[When::Never, When::OnFailure, When::OnFailure, When::Always, When::Always],
            ),
            budget,
            window,
            first: one_of(&mut dice, &[Duration::ZERO, SECOND / 2, SECOND, 5 * SECOND]),
            factor: dice.u32(1..=3),
            max: one_of(&mut dice, &[8 * SECOND, MINUTE, 5 * MINUTE]),
            start_timeout: dice.bool().then_some(5 * SECOND),
            // Around what the budget allows: some live for the whole week, and most fail for good some day.
            life: window.as_secs() / (budget as u64 + 1) * dice.u64(1..12) + 1,
            fails: one_of(&mut dice, &[90, 99, 100, 100]),
        }
    }

    fn restart(self) -> Restart {
        let restart = match self.when {
            When::Never => Restart::never(),
            When::OnFailure => Restart::on_failure(),
            When::Always => Restart::always(),
        };
        let backoff =
            Backoff::exponential(self.first).factor(f64::from(self.factor)).max(self.max).jitter(0.0);
        restart.budget(self.budget as u32, self.window).backoff(backoff).when_spent(Spent::StayFailed)
    }
}

/// What one instance does: says after `ready` that it is, and ends after `life`, well or not.
#[derive(Debug, Clone, Copy)]
struct Instance {
    ready: Duration,
    life: Duration,
    fails: bool,
}

impl Instance {
    fn new(seed: u64, name: &str, number: u64, policy: &Policy) -> Self {
        let mut dice = dice(seed, name, number);
        // Whole seconds: restarts are also exactly a window apart, where the budget's edge is.
        let life = seconds(dice.u64(0..=policy.life));
        // The first is ready at once and lives a while, or the host would not have started.
        let first = number == 1;
        let ready = if first { Duration::ZERO } else { seconds(one_of(&mut dice, &[0, 0, 0, 0, 1, 3, 7])) };
        Self { ready, life: if first { life + SECOND } else { life }, fails: dice.u8(0..100) < policy.fails }
    }
}

struct Expected {
    lives: Lives,
    state: UnitState,
    restarts: u64,
}

/// The account of a service: at most `budget` restarts within a window that ends with the failure; the wait before each
/// grows with how many restarts lie within the window.
fn account_of_service(seed: u64, name: &str, policy: &Policy) -> Expected {
    let (mut lives, mut granted, mut restarts) = (Vec::new(), Vec::<At>::new(), 0);
    let mut begins = Duration::ZERO;
    loop {
        if begins > WEEK {
            return Expected { lives, state: UnitState::Restarting, restarts };
        }
        if !lives.is_empty() {
            restarts += 1;
        }
        let instance = Instance::new(seed, name, lives.len() as u64 + 1, policy);
        let (mut lasts, mut fails, mut up) = (instance.life, instance.fails, Duration::ZERO);
        if let Some(limit) = policy.start_timeout {
            up = instance.ready;
            // One that ends before it is ready has failed, also with `Ok`; and one that takes too long.
            if lasts.min(limit) < instance.ready {
                (lasts, fails) = (lasts.min(limit), true);
            }
        }
        let ends = begins + lasts;
        if ends > WEEK {
            let state = if begins + up <= WEEK { UnitState::Running } else { UnitState::Starting };
            lives.push((begins, None));
            return Expected { lives, state, restarts };
        }
        lives.push((begins, Some(ends)));
        let again = match policy.when {
            When::Never => false,
            When::OnFailure => fails,
            When::Always => true,
        };
        granted.retain(|&at| ends - at < policy.window);
        let within = granted.len();
        if !again || within >= policy.budget {
            let state = if again || fails { UnitState::Failed } else { UnitState::Completed };
            return Expected { lives, state, restarts };
        }
        granted.push(ends);
        let wait = (0..within).fold(policy.first, |wait, _| (wait * policy.factor).min(policy.max));
        begins = ends + wait.min(policy.max);
    }
}

async fn live(
    seed: u64,
    policy: Policy,
    run: Run,
    clock: Clock,
    entry: Entry,
    ready: Option<Ready>,
    stop: Stop,
) -> Result<(), &'static str> {
    let _entry = entry;
    let instance = Instance::new(seed, run.unit(), run.id(), &policy);
    let ends = clock.now() + instance.life;
    let alive = async {
        if let Some(ready) = &ready
            && instance.ready <= instance.life
        {
            clock.sleep(instance.ready).await;
            ready.notify();
        }
        clock.sleep_until(ends).await;
    };
    tokio::select! {
        biased;
        () = alive => if instance.fails { Err("as the dice say") } else { Ok(()) },
        () = stop.requested() => Ok(()),
    }
}

// ---- Tasks.

/// How a run of a task goes: how long each of its attempts takes and whether it fails.
#[derive(Debug, Clone, Copy)]
struct Work {
    attempts: u32,
    timeout: Option<Duration>,
    /// An attempt's most seconds.
    longest: u64,
    fails: u8,
}

impl Work {
    fn random(dice: &mut fastrand::Rng, period: Duration) -> Self {
        let longest = period.as_secs() * one_of(dice, &[1, 1, 4, 10]) / one_of(dice, &[4, 8, 16]) + 1;
        Self {
            attempts: dice.u32(1..=3),
            timeout: dice.bool().then(|| seconds((longest * 3).div_ceil(4)) + ODD / 3),
            longest,
            fails: one_of(dice, &[0, 20, 60]),
        }
    }

    fn backoff() -> Backoff {
        Backoff::exponential(2 * SECOND).jitter(0.0)
    }

    /// How long this attempt wants to take, and whether it then fails.
    fn attempt(self, seed: u64, name: &str, run: u64, attempt: u32) -> (Duration, bool) {
        let mut dice = dice(seed, name, run * 16 + u64::from(attempt));
        (seconds(dice.u64(0..=self.longest)) + ODD, dice.u8(0..100) < self.fails)
    }
}

/// What comes of a unit's runs.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    runs: u64,
    failed: u64,
    retries: u64,
    skipped: u64,
    running: u64,
}

impl Counts {
    fn of(status: &UnitStatus) -> Self {
        let &UnitStatus { runs, failed, retries, skipped, running, .. } = status;
        Self { runs, failed, retries, skipped, running }
    }

    /// A run that begins: its end, and the counts with it.
    fn run(&mut self, work: Work, seed: u64, name: &str, number: u64, begins: At) -> Option<At> {
        let mut now = begins;
        for attempt in 1.. {
            let (wants, fails) = work.attempt(seed, name, number, attempt);
            let times_out = work.timeout.is_some_and(|timeout| timeout < wants);
            now += work.timeout.map_or(wants, |timeout| timeout.min(wants));
            if now > WEEK {
                break;
            }
            let failed = fails || times_out;
            if !failed || attempt == work.attempts {
                self.runs += 1;
                self.failed += u64::from(failed);
                return Some(now);
            }
            now += 2 * SECOND * 2u32.pow(attempt - 1);
            if now > WEEK {
                break;
            }
            self.retries += 1;
        }
        self.running = 1;
        None
    }
}

/// The account of a task on a grid: a tick during a run waits for its end where there is room for it to `wait`, and is
/// otherwise left out.
fn account_of_grid(
    seed: u64,
    name: &str,
    work: Work,
    period: Duration,
    wait: bool,
) -> (Lives, Counts, u64, u64) {
    let (mut diary, mut counts) = (Vec::new(), Counts::default());
    let mut waiting: VecDeque<At> = VecDeque::new();
    // Until when a run goes on.
    let mut busy: Option<Option<At>> = None;
    let mut ticks = 0;
    let begin = |at: At, diary: &mut Vec<_>, counts: &mut Counts| {
        let end = counts.run(work, seed, name, diary.len() as u64 + 1, at);
        diary.push((at, end));
        Some(end)
    };
    let mut tick = period;
    while tick <= WEEK {
        ticks += 1;
        while let Some(Some(end)) = busy
            && end < tick
        {
            busy = waiting.pop_front().and_then(|_| begin(end, &mut diary, &mut counts));
        }
        match busy {
            None => busy = begin(tick, &mut diary, &mut counts),
            Some(_) if wait && waiting.is_empty() => waiting.push_back(tick),
            Some(_) => counts.skipped += 1,
        }
        tick += period;
    }
    while let Some(Some(end)) = busy {
        busy = waiting.pop_front().and_then(|_| begin(end, &mut diary, &mut counts));
    }
    (diary, counts, ticks, waiting.len() as u64)
}

/// The account of a fixed delay: from each run's end to the next one's beginning.
fn account_of_delay(seed: u64, name: &str, work: Work, delay: Duration) -> (Lives, Counts) {
    let (mut diary, mut counts) = (Vec::new(), Counts::default());
    let mut next = Some(delay);
    while let Some(begins) = next.filter(|&at| at <= WEEK) {
        let end = counts.run(work, seed, name, diary.len() as u64 + 1, begins);
        diary.push((begins, end));
        next = end.map(|end| end + delay);
    }
    (diary, counts)
}

/// One attempt of a run; the first opens the run's entry, and the last closes it.
async fn attempt(seed: u64, work: Work, run: Run, clock: Clock) -> Result<(), &'static str> {
    let (wants, fails) = work.attempt(seed, run.unit(), run.id(), run.attempt());
    clock.sleep(wants).await;
    if fails { Err("as the dice say") } else { Ok(()) }
}

/// What is known of an item when it is sent: how long it takes and how often it fails.
#[derive(Debug, Clone, Copy)]
struct Parcel {
    takes: Duration,
    fails: u32,
}

const PARCEL_ATTEMPTS: u32 = 3;

/// A queue's own books.
#[derive(Default)]
struct Books {
    accepted: AtomicU64,
    refused: AtomicU64,
    /// Of those that were accepted: retries and failures that they will come to.
    retries: AtomicU64,
    failed: AtomicU64,
    handled: AtomicU64,
}

async fn feed(seed: u64, run: Run, queue: Queue<Parcel>, books: Arc<Books>) {
    let mut dice = dice(seed, run.unit(), run.id());
    for _ in 0..dice.u32(0..12) {
        let takes = seconds(dice.u64(0..400)) + ODD;
        let fails = one_of(&mut dice, &[0, 0, 0, 1, 2, 3]);
        if queue.try_send(Parcel { takes, fails }).is_ok() {
            books.accepted.fetch_add(1, Relaxed);
            books.retries.fetch_add(u64::from(fails.min(PARCEL_ATTEMPTS - 1)), Relaxed);
            books.failed.fetch_add(u64::from(fails == PARCEL_ATTEMPTS), Relaxed);
        } else {
            books.refused.fetch_add(1, Relaxed);
        }
    }
}

async fn unpack(parcel: Parcel, run: Run, clock: Clock, books: Arc<Books>) -> Result<(), &'static str> {
    clock.sleep(parcel.takes).await;
    if run.attempt() == 1 {
        books.handled.fetch_add(1, Relaxed);
    }
    if run.attempt() <= parcel.fails { Err("as the dice say") } else { Ok(()) }
}

// ---- The week.

/// A task that is registered, and the account of it.
struct Task {
    name: String,
    work: Work,
    plan: Plan,
    diary: Diary,
}

/// From a number of minutes.
type MakePlan = fn(u64) -> Plan;

#[derive(Clone, Copy)]
enum Plan {
    Every(Duration),
    Delay(Duration),
    Cron(u64),
}

impl Task {
    fn random(seed: u64, name: String, kind: MakePlan) -> Self {
        let mut dice = dice(seed, &name, 0);
        let plan = kind(one_of(&mut dice, &[1, 3, 5, 10, 10, 15, 20, 30, 30, 60]));
        let period = match plan {
            Plan::Every(period) | Plan::Delay(period) => period,
            Plan::Cron(minutes) => minutes as u32 * MINUTE,
        };
        Self { work: Work::random(&mut dice, period), name, plan, diary: Diary::default() }
    }

    fn register(&self, host: Host<()>, seed: u64, born: &Born) -> Host<()> {
        let plan = match self.plan {
            Plan::Every(period) => every(period),
            Plan::Delay(delay) => after_completion(delay),
            Plan::Cron(60) => cron("0 * * * *", "UTC"),
            Plan::Cron(minutes) => cron(&format!("*/{minutes} * * * *"), "UTC"),
        };
        let mut plan = plan.attempts(self.work.attempts).backoff(Work::backoff());
        if let Some(timeout) = self.work.timeout {
            plan = plan.timeout(timeout);
        }
        let (diary, born, work) = (self.diary.clone(), Arc::clone(born), self.work);
        host.task(self.name.as_str(), plan, move |run: Run, clock: Clock| {
            let (diary, born) = (diary.clone(), *born.get().unwrap());
            async move {
                if run.attempt() == 1 {
                    diary.0.lock().unwrap().push((clock.now() - born, None));
                }
                let ended = Ended { diary, clock: clock.clone(), born };
                let outcome = attempt(seed, work, run, clock).await;
                drop(ended);
                outcome
            }
        })
    }

    /// Compares; how many runs there were.
    fn check(&self, seed: u64, status: &UnitStatus) -> u64 {
        let (expected, counts) = match self.plan {
            Plan::Delay(delay) => account_of_delay(seed, &self.name, self.work, delay),
            Plan::Every(_) | Plan::Cron(_) => {
                let (period, waits) = match self.plan {
                    Plan::Every(period) => (period, true),
                    Plan::Cron(minutes) => (minutes as u32 * MINUTE, false),
                    Plan::Delay(_) => unreachable!(),
                };
                let (diary, counts, ticks, waiting) =
                    account_of_grid(seed, &self.name, self.work, period, waits);
                assert_eq!(
                    status.runs + status.running + status.skipped + waiting,
                    ticks,
                    "every tick of `{}` is a run, or was skipped, or waits",
                    self.name
                );
                (diary, counts)
            }
        };
        let begun = |all: &[Life]| all.iter().map(|&(begun, _)| begun).collect::<Vec<_>>();
        let seen = self.diary.all();
        assert_same(&self.name, &begun(&seen), &begun(&expected));
        // The end of a run that still goes on is only its last attempt's.
        let ended =
            |all: &[Life]| all.iter().map(|&(_, end)| end).take(status.runs as usize).collect::<Vec<_>>();
        assert_same(&self.name, &ended(&seen), &ended(&expected));
        assert_eq!(Counts::of(status), counts, "`{}`: {self:?}", self.name);
        status.runs
    }
}

impl std::fmt::Debug for Task {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.work.fmt(f)
    }
}

/// Writes the end of the last run's last attempt, however it comes.
struct Ended {
    diary: Diary,
    clock: Clock,
    born: Instant,
}

impl Drop for Ended {
    fn drop(&mut self) {
        self.diary.0.lock().unwrap().last_mut().unwrap().1 = Some(self.clock.now() - self.born);
    }
}

/// Fails with the first difference.
#[track_caller]
fn assert_same<T: PartialEq + std::fmt::Debug>(name: &str, seen: &[T], expected: &[T]) {
    let place = seen.iter().zip(expected).position(|(seen, expected)| seen != expected);
    let place = place.unwrap_or(seen.len().min(expected.len()));
    assert!(
        seen == expected,
        "`{name}`: {} seen, {} expected; number {place} is {:?}, expected {:?}",
        seen.len(),
        expected.len(),
        seen.get(place),
        expected.get(place),
    );
}

#[test]
fn a_week_of_two_hundred_units_goes_as_documented() {
    let given = std::env::var("OSTLER_WEEK_SEED").ok();
    let seed = given.map_or_else(|| fastrand::u64(..), |seed| seed.parse().unwrap());
    println!("OSTLER_WEEK_SEED={seed}");
    let began = Instant::now();
    let born = Born::default();
    let mut host = Host::new(());

    let services: Vec<(String, Policy, Diary)> = (0..SERVICES)
        .map(|n| {
            let name = format!("service-{n}");
            (name.clone(), Policy::random(dice(seed, &name, 0)), Diary::default())
        })
        .collect();
    for (name, policy, diary) in &services {
        let (policy, diary, born) = (*policy, diary.clone(), Arc::clone(&born));
        let named = unit(name.as_str()).restart(policy.restart());
        let open = move |clock: &Clock| diary.opens(clock, *born.get_or_init(|| clock.now()));
        host = match policy.start_timeout {
            None => host.service(named, move |run: Run, clock: Clock, stop: Stop| {
                let entry = open(&clock);
                live(seed, policy, run, clock, entry, None, stop)
            }),
            Some(limit) => host.service(
                named.start_timeout(limit),
                move |run: Run, clock: Clock, stop: Stop, ready: Ready| {
                    let entry = open(&clock);
                    live(seed, policy, run, clock, entry, Some(ready), stop)
                },
            ),
        };
    }
    let kinds: [(&str, usize, MakePlan); 3] = [
        ("every", EVERY, |minutes| Plan::Every(minutes as u32 * MINUTE)),
        ("delay", DELAYS, |minutes| Plan::Delay(minutes as u32 * MINUTE)),
        ("cron", CRONS, Plan::Cron),
    ];
    let tasks: Vec<Task> = kinds
        .into_iter()
        .flat_map(|(kind, count, plan)| {
            (0..count).map(move |n| Task::random(seed, format!("{kind}-{n}"), plan))
        })
        .collect();
    for task in &tasks {
        host = task.register(host, seed, &born);
    }
    let mut books = Vec::new();
    for n in 0..PAIRS {
        let mut dice = dice(seed, "pair", n as u64);
        let (queue, items) = queue::bounded(dice.usize(4..60));
        let own = Arc::new(Books::default());
        let (feeder, feeds, unpacks) = (Arc::clone(&own), queue.clone(), Arc::clone(&own));
        host = host
            .task(format!("feeder-{n}"), every(one_of(&mut dice, &[5, 10, 30]) * MINUTE), move |run: Run| {
                feed(seed, run, feeds.clone(), Arc::clone(&feeder))
            })
            .consume(
                format!("consumer-{n}"),
                items.workers(dice.usize(1..5)).attempts(PARCEL_ATTEMPTS).backoff(Work::backoff()),
                move |parcel: Parcel, run: Run, clock: Clock| {
                    unpack(parcel, run, clock, Arc::clone(&unpacks))
                },
            );
        books.push((own, queue));
    }

    let mut test = TestHost::start(host.grace(DAY)).unwrap();
    born.get_or_init(|| test.clock().now());
    assert_eq!(test.handle().units().len(), 200);
    test.advance(WEEK);
    assert!(!test.has_ended());
    let lived = began.elapsed();

    let (mut runs, mut restarts, mut ends) = (0, 0, [0; 4]);
    for (name, policy, diary) in &services {
        let expected = account_of_service(seed, name, policy);
        assert_same(name, &diary.all(), &expected.lives);
        let status = test.unit(name);
        assert_eq!(
            (status.state, status.restarts),
            (expected.state, expected.restarts),
            "`{name}`: {policy:?}"
        );
        restarts += status.restarts;
        ends[match status.state {
            UnitState::Failed => 0,
            UnitState::Completed => 1,
            _ if status.restarts > 0 => 2,
            _ => 3,
        }] += 1;
    }
    for task in &tasks {
        runs += task.check(seed, &test.unit(&task.name));
    }
    let (mut accepted, mut refused) = (0, 0);
    for (n, (own, _)) in books.iter().enumerate() {
        let status = test.unit(&format!("consumer-{n}"));
        accepted += own.accepted.load(Relaxed);
        refused += own.refused.load(Relaxed);
        let waiting = status.depth.unwrap() as u64;
        assert_eq!(status.runs + status.running + waiting, own.accepted.load(Relaxed), "items of {n}");
        let feeder = test.unit(&format!("feeder-{n}"));
        assert_eq!((feeder.runs, feeder.failed, feeder.skipped), (feeder.succeeded, 0, 0));
        runs += feeder.runs + status.runs;
    }
    println!(
        "a week in {lived:.2?}: {runs} runs, {restarts} restarts; of the services {} failed for good, {} completed, \
         {} live on after restarts, {} never ended; {accepted} items accepted, {refused} refused",
        ends[0], ends[1], ends[2], ends[3]
    );
    assert!(ends[..3].iter().all(|&end| end > 0), "every end is met: {ends:?}");
    assert!(runs > 100_000 && restarts > 1_000 && refused > 0, "{runs} {restarts} {refused}");

    // What was accepted is worked off at the stop, with all of its attempts.
    let handle = test.handle().clone();
    let report = test.stop().unwrap();
    for (n, (own, _)) in books.iter().enumerate() {
        let name = format!("consumer-{n}");
        let status = handle.unit(&name).unwrap();
        let seen = (status.runs, status.retries, status.failed, own.handled.load(Relaxed));
        let accepted = own.accepted.load(Relaxed);
        assert_eq!(seen, (accepted, own.retries.load(Relaxed), own.failed.load(Relaxed), accepted), "{name}");
        assert_eq!(report.unit(&name).unwrap().items_left, 0);
    }
    println!("all took {:.2?}", began.elapsed());
}
