//! One run's scope: what its extractors are made from, and the extractors themselves.
//!
//! Extractors are made afresh for every run, in the order of the arguments, and dropped at its end in reverse. None
//! can outlive its run by being captured, because the state is built before any of them.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::clock::Clock;
use crate::error::BoxError;
use crate::handle::HostHandle;
use crate::health::Health;
use crate::occurrence::Occurrence;
use crate::options::Options;
use crate::options::Snapshot;
use crate::options::Snapshots;
use crate::ready::Ready;
use crate::seat::UnitSeat;
use crate::state::{FromRef, State};
use crate::stop::Stop;
use crate::trace::TraceContext;

/// What one run is made of: the host's state, and the facts of the run.
pub struct Scope<S> {
    state: Arc<S>,
    unit: Arc<UnitSeat>,
    run: RunFacts,
    /// What a task's run is for.
    occurrence: Option<Occurrence>,
    /// Its own, where the run can be told to stop alone.
    stop: Option<Stop>,
    ready: Mutex<Option<Ready>>,
    /// The span in which the item of this run was sent.
    from: Option<Box<TraceContext>>,
    /// The snapshots of options that this run has taken; most take none.
    snapshots: OnceLock<Snapshots>,
}

/// The facts of one attempt of a run.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RunFacts {
    pub(crate) id: u64,
    pub(crate) attempt: u32,
    pub(crate) worker: Option<usize>,
}

impl<S> Scope<S> {
    pub(crate) fn new(state: Arc<S>, unit: Arc<UnitSeat>, run: RunFacts) -> Self {
        let (ready, snapshots) = (Mutex::new(None), OnceLock::new());
        Self { state, unit, run, occurrence: None, stop: None, ready, from: None, snapshots }
    }

    /// The same scope for another attempt, or another run.
    pub(crate) fn begin(&mut self, run: RunFacts) {
        if run.id != self.run.id {
            self.snapshots.take();
        }
        self.run = run;
    }

    /// The item of the run that begins next was sent in this span.
    pub(crate) fn comes_from(&mut self, from: &Option<Box<TraceContext>>) {
        if from.is_some() || self.from.is_some() {
            self.from.clone_from(from);
        }
    }

    pub(crate) fn with_stop(self, stop: Stop) -> Self {
        Self { stop: Some(stop), ..self }
    }

    pub(crate) fn for_occurrence(self, occurrence: Option<Occurrence>) -> Self {
        Self { occurrence, ..self }
    }

    pub(crate) fn with_ready(self, ready: Option<Ready>) -> Self {
        Self { ready: Mutex::new(ready), ..self }
    }

    /// The host's state.
    pub fn state(&self) -> &S {
        &self.state
    }

    /// When this run should end.
    pub fn stop(&self) -> Stop {
        self.stop.clone().unwrap_or_else(|| self.unit.stop())
    }

    /// The host's clock.
    pub fn clock(&self) -> &Clock {
        &self.unit.clock
    }

    /// The handle of the host.
    pub fn host(&self) -> &HostHandle {
        &self.unit.host
    }

    /// Which run this is.
    pub fn run(&self) -> Run {
        Run { unit: Arc::clone(&self.unit.name), facts: self.run, from: self.from.clone() }
    }

    /// The options as they were when this run first asked for them.
    pub(crate) fn snapshot<T: PartialEq + Send + Sync + 'static>(&self, options: &Options<T>) -> Arc<T> {
        self.snapshots.get_or_init(Snapshots::default).of(options)
    }

    fn take_ready(&self) -> Option<Ready> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<S> fmt::Debug for Scope<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("run", &self.run()).finish_non_exhaustive()
    }
}

/// An argument of a handler: made for every run from its [`Scope`], dropped at the run's end.
///
/// ```
/// use ostler::{FromScope, Scope};
/// # struct App { pool: Pool }
/// # struct Pool; impl Pool { async fn acquire(&self) -> Result<u8, std::io::Error> { Ok(1) } }
///
/// /// A connection of this run's own.
/// struct Conn(u8);
///
/// impl FromScope<App> for Conn {
///     type Rejection = std::io::Error;
///
///     async fn from_scope(scope: &Scope<App>) -> Result<Self, Self::Rejection> {
///         Ok(Conn(scope.state().pool.acquire().await?))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an extractor for the host state `{S}`",
    label = "a handler cannot take `{Self}` as an argument",
    note = "arguments are `State<T>`, `Snapshot<T>`, `Stop`, `Run`, `Occurrence`, `Clock`, `HostHandle`, `Health`, and for a service `Ready`; or implement `FromScope<{S}>` for `{Self}`",
    note = "`axum::extract::State` is taken with ostler's feature `axum`"
)]
pub trait FromScope<S>: Sized + Send {
    /// Why it cannot be made. The run then counts as failed and is tried again like any other.
    type Rejection: Into<BoxError> + Send;

    /// Whether a service that takes this argument is waited for at start. True for [`Ready`] alone.
    #[doc(hidden)]
    const IS_READY: bool = false;

    /// Whether only a task can have this argument. True for [`Occurrence`] alone.
    #[doc(hidden)]
    const OF_TASK: bool = false;

    /// Makes it for one attempt of a run.
    ///
    /// # Errors
    /// The rejection.
    ///
    /// # Panics
    /// A panic fails the attempt.
    ///
    /// # Cancel safety
    /// It is part of the attempt, and dropped with it at a timeout or at the end of a grace.
    fn from_scope(scope: &Scope<S>) -> impl Future<Output = Result<Self, Self::Rejection>> + Send;
}

/// Which run this is.
#[derive(Debug, Clone)]
pub struct Run {
    unit: Arc<str>,
    facts: RunFacts,
    from: Option<Box<TraceContext>>,
}

impl Run {
    /// The unit's name.
    pub fn unit(&self) -> &str {
        &self.unit
    }

    /// The run's number, counted from 1 for each unit. All attempts of a run share it.
    pub fn id(&self) -> u64 {
        self.facts.id
    }

    /// The attempt, counted from 1.
    pub fn attempt(&self) -> u32 {
        self.facts.attempt
    }

    /// The worker of a consumer, counted from 1; `None` elsewhere.
    pub fn worker(&self) -> Option<usize> {
        self.facts.worker
    }

    /// The span in which its item was sent, where [`trace::propagate_with`](crate::trace::propagate_with) was called and
    /// there was one: to be passed on to what the handler calls.
    pub fn trace(&self) -> Option<TraceContext> {
        self.from.as_deref().copied()
    }
}

impl<S: Sync + Send, T: FromRef<S> + Send> FromScope<S> for State<T> {
    type Rejection = std::convert::Infallible;

    async fn from_scope(scope: &Scope<S>) -> Result<Self, Self::Rejection> {
        Ok(State(T::from_ref(scope.state())))
    }
}

impl<S, T> FromScope<S> for Snapshot<T>
where
    S: Sync + Send,
    T: PartialEq + Send + Sync + 'static,
    Options<T>: FromRef<S>,
{
    type Rejection = std::convert::Infallible;

    async fn from_scope(scope: &Scope<S>) -> Result<Self, Self::Rejection> {
        Ok(Snapshot(scope.snapshot(&Options::from_ref(scope.state()))))
    }
}

#[cfg(feature = "axum")]
impl<S: Sync + Send, T: FromRef<S> + Send> FromScope<S> for axum::extract::State<T> {
    type Rejection = std::convert::Infallible;

    async fn from_scope(scope: &Scope<S>) -> Result<Self, Self::Rejection> {
        Ok(axum::extract::State(T::from_ref(scope.state())))
    }
}

impl<S: Sync + Send> FromScope<S> for Stop {
    type Rejection = std::convert::Infallible;

    async fn from_scope(scope: &Scope<S>) -> Result<Self, Self::Rejection> {
        Ok(scope.stop())
    }
}

impl<S: Sync + Send> FromScope<S> for Run {
    type Rejection = std::convert::Infallible;

    async fn from_scope(scope: &Scope<S>) -> Result<Self, Self::Rejection> {
        Ok(scope.run())
    }
}

impl<S: Sync + Send> FromScope<S> for Occurrence {
    type Rejection = BoxError;
    const OF_TASK: bool = true;

    async fn from_scope(scope: &Scope<S>) -> Result<Self, Self::Rejection> {
        scope.occurrence.ok_or_else(|| "only the run of a task has an occurrence".into())
    }
}

impl<S: Sync + Send> FromScope<S> for Clock {
    type Rejection = std::convert::Infallible;

    async fn from_scope(scope: &Scope<S>) -> Result<Self, Self::Rejection> {
        Ok(scope.clock().clone())
    }
}

impl<S: Sync + Send> FromScope<S> for HostHandle {
    type Rejection = std::convert::Infallible;

    async fn from_scope(scope: &Scope<S>) -> Result<Self, Self::Rejection> {
        Ok(scope.host().clone())
    }
}

impl<S: Sync + Send> FromScope<S> for Health {
    type Rejection = BoxError;

    async fn from_scope(scope: &Scope<S>) -> Result<Self, Self::Rejection> {
        if scope.unit.line.leads_nowhere() {
            return Err("a check says how it is by what it returns, and takes no `Health`".into());
        }
        Ok(Health::new(&scope.unit.record, &scope.unit.clock))
    }
}

impl<S: Sync + Send> FromScope<S> for Ready {
    type Rejection = BoxError;
    const IS_READY: bool = true;

    async fn from_scope(scope: &Scope<S>) -> Result<Self, Self::Rejection> {
        scope.take_ready().ok_or_else(|| "only a service can say that it is ready, and only once".into())
    }
}

macro_rules! tuples {
    ($($part:ident)*) => {
        impl<S: Sync + Send, $($part: FromScope<S>),*> FromScope<S> for ($($part,)*) {
            type Rejection = BoxError;
            const IS_READY: bool = false $(|| $part::IS_READY)*;
            const OF_TASK: bool = false $(|| $part::OF_TASK)*;

            #[allow(non_snake_case, unused_variables)]
            async fn from_scope(scope: &Scope<S>) -> Result<Self, Self::Rejection> {
                $(let $part = $part::from_scope(scope).await.map_err(Into::into)?;)*
                Ok(($($part,)*))
            }
        }
    };
}

tuples!();
tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
tuples!(A B C D E F G);
tuples!(A B C D E F G H);
