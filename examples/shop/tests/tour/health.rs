//! The shop's health, as probes and people see it.

use serde_json::Value;

use crate::harness::{Shop, agent, until};

fn readyz(shop: &Shop, query: &str) -> (u16, String) {
    let mut response = agent().get(format!("http://{}/readyz{query}", shop.probes)).call().unwrap();
    (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
}

fn entry(shop: &Shop, name: &str) -> Value {
    let (_, text) = readyz(shop, "?verbose");
    let health: Value = serde_json::from_str(&text).unwrap();
    let entries = health["entries"].as_array().unwrap();
    entries.iter().find(|entry| entry["name"] == name).cloned().unwrap_or_default()
}

#[test]
fn the_database_is_checked_and_found_well() {
    let shop = Shop::start().ready();
    let found = until("it was checked", || {
        Some(entry(&shop, "database")).filter(|database| database["age_ms"].is_number())
    });
    assert_eq!(
        (found["kind"].as_str(), found["status"].as_str()),
        (Some("check"), Some("Healthy")),
        "{found}"
    );
    assert_eq!(found["tags"][0], "db");
    assert_eq!(readyz(&shop, "?tag=db").0, 200);
}

#[test]
fn a_broken_settings_file_is_shown_with_its_place_until_it_is_repaired() {
    let shop = Shop::start().ready();
    let file = shop.data.join("ostler.toml");
    std::fs::write(&file, "[thumbnails]\nworker = 3\n").unwrap();
    let text = until("it is Degraded for it", || {
        Some(readyz(&shop, "").1).filter(|text| text.contains("ostler.toml:2:1"))
    });
    assert!(text.starts_with("Degraded") && text.contains("did you mean `workers`"), "{text}");
    std::fs::write(&file, "[thumbnails]\nworkers = 3\n").unwrap();
    until("it is repaired", || (!readyz(&shop, "").1.contains("ostler.toml")).then_some(()));
}
