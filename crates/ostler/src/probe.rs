//! The probe server: `/livez`, `/readyz` and `/startupz`, from cached state only.
//!
//! It runs on the sentinel's thread and runtime, so it answers while the main runtime is stuck, and says so. Requests
//! are small GETs; everything about them is limited.

// On the sentinel's thread the host's clock does not tick for others: tokio's own timers are right here.
#![allow(clippy::disallowed_methods)]

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::task::AbortHandle;

use crate::board::{Board, Phase};
use crate::handle::HostHandle;
use crate::health::{self, Life, Verdict};

/// A client has this long to send a request's header.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection lives this long, whatever it does: as long as one request may take.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);
/// Beyond so many connections the oldest one is ended for each new one.
const MAX_CONNECTIONS: usize = 256;
/// The largest header that is read, in bytes.
const MAX_HEADER: usize = 16 * 1024;

/// Where the probes listen: an address, or a listener that is already bound.
#[derive(Debug)]
pub struct Probes(Place);

#[derive(Debug)]
enum Place {
    Address(SocketAddr),
    Listener(TcpListener),
}

impl From<SocketAddr> for Probes {
    fn from(address: SocketAddr) -> Self {
        Self(Place::Address(address))
    }
}

impl From<([u8; 4], u16)> for Probes {
    fn from(address: ([u8; 4], u16)) -> Self {
        Self(Place::Address(address.into()))
    }
}

impl From<TcpListener> for Probes {
    fn from(listener: TcpListener) -> Self {
        Self(Place::Listener(listener))
    }
}

impl Probes {
    /// Binds, where that has not been done.
    pub(crate) fn bind(self) -> io::Result<TcpListener> {
        let listener = match self.0 {
            Place::Address(address) => TcpListener::bind(address).map_err(|error| {
                io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
            })?,
            Place::Listener(listener) => listener,
        };
        listener.set_nonblocking(true)?;
        Ok(listener)
    }
}

/// Answers probes until it is dropped.
pub(crate) async fn serve(listener: TcpListener, host: HostHandle) -> io::Result<Infallible> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let mut open: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        make_room(&mut open);
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            // Out of descriptors, or a connection that died in the queue: neither is a reason to end.
            Err(_) => {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let host = host.clone();
        let connection = tokio::spawn(async move {
            let answers = service_fn(move |request| {
                let answer = answer(&request, host.board());
                async move { Ok::<_, Infallible>(answer) }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADER_TIMEOUT)
                .max_buf_size(MAX_HEADER)
                // One answer, one connection: none is cut in the middle by its time limit.
                .keep_alive(false)
                .serve_connection(TokioIo::new(stream), answers);
            // An error is the client's: a bad request, or a connection that broke.
            let _ = tokio::time::timeout(CONNECTION_TIMEOUT, connection).await;
        });
        open.push_back(connection.abort_handle());
    }
}

/// Ends the oldest connection when there are too many: idle ones must not keep a probe waiting.
fn make_room(open: &mut VecDeque<AbortHandle>) {
    if open.len() < MAX_CONNECTIONS {
        return;
    }
    open.retain(|connection| !connection.is_finished());
    if open.len() >= MAX_CONNECTIONS
        && let Some(oldest) = open.pop_front()
    {
        oldest.abort();
    }
}

fn answer(request: &Request<Incoming>, board: &Board) -> Response<Text> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "use GET\n");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let verdict = match request.uri().path() {
        "/livez" => health::live(board.tick_age()),
        "/readyz" => health::ready(life(board), board.records()),
        "/startupz" => health::started(board.was_ready()),
        _ => return text(StatusCode::NOT_FOUND, "probes: /livez /readyz /startupz\n"),
    };
    let status =
        StatusCode::from_u16(verdict.status.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    text(status, &body(&verdict))
}

fn life(board: &Board) -> Life {
    match board.phase() {
        // The moment a stop is asked for, whatever the host has got to.
        _ if board.stop_reason().is_some() => Life::Stopping,
        Phase::Starting => Life::Starting,
        Phase::Ready => Life::Running,
        Phase::Draining | Phase::Ended => Life::Stopping,
    }
}

/// The status as a word, then a line for each reason.
fn body(verdict: &Verdict) -> String {
    let mut body = format!("{}\n", verdict.status);
    for reason in &verdict.reasons {
        body.push_str(reason);
        body.push('\n');
    }
    body
}

fn text(status: StatusCode, body: &str) -> Response<Text> {
    let mut response = Response::new(Text(Some(Bytes::copy_from_slice(body.as_bytes()))));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A body of one piece.
struct Text(Option<Bytes>);

impl Body for Text {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        std::task::Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        hyper::body::SizeHint::with_exact(self.0.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}
