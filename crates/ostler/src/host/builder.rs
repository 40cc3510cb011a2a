//! The builder: units are registered on it by four verbs, and each is boxed here, once.

use std::future::Future;
use std::marker::PhantomData;
use std::path::Path;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use super::run;
use crate::clock::Clock;
use crate::error::{Error, RegistrationError};
use crate::handle::HostHandle;
use crate::handler::{FromItem, HandlerFn, TaskFn};
use crate::health::{Check, Checked, IntoChecked, LIVE_WITHIN, RunCheck, StatusFile, longer_than_zero};
use crate::live::{Live, Origin};
use crate::options::Options;
use crate::outcome::{Halt, IntoOutcome, Outcome};
use crate::probe::Probes;
use crate::record::UnitKind;
use crate::report::Report;
use crate::run::{Attempted, Repeats, Runner};
use crate::scope::{FromScope, RunFacts, Scope};
use crate::seat::UnitSeat;
use crate::service::{Context, Service};
use crate::supervise::{Crew, MakeInstance, RunTask};
use crate::trigger::{Consume, Followed, Guarded, Held, LiveSettings, Plan, Timer};
use crate::unit::Unit;

/// How long a stop may take unless [`Host::grace`] says otherwise: what Kubernetes gives a pod between SIGTERM and
/// SIGKILL.
pub const DEFAULT_GRACE: Duration = Duration::from_secs(30);

/// Runs the background work of a process. The front page of the crate shows one whole.
///
/// Units are registered by four verbs: [`task`](Self::task) (a clock fires, the host owns the loop),
/// [`consume`](Self::consume) (items arrive, the host owns the loop), [`service`](Self::service) (an async function
/// owns its loop) and [`mount`](Self::mount) (a value owns its loop). Nothing is started before [`run`](Self::run),
/// which first reports every mistake in the registration at once.
#[must_use = "a host does nothing until it is run"]
pub struct Host<S> {
    state: Arc<S>,
    prepared: Prepared,
}

/// A host whose units no longer know the state's type.
pub(crate) struct Prepared {
    pub(crate) units: Vec<Registered>,
    pub(crate) mistakes: Vec<RegistrationError>,
    pub(crate) grace: Duration,
    pub(crate) drain_delay: Duration,
    pub(crate) probes: Option<Probes>,
    /// Whether the host handles signals and may end the process.
    pub(crate) process: bool,
    /// Where live values come from.
    pub(crate) origins: Vec<Arc<dyn Origin>>,
    /// Live values are guarded for as long as this lives.
    pub(crate) lease: Arc<()>,
    pub(crate) checks: Vec<(Check, Arc<dyn RunCheck>)>,
    /// How long the main runtime may be silent before `/livez` fails.
    pub(crate) live_within: Live<Duration>,
    pub(crate) health_file: Option<StatusFile>,
    /// What the machine is called; as the system says where this is none.
    pub(crate) node: Option<String>,
    pub(crate) handle: HostHandle,
}

impl Prepared {
    pub(crate) fn guarded(&mut self) -> Guarded<'_> {
        Guarded { lease: &self.lease, mistakes: &mut self.mistakes }
    }

    /// Once each.
    pub(crate) fn add_origin(&mut self, origin: Arc<dyn Origin>) {
        if self.origins.iter().all(|known| known.id() != origin.id()) {
            self.origins.push(origin);
        }
    }
}

/// A unit as it was registered.
pub(crate) struct Registered {
    pub(crate) settings: Unit,
    pub(crate) kind: UnitKind,
    pub(crate) wave: Wave,
    pub(crate) work: Work,
    /// The queue that it consumes.
    pub(crate) queue: Option<u64>,
    /// Its live settings.
    pub(crate) followed: Vec<Followed>,
}

/// When a unit is started among the others; it is stopped in reverse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wave {
    /// What runs to its end before all others.
    Init,
    /// Tasks, consumers and mounted values.
    Workers,
    /// Services: the front doors, opened when what is behind them is ready.
    Doors,
}

impl Wave {
    pub(crate) const IN_ORDER: [Self; 3] = [Self::Init, Self::Workers, Self::Doors];
}

/// What a unit does.
pub(crate) enum Work {
    Task(Plan<Timer>, Arc<dyn RunTask>),
    Consumer(Crew),
    Service(MakeInstance),
}

impl<S: Send + Sync + 'static> Host<S> {
    /// A host without units. Handlers take parts of `state` as [`State`](crate::State) arguments.
    pub fn new(state: S) -> Self {
        let prepared = Prepared {
            units: Vec::new(),
            mistakes: Vec::new(),
            grace: DEFAULT_GRACE,
            drain_delay: Duration::ZERO,
            probes: None,
            process: true,
            origins: Vec::new(),
            lease: Arc::default(),
            checks: Vec::new(),
            live_within: LIVE_WITHIN.into(),
            health_file: None,
            node: None,
            handle: HostHandle::new(),
        };
        Self { state: Arc::new(state), prepared }
    }

    /// A task: `handler` is called once for each run that `plan` fires.
    ///
    /// A failing run never ends the task: it is logged, counted, retried as the plan says, and shown in health.
    ///
    /// ```
    /// # use ostler::{Host, MINUTE, State, every};
    /// # #[derive(Clone)] struct Db;
    /// async fn cleanup(db: State<Db>) -> Result<(), std::io::Error> { Ok(()) }
    ///
    /// let host = Host::new(Db).task("cleanup", every(5 * MINUTE).timeout(MINUTE).attempts(3), cleanup);
    /// # drop(host);
    /// ```
    pub fn task<F, Args>(self, unit: impl Into<Unit>, plan: impl Into<Plan<Timer>>, handler: F) -> Self
    where
        F: TaskFn<Args>,
        Args: FromScope<S> + 'static,
        F::Returns: Future + Send + 'static,
        <F::Returns as Future>::Output: IntoOutcome,
    {
        let settings = unit.into();
        let plan = plan.into().named(&settings.name);
        let run = Arc::new(TaskCode { state: Arc::clone(&self.state), handler, args: PhantomData });
        let mut host = self;
        plan.check(&settings.name, &mut host.prepared.guarded());
        if Args::IS_READY {
            host.mistake(&settings, "handler", "a task is ready by itself; only a service takes `Ready`");
        }
        let (live, held) = (plan.live.clone(), plan.held());
        host.register(settings, plan.trigger.kind(), Wave::Workers, Work::Task(plan, run))
            .following(live, held)
    }

    /// A consumer: `handler` is called once for each item of a queue.
    ///
    /// When the host stops, the queue is closed for senders, and what it holds is worked off within the grace
    /// (or dropped: [`Plan::leftover`]). Two consumers of one queue are refused at start; one with more workers does the same.
    ///
    /// ```
    /// # use ostler::{Host, State, queue};
    /// # #[derive(Clone)] struct Mailer;
    /// struct Mail(String);
    /// async fn send(mail: Mail, mailer: State<Mailer>) -> Result<(), std::io::Error> { Ok(()) }
    ///
    /// let (mails, items) = queue::bounded::<Mail>(100);
    /// let host = Host::new(Mailer).consume("mails", items.workers(4), send);
    /// # drop((host, mails));
    /// ```
    pub fn consume<F, In, T, Args>(
        self,
        unit: impl Into<Unit>,
        plan: impl Into<Plan<Consume<T>>>,
        handler: F,
    ) -> Self
    where
        T: Send + 'static,
        F: HandlerFn<In, Args>,
        In: FromItem<T> + Send + 'static,
        Args: FromScope<S> + 'static,
        F::Returns: Future + Send + 'static,
        <F::Returns as Future>::Output: IntoOutcome,
    {
        let (settings, plan) = (unit.into(), plan.into());
        let mut host = self;
        plan.check(&settings.name, &mut host.prepared.guarded());
        if Args::IS_READY {
            host.mistake(&settings, "handler", "a consumer is ready by itself; only a service takes `Ready`");
        }
        if Args::OF_TASK {
            host.mistake(&settings, "handler", "an item has no occurrence; only a task takes `Occurrence`");
        }
        let (queue, live) = (plan.trigger.items.id(), plan.live.clone());
        plan.trigger.items.origin().into_iter().for_each(|origin| host.prepared.add_origin(origin));
        let workers = Some(plan.trigger.workers);
        let crew = Crew::new(Arc::clone(&host.state), handler, plan);
        let held = Held { period: None, enabled: crew.is_enabled(), workers };
        let mut host = host.register(settings, UnitKind::Consumer, Wave::Workers, Work::Consumer(crew));
        if let Some(unit) = host.prepared.units.last_mut() {
            unit.queue = Some(queue);
        }
        host.following(live, held)
    }

    /// A service: an async function that owns its loop and ends when its [`Stop`](crate::Stop) is requested.
    ///
    /// Services are started when all tasks, consumers and mounted values are ready, and stopped before them: they are
    /// the front doors. One that takes a [`Ready`](crate::Ready) argument is waited for. One that fails or panics is restarted
    /// ([`Unit::restart`]).
    ///
    /// ```
    /// # use ostler::{Host, Stop, unit, SECOND};
    /// async fn serve(stop: Stop) -> std::io::Result<()> {
    ///     // axum::serve(listener, router).with_graceful_shutdown(stop.requested()).await
    ///     stop.requested().await;
    ///     Ok(())
    /// }
    ///
    /// let host = Host::new(()).service(unit("http").grace(10 * SECOND), serve);
    /// # drop(host);
    /// ```
    pub fn service<F, Args>(self, unit: impl Into<Unit>, service: F) -> Self
    where
        F: TaskFn<Args>,
        Args: FromScope<S> + 'static,
        F::Returns: Future + Send + 'static,
        <F::Returns as Future>::Output: IntoOutcome,
    {
        let mut settings = unit.into();
        let mut host = self;
        if settings.readiness && !Args::IS_READY {
            host.mistake(
                &settings,
                "readiness",
                "a service says that it is ready by taking a `Ready` argument",
            );
        }
        settings.readiness = Args::IS_READY;
        if Args::OF_TASK {
            host.mistake(&settings, "handler", "a service has no runs; only a task takes `Occurrence`");
        }
        let (state, service) = (Arc::clone(&host.state), Arc::new(service));
        let make: MakeInstance = Box::new(move |seat, ready| {
            let facts = RunFacts { id: seat.record.next_run_id(), attempt: 1, worker: None };
            let scope = Scope::new(Arc::clone(&state), seat, facts).with_ready(ready);
            let service = Arc::clone(&service);
            Box::pin(async move { call(&*service, &scope).await })
        });
        host.register(settings, UnitKind::Service, Wave::Doors, Work::Service(make))
    }

    /// A value that owns its loop: started with the tasks and consumers, supervised like a service.
    pub fn mount(self, unit: impl Into<Unit>, service: impl Service<S>) -> Self {
        let (settings, mut host) = (unit.into(), self);
        for (field, text) in service.mistakes() {
            host.mistake(&settings, field, &text);
        }
        let (state, service) = (Arc::clone(&host.state), Arc::new(service));
        let make: MakeInstance = Box::new(move |seat, ready| {
            let context = Context::new(Arc::clone(&state), seat, ready);
            let service = Arc::clone(&service);
            Box::pin(async move { service.run(context).await.map_err(Halt::retry) })
        });
        host.register(settings, UnitKind::Service, Wave::Workers, Work::Service(make))
    }

    /// A check: `handler` is called again and again and says how something is that the host cannot know of itself,
    /// a database or a disk. What it found last is part of `/readyz`, [`HostHandle::health`] and the history; a
    /// probe never runs it.
    ///
    /// Its arguments are made for each run, as those of a task are. It may return what [`IntoChecked`] says: nothing, a
    /// [`Status`](crate::Status) or a `Result`. An error, a panic or a timeout counts as the check's failure
    /// status. Checks run beside each other, each one run at a time, from when the host is ready until it is told
    /// to stop; a [`blocking`](crate::blocking) call that outlives its timeout keeps the next run waiting. Until
    /// its first run a check is healthy, unless that is late: a period and a timeout after it should have begun.
    ///
    /// A check is no unit: it is in no list of units, in no report, and cannot be steered. What it says, an error's
    /// text too, is shown to whoever may ask the probes.
    ///
    /// ```
    /// # use ostler::{Host, SECOND, State, Status, check};
    /// # #[derive(Clone)] struct Db;
    /// # impl Db { async fn ping(&self) -> Result<(), std::io::Error> { Ok(()) } }
    /// async fn db(db: State<Db>) -> Result<(), std::io::Error> {
    ///     db.ping().await
    /// }
    ///
    /// let host = Host::new(Db).check(check("db").every(10 * SECOND).timeout(SECOND).failure(Status::Degraded), db);
    /// # drop(host);
    /// ```
    pub fn check<F, Args>(mut self, check: impl Into<Check>, handler: F) -> Self
    where
        F: TaskFn<Args>,
        Args: FromScope<S> + 'static,
        F::Returns: Future + Send + 'static,
        <F::Returns as Future>::Output: IntoChecked,
    {
        let check = check.into();
        if Args::IS_READY {
            let text = format!("`{}`: a check is no unit; only a service takes `Ready`", check.name);
            self.prepared.mistakes.push(RegistrationError::new("", "check", text));
        }
        if Args::OF_TASK {
            let text = format!("`{}`: a check has no schedule; only a task takes `Occurrence`", check.name);
            self.prepared.mistakes.push(RegistrationError::new("", "check", text));
        }
        check.origins().for_each(|origin| self.prepared.add_origin(origin));
        let run = Arc::new(CheckCode { state: Arc::clone(&self.state), handler, args: PhantomData });
        self.prepared.checks.push((check, run));
        self
    }

    fn register(mut self, settings: Unit, kind: UnitKind, wave: Wave, work: Work) -> Self {
        let wave = if settings.init { Wave::Init } else { wave };
        self.prepared.units.push(Registered {
            settings,
            kind,
            wave,
            work,
            queue: None,
            followed: Vec::new(),
        });
        self
    }

    /// The unit that was registered last has these live settings.
    fn following(mut self, live: Option<Box<LiveSettings>>, held: Held) -> Self {
        let Some(live) = live else { return self };
        live.origins().for_each(|origin| self.prepared.add_origin(origin));
        if let Some(unit) = self.prepared.units.last_mut() {
            unit.followed.extend(live.followed(held));
        }
        self
    }

    fn mistake(&mut self, settings: &Unit, field: &'static str, text: &str) {
        self.prepared.mistakes.push(RegistrationError::new(&settings.name, field, text));
    }
}

/// Settings of the host, and its run.
impl<S> Host<S> {
    /// How long a stop may take in all (default [`DEFAULT_GRACE`]): one clock, started after the drain delay. A second
    /// after its end at the latest [`run`](Self::run) has returned or, where the host may end the process
    /// ([`signals`](Self::signals)), the process is gone. Zero drops everything at once.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.prepared.grace = grace;
        self
    }

    /// How long units go on as before after a stop was asked for, while `/readyz` already fails (default: not at all). As
    /// long as a load balancer takes to notice.
    pub fn drain_delay(mut self, delay: Duration) -> Self {
        self.prepared.drain_delay = delay;
        self
    }

    /// Serves `/livez`, `/readyz` and `/startupz` on a thread of their own: `.probes(([0, 0, 0, 0], 9090))`, or a
    /// `std::net::TcpListener`. An address that cannot be bound is a configuration error (exit code 78). With the feature
    /// `metrics`, `/metrics` is served there too.
    ///
    /// A request's header may take 5 s and 16 KiB, a connection 10 s and one request; beyond 256 connections the oldest is
    /// ended for each new one.
    pub fn probes(mut self, at: impl Into<Probes>) -> Self {
        self.prepared.probes = Some(at.into());
        self
    }

    /// How long the main runtime may be silent before `/livez` fails (default [`LIVE_WITHIN`]). Zero is refused. A
    /// live value's change applies at once.
    pub fn live_within(mut self, limit: impl Into<Live<Duration>>) -> Self {
        let limit = limit.into();
        limit.guard(&self.prepared.lease, |limit| longer_than_zero("live_within", *limit));
        if let Err(text) = longer_than_zero("live_within", limit.get()) {
            self.prepared.mistakes.push(RegistrationError::new("", "live_within", text));
        }
        if let Some(origin) = limit.origin() {
            self.prepared.add_origin(origin);
        }
        self.prepared.live_within = limit;
        self
    }

    /// Keeps a file at `path` while the host is ready, not Unhealthy, and its runtime alive: for systems that probe
    /// by a command and not by HTTP. It is written anew about once a second, from a thread of its own, with the
    /// text that `/readyz` answers; it is removed otherwise, and at the stop. A process that is killed leaves it
    /// behind, so look at its age as well: `test -n "$(find /run/app/healthy -newermt '-10 seconds')"`.
    ///
    /// The folder must be there, and be this host's alone: the file is replaced by a rename of `path` with `.tmp`
    /// behind it. Where it cannot be written, that is logged once and tried again.
    pub fn health_file(mut self, path: impl AsRef<Path>) -> Self {
        self.prepared.health_file = StatusFile::new(path.as_ref());
        if self.prepared.health_file.is_none() {
            let text = "must be the path of a file";
            self.prepared.mistakes.push(RegistrationError::new("", "health_file", text));
        }
        self
    }

    /// What this machine is called, or this instance of the program: the [jitter](Plan::jitter) of `cron` tasks follows from it
    /// (default: the host name; where the system does not tell that, as on macOS, no name, so that all such machines
    /// have the same delays).
    ///
    /// For delays that stay the same over deployments it must do so as well: the ordinal of a stateful set or the name
    /// of the Kubernetes node, not that of a pod, which is another after each rollout.
    pub fn node(mut self, name: impl Into<String>) -> Self {
        self.prepared.node = Some(name.into());
        self
    }

    /// Whether the host handles SIGINT, SIGTERM and SIGQUIT and may end the process (default: it does). Without, a stop
    /// comes from [`HostHandle::stop`] only, nothing is forced, and a stop that overruns while the runtime is stuck is
    /// left to the caller. So is what systemd is told (feature `systemd`).
    pub fn signals(mut self, handled: bool) -> Self {
        self.prepared.process = handled;
        self
    }

    /// Lets the host look after `options`: SIGHUP reads them again, and health is Degraded while what they were last
    /// given cannot be used. Options from which a plan takes a live value are looked after anyway.
    pub fn options<T: PartialEq + Send + Sync + 'static>(mut self, options: &Options<T>) -> Self {
        self.prepared.add_origin(options.origin());
        self
    }

    /// The handle by which the host is seen and steered, before and while it runs.
    pub fn handle(&self) -> HostHandle {
        self.prepared.handle.clone()
    }

    /// Runs the host until it is stopped, all of its units have completed, or one has failed for good.
    ///
    /// Under [`ostler::main`](crate::main) that is the end of the program. Under a runtime of your own the host works as
    /// well, and three things are yours: the exit code
    /// ([`Report::exit_code`], [`Error::exit_code`]); not to wait for stuck blocking threads, which `#[tokio::main]`
    /// does for ever (`Runtime::shutdown_background`); and that after the host's end a signal ends the process at
    /// once.
    ///
    /// # Errors
    /// Mistakes in the registration, all at once, before anything is started; an address of the probes that cannot be bound; a
    /// thread or a signal handler that the system does not give; a unit that did not start, after those
    /// that had are stopped; a unit that failed beyond its restart budget, after all are stopped. The latter two carry
    /// a [`Report`].
    ///
    /// # Cancel safety
    /// Dropping the future drops all units at their next await, without a graceful stop.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn run(self) -> Result<Report, Error> {
        run(self.prepared, Clock::real()).await
    }

    #[cfg(feature = "testing")]
    pub(crate) fn into_prepared(self) -> Prepared {
        self.prepared
    }
}

impl<S> std::fmt::Debug for Host<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let units: Vec<_> = self.prepared.units.iter().map(|unit| &unit.settings.name).collect();
        f.debug_struct("Host").field("units", &units).finish_non_exhaustive()
    }
}

/// A task's handler, and the state that its arguments are made from.
struct TaskCode<S, F, Args> {
    state: Arc<S>,
    handler: F,
    args: PhantomData<fn(Args)>,
}

impl<S, F, Args> RunTask for TaskCode<S, F, Args>
where
    S: Send + Sync + 'static,
    F: TaskFn<Args>,
    Args: FromScope<S> + 'static,
    F::Returns: Future + Send + 'static,
    <F::Returns as Future>::Output: IntoOutcome,
{
    fn run(self: Arc<Self>, mut runner: Runner) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            let unit = Arc::clone(&runner.unit);
            let mut facts = runner.begin(unit.record.next_run_id(), unit.clock.now(), None);
            let mut scope =
                Scope::new(Arc::clone(&self.state), unit, facts).for_occurrence(runner.occurrence());
            let outcome = loop {
                scope.begin(facts);
                let work = pin!(Some(call(&self.handler, &scope)));
                match runner.attempt(work, Repeats::Always).await {
                    Attempted::Over(outcome) => break outcome,
                    Attempted::Again(next) => facts = next,
                }
            };
            runner.end(outcome);
        })
    }
}

/// A check's handler, and the state that its arguments are made from.
struct CheckCode<S, F, Args> {
    state: Arc<S>,
    handler: F,
    args: PhantomData<fn(Args)>,
}

impl<S, F, Args> RunCheck for CheckCode<S, F, Args>
where
    S: Send + Sync + 'static,
    F: TaskFn<Args>,
    Args: FromScope<S> + 'static,
    F::Returns: Future + Send + 'static,
    <F::Returns as Future>::Output: IntoChecked,
{
    fn run(
        self: Arc<Self>,
        seat: Arc<UnitSeat>,
        facts: RunFacts,
    ) -> Pin<Box<dyn Future<Output = Result<Checked, Halt>> + Send>> {
        Box::pin(async move {
            let scope = Scope::new(Arc::clone(&self.state), seat, facts);
            let args =
                Args::from_scope(&scope).await.map_err(|rejection| Halt::rejected(rejection.into()))?;
            self.handler.call(args).await.into_checked()
        })
    }
}

/// One attempt of a task, or one instance of a service: the scope's extractors, then the function.
async fn call<S, F, Args>(handler: &F, scope: &Scope<S>) -> Outcome
where
    S: Send + Sync,
    F: TaskFn<Args>,
    Args: FromScope<S>,
    F::Returns: Future + Send,
    <F::Returns as Future>::Output: IntoOutcome,
{
    let args = Args::from_scope(scope).await.map_err(|rejection| Halt::rejected(rejection.into()))?;
    handler.call(args).await.into_outcome()
}
