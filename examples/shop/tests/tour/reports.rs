//! Reports, checked against the orders themselves.

use serde_json::json;

use crate::database::{Sold, execute};
use crate::harness::Shop;

#[test]
fn a_report_agrees_with_the_orders() {
    let shop = Shop::start();
    let today = jiff::Zoned::now().in_tz("Europe/Oslo").unwrap().date();
    let (from, to) =
        (today.saturating_sub(jiff::Span::new().days(40)), today.saturating_sub(jiff::Span::new().days(8)));
    let report = shop.report(&json!({"from": from, "to": to}));
    assert_eq!((&report["from"], &report["to"]), (&json!(from), &json!(to)));

    let sold = Sold::between(&shop.data, &from.to_string(), &to.to_string());
    assert!(sold.orders.len() > 100);
    assert_eq!(report["orders"], sold.orders.len());
    assert_eq!(report["items"], sold.items);
    assert_eq!(report["revenueCents"], sold.cents);

    let days = report["perDay"].as_array().unwrap();
    assert_eq!(days.len(), 33);
    for day in days {
        let expected = sold.cents_by_day.get(day["date"].as_str().unwrap()).copied().unwrap_or(0);
        assert_eq!(day["revenueCents"], expected, "{day}");
    }
    let mut best: Vec<i64> = sold.cents_by_product.into_values().collect();
    best.sort_unstable_by(|a, b| b.cmp(a));
    let top: Vec<i64> = report["topProducts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["revenueCents"].as_i64().unwrap())
        .collect();
    assert_eq!(top, best[..5]);
}

#[test]
fn a_report_covers_the_last_thirty_days_by_default() {
    let shop = Shop::start();
    let report = shop.report(&json!({}));
    assert_eq!(report["perDay"].as_array().unwrap().len(), 30);
    let sold = Sold::between(&shop.data, report["from"].as_str().unwrap(), report["to"].as_str().unwrap());
    assert_eq!(report["revenueCents"], sold.cents);
}

#[test]
fn reports_refuse_what_they_cannot_use() {
    let shop = Shop::start();
    let ask = |body: &str| shop.post_as("/api/reports/generate", "application/json", body.as_bytes());
    for (body, field) in [
        (r#"{"from": "2026-02-02", "to": "2026-02-01"}"#, "from"),
        (r#"{"from": "2024-01-01", "to": "2026-01-01"}"#, "from"),
        (r#"{"from": "1999-12-31", "to": "2000-01-31"}"#, "from"),
        (r#"{"to": "1026-02-01"}"#, "to"),
        (r#"{"from": 7}"#, "from"),
        (r#"{"to": "2026-02-30"}"#, "to"),
        (r#"{"to": "yesterday"}"#, "to"),
        (r#"{"form": "2026-02-01"}"#, "form"),
    ] {
        let problem = ask(body).is_problem(422);
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
        assert!(!problem["errors"][0]["message"].as_str().unwrap().is_empty());
    }
    ask("{").is_problem(400);
    ask("").is_problem(400);
    ask("[]").is_problem(422);
    ask(&format!("{{\"from\": \"{}\"}}", "x".repeat(20_000))).is_problem(413);
    shop.post_as("/api/reports/generate", "text/plain", b"{}").is_problem(415);
    let bare =
        format!("POST /api/reports/generate HTTP/1.1\r\nHost: {}\r\nContent-Length: 2\r\n\r\n{{}}", shop.app);
    assert_eq!(shop.raw(&bare).0, 415, "no content type at all");

    shop.get("/api/reports/not-a-uuid").is_problem(400);
    shop.get("/api/reports/00000000-0000-4000-8000-000000000000").is_problem(404);
}

#[test]
fn a_report_that_cannot_be_made_says_why() {
    let shop = Shop::start();
    execute(&shop.data, "ALTER TABLE orders RENAME TO lost_orders");
    let failed = shop.report_answer(&json!({}));
    assert_eq!((&failed["status"], &failed["report"]), (&json!("Failed"), &json!(null)), "{failed}");
    assert!(failed["reason"].as_str().unwrap().contains("no such table: orders"), "{failed}");

    execute(&shop.data, "ALTER TABLE lost_orders RENAME TO orders");
    assert!(shop.report(&json!({}))["orders"].as_i64().unwrap() > 0, "the workers go on");
}
