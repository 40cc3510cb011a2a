//! Control by HTTP: where its routes are, and what they share.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use ostler::{HostHandle, Stop};
use tokio::sync::Semaphore;

use super::actions::{self, Action};
use super::unit::Unit;
use super::{events, listing, workers};
use crate::web::problem::Problem;

/// What a route of control may need.
#[derive(Clone)]
pub(in crate::web) struct Control {
    pub(super) host: HostHandle,
    /// The name of the unit that serves these routes.
    pub(super) own_unit: Arc<str>,
    /// Tells that unit to stop.
    pub(super) stop: Stop,
    /// The places for readers of events.
    pub(super) readers: Arc<Semaphore>,
}

impl Control {
    pub(in crate::web) fn new(host: HostHandle, own_unit: &str, stop: Stop) -> Self {
        Self { host, own_unit: own_unit.into(), stop, readers: Arc::new(Semaphore::new(events::MAX_READERS)) }
    }

    pub(in crate::web) fn routes<S: Clone + Send + Sync + 'static>(self) -> Router<S> {
        let mut routes = Router::new()
            .route("/api/events", get(events::stream))
            .route("/api/services", get(listing::index))
            .route("/api/services/{name}", get(listing::show))
            .route("/api/services/{name}/workers", post(workers::resize));
        for action in Action::ALL {
            let place = format!("/api/services/{{name}}/{}", action.word());
            routes = routes.route(&place, post(move |control, name| actions::act(control, name, action)));
        }
        routes.with_state(self)
    }

    /// The unit as it is now.
    pub(super) fn unit(&self, name: &str) -> Result<Unit, Problem> {
        self.host.unit(name).map(Unit::from).ok_or_else(|| Problem::no_unit(name))
    }
}
