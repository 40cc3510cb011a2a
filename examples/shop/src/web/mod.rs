//! The front door: an axum server that is one of the host's services.
//!
//! Invariant: every error, from whatever layer, is a problem document.

mod body;
mod commands;
mod guard;
mod hygiene;
mod id;
mod json;
mod page;
mod problem;
mod reports;
mod server;
mod services;
mod stay;
mod stream;
mod thumbnails;

use std::io;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use ostler::{HostHandle, Ready, Run, State, Stop};

use crate::app::App;
use problem::Problem;
use services::Control;

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
    run: Run,
    ready: Ready,
) -> io::Result<()> {
    let door = app.door.clone();
    let listener = door.open()?;
    let control = Control::new(host.clone(), run.unit(), stop.clone());
    let routes = router(Site { app, host }, control);
    door.announce();
    ready.notify();
    let clients = server::accept(listener, routes, stop).await;
    door.close();
    server::finish(clients).await;
    Ok(())
}

fn router(site: Site, control: Control) -> Router {
    let mut routes = Router::new()
        .route("/", get(page::index))
        .route("/style.css", get(page::style))
        .route("/sample.png", get(page::sample))
        .route("/api/thumbnails", post(thumbnails::create))
        .route("/api/thumbnails/{id}", get(thumbnails::show))
        .route("/api/reports/generate", post(reports::create))
        .route("/api/reports/{id}", get(reports::show));
    if site.app.door.is_local() {
        routes = routes.merge(control.routes());
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

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use ostler::{Host, Options};
    use sqlx::SqlitePool;

    use super::Site;
    use crate::app::App;
    use crate::door::Door;
    use crate::reports::Reports;
    use crate::settings::Settings;
    use crate::thumbnails::Thumbnails;

    /// A site without a host that runs: what is handed in stays where it is.
    pub(super) fn site(thumbnails: Thumbnails, reports: Reports) -> Site {
        let free = || TcpListener::bind("127.0.0.1:0").unwrap();
        let door = Door::new(free(), &free()).unwrap();
        let db = SqlitePool::connect_lazy("sqlite::memory:").unwrap();
        let options = Options::new(Settings::default());
        Site { app: App { db, thumbnails, reports, door, options }, host: Host::new(()).handle() }
    }
}
