//! The front door: an axum server that is one of the host's services.
//!
//! Invariant: every error, from whatever layer, is a problem document.

mod body;
mod guard;
mod hygiene;
mod id;
mod page;
mod problem;
mod reports;
mod services;
mod thumbnails;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use ostler::{HostHandle, Ready, State, Stop};

use crate::app::App;
use crate::stdout;
use problem::Problem;

/// How long open requests get when the shop stops. Past it a client that dawdles is cut off; it must
/// not hold up the stop of all the rest.
const LAST_REQUESTS: Duration = Duration::from_secs(8);

/// What a route may need.
#[derive(Clone)]
struct Site {
    app: App,
    host: HostHandle,
}

pub(crate) async fn serve(
    stop: Stop,
    State(app): State<App>,
    host: HostHandle,
    ready: Ready,
) -> io::Result<()> {
    let listener = app.door.listener()?.tap_io(|socket| {
        // Answers are small: waiting to fill a packet would only delay them.
        let _best_effort = socket.set_nodelay(true);
    });
    let (shop, probes) = (app.door.app, app.door.probes);
    let server = axum::serve(listener, router(Site { app, host })).with_graceful_shutdown(stop.requested());
    announce(shop, probes);
    ready.notify();
    tokio::select! {
        served = server => served,
        () = cut_off(stop) => Ok(()),
    }
}

fn announce(shop: SocketAddr, probes: SocketAddr) {
    stdout::say(format_args!("app http://{shop}"));
    stdout::say(format_args!("probes http://{probes}"));
}

async fn cut_off(stop: Stop) {
    stop.requested().await;
    tokio::time::sleep(LAST_REQUESTS).await;
    tracing::warn!("a client did not finish its request in time; it is cut off");
}

fn router(site: Site) -> Router {
    let local = site.app.door.is_local();
    let mut routes = Router::new()
        .route("/", get(page::index))
        .route("/style.css", get(page::style))
        .route("/api/thumbnails", post(thumbnails::create))
        .route("/api/thumbnails/{id}", get(thumbnails::show))
        .route("/api/reports/generate", post(reports::create))
        .route("/api/reports/{id}", get(reports::show));
    if local {
        routes = routes.route("/api/services/{name}/trigger", post(services::trigger));
    } else {
        tracing::info!(address = %site.app.door.app, "control is off: the shop can be reached from other machines");
    }
    routes
        .fallback(unknown_route)
        .method_not_allowed_fallback(unknown_method)
        .layer(from_fn(guard::same_site))
        .layer(from_fn_with_state(site.clone(), guard::known_host))
        .layer(from_fn(hygiene::small_head))
        .layer(from_fn(hygiene::in_time))
        .layer(from_fn(hygiene::safe_answer))
        .with_state(site)
}

async fn unknown_route(request: Request) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("there is nothing at {}", request.uri().path()))
}

async fn unknown_method(request: Request) -> Problem {
    let detail = format!("{} is not allowed at {}", request.method(), request.uri().path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail)
}
