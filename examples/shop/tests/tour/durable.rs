//! Reports are durable: what the shop has accepted is made, however it ends meanwhile.

use std::os::unix::process::ExitStatusExt;

use serde_json::{Value, json};

use crate::harness::{Shop, run, until};
use crate::jobs;

/// A leap year, the longest period that is taken.
const YEAR: &str = r#"{"from": "2024-01-01", "to": "2024-12-31"}"#;

#[test]
fn a_kill_while_reports_are_made_loses_none_that_was_accepted() {
    let mut shop = Shop::start().ready();
    let mut accepted = Vec::new();
    // The kill may come when all are made already. Then there is another one.
    until("a kill came while reports were being made", || {
        // Two slots do not keep up with this.
        accepted.extend((0..60).map(|_| ask(&shop, YEAR).unwrap()));
        shop.signal("-KILL");
        assert_eq!(shop.exit_status().signal(), Some(9));
        let left = jobs::live(&shop.data);
        println!("{left} reports were not made when the shop was killed");
        shop.start_again(&[]);
        (left > 0).then_some(())
    });
    for place in accepted {
        let answer = shop.finished(&place).json();
        assert_eq!(answer["status"], "Completed", "{answer}");
        assert_eq!(answer["report"]["perDay"].as_array().unwrap().len(), 366);
    }
    assert_eq!(jobs::live(&shop.data), 0);
}

#[test]
fn a_report_of_before_is_answered_after_a_restart() {
    let mut shop = Shop::start().ready();
    let place = ask(&shop, "{}").unwrap();
    let before = shop.finished(&place).json();
    assert_eq!(before["status"], "Completed");
    shop.terminate();
    assert_eq!(shop.exit_status().code(), Some(0));

    shop.start_again(&[]);
    assert_eq!(shop.get(&place).json(), before);
    shop.get("/api/reports/00000000-0000-4000-8000-000000000000").is_problem(404);
}

#[test]
fn a_report_that_kills_the_shop_is_dead_after_three_crashes_and_the_others_are_made() {
    const FLAGS: [&str; 1] = ["--allow-crash"];
    let mut shop = Shop::start_with(&FLAGS).ready();
    let mut others = Vec::new();
    let poison = until("it was answered before its turn came", || {
        others = (0..30).map(|_| ask(&shop, YEAR).unwrap()).collect();
        let poison = ask(&shop, r#"{"crash": true}"#);
        if poison.is_none() {
            shop = Shop::start_with(&FLAGS).ready();
        }
        poison
    });
    others.extend((0..10).map_while(|_| ask(&shop, YEAR)));
    assert_eq!(shop.exit_status().signal(), Some(ABORTED), "{}", shop.log());

    for crash in 2..=3 {
        let status = shop.start_and_wait(&FLAGS);
        assert_eq!(status.signal(), Some(ABORTED), "at crash {crash}: {status}");
    }
    shop.start_again(&FLAGS);
    let dead = shop.finished(&poison).json();
    assert_eq!((&dead["status"], &dead["report"]), (&json!("Failed"), &Value::Null), "{dead}");
    assert!(dead["reason"].as_str().unwrap().starts_with("poison"), "{dead}");
    for place in others {
        assert_eq!(shop.finished(&place).json()["status"], "Completed");
    }
    assert_eq!(shop.report(&json!({}))["perDay"].as_array().unwrap().len(), 30, "the slots go on");
}

#[test]
fn a_report_may_kill_the_shop_only_where_that_is_allowed() {
    let shop = Shop::start().ready();
    let refused = shop.post_as("/api/reports/generate", "application/json", br#"{"crash": true}"#);
    assert_eq!(refused.is_problem(422)["errors"][0]["field"], "crash");
    assert!(!shop.get("/").text().contains("Crash it"), "the page shows a line for it");
}

#[test]
fn a_second_shop_on_the_same_folder_is_refused_and_told_whose_it_is() {
    let shop = Shop::start().ready();
    let folder = shop.data.to_str().unwrap();
    let (code, text) = run(&["--data", folder, "--listen", "127.0.0.1:0", "--probes", "127.0.0.1:0"]);
    assert_eq!(code, 78, "{text}");
    assert!(text.contains("--data") && text.contains(&shop.id().to_string()), "{text}");
    assert_eq!(shop.report(&json!({}))["perDay"].as_array().unwrap().len(), 30);
}

/// SIGABRT, by which such a report ends its process.
const ABORTED: i32 = 6;

/// Where the report will be; nothing where the shop is gone.
fn ask(shop: &Shop, request: &str) -> Option<String> {
    let answer = shop.try_post_as("/api/reports/generate", "application/json", request.as_bytes())?;
    assert_eq!(answer.status, 202, "{}", answer.text());
    Some(answer.header("location").to_owned())
}
