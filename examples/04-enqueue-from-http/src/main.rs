//! Work handed in by HTTP: the answer comes at once, the work is done later.
//!
//! What it shows: `POST /reports` answers 202 with an id, and `GET /reports/{id}` says `waiting`,
//! `working` or `done`. Ten may wait; when there is no room, the answer is 503 with `Retry-After`.
//!
//! What to try: `curl -i -X POST http://127.0.0.1:8081/reports` a few times, then Ctrl-C: all are finished.
//!
//! Run it with `cargo run -p enqueue-from-http`, or with `-- --fast` behind that for quicker reports.

use std::{env, io, io::IsTerminal, process::ExitCode, sync::Arc, time::Duration};

use axum::extract::{Path, State}; // The host's handlers take this `State` too, by ostler's feature `axum`.
use axum::routing::{get, post};
use axum::{Json, Router, http::StatusCode, http::header, response::IntoResponse};
use ostler::{Clock, Error, Host, Ready, Report, SECOND, Stop, queue};
use serde_json::{Value, json};

#[derive(Clone)]
struct App {
    pace: Duration,
    listen: String,
    queue: queue::Queue<usize>,
    states: Arc<tokio::sync::Mutex<Vec<&'static str>>>, // Kept for ever. The example `shop` keeps the newest.
}

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_ansi(io::stdout().is_terminal()).init();
    ostler::main(app)
}

async fn app() -> Result<Report, Error> {
    let usage = "usage: enqueue-from-http [--fast] [--listen ADDR]";
    let (mut pace, mut listen) = (2 * SECOND, "127.0.0.1:8081".to_owned());
    let mut args = env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--fast" => pace = SECOND / 4,
            "--listen" => listen = args.next().unwrap_or_default(),
            other => return Err(Error::usage(format!("unknown argument: {other}; {usage}"))),
        }
    }
    let (queue, items) = queue::bounded(10);
    let app = App { pace, listen, queue, states: Arc::default() };
    Host::new(app).consume("reports", items, make).service("http", serve).run().await
}

async fn serve(State(app): State<App>, stop: Stop, clock: Clock, ready: Ready) -> Result<(), Error> {
    let unusable = |error| Error::config(format!("--listen {}: {error}", app.listen));
    let listener = tokio::net::TcpListener::bind(&app.listen).await.map_err(unusable)?;
    tracing::info!("listening on http://{}", listener.local_addr()?);
    ready.notify();
    let app = Router::new().route("/reports", post(accept)).route("/reports/{id}", get(show)).with_state(app);
    tokio::select! {
        served = axum::serve(listener, app).with_graceful_shutdown(stop.requested()) => Ok(served?),
        () = async { stop.requested().await; clock.sleep(3 * SECOND).await } => Ok(()), // Slow clients are cut off.
    }
}

async fn accept(State(app): State<App>) -> Result<impl IntoResponse, impl IntoResponse> {
    let mut states = app.states.lock().await;
    let id = states.len();
    if app.queue.try_send(id).is_err() {
        return Err((StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")], "no room\n"));
    }
    states.push("waiting");
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, format!("/reports/{id}"))], Json(json!({ "id": id }))))
}

async fn show(State(app): State<App>, Path(id): Path<usize>) -> Result<Json<Value>, StatusCode> {
    let state = *app.states.lock().await.get(id).ok_or(StatusCode::NOT_FOUND)?;
    Ok(Json(json!({ "id": id, "state": state })))
}

async fn make(id: usize, State(app): State<App>, clock: Clock) {
    app.states.lock().await[id] = "working";
    clock.sleep(app.pace).await;
    app.states.lock().await[id] = "done";
    tracing::info!(id, "the report is done");
}
