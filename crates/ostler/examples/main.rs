//! A whole program: what the README shows first. `cargo run -p ostler --example main`, then Ctrl-C.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use ostler::queue::{self, Queue};
use ostler::{
    BoxError, Context, Error, FromScope, HOUR, Host, MINUTE, Options, Ready, Report, SECOND, Scope, Service,
    State, Stop, cron, every, unit,
};
use serde::{Deserialize, Serialize};

fn main() -> ExitCode {
    ostler::main(app) // runtime, signals, watchdog, exit codes
}

async fn app() -> Result<Report, Error> {
    let options = Options::<Settings>::load()?; // ostler.toml or appsettings.json, environment; a mistake exits 78
    let db = Pool::connect(&options.get().database).await?; // the application's own
    let (thumbs, thumb_items) = queue::bounded::<Thumb>(100);

    Host::new(App { db, thumbs })
        .task("heartbeat", every(5 * MINUTE), heartbeat)
        .task("cleanup", every(options.map(|o| o.cleanup_every)).timeout(MINUTE).attempts(3), cleanup) // live
        .task("daily-report", cron("0 0 8 * * *", "Europe/Oslo"), daily_report)
        .consume("thumbs", thumb_items.workers(4), make_thumb)
        .mount("poller", Poller { url: "https://example.com/feed" })
        .service(unit("http").grace(10 * SECOND), serve_http)
        .probes(options.get().probes) // /livez /readyz /startupz, on a thread of their own
        .grace(30 * SECOND)
        .run()
        .await
}

/// What the file and the environment may say: `cleanup_every = "30m"`, `APP__DATABASE=shop.db`.
#[derive(PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Settings {
    database: String,
    probes: SocketAddr,
    cleanup_every: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        let probes = SocketAddr::from(([127, 0, 0, 1], 9090));
        Self { database: "shop.db".into(), probes, cleanup_every: HOUR }
    }
}

async fn heartbeat() {
    println!("alive");
}

/// `Conn` is made for each run and given back at its end.
async fn cleanup(mut conn: Conn) -> Result<(), DbError> {
    conn.delete_old_logs().await
}

async fn daily_report(db: State<Pool>) -> Result<(), DbError> {
    db.acquire().await?.report().await
}

async fn make_thumb(thumb: Thumb) -> Result<(), BoxError> {
    let bytes = tokio::fs::read(&thumb.path).await?;
    let _small = ostler::blocking(move || shrink(&bytes)).await;
    Ok(())
}

/// An axum router, for example: `axum::serve(listener, router).with_graceful_shutdown(stop.requested()).await`.
async fn serve_http(stop: Stop, ready: Ready, thumbs: State<Queue<Thumb>>) -> std::io::Result<()> {
    let _listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    ready.notify(); // the host waits for this; dropped without it, the start has failed
    if thumbs.try_send(Thumb { path: "cat.png".into() }).is_err() {
        println!("full: answer 503");
    }
    stop.requested().await;
    Ok(())
}

/// A value that owns its loop. When it fails it is run again, within a budget.
struct Poller {
    url: &'static str,
}

impl Service<App> for Poller {
    async fn run(&self, cx: Context<App>) -> Result<(), BoxError> {
        while !cx.stop().is_requested() {
            println!("polling {}", self.url);
            tokio::select! {
                () = cx.clock().sleep(10 * SECOND) => {}
                () = cx.stop().requested() => {}
            }
        }
        Ok(())
    }
}

/// What handlers share. A dependency that is missing here is a compile error where it is asked for.
#[derive(Clone)]
struct App {
    db: Pool,
    thumbs: Queue<Thumb>,
}

ostler::state! { App { db: Pool, thumbs: Queue<Thumb> } }

impl FromScope<App> for Conn {
    type Rejection = DbError;

    async fn from_scope(scope: &Scope<App>) -> Result<Self, DbError> {
        scope.state().db.acquire().await
    }
}

struct Thumb {
    path: std::path::PathBuf,
}

fn shrink(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().step_by(2).copied().collect()
}

// A stand-in for the database driver of your choice.
type DbError = std::io::Error;

#[derive(Clone)]
struct Pool;

struct Conn;

impl Pool {
    async fn connect(_file: &str) -> Result<Self, DbError> {
        Ok(Self)
    }

    async fn acquire(&self) -> Result<Conn, DbError> {
        Ok(Conn)
    }
}

impl Conn {
    async fn delete_old_logs(&mut self) -> Result<(), DbError> {
        Ok(())
    }

    async fn report(&mut self) -> Result<(), DbError> {
        Ok(())
    }
}
