//! `GET /api/services` lists the units, `GET /api/services/{name}` tells of one what it did before, too.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::control::Control;
use super::history::History;
use super::unit::Unit;
use crate::web::id::Name;
use crate::web::problem::Problem;

#[derive(Serialize)]
pub(super) struct Detail {
    #[serde(flatten)]
    unit: Unit,
    #[serde(flatten)]
    history: History,
}

pub(super) async fn index(State(control): State<Control>) -> Json<Vec<Unit>> {
    Json(control.host.units().into_iter().map(Unit::from).collect())
}

pub(super) async fn show(State(control): State<Control>, Name(name): Name) -> Result<Json<Detail>, Problem> {
    let unit = control.unit(&name)?;
    let history = History::of(&control.host, &name).ok_or_else(|| Problem::no_unit(&name))?;
    Ok(Json(Detail { unit, history }))
}
