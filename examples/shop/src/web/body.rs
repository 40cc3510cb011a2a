//! Reads a request's body up to a limit.
//!
//! axum's own limit answers while the caller is still sending, and closes: many clients then report a
//! broken connection and never see the 413. So what is too much is read and thrown away, up to a point.

use std::future::poll_fn;
use std::pin::Pin;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::{CONTENT_LENGTH, EXPECT};
use axum::http::{HeaderMap, StatusCode};

use super::problem::Problem;

/// How much beyond the limit is read to be polite. The timeout of the request bounds it as well.
const THROWN_AWAY: usize = 32 * 1024 * 1024;

pub(super) async fn read(headers: &HeaderMap, mut body: Body, limit: usize) -> Result<Bytes, Problem> {
    if waits_for_consent(headers) && announced(headers).is_some_and(|length| length > limit) {
        return Err(too_large(limit));
    }
    let mut bytes = Vec::new();
    let mut received = 0_usize;
    while let Some(chunk) = next_chunk(&mut body).await? {
        received = received.saturating_add(chunk.len());
        if received <= limit {
            bytes.extend_from_slice(&chunk);
        } else if received - limit > THROWN_AWAY {
            break;
        } else {
            bytes = Vec::new();
        }
    }
    if received > limit { Err(too_large(limit)) } else { Ok(bytes.into()) }
}

/// For a request that is refused whatever its body is: nothing of it is kept.
pub(super) async fn throw_away(headers: &HeaderMap, body: Body) {
    let _unread = read(headers, body, 0).await;
}

async fn next_chunk(body: &mut Body) -> Result<Option<Bytes>, Problem> {
    loop {
        match poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
            None => return Ok(None),
            Some(Ok(frame)) => {
                // Trailers are not data, and nobody here reads them.
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
            Some(Err(error)) => {
                return Err(Problem::new(StatusCode::BAD_REQUEST, format!("the body broke off: {error}")));
            }
        }
    }
}

/// `Expect: 100-continue`: the caller sends the body only when asked to, so it can be refused unsent.
fn waits_for_consent(headers: &HeaderMap) -> bool {
    headers.get(EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn too_large(limit: usize) -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {} KiB", limit / 1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_limit_itself_is_allowed() {
        let headers = HeaderMap::new();
        assert_eq!(read(&headers, Body::from(vec![7; 10]), 10).await.unwrap(), vec![7; 10]);
        let problem = read(&headers, Body::from(vec![7; 11]), 10).await.unwrap_err();
        assert_eq!(problem, too_large(10));
    }

    #[tokio::test]
    async fn a_caller_that_asks_first_is_refused_unread() {
        let mut headers = HeaderMap::new();
        headers.insert(EXPECT, "100-continue".parse().unwrap());
        headers.insert(CONTENT_LENGTH, "11".parse().unwrap());
        assert!(read(&headers, Body::empty(), 10).await.is_err());
    }
}
