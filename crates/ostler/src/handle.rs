//! The handle by which a running host is seen and steered.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::board::Board;
use crate::control::{Action, Answer, Command, ControlError};
use crate::events::Events;
use crate::health::{self, HealthChange, HealthReport};
use crate::line::Message;
use crate::record::{PastError, PastRun, UnitStatus};
use crate::stop::StopReason;

/// Sees and steers a running host. Clones are cheap.
///
/// Taken as an argument by a handler, or from [`Host::handle`](crate::Host::handle) before the start.
///
/// What is asked of a unit is done in the order in which it was asked, and each call answers when it is done, or says why
/// not. A call whose future is dropped is carried out all the same, once it was polled. A unit that asks something of
/// itself which needs its own end (to be stopped or restarted) must not wait for the answer.
///
/// ```
/// # use ostler::{ControlError, HostHandle};
/// async fn quiet_hours(host: HostHandle) -> Result<(), ControlError> {
///     host.pause("mails").await?;
///     host.resize("thumbnails", 8).await?;
///     for unit in host.units() {
///         println!("{}: {} since {}", unit.name, unit.state, unit.since);
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct HostHandle(Arc<Board>);

impl HostHandle {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Board::new()))
    }

    /// A snapshot of every unit, in order of registration; empty before the host runs.
    pub fn units(&self) -> Vec<UnitStatus> {
        let now = self.0.now();
        self.0.records().iter().map(|record| record.status(now)).collect()
    }

    /// A snapshot of the unit called `name`.
    pub fn unit(&self, name: &str) -> Option<UnitStatus> {
        self.0.record(name).map(|record| record.status(self.0.now()))
    }

    /// The last runs of the unit called `name`, the newest first: 32 of a task, 32 of each worker of a consumer,
    /// at most 256 in all. A service has no runs.
    pub fn history(&self, name: &str) -> Option<Vec<PastRun>> {
        self.0.record(name).map(|record| record.past_runs(self.0.now()))
    }

    /// The last 16 errors of the unit called `name`, the newest first: of runs that were tried again too.
    pub fn errors(&self, name: &str) -> Option<Vec<PastError>> {
        self.0.record(name).map(|record| record.past_errors())
    }

    /// The changes of all units' states from now on. A reader that falls 1,024 behind misses the oldest, and is told. Ask for it
    /// before [`units`](Self::units), and nothing falls in between.
    pub fn events(&self) -> Events {
        self.0.events().subscribe()
    }

    /// How well the host is, as `/readyz` sees it: what follows from all units, what they say of themselves, and
    /// what checks found. Nothing is run for it, and nothing is waited for.
    ///
    /// ```
    /// # use ostler::{HostHandle, Status};
    /// async fn watch(host: HostHandle) {
    ///     let health = host.health();
    ///     for entry in health.entries.iter().filter(|entry| entry.status != Status::Healthy) {
    ///         println!("{} {}: {} {:?}", entry.kind, entry.name, entry.status, entry.reason);
    ///     }
    /// }
    /// ```
    pub fn health(&self) -> HealthReport {
        health::report(&self.0)
    }

    /// The last 64 changes of the status of a unit, a check, options or the host, the newest first. They are looked
    /// for about once a second while the host runs, and now: what comes and goes in between is not seen. A part
    /// that changes only its reason has not changed.
    pub fn health_changes(&self) -> Vec<HealthChange> {
        self.0.health().take_note(&self.0);
        self.0.health().changes()
    }

    /// How long the main runtime takes to get to work that is ready, as last measured (every 100 ms, from a thread of the
    /// host's own), or how long it has not got to it. A warning is logged from a quarter of a second on, which
    /// names the units whose code blocks its threads. Zero before the start and on a virtual clock.
    pub fn lag(&self) -> Duration {
        self.0.lag()
    }

    /// Lets a task or a consumer begin no run until it is resumed. From the answer on none begins; one that is going on ends as
    /// it would. To pause again changes nothing.
    ///
    /// The ticks of a paused task are left out. The items of a paused consumer wait in its queue, whose senders wait or
    /// are refused when it is full. A stop of the host does not resume it: the items that are left are in its report. To the
    /// probes a paused unit is healthy, as is one that was stopped by hand.
    ///
    /// # Errors
    /// [`ControlError`]: there is no such unit; it is a service, which owns its loop; it is not running; the host is not.
    ///
    /// # Cancel safety
    /// Dropped after its first poll, it is carried out all the same. So are all actions here.
    pub async fn pause(&self, name: &str) -> Result<(), ControlError> {
        self.ask(name, Action::Pause).await
    }

    /// Lets a paused unit go on. A task keeps the grid of its schedule and makes up for nothing. To resume a unit that runs
    /// changes nothing.
    ///
    /// # Errors
    /// As [`pause`](Self::pause).
    pub async fn resume(&self, name: &str) -> Result<(), ControlError> {
        self.ask(name, Action::Resume).await
    }

    /// Runs a task now, beside its own schedule; answers when the run was begun. Where one is going on, it runs once more after
    /// that, however often it is triggered meanwhile, and the answer comes at once; a pause or a stop takes that back. With
    /// [`Overlap::Allow`](crate::Overlap::Allow) it starts beside the other.
    ///
    /// # Errors
    /// [`ControlError`]: there is no such unit; it is no task; it is paused or not running; the host is not running; or it was
    /// stopped before the run had begun ([`ControlError::is_failed`]).
    pub async fn trigger(&self, name: &str) -> Result<(), ControlError> {
        self.ask(name, Action::Trigger).await
    }

    /// Stops a unit and starts it again; answers when it is ready again. It has the grace of a stop
    /// ([`Unit::grace`](crate::Unit::grace), at most the host's) to end, and is dropped after that; two instances of it never
    /// live at once. A task's schedule goes on as if there had been no restart, so that a task which is restarted more often
    /// than its period still runs; a consumer's items stay in its queue meanwhile; a paused unit is no longer paused; a
    /// service's restart budget is whole again. A service that waits for its restart is restarted now.
    ///
    /// Units that come after this one ([`Unit::after`](crate::Unit::after)) go on running, and see whatever it
    /// looks like to miss it for a while; `/readyz` says that it is starting.
    ///
    /// # Errors
    /// [`ControlError`]: there is no such unit; it is down, or being stopped; the host is starting or not running; or
    /// it was restarted and did not come up, or did not end in time ([`ControlError::is_failed`]); then it is
    /// started as soon as it has ended.
    pub async fn restart(&self, name: &str) -> Result<(), ControlError> {
        self.ask(name, Action::Restart).await
    }

    /// Stops a unit; answers when it has ended. It stays stopped until [`start_unit`](Self::start_unit), and the host goes on
    /// without it. A consumer finishes the items in hand; the others stay in its queue. A service that ends with an error is
    /// stopped all the same; the error is among its [`errors`](Self::errors).
    ///
    /// # Errors
    /// [`ControlError`]: there is no such unit; it is down; the host is starting or not running; or it did not end in
    /// time ([`ControlError::is_failed`]), because its code blocks a thread.
    pub async fn stop_unit(&self, name: &str) -> Result<(), ControlError> {
        self.ask(name, Action::Stop).await
    }

    /// Starts a unit that is down: stopped by hand, completed, or failed. Answers when it is ready. Its restart budget is whole
    /// again.
    ///
    /// # Errors
    /// [`ControlError`]: there is no such unit; it is not down; a unit that it comes after is not ready; the host is
    /// starting or not running; or it was started and did not come up ([`ControlError::is_failed`]); a service is then
    /// tried again within its budget.
    pub async fn start_unit(&self, name: &str) -> Result<(), ControlError> {
        self.ask(name, Action::Start).await
    }

    /// Gives a consumer so many workers, 1 to [`MAX_WORKERS`](crate::MAX_WORKERS). From the answer on, no worker beyond `workers`
    /// takes an item, and there are as many; those beyond leave when they have finished the item in hand. Nothing
    /// is lost. A consumer that is down has so many when it is started again.
    ///
    /// # Errors
    /// [`ControlError`]: there is no such unit; it is no consumer; it is being stopped; the count is not allowed
    /// ([`ControlError::is_invalid`]); the host is not running.
    pub async fn resize(&self, name: &str, workers: usize) -> Result<(), ControlError> {
        self.ask(name, Action::Resize(workers)).await
    }

    /// Asks the host to stop gracefully. Returns at once; asking again changes nothing, nor does asking before the host
    /// runs.
    pub fn stop(&self) {
        if self.0.has_begun() {
            self.0.ask_to_stop(StopReason::Requested);
        }
    }

    pub(crate) async fn ask(&self, name: &str, action: Action) -> Answer {
        let director = self.0.director().ok_or_else(ControlError::not_running)?;
        let unit = self.0.place(name).ok_or_else(|| ControlError::unknown(name))?;
        let (answer, answered) = oneshot::channel();
        director
            .send(Message::Command(Command { unit, action, answer }))
            .map_err(|_| ControlError::not_running())?;
        // Dropped without a word: the host ended before it was done, or the unit did.
        answered.await.unwrap_or_else(|_| match self.0.director() {
            Some(_) => Err(ControlError::failed("the unit was stopped meanwhile")),
            None => Err(ControlError::not_running()),
        })
    }

    pub(crate) fn board(&self) -> &Board {
        &self.0
    }
}

impl fmt::Debug for HostHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostHandle").field("phase", &self.0.phase()).finish_non_exhaustive()
    }
}
