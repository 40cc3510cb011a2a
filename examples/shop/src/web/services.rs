//! `POST /api/services/{name}/trigger` runs a task now.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ostler::TriggerError;
use serde::Serialize;

use super::Site;
use super::id::Name;
use super::problem::Problem;

#[derive(Serialize)]
struct Triggered {
    name: String,
    triggered: bool,
}

pub(super) async fn trigger(State(site): State<Site>, Name(name): Name) -> Result<Response, Problem> {
    site.host.trigger(&name).map_err(refusal)?;
    tracing::info!(unit = %name, "triggered by hand");
    Ok((StatusCode::ACCEPTED, Json(Triggered { name, triggered: true })).into_response())
}

fn refusal(error: TriggerError) -> Problem {
    let status = match error {
        TriggerError::Unknown => StatusCode::NOT_FOUND,
        _ => StatusCode::CONFLICT,
    };
    Problem::new(status, error.to_string())
}
