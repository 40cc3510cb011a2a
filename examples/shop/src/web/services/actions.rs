//! `POST /api/services/{name}/{action}` pauses, resumes, triggers, restarts, stops or starts a unit.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ostler::{ControlError, HostHandle};
use serde::Serialize;

use super::control::Control;
use super::operation::{Progress, accepted};
use crate::web::id::Name;
use crate::web::problem::Problem;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Pause,
    Resume,
    Trigger,
    Restart,
    Stop,
    Start,
}

#[derive(Serialize)]
struct Triggered {
    name: String,
    triggered: bool,
}

impl Action {
    pub(super) const ALL: [Self; 6] =
        [Self::Pause, Self::Resume, Self::Trigger, Self::Restart, Self::Stop, Self::Start];

    /// Its name in the path.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Trigger => "trigger",
            Self::Restart => "restart",
            Self::Stop => "stop",
            Self::Start => "start",
        }
    }

    async fn ask(self, host: HostHandle, name: String) -> Result<(), ControlError> {
        match self {
            Self::Pause => host.pause(&name).await,
            Self::Resume => host.resume(&name).await,
            Self::Trigger => host.trigger(&name).await,
            Self::Restart => host.restart(&name).await,
            Self::Stop => host.stop_unit(&name).await,
            Self::Start => host.start_unit(&name).await,
        }
    }
}

pub(super) async fn act(
    State(control): State<Control>,
    Name(name): Name,
    action: Action,
) -> Result<Response, Problem> {
    if action == Action::Stop && *name == *control.own_unit {
        return Err(own_stop(&name));
    }
    match control.carry_out(action.ask(control.host.clone(), name.clone())).await? {
        Progress::UnderWay => Ok(accepted(&name)),
        Progress::Done if action == Action::Trigger => {
            Ok((StatusCode::ACCEPTED, Json(Triggered { name, triggered: true })).into_response())
        }
        Progress::Done => Ok(Json(control.unit(&name)?).into_response()),
    }
}

fn own_stop(name: &str) -> Problem {
    let detail = format!(
        "`{name}` serves these routes: once it is stopped, nobody can start it again over HTTP; restart it, \
         or stop the shop"
    );
    Problem::new(StatusCode::CONFLICT, detail)
}
