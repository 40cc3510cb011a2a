//! Keeps foreign web pages out. A shop on this machine can be reached by any page that the user's
//! browser has open: by a form or script of another site, or by a name that its owner points at
//! 127.0.0.1. Both are refused here, before any route.

use std::net::SocketAddr;

use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Site;
use super::problem::Problem;

/// On loopback only names of this machine are answered: another one was pointed here by its owner.
/// Elsewhere the shop cannot know its own names, so it does not ask.
pub(super) async fn known_host(State(site): State<Site>, request: Request, next: Next) -> Response {
    let door = &site.app.door;
    match host(request.headers()) {
        None => Problem::new(StatusCode::BAD_REQUEST, "one Host header is needed").into_response(),
        Some(host) if door.is_local() && !is_own_name(host, door.app) => {
            let detail = format!("this server does not answer for {host:?}");
            Problem::new(StatusCode::MISDIRECTED_REQUEST, detail).into_response()
        }
        Some(_) => next.run(request).await,
    }
}

/// A call that changes something must not come from a page of another site.
pub(super) async fn same_site(request: Request, next: Next) -> Response {
    if changes_something(request.method()) && is_foreign(request.headers()) {
        return Problem::new(StatusCode::FORBIDDEN, "calls from pages of other sites are refused")
            .into_response();
    }
    next.run(request).await
}

fn host(headers: &HeaderMap) -> Option<&str> {
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next()?.to_str().ok()?;
    hosts.next().is_none().then_some(host)
}

/// Any port is fine: a forwarded one differs from the bound one.
fn is_own_name(host: &str, bound: SocketAddr) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host().to_ascii_lowercase();
    !host.contains('@')
        && (["localhost", "127.0.0.1", "[::1]"].contains(&name.as_str()) || name == bound_name(bound))
}

fn bound_name(bound: SocketAddr) -> String {
    match bound {
        SocketAddr::V4(address) => address.ip().to_string(),
        SocketAddr::V6(address) => format!("[{}]", address.ip()),
    }
}

fn changes_something(method: &Method) -> bool {
    ![Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE].contains(method)
}

/// Browsers send these headers and pages cannot change them. A caller without them, such as curl, is no
/// page.
fn is_foreign(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site");
    let foreign_site = site.is_some_and(|site| site != "same-origin" && site != "none");
    let foreign_origin =
        headers.get(ORIGIN).is_some_and(|origin| !origin.to_str().is_ok_and(|o| is_own(o, headers)));
    foreign_site || foreign_origin
}

fn is_own(origin: &str, headers: &HeaderMap) -> bool {
    let place = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    place.zip(host(headers)).is_some_and(|(place, host)| place.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(host: &str) -> bool {
        is_own_name(host, "127.0.0.5:8080".parse().unwrap())
    }

    fn foreign(headers: &[(&'static str, &str)]) -> bool {
        let mut map = HeaderMap::new();
        map.insert(HOST, "localhost:8080".parse().unwrap());
        map.extend(headers.iter().map(|(name, value)| (name.parse().ok(), value.parse().unwrap())));
        is_foreign(&map)
    }

    #[test]
    fn names_of_this_machine_are_known() {
        for host in ["localhost", "LOCALHOST:9", "127.0.0.1:8080", "[::1]:8080", "127.0.0.5:8080"] {
            assert!(own(host), "{host}");
        }
        assert!(is_own_name("[::2]:80", "[::2]:8080".parse().unwrap()));
    }

    #[test]
    fn other_names_are_not() {
        for host in [
            "evil.example",
            "localhost.evil.example",
            "evil@localhost",
            "127.0.0.6",
            "",
            "localhost:80:80",
            "::1",
        ] {
            assert!(!own(host), "{host}");
        }
    }

    #[test]
    fn a_caller_that_is_no_page_passes() {
        assert!(!foreign(&[]));
    }

    #[test]
    fn pages_of_the_shop_pass() {
        assert!(!foreign(&[("sec-fetch-site", "same-origin"), ("origin", "http://localhost:8080")]));
        assert!(!foreign(&[("sec-fetch-site", "none")]));
    }

    #[test]
    fn pages_of_others_do_not() {
        assert!(foreign(&[("sec-fetch-site", "cross-site")]));
        assert!(foreign(&[("sec-fetch-site", "same-site")]));
        assert!(foreign(&[("origin", "https://evil.example")]));
        assert!(foreign(&[("origin", "http://localhost:3000")]));
        assert!(foreign(&[("origin", "null")]));
    }

    #[test]
    fn reading_is_not_changing() {
        assert!(!changes_something(&Method::GET) && !changes_something(&Method::HEAD));
        assert!(changes_something(&Method::POST) && changes_something(&Method::DELETE));
    }
}
