//! The units, as a caller without a browser sees them.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::database::execute;
use crate::harness::{Shop, UNITS, picture, until};

/// What every unit says of itself, in this order.
const MEMBERS: [&str; 26] = [
    "name",
    "kind",
    "state",
    "ready",
    "since",
    "reason",
    "lastRun",
    "lastOutcome",
    "lastDurationMs",
    "lastError",
    "enabled",
    "lateMs",
    "nextRun",
    "latenessMs",
    "restarts",
    "runs",
    "succeeded",
    "failed",
    "running",
    "retries",
    "skipped",
    "depth",
    "capacity",
    "waitMs",
    "dropped",
    "workers",
];

fn instant(value: &Value) -> Timestamp {
    value.as_str().unwrap_or_else(|| panic!("{value} is no time")).parse().unwrap()
}

#[test]
fn all_units_are_listed_in_the_order_of_their_registration() {
    let shop = Shop::start().ready();
    let answer = shop.get("/api/services");
    assert_eq!((answer.status, answer.kind()), (200, "application/json"));
    let listed = answer.json();
    let units = listed.as_array().unwrap();
    let names: Vec<&str> = units.iter().map(|unit| unit["name"].as_str().unwrap()).collect();
    // They are told to stop in the reverse of that order.
    assert!(names.iter().rev().eq(&UNITS), "{names:?}");

    let kinds: Vec<&str> = units.iter().map(|unit| unit["kind"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        ["interval", "interval", "cron", "consumer", "service", "service", "service", "service"]
    );
    for unit in units {
        assert_eq!((&unit["state"], &unit["ready"]), (&json!("running"), &json!(true)), "{unit}");
        assert!(instant(&unit["since"]) <= Timestamp::now(), "{unit}");
        assert_eq!(unit.as_object().unwrap().len(), MEMBERS.len());
    }
    let text = answer.text();
    let places: Vec<usize> = MEMBERS.map(|member| text.find(&format!("\"{member}\":")).unwrap()).into();
    assert!(places.is_sorted(), "the members are not in their order: {text}");
    shop.post("/api/services", b"").is_problem(405);
}

#[test]
fn what_a_unit_does_not_have_is_null() {
    let shop = Shop::start().ready();
    let null = |unit: &Value, members: &[&str]| {
        for member in members {
            assert_eq!(unit.get(member), Some(&Value::Null), "{member} of {unit}");
        }
    };
    let (task, consumer, service) = (shop.unit("daily-report"), shop.unit("thumbnails"), shop.unit("http"));
    null(
        &task,
        &["depth", "capacity", "waitMs", "dropped", "workers", "lastRun", "lastOutcome", "latenessMs"],
    );
    assert!(instant(&task["nextRun"]) > Timestamp::now());
    null(&consumer, &["nextRun", "latenessMs", "lastRun", "lastDurationMs", "waitMs"]);
    assert_eq!(
        [&consumer["depth"], &consumer["capacity"], &consumer["dropped"], &consumer["workers"]],
        [0, 100, 0, 4]
    );
    null(&service, &["depth", "capacity", "workers", "nextRun", "lastRun", "lastOutcome", "lastError"]);
    assert_eq!([&service["restarts"], &service["runs"]], [0, 0]);
}

#[test]
fn one_unit_tells_of_its_last_runs_too() {
    let shop = Shop::start().ready();
    let cleanup =
        until("the first cleanup is over", || Some(shop.unit("cleanup")).filter(|unit| unit["runs"] == 1));
    let answer = shop.get("/api/services/cleanup");
    assert_eq!((answer.status, answer.kind()), (200, "application/json"));
    assert_eq!((&cleanup["lastOutcome"], &cleanup["succeeded"]), (&json!("succeeded"), &json!(1)));
    assert_eq!(cleanup["errors"], json!([]));
    let run = &cleanup["history"][0];
    assert_eq!(
        (&run["id"], &run["worker"], &run["outcome"], &run["attempts"]),
        (&json!(1), &Value::Null, &json!("succeeded"), &json!(1))
    );
    assert_eq!(run["tookMs"], cleanup["lastDurationMs"]);
    assert!(run["tookMs"].as_f64().unwrap() > 0.0, "{run}");
    assert!((instant(&run["began"]) - instant(&cleanup["lastRun"])).get_milliseconds().abs() < 1_000);
    for member in MEMBERS {
        assert!(cleanup.get(member).is_some(), "{member} is missing in {cleanup}");
    }

    assert_eq!(shop.act("cleanup", "trigger").status, 202);
    let again = until("a second run", || Some(shop.unit("cleanup")).filter(|unit| unit["runs"] == 2));
    assert_eq!([&again["history"][0]["id"], &again["history"][1]["id"]], [2, 1], "the newest comes first");
    let problem = shop.get("/api/services/nobody").is_problem(404);
    assert_eq!(problem["detail"], "there is no unit `nobody`");
}

#[test]
fn one_unit_tells_of_its_last_errors_too() {
    let shop = Shop::start().ready();
    until("the first cleanup is over", || (shop.unit("cleanup")["runs"] == 1).then_some(()));
    execute(&shop.data, "ALTER TABLE logs RENAME TO lost_logs");
    assert_eq!(shop.act("cleanup", "trigger").status, 202);
    let cleanup = until("it has failed", || Some(shop.unit("cleanup")).filter(|unit| unit["failed"] == 1));
    assert_eq!((&cleanup["lastOutcome"], &cleanup["retries"]), (&json!("failed"), &json!(2)));
    assert_eq!(cleanup["history"][0]["attempts"], 3);
    let errors = cleanup["errors"].as_array().unwrap();
    let attempts: Vec<&Value> = errors.iter().map(|error| &error["attempt"]).collect();
    assert_eq!(attempts, [3, 2, 1], "{cleanup}");
    for error in errors {
        assert_eq!(error["run"], 2);
        assert!(error["error"].as_str().unwrap().contains("no such table: logs"), "{error}");
        assert!(instant(&error["at"]) <= Timestamp::now());
    }
    assert_eq!(cleanup["lastError"], errors[0]["error"]);
}

#[test]
fn an_item_has_its_worker_and_its_wait() {
    let shop = Shop::start().ready();
    let accepted = shop.post("/api/thumbnails", &picture(200, 100, image::ImageFormat::Png));
    shop.finished(accepted.header("location"));
    let unit = until("it is counted", || Some(shop.unit("thumbnails")).filter(|unit| unit["runs"] == 1));
    assert!(unit["waitMs"].as_f64().unwrap() >= 0.0, "{unit}");
    assert!((1..=4).contains(&unit["history"][0]["worker"].as_u64().unwrap()), "{unit}");
}
