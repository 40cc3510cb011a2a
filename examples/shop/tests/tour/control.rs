//! Units are paused, resumed, triggered, restarted, stopped, started and resized by HTTP.

use std::io::{Read, Write};

use serde_json::{Value, json};

use crate::database::number;
use crate::harness::{Shop, picture, until};
use crate::stream::{Part, Stream};

#[test]
fn a_task_runs_when_it_is_triggered() {
    let shop = Shop::start();
    shop.wait_for_log("deleted old log rows");
    // A minute more than 30 days: another row may have come of age meanwhile.
    assert_eq!(number(&shop.data, "SELECT count(*) FROM logs WHERE at < unixepoch() - 30 * 86400 - 60"), 0);
    assert!(number(&shop.data, "SELECT count(*) FROM logs") > 0);

    let triggered = shop.act("daily-report", "trigger");
    assert_eq!(triggered.status, 202, "{}", triggered.text());
    assert_eq!(triggered.json(), json!({"name": "daily-report", "triggered": true}));
    shop.wait_for_log("report ready");

    shop.act("nobody", "trigger").is_problem(404);
    let problem = shop.act("http", "trigger").is_problem(409);
    assert!(problem["detail"].as_str().unwrap().contains("only a task can be triggered"), "{problem}");
    shop.get("/api/services/cleanup/trigger").is_problem(405);
}

#[test]
fn a_paused_task_does_not_run_until_it_is_resumed() {
    let shop = Shop::start().ready();
    assert!(shop.unit("heartbeat")["nextRun"].is_string());
    let paused = shop.act("heartbeat", "pause").is_unit("heartbeat", "paused");
    assert_eq!((&paused["nextRun"], &paused["reason"]), (&Value::Null, &json!("paused by hand")));
    let runs = until("the run in hand is over", || {
        Some(shop.unit("heartbeat")).filter(|unit| unit["running"] == 0).map(|unit| unit["runs"].clone())
    });
    let problem = shop.act("heartbeat", "trigger").is_problem(409);
    assert_eq!(problem["detail"], "the unit is paused");
    shop.act("heartbeat", "pause").is_unit("heartbeat", "paused");

    // Fifteen seconds without an event: it would have run three times.
    let mut stream = Stream::open(&shop);
    while stream.next() != Some(Part::Comment("keep-alive".into())) {}
    let still = shop.unit("heartbeat");
    assert_eq!((&still["state"], &still["runs"], &still["nextRun"]), (&json!("paused"), &runs, &Value::Null));

    let resumed = shop.act("heartbeat", "resume").is_unit("heartbeat", "running");
    assert!(resumed["nextRun"].is_string(), "{resumed}");
    until("it runs again", || (shop.unit("heartbeat")["runs"].as_u64() > runs.as_u64()).then_some(()));
    shop.act("heartbeat", "resume").is_unit("heartbeat", "running");
}

#[test]
fn a_paused_consumer_leaves_its_items_in_the_queue() {
    let shop = Shop::start().ready();
    shop.act("thumbnails", "pause").is_unit("thumbnails", "paused");
    let accepted = shop.post("/api/thumbnails", &picture(200, 100, image::ImageFormat::Png));
    let place = accepted.header("location");
    assert_eq!(shop.unit("thumbnails")["depth"], 1);
    assert_eq!(shop.get(place).json()["status"], "Processing");
    shop.act("thumbnails", "resume").is_unit("thumbnails", "running");
    assert_eq!(shop.finished(place).kind(), "image/png");
}

#[test]
fn what_cannot_be_paused_says_so() {
    let shop = Shop::start().ready();
    for action in ["pause", "resume"] {
        shop.act("nobody", action).is_problem(404);
        let problem = shop.act("upstream", action).is_problem(409);
        assert!(problem["detail"].as_str().unwrap().contains("a service owns its loop"), "{problem}");
    }
    shop.act("cleanup", "stop").is_unit("cleanup", "stopped");
    for action in ["pause", "resume", "trigger", "restart", "stop"] {
        let problem = shop.act("cleanup", action).is_problem(409);
        assert_eq!(problem["detail"], "the unit is stopped");
    }
}

#[test]
fn workers_come_and_go() {
    let shop = Shop::start().ready();
    let listed = || {
        let units = shop.get("/api/services").json();
        let unit = units.as_array().unwrap().iter().find(|unit| unit["name"] == "thumbnails").cloned();
        unit.unwrap()["workers"].clone()
    };
    assert_eq!(listed(), 4);
    for workers in [1, 8, 8] {
        let answer = shop.resize("thumbnails", &json!({"count": workers}).to_string());
        assert_eq!(answer.is_unit("thumbnails", "running")["workers"], workers);
        assert_eq!(listed(), workers);
    }
    shop.act("thumbnails", "stop").is_unit("thumbnails", "stopped");
    assert_eq!(shop.resize("thumbnails", r#"{"count": 2}"#).is_unit("thumbnails", "stopped")["workers"], 2);
    assert_eq!(shop.act("thumbnails", "start").is_unit("thumbnails", "running")["workers"], 2);
}

#[test]
fn workers_must_be_a_number_that_makes_sense() {
    let shop = Shop::start().ready();
    for count in ["0", "-1", "10001", "1e300", "99999999999999999999999", "\"4\"", "2.5", "null", "[4]"] {
        let problem = shop.resize("thumbnails", &format!("{{\"count\": {count}}}")).is_problem(422);
        assert_eq!(problem["errors"][0]["field"], "count", "{count}: {problem}");
        assert!(problem["errors"][0]["message"].as_str().unwrap().contains("from 1 to 10000"), "{problem}");
    }
    assert_eq!(shop.resize("thumbnails", "{}").is_problem(422)["errors"][0]["field"], "count");
    let surplus = shop.resize("thumbnails", r#"{"count": 4, "speed": 2}"#).is_problem(422);
    assert_eq!(surplus["errors"], json!([{"field": "speed", "message": "is not a known field"}]));
    for request in ["", "{", "4", "[]", "count=4"] {
        shop.resize("thumbnails", request).is_problem(422);
    }
    shop.resize("thumbnails", &format!("{{\"count\": {}}}", " ".repeat(2_000))).is_problem(413);
    shop.post_as("/api/services/thumbnails/workers", "text/plain", br#"{"count": 4}"#).is_problem(415);
    assert_eq!(shop.unit("thumbnails")["workers"], 4, "nothing has changed");

    shop.resize("nobody", r#"{"count": 4}"#).is_problem(404);
    shop.resize("nobody", "{").is_problem(404);
    for unit in ["cleanup", "upstream"] {
        let problem = shop.resize(unit, r#"{"count": 4}"#).is_problem(409);
        assert_eq!(problem["detail"], "only a consumer has workers");
    }
    shop.get("/api/services/thumbnails/workers").is_problem(405);
}

#[test]
fn a_service_is_restarted() {
    let shop = Shop::start().ready();
    let connections = || shop.log().matches("connected to the supplier").count();
    until("the first connection", || (connections() == 1).then_some(()));
    let before = shop.unit("upstream");
    let after = shop.act("upstream", "restart").is_unit("upstream", "running");
    until("a second connection", || (connections() == 2).then_some(()));
    assert!(after["since"].as_str() > before["since"].as_str(), "{before} {after}");
    assert_eq!((&after["restarts"], &after["lastError"]), (&json!(0), &Value::Null), "{after}");
    shop.act("nobody", "restart").is_problem(404);
}

#[test]
fn a_service_is_stopped_and_started_again() {
    let shop = Shop::start().ready();
    let stopped = shop.act("slow-stop", "stop").is_unit("slow-stop", "stopped");
    assert!(shop.logged("all is written"), "the answer came before the end");
    assert_eq!(stopped["ready"], false);
    assert_eq!(shop.act("slow-stop", "stop").is_problem(409)["detail"], "the unit is stopped");

    let started = shop.act("slow-stop", "start").is_unit("slow-stop", "running");
    assert_eq!(
        (&started["ready"], &started["reason"]),
        (&json!(true), &json!("started by hand")),
        "{started}"
    );
    assert_eq!(shop.act("slow-stop", "start").is_problem(409)["detail"], "the unit is running");
    for action in ["stop", "start"] {
        shop.act("nobody", action).is_problem(404);
    }
}

#[test]
fn a_restart_that_is_overruled_says_so() {
    let shop = Shop::start().ready();
    let mut stream = Stream::open(&shop);
    let restart = format!(
        "POST /api/services/slow-stop/restart HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        shop.app
    );
    let mut restart = shop.connection(&restart);
    stream.wait_for("slow-stop", "running", "draining");
    shop.act("slow-stop", "stop").is_unit("slow-stop", "stopped");
    let mut answer = String::new();
    restart.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 409 Conflict\r\n"), "{answer}");
    assert!(answer.contains(r#""detail":"it is being stopped""#), "{answer}");
}

#[test]
fn an_unknown_action_is_nothing() {
    let shop = Shop::start();
    for place in ["cleanup/dance", "cleanup/Pause", "cleanup/", "cleanup/pause/now", "nobody/dance"] {
        shop.post(&format!("/api/services/{place}"), b"").is_problem(404);
        shop.get(&format!("/api/services/{place}")).is_problem(404);
    }
    shop.post("/api/services/cleanup", b"").is_problem(405);
}

#[test]
fn http_restarts_and_serves_at_the_same_address() {
    let mut shop = Shop::start().ready();
    let mut stream = Stream::open(&shop);
    for round in 1..=2 {
        let before = shop.unit("http");
        let answer = shop.act("http", "restart");
        assert_eq!((answer.status, answer.json()), (202, json!({"name": "http", "accepted": true})));
        let after = until("http serves again", || {
            let unit = shop.try_get("/api/services/http")?.json();
            (unit["state"] == "running" && unit["since"] != before["since"]).then_some(unit)
        });
        assert!(after["since"].as_str() > before["since"].as_str(), "{before} {after}");
        assert_eq!((&after["ready"], &after["restarts"]), (&json!(true), &json!(0)), "{after}");
        if round == 1 {
            stream.wait_for("http", "running", "draining");
            assert_eq!(stream.next(), None, "its readers were told that it ends");
        }
    }
    assert!(!shop.logged("cut off clients"), "{}", shop.log());
    until("it is ready", || (shop.probe("readyz") == Some(200)).then_some(()));

    shop.terminate();
    let (status, printed) = shop.ended();
    assert_eq!(status.code(), Some(0), "{printed}\n{}", shop.log());
    assert!(printed.starts_with("stopped (SIGTERM)"), "the addresses are printed once: {printed}");
}

#[test]
fn http_cannot_be_stopped_over_http() {
    let shop = Shop::start().ready();
    let problem = shop.act("http", "stop").is_problem(409);
    assert!(problem["detail"].as_str().unwrap().contains("nobody can start it again over HTTP"), "{problem}");
    assert_eq!(shop.unit("http")["state"], "running");
    assert_eq!(shop.act("http", "start").is_problem(409)["detail"], "the unit is running");
}

/// The head is sent before the stop, and the body after it: new requests are not taken any more.
#[test]
fn a_shop_that_is_stopping_changes_nothing() {
    let mut shop = Shop::start().ready();
    let head = format!(
        "POST /api/services/thumbnails/workers HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
         Expect: 100-continue\r\nContent-Length: 12\r\n\r\n",
        shop.app
    );
    let mut connection = shop.connection(&head);
    let mut word = [0; 25];
    connection.read_exact(&mut word).unwrap();
    assert_eq!(&word, b"HTTP/1.1 100 Continue\r\n\r\n", "the shop waits for the body");
    shop.terminate();
    shop.wait_for_log("stopping");
    connection.write_all(br#"{"count": 1}"#).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 409 Conflict\r\n"), "{answer}");
    assert!(answer.contains(r#""detail":"the host is stopping""#), "{answer}");
    assert_eq!(shop.exit_status().code(), Some(0));
}
