//! Who is kept out of control.

use crate::harness::Shop;

/// Every route of control, with a unit that it suits.
const ROUTES: [(&str, &str); 10] = [
    ("GET", "/api/events"),
    ("GET", "/api/services"),
    ("GET", "/api/services/heartbeat"),
    ("POST", "/api/services/heartbeat/pause"),
    ("POST", "/api/services/heartbeat/resume"),
    ("POST", "/api/services/heartbeat/trigger"),
    ("POST", "/api/services/heartbeat/restart"),
    ("POST", "/api/services/heartbeat/stop"),
    ("POST", "/api/services/heartbeat/start"),
    ("POST", "/api/services/thumbnails/workers"),
];

fn ask(shop: &Shop, (method, path): (&str, &str), headers: &str) -> u16 {
    let (status, text) = shop.raw(&format!("{method} {path} HTTP/1.1\r\n{headers}Content-Length: 0\r\n\r\n"));
    let is_refused = [400, 403, 404, 421].contains(&status);
    assert_eq!(text.contains("application/problem+json"), is_refused, "{text}");
    status
}

#[test]
fn this_machine_is_known_by_its_names() {
    let shop = Shop::start();
    let port = shop.app.port();
    let trigger = |headers: &str| ask(&shop, ("POST", "/api/services/heartbeat/trigger"), headers);
    assert_eq!(trigger(&format!("Host: localhost:{port}\r\n")), 202);
    assert_eq!(trigger(&format!("Host: [::1]:{port}\r\n")), 202);
    assert_eq!(
        trigger(&format!(
            "Host: localhost:{port}\r\nOrigin: http://localhost:{port}\r\nSec-Fetch-Site: same-origin\r\n"
        )),
        202
    );
    assert_eq!(trigger(""), 400);
    assert_eq!(trigger("Host: localhost\r\nHost: localhost\r\n"), 400);
}

#[test]
fn pages_of_other_sites_are_kept_out_of_every_route() {
    let shop = Shop::start().ready();
    let port = shop.app.port();
    for route in ROUTES {
        assert_eq!(ask(&shop, route, "Host: shop.example\r\n"), 421, "{route:?}");
        if route.0 == "GET" {
            continue;
        }
        for site in ["cross-site", "same-site"] {
            let headers = format!("Host: localhost:{port}\r\nSec-Fetch-Site: {site}\r\n");
            assert_eq!(ask(&shop, route, &headers), 403, "{route:?} {site}");
        }
        for origin in ["https://shop.example", "null", "http://localhost:1"] {
            let headers = format!("Host: localhost:{port}\r\nOrigin: {origin}\r\n");
            assert_eq!(ask(&shop, route, &headers), 403, "{route:?} {origin}");
        }
    }
    assert_eq!(ask(&shop, ("GET", "/"), "Host: shop.example\r\n"), 421);
    let heartbeat = shop.unit("heartbeat");
    assert_eq!((&heartbeat["state"], heartbeat["reason"].as_str()), (&"running".into(), None), "{heartbeat}");
    assert_eq!(shop.unit("thumbnails")["workers"], 4);
}

#[test]
fn control_is_off_where_others_can_reach_the_shop() {
    let shop = Shop::start_with(&["--listen", "0.0.0.0:0"]).ready();
    shop.wait_for_log("control is off");
    for route in ROUTES {
        assert_eq!(ask(&shop, route, &format!("Host: {}\r\n", shop.app)), 404, "{route:?}");
    }
    let page = shop.get("/");
    assert_eq!(page.status, 200);
    assert!(!page.text().contains("/api/services") && !page.text().contains("/api/events"));
    assert_eq!(shop.raw("GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n").0, 200);
    assert_eq!(shop.log().matches("control is off").count(), 1);
}
