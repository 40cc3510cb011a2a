//! Control by HTTP, and who is kept out of it.

use serde_json::json;

use crate::database::number;
use crate::harness::Shop;

#[test]
fn a_task_runs_when_it_is_triggered() {
    let shop = Shop::start();
    shop.wait_for_log("deleted log rows older than 30 days");
    // A minute more than 30 days: another row may have come of age meanwhile.
    assert_eq!(number(&shop.data, "SELECT count(*) FROM logs WHERE at < unixepoch() - 30 * 86400 - 60"), 0);
    assert!(number(&shop.data, "SELECT count(*) FROM logs") > 0);

    let triggered = shop.post("/api/services/daily-report/trigger", b"");
    assert_eq!(triggered.status, 202, "{}", triggered.text());
    assert_eq!(triggered.json(), json!({"name": "daily-report", "triggered": true}));
    shop.wait_for_log("report ready");

    shop.post("/api/services/nobody/trigger", b"").is_problem(404);
    let problem = shop.post("/api/services/http/trigger", b"").is_problem(409);
    assert!(!problem["detail"].as_str().unwrap().is_empty());
    shop.get("/api/services/cleanup/trigger").is_problem(405);
}

#[test]
fn pages_of_other_sites_are_kept_out() {
    let shop = Shop::start();
    let trigger = |headers: &str| {
        shop.raw(&format!(
            "POST /api/services/heartbeat/trigger HTTP/1.1\r\n{headers}Content-Length: 0\r\n\r\n"
        ))
        .0
    };
    let port = shop.app.port();
    assert_eq!(trigger(&format!("Host: localhost:{port}\r\n")), 202);
    assert_eq!(trigger(&format!("Host: [::1]:{port}\r\n")), 202);
    assert_eq!(
        trigger(&format!(
            "Host: localhost:{port}\r\nOrigin: http://localhost:{port}\r\nSec-Fetch-Site: same-origin\r\n"
        )),
        202
    );
    assert_eq!(trigger("Host: shop.example\r\n"), 421);
    assert_eq!(trigger(""), 400);
    assert_eq!(trigger("Host: localhost\r\nHost: localhost\r\n"), 400);
    for site in ["cross-site", "same-site"] {
        assert_eq!(trigger(&format!("Host: localhost:{port}\r\nSec-Fetch-Site: {site}\r\n")), 403);
    }
    for origin in ["https://shop.example", "null", "http://localhost:1"] {
        assert_eq!(trigger(&format!("Host: localhost:{port}\r\nOrigin: {origin}\r\n")), 403);
    }
    let (status, text) = shop.raw("GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n");
    assert_eq!(status, 421);
    assert!(text.contains("application/problem+json"), "{text}");
}

#[test]
fn control_is_off_where_others_can_reach_the_shop() {
    let shop = Shop::start_with(&["--listen", "0.0.0.0:0"]);
    shop.wait_for_log("control is off");
    shop.post("/api/services/cleanup/trigger", b"").is_problem(404);
    assert_eq!(shop.get("/").status, 200);
    assert_eq!(shop.raw("GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n").0, 200);
}
