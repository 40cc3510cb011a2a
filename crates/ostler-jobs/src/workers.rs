//! `Workers`: the handlers of a process, mounted on a host. What they do is in `worker`.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use ostler::{BoxError, Context, FromScope, HandlerFn, SECOND, Service, Stop, StopReason};

use crate::answer::IntoAnswer;
use crate::job::{FromJob, JobArgs};
use crate::lease::Timer;
use crate::name;
use crate::policy::LEASE_BOUNDS;
use crate::store::Store;
use crate::worker::Ends;
use crate::worker::Keeper;
use crate::worker::Kind;
use crate::worker::Kinds;
use crate::worker::Lanes;
use crate::worker::Settings;
use crate::worker::Shared;
use crate::worker::Slot;
use crate::worker::Trouble;
use crate::worker::fetch;
use crate::worker::give_back;
use crate::worker::upkeep;

/// How many jobs of a queue run at a time in a process, where [`Workers::queue`] says nothing of it: enough for work that waits for
/// others, and not so many that work for the processor is in its own way.
pub const DEFAULT_SLOTS: usize = 8;

/// The most slots that a queue can have.
pub const MAX_SLOTS: usize = 10_000;

/// How long a worker's jobs stay its own after its last sign of life, unless [`Workers::lease`] says otherwise: so long a crash keeps
/// them waiting, and so long a pause of the process may be.
pub const DEFAULT_LEASE: Duration = Duration::from_secs(30);

/// How often a worker looks for jobs without a hint, unless [`Workers::poll`] says otherwise.
pub const DEFAULT_POLL: Duration = SECOND;

/// How often a process may die with a job before that is dead, unless [`Workers::poison_after`] says otherwise.
pub const DEFAULT_POISON_AFTER: u32 = 3;

/// Works the jobs of a store off: handlers by kind, slots by queue.
///
/// ```
/// use ostler::{Host, State};
/// use ostler_jobs::{Client, Job, JobArgs, MemoryStore, Workers};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Receipt { order: u64 }
///
/// impl JobArgs for Receipt {
///     const KIND: &'static str = "receipt";
/// }
///
/// # #[derive(Clone)] struct Mailer;
/// # impl Mailer { async fn send(&self, order: u64) -> Result<(), std::io::Error> { Ok(()) } }
/// async fn send_receipt(job: Job<Receipt>, mailer: State<Mailer>) -> Result<(), std::io::Error> {
///     mailer.send(job.order).await
/// }
///
/// let store = MemoryStore::new();
/// let client = Client::new(store.clone());
/// let host = Host::new(Mailer).mount("jobs", Workers::new(store).queue("default", 8).handle(send_receipt));
/// # drop((host, client));
/// ```
///
/// A job may run twice: its process may die between its effect and the word about it. A handler is written so that this does no
/// harm.
///
/// When the host stops, jobs that have not begun are given back at once; those that run are told by their
/// [`Stop`](ostler::Stop), and given back where they have not ended within the grace. Neither counts as an attempt, but where
/// [`attempts(1)`](crate::Policy::attempts) forbids another one: a job that had begun is dead then.
///
/// Mistakes in it (two handlers of one kind, a name, a number) are found when the host starts, all at once: the start fails with
/// exit code 78.
#[must_use = "workers do nothing until they are mounted on a host"]
pub struct Workers<S> {
    store: Arc<dyn Store>,
    settings: Settings,
    slots: BTreeMap<Arc<str>, usize>,
    kinds: Arc<Kinds<S>>,
    mistakes: Vec<(&'static str, String)>,
}

impl<S: Send + Sync + 'static> Workers<S> {
    /// Workers of this store, without handlers.
    pub fn new(store: impl Store) -> Self {
        let settings =
            Settings { lease: DEFAULT_LEASE, poll: DEFAULT_POLL, poison_after: Some(DEFAULT_POISON_AFTER) };
        let (slots, kinds) = (BTreeMap::new(), Arc::new(Kinds::new()));
        Self { store: Arc::new(store), settings, slots, kinds, mistakes: Vec::new() }
    }

    /// So many jobs of this queue run at a time, 1 to [`MAX_SLOTS`]. A queue that a kind's policy names and that is not named here has
    /// [`DEFAULT_SLOTS`]; one that neither names is not worked, wherever a single job may have been put.
    pub fn queue(mut self, queue: &str, slots: usize) -> Self {
        if !(1..=MAX_SLOTS).contains(&slots) {
            self.mistake("queue", format!("`{queue}`: {slots} slots are not allowed: 1 to {MAX_SLOTS}"));
        }
        match name::checked("queue", queue) {
            Ok(queue) => self.slots.insert(queue, slots).map(drop).unwrap_or_default(),
            Err(error) => self.mistake("queue", error),
        }
        self
    }

    /// The handler of a kind: an async function whose first argument is a [`Job<A>`](crate::Job) or the bare `A`, and whose others are
    /// extractors. It returns what [`IntoAnswer`] says; any error is a failure, and tried again as the kind's
    /// [`Policy`](crate::Policy) says.
    ///
    /// A handler of an in-memory queue is one without a change.
    pub fn handle<F, In, Args>(mut self, handler: F) -> Self
    where
        F: HandlerFn<In, Args>,
        In: FromJob,
        Args: FromScope<S> + 'static,
        F::Returns: Future + Send + 'static,
        <F::Returns as Future>::Output: IntoAnswer,
    {
        if Args::IS_READY {
            self.mistake("handle", format!("`{}`: only a service takes `Ready`", In::Args::KIND));
        }
        if Args::OF_TASK {
            self.mistake("handle", format!("`{}`: only a task takes `Occurrence`", In::Args::KIND));
        }
        let kind = Kind::new::<F, In, Args>(handler);
        for mistake in kind.policy.mistakes() {
            self.mistake("handle", format!("`{}`: {mistake}", In::Args::KIND));
        }
        let checked = name::checked("kind", In::Args::KIND)
            .and_then(|name| name::checked("queue", kind.policy.queue).map(|queue| (name, queue)));
        match checked {
            Ok((name, queue)) => self.add(name, queue, kind),
            Err(error) => self.mistake("handle", error),
        }
        self
    }

    /// For how long the jobs of a process stay its own after its last sign of life: 1 s to 1 h ([`DEFAULT_LEASE`]). After a crash they
    /// run again when it has passed.
    pub fn lease(mut self, lease: Duration) -> Self {
        let (least, most) = LEASE_BOUNDS;
        if !(least..=most).contains(&lease) {
            self.mistake("lease", format!("{lease:?} is not allowed: {least:?} to {most:?}"));
        }
        self.settings.lease = lease;
        self
    }

    /// How often to look for jobs without a hint from the store ([`DEFAULT_POLL`]): so long a job waits at most that another process
    /// has enqueued.
    pub fn poll(mut self, poll: Duration) -> Self {
        if poll.is_zero() {
            self.mistake("poll", "0 s is not allowed: it would never rest");
        }
        self.settings.poll = poll;
        self
    }

    /// How often a process may die with a job before that job is dead, at least once ([`DEFAULT_POISON_AFTER`]). After the first time
    /// the job runs alone in its process, so that no other is blamed.
    pub fn poison_after(mut self, crashes: u32) -> Self {
        if crashes == 0 {
            self.mistake("poison_after", "0 is not allowed: no job would ever run");
        }
        self.settings.poison_after = Some(crashes);
        self
    }

    /// A job may take its process with it as often as its attempts last, and runs beside others all the same.
    pub fn no_poison(mut self) -> Self {
        self.settings.poison_after = None;
        self
    }

    fn add(&mut self, name: Arc<str>, queue: Arc<str>, kind: Kind<S>) {
        self.slots.entry(queue).or_insert(DEFAULT_SLOTS);
        let is_new = Arc::get_mut(&mut self.kinds).is_some_and(|kinds| kinds.add(Arc::clone(&name), kind));
        if !is_new {
            self.mistake("handle", format!("`{name}` has two handlers"));
        }
    }

    fn mistake(&mut self, setting: &'static str, text: impl ToString) {
        self.mistakes.push((setting, text.to_string()));
    }
}

impl<S: Send + Sync + 'static> Service<S> for Workers<S> {
    async fn run(&self, cx: Context<S>) -> Result<(), BoxError> {
        let cx = Arc::new(cx);
        let shared = self.shared(&cx);
        let (mut keeper, ends) = Keeper::start(&cx, &shared)?;
        let stop = cx.stop();
        let opened = Opened { shared: &shared, ends, stop: &stop };
        self.fill_slots(&cx, &shared, &opened.ends);
        cx.ready();
        let result = tokio::select! {
            biased;
            result = fetch(&shared, &opened.ends, cx.clock(), &stop) => result,
            _ = keeper.ended() => {
                // Nobody writes an end any more.
                shared.runs.abort(&StopReason::LeaseLost);
                return Err("the thread that keeps the lease has ended".into());
            }
            never = upkeep(&shared, cx.clock()) => match never {},
        };
        drop(opened);
        tokio::select! {
            _ = keeper.ended() => return result,
            () = stop.aborting() => shared.runs.abort(&reason(&stop)),
        }
        keeper.ended().await;
        result
    }

    fn mistakes(&self) -> Vec<(&'static str, String)> {
        self.mistakes.clone()
    }
}

impl<S: Send + Sync + 'static> Workers<S> {
    fn shared(&self, cx: &Context<S>) -> Arc<Shared> {
        let timer = Timer::of(cx.clock());
        let lanes = Lanes::new(self.slots.iter().map(|(queue, slots)| (Arc::clone(queue), *slots)));
        let kinds = Arc::new(self.kinds.names());
        let trouble = Trouble::new(timer.clone(), cx.health());
        Shared::new(Arc::clone(&self.store), self.settings, kinds, lanes, trouble, timer)
    }

    fn fill_slots(&self, cx: &Arc<Context<S>>, shared: &Arc<Shared>, ends: &Ends) {
        for (place, jobs) in shared.lanes.slots().enumerate() {
            let slot = Slot {
                cx: Arc::clone(cx),
                shared: Arc::clone(shared),
                kinds: Arc::clone(&self.kinds),
                ends: ends.clone(),
                number: place + 1,
            };
            cx.spawn(slot.work(jobs));
        }
    }
}

/// Slots that take jobs. However the instance ends: what waits is given back, what runs is told, and nothing begins any more. The slots
/// end with what they have in hand, and the keeper after them.
struct Opened<'a> {
    shared: &'a Shared,
    ends: Ends,
    stop: &'a Stop,
}

impl Drop for Opened<'_> {
    fn drop(&mut self) {
        self.shared.lanes.close().into_iter().for_each(|waiting| give_back(&self.ends, waiting));
        self.shared.runs.close(&reason(self.stop));
    }
}

/// Why the unit stops; where it was not told to, it has failed, and is as good as told.
fn reason(stop: &Stop) -> StopReason {
    stop.reason().cloned().unwrap_or(StopReason::Requested)
}

impl<S> fmt::Debug for Workers<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workers")
            .field("settings", &self.settings)
            .field("slots", &self.slots)
            .finish_non_exhaustive()
    }
}
