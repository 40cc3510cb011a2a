//! What every exchange gets, whatever its route: a limit on its head, a limit on its time, and
//! headers that keep a browser from doing more than showing the answer.

use std::time::Duration;

use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;

/// From the end of the head to the start of the answer, the reading of the body included.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Far above what browsers send. The server underneath takes more, but could not say what is wrong.
const MAX_HEAD: usize = 16 * 1024;

const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const SAFE: [(HeaderName, &str); 5] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (CACHE_CONTROL, "no-store"),
];

pub(super) async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        // The rest of the request may still be on its way, so the connection cannot be used again.
        Err(_) => {
            let detail = format!("the request was not done within {} seconds", TIMEOUT.as_secs());
            let problem = Problem::new(StatusCode::REQUEST_TIMEOUT, detail);
            ([(CONNECTION, "close")], problem).into_response()
        }
    }
}

pub(super) async fn small_head(request: Request, next: Next) -> Response {
    if head_size(&request) > MAX_HEAD {
        let detail = format!("the headers are larger than {} KiB", MAX_HEAD / 1024);
        return Problem::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, detail).into_response();
    }
    next.run(request).await
}

pub(super) async fn safe_answer(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    make_safe(response.headers_mut());
    response
}

/// A route that knows better keeps its own value.
fn make_safe(headers: &mut HeaderMap) {
    for (name, value) in SAFE {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

fn head_size(request: &Request) -> usize {
    let headers = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len());
    let uri = request.uri().path_and_query().map_or(0, |place| place.as_str().len());
    uri + headers.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_the_route_stays() {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("max-age=60"));
        make_safe(&mut headers);
        assert_eq!(headers[CACHE_CONTROL], "max-age=60");
        assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
    }

    #[test]
    fn the_head_is_its_address_and_its_headers() {
        let request =
            Request::builder().uri("/abc?d").header("name", "value").body(axum::body::Body::empty());
        assert_eq!(head_size(&request.unwrap()), 6 + 9);
    }
}
