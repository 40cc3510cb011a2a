//! Values that own their loop: [`Service`], and the [`Context`] that an instance of one is given.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use crate::clock::Clock;
use crate::error::BoxError;
use crate::handle::HostHandle;
use crate::health::Health;
use crate::open_run::OpenRun;
use crate::ready::Ready;
use crate::scope::{RunFacts, Scope};
use crate::seat::UnitSeat;
use crate::stop::Stop;

/// A value that owns its loop and can be run again, so that it can be restarted. Mounted by
/// [`Host::mount`](crate::Host::mount).
///
/// An async function is a service too, without this trait: see [`Host::service`](crate::Host::service).
///
/// ```
/// use ostler::{BoxError, Context, Service};
///
/// struct Poller { url: String }
///
/// impl<S: Send + Sync + 'static> Service<S> for Poller {
///     async fn run(&self, cx: Context<S>) -> Result<(), BoxError> {
///         while !cx.stop().is_requested() {
///             println!("polling {}", self.url);
/// #           break;
///         }
///         Ok(())
///     }
/// }
/// ```
pub trait Service<S>: Send + Sync + 'static {
    /// Runs until the work is done, it fails, or `cx.stop()` is requested. Called again for each restart; two calls
    /// never overlap.
    ///
    /// # Errors
    /// Whatever it cannot go on with; the unit's [`Restart`](crate::Restart) decides what follows.
    ///
    /// # Panics
    /// A panic is a failure like an error.
    ///
    /// # Cancel safety
    /// The future is dropped at an await when the grace of a stop is over.
    fn run(&self, cx: Context<S>) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// What is wrong with the value, asked once when it is mounted: a setting's name, and what is wrong with it and what is allowed.
    /// The host tells it with all other mistakes in the registration and starts nothing.
    fn mistakes(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// What an instance of a [`Service`] is given.
pub struct Context<S> {
    state: Arc<S>,
    unit: Arc<UnitSeat>,
    ready: Option<Ready>,
}

impl<S> Context<S> {
    pub(crate) fn new(state: Arc<S>, unit: Arc<UnitSeat>, ready: Option<Ready>) -> Self {
        Self { state, unit, ready }
    }

    /// The host's state.
    pub fn state(&self) -> &S {
        &self.state
    }

    /// When this instance should end.
    pub fn stop(&self) -> Stop {
        self.unit.stop()
    }

    /// The host's clock.
    pub fn clock(&self) -> &Clock {
        &self.unit.clock
    }

    /// The handle of the host.
    pub fn host(&self) -> &HostHandle {
        &self.unit.host
    }

    /// Says that the service is ready, where the unit was registered with
    /// [`Unit::readiness`](crate::Unit::readiness); otherwise it does nothing. As [`Ready::notify`].
    pub fn ready(&self) {
        if let Some(ready) = &self.ready {
            ready.notify();
        }
    }

    /// Takes that back for now. As [`Ready::withdraw`].
    pub fn not_ready(&self, reason: impl Into<String>) {
        if let Some(ready) = &self.ready {
            ready.withdraw(reason);
        }
    }

    /// By which this instance says how well the unit is.
    pub fn health(&self) -> Health {
        Health::new(&self.unit.record, &self.unit.clock)
    }

    /// A scope of its own, from which extractors can be made for one piece of work. It has a run's number; whatever is done
    /// with it is not counted, timed or retried.
    pub fn scope(&self) -> Scope<S> {
        let facts = RunFacts { id: self.unit.record.next_run_id(), attempt: 1, worker: None };
        Scope::new(Arc::clone(&self.state), Arc::clone(&self.unit), facts)
    }

    /// Opens a run of this unit: work with a stop of its own, whose panics are caught and whose blocking calls are known. It has the
    /// next number of a run; `attempt` and `worker` are what [`Run`](crate::Run) then tells.
    pub fn open_run(&self, attempt: u32, worker: Option<usize>) -> OpenRun<S> {
        let facts = RunFacts { id: self.unit.record.next_run_id(), attempt, worker };
        OpenRun::new(Arc::clone(&self.state), Arc::clone(&self.unit), facts)
    }

    /// Spawns a part of this unit on the runtime. The unit has not ended, and is not started again, before the part is gone;
    /// when the grace of a stop is over it is dropped at its next await. Where the unit has been told to stop already, it is dropped at
    /// once: what has to be there in a stop is spawned before.
    ///
    /// A part that panics is gone, and nobody is told but the log: it tells of itself by a channel.
    pub fn spawn(&self, part: impl Future<Output = ()> + Send + 'static) {
        self.unit.spawn(part);
    }
}

impl<S> fmt::Debug for Context<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("unit", &self.unit.name).finish_non_exhaustive()
    }
}
