//! The probe server: `/livez`, `/readyz` and `/startupz`, from cached state only.
//!
//! It runs on the sentinel's thread and runtime, so it answers while the main runtime is stuck, and says so. Requests
//! are small GETs; everything about them is limited.

// On the sentinel's thread the host's clock does not tick for others: tokio's own timers are right here.
#![allow(clippy::disallowed_methods)]

use std::borrow::Cow;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::header::{ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::task::AbortHandle;

use crate::board::Board;
use crate::handle::HostHandle;
use crate::health::{self, Page};

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
                let host = host.clone();
                async move {
                    #[cfg(feature = "metrics")]
                    if let Some(page) = metrics(&request, &host).await {
                        return Ok(page);
                    }
                    Ok::<_, Infallible>(answer(&request, host.board()))
                }
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

fn answer(request: &Request<Incoming>, board: &Board) -> Response<Whole> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "use GET\n");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let asked = Asked::of(request);
    let page = match request.uri().path() {
        "/livez" => Page::new(health::live(board), board.tick_age(), Vec::new()),
        "/readyz" => match ready(&asked, board) {
            Some(page) => page,
            None => return text(StatusCode::NOT_FOUND, "no check has this tag\n"),
        },
        "/startupz" => Page::new(health::started(board), board.tick_age(), Vec::new()),
        _ => return text(StatusCode::NOT_FOUND, "probes: /livez /readyz /startupz\n"),
    };
    let status = page.status().http_status();
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if !asked.json {
        return text(status, page.text());
    }
    let mut response = text(status, page.json());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The answer to a scrape; `None` where something else was asked for.
#[cfg(feature = "metrics")]
async fn metrics(request: &Request<Incoming>, host: &HostHandle) -> Option<Response<Whole>> {
    let asked = matches!(*request.method(), Method::GET | Method::HEAD) && request.uri().path() == "/metrics";
    if !asked {
        return None;
    }
    let Some(page) = crate::metrics::scrape(host.clone()).await else {
        return Some(text(StatusCode::SERVICE_UNAVAILABLE, "the page cannot be made\n"));
    };
    // The page as it is: its turn is over when the last of it has been sent.
    let mut response = text(StatusCode::OK, page);
    let format = HeaderValue::from_static(crate::metrics::CONTENT_TYPE);
    response.headers_mut().insert(CONTENT_TYPE, format);
    Some(response)
}

/// How a client wants to be answered.
#[derive(Debug, PartialEq, Eq)]
struct Asked<'a> {
    json: bool,
    /// Checks without one of them do not count; empty: all count.
    tags: Vec<Cow<'a, str>>,
}

impl<'a> Asked<'a> {
    fn of<B>(request: &'a Request<B>) -> Self {
        let query = request.uri().query().unwrap_or_default();
        let accepts = request.headers().get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        Self::new(query, accepts)
    }

    fn new(query: &'a str, mut accepts: impl Iterator<Item = &'a str>) -> Self {
        let parts = || query.split('&').map(|part| part.split_once('=').unwrap_or((part, "")));
        Self {
            json: parts().any(|(key, _)| key == "verbose")
                || accepts.any(|value| value.split(',').any(takes_json)),
            tags: parts().filter(|(key, _)| *key == "tag").map(|(_, tag)| decoded(tag)).collect(),
        }
    }
}

/// Whether this part of an `Accept` header is for JSON, and not to say that it is not wanted: `;q=0`.
fn takes_json(range: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    let is_no = |part: &str| {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        key.trim().eq_ignore_ascii_case("q") && value.trim().parse::<f32>().is_ok_and(|weight| weight <= 0.0)
    };
    is_json && !parts.any(is_no)
}

/// A value of a query with `%3A` and the like as what they stand for. What stands for nothing is left as it is.
fn decoded(value: &str) -> Cow<'_, str> {
    if !value.contains('%') {
        return value.into();
    }
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [byte, after @ ..] = rest {
        let escape = after.first_chunk().filter(|_| *byte == b'%').and_then(|&digits| hex(digits));
        bytes.push(escape.unwrap_or(*byte));
        rest = if escape.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned().into()
}

fn hex(digits: [u8; 2]) -> Option<u8> {
    let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
    u8::try_from(high? * 16 + low?).ok()
}

/// `None` where a tag is asked for that no check has: a mistyped tag must not pass for a healthy answer.
fn ready(asked: &Asked<'_>, board: &Board) -> Option<Page> {
    let health = board.health();
    let is_known = |tag: &Cow<'_, str>| health.checks().iter().any(|kept| kept.check.has_tag(tag));
    if !asked.tags.iter().all(is_known) {
        return None;
    }
    let tags: Vec<&str> = asked.tags.iter().map(|tag| &**tag).collect();
    let (list, changes) = if asked.json {
        (health::ready_and_noted(board, &tags), health.changes())
    } else {
        (health::ready(board, &tags), Vec::new())
    };
    Some(Page::new(list, board.tick_age(), changes))
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Whole> {
    let mut response = Response::new(Whole(Some(body.into())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A body of one piece.
struct Whole(Option<Bytes>);

impl Body for Whole {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn asked<'a>(query: &'a str, accept: &'a str) -> (bool, Vec<Cow<'a, str>>) {
        let Asked { json, tags } = Asked::new(query, [accept].into_iter());
        (json, tags)
    }

    #[test]
    fn json_comes_to_who_asks_for_it() {
        for accept in ["application/json", "text/html, Application/JSON;q=0.9"] {
            assert!(asked("", accept).0, "{accept}");
        }
        for query in ["verbose", "verbose=1", "tag=x&verbose"] {
            assert!(asked(query, "*/*").0, "{query}");
        }
        for query in ["", "verbosely", "tag=verbose"] {
            assert!(!asked(query, "*/*, text/html, application/json-seq").0, "{query}");
        }
    }

    #[test]
    fn json_does_not_come_to_who_refuses_it() {
        for refusal in ["q=0", "q=0.000", " Q = 0.0", "charset=utf-8;q=0"] {
            assert!(!asked("", &format!("text/plain, application/json;{refusal}")).0, "{refusal}");
        }
        for wish in ["q=1", "q=0.001", "q=", "q=x", "level=0", "q=00x"] {
            assert!(asked("", &format!("application/json;{wish}")).0, "{wish}");
        }
        assert!(asked("verbose", "application/json;q=0").0, "the address counts");
    }

    #[test]
    fn tags_may_be_escaped() {
        assert_eq!(asked("tag=a%3Ab&tag=c:d", "").1, ["a:b", "c:d"]);
        assert_eq!(decoded("%61%3a%C3%A4"), "a:ä");
        for odd in ["%", "%3", "a%", "%zz", "%+1", "%%", "a+b", "ä"] {
            assert_eq!(decoded(odd), odd);
        }
        assert_eq!(decoded("%253A"), "%3A", "once");
        assert_eq!(decoded("%ff"), "\u{fffd}");
    }

    #[test]
    fn tags_are_read_from_the_query() {
        assert_eq!(asked("", "").1, [""; 0]);
        assert_eq!(asked("tag=db&x=y&tag=disk&tags=no", "").1, ["db", "disk"]);
    }
}
