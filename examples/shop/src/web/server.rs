//! Accepts connections and bounds them: how many there are, how long a client may take for the head of
//! a request, and how long it may stay. axum's own `serve` has none of these limits.
//!
//! Invariant: no connection outlives its [`Clients`]; dropped, they are cut off.

use std::pin::pin;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use ostler::Stop;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::stay::Stay;

/// Beyond this many, new clients wait in the system's own queue.
const MAX_CONNECTIONS: usize = 256;

/// What one connection buffers. A head above the limit of `hygiene` is answered by it; above this one the
/// connection just ends.
const MAX_BUFFER: usize = 64 * 1024;

/// For the head of a request. A connection without a request is closed after it, too.
const HEAD: Duration = Duration::from_secs(5);

/// Then a client has to connect anew, so that nobody can keep a place for ever.
const STAY: Duration = Duration::from_secs(60);

/// For the request that is open at the end of a stay; longer than any request is allowed.
const LAST_REQUEST: Duration = Duration::from_secs(15);

/// For all requests that are open when the shop stops. A client that dawdles must not use up the grace.
const AT_STOP: Duration = Duration::from_secs(3);

/// The pause after a connection could not be taken: with no file descriptor left, the next try would
/// fail at once.
const PAUSE: Duration = Duration::from_millis(100);

pub(super) type Clients = JoinSet<()>;

/// Serves until the stop is requested. The connections that are open then have been told.
pub(super) async fn accept(listener: TcpListener, routes: Router, stop: Stop) -> Clients {
    let mut clients = Clients::new();
    let mut stopped = pin!(stop.requested());
    loop {
        tokio::select! {
            () = stopped.as_mut() => return clients,
            Some(_gone) = clients.join_next() => {}
            accepted = listener.accept(), if clients.len() < MAX_CONNECTIONS => match accepted {
                Ok((stream, _)) => drop(clients.spawn(attend(prompt(stream), routes.clone(), stop.requested()))),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be taken");
                    sleep(PAUSE).await;
                }
            },
        }
    }
}

/// Waits for the requests that are open, but not for long.
pub(super) async fn finish(mut clients: Clients) {
    let finished = async { while clients.join_next().await.is_some() {} };
    if timeout(AT_STOP, finished).await.is_err() {
        tracing::warn!(clients = clients.len(), "cut off clients that did not finish in time");
    }
}

/// Answers are small: waiting to fill a packet would only delay them.
fn prompt(stream: TcpStream) -> TcpStream {
    let _best_effort = stream.set_nodelay(true);
    stream
}

async fn attend(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    routes: Router,
    stopped: impl Future<Output = ()>,
) {
    let stay = Stay::default();
    let routes = TowerToHyperService::new(routes);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(MAX_BUFFER)
        .serve_connection(
            TokioIo::new(stream),
            service_fn(|mut request: Request<Incoming>| {
                request.extensions_mut().insert(stay.clone());
                routes.call(request)
            }),
        );
    let mut connection = pin!(connection);
    tokio::select! {
        // An error is the client's: a bad request, or a connection that broke.
        _ended = connection.as_mut() => return,
        () = stopped => {}
        () = stay.over(STAY) => {}
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        _ended = connection => {}
        () = stay.over(LAST_REQUEST) => {}
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use axum::Extension;
    use axum::body::{Body, Bytes};
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::time::Instant;

    use super::*;
    use crate::web::stream::{self, Source};

    /// A body of which nothing ever comes.
    struct Never;

    impl Source for Never {
        async fn next(self) -> Option<(Bytes, Self)> {
            pending().await
        }
    }

    async fn slow() -> Body {
        stream::body(Never)
    }

    async fn endless(Extension(stay): Extension<Stay>) -> Body {
        stay.without_limit();
        stream::body(Never)
    }

    async fn client(path: &str) -> DuplexStream {
        let routes = Router::new().route("/slow", get(slow)).route("/endless", get(endless));
        let (mut client, server) = duplex(1024);
        tokio::spawn(attend(server, routes, pending()));
        client.write_all(format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes()).await.unwrap();
        client
    }

    #[tokio::test(start_paused = true)]
    async fn a_stay_ends_and_so_does_the_request_that_is_open_then() {
        let began = Instant::now();
        let mut client = client("/slow").await;
        timeout(100 * STAY, client.read_to_end(&mut Vec::new())).await.unwrap().unwrap();
        assert_eq!(began.elapsed().as_secs(), (STAY + LAST_REQUEST).as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_stays_for_as_long_as_its_client_wants() {
        let mut client = client("/endless").await;
        let mut answer = Vec::new();
        assert!(timeout(100 * STAY, client.read_to_end(&mut answer)).await.is_err());
        assert!(answer.starts_with(b"HTTP/1.1 200 OK"));
    }
}
