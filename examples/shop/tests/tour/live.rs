//! The settings: where they come from, how they are shown, and what an edit does while the shop runs.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{Shop, run, temporary, until};

/// An edit is seen 0.2 s after the last change of the file; a second more is promised, and three times that is the limit.
const SEEN_WITHIN: Duration = Duration::from_millis(3_600);

#[test]
fn the_first_start_leaves_a_file_to_edit_and_a_second_one_leaves_it_alone() {
    let shop = Shop::start().ready();
    let file = shop.data.join("ostler.toml");
    assert!(fs::read_to_string(&file).unwrap().contains("[cleanup]"));
    let (code, text) = run(&["--data", shop.data.to_str().unwrap(), "--check-config"]);
    assert_eq!(code, 0, "{text}");

    fs::write(&file, "[cleanup]\nevery = \"2h\"\n").unwrap();
    until("the edit is seen", || shop.logged("options changed its period").then_some(()));
    let mut again = shop;
    again.terminate();
    assert_eq!(again.exit_status().code(), Some(0));
    assert_eq!(fs::read_to_string(&file).unwrap(), "[cleanup]\nevery = \"2h\"\n");
}

#[test]
fn print_config_shows_each_value_with_its_source_and_no_secret() {
    let data = temporary();
    fs::create_dir_all(&data).unwrap();
    fs::write(data.join("token"), "tiptop\n").unwrap();
    let settings = "[cleanup]\nevery = '10m'\n[upstream]\ntoken_file = 'token'\n";
    fs::write(data.join("ostler.toml"), settings).unwrap();
    let folder = data.to_str().unwrap();
    let (code, text) = run(&["--data", folder, "--set", "thumbnails.workers=2", "--print-config"]);
    fs::remove_dir_all(&data).unwrap();
    assert_eq!(code, 0, "{text}");
    let lines: Vec<(String, String)> = text
        .lines()
        .filter_map(|line| line.split_once("  # ").or_else(|| line.split_once(" # ")))
        .map(|(value, source)| (value.trim().to_owned(), source.replace(&format!("{folder}/"), "")))
        .collect();
    let expected = [
        ("cleanup.every = \"10m\"", "ostler.toml:2:9"),
        ("cleanup.keep = \"720h\"", "default"),
        ("cleanup.enabled = true", "default"),
        ("thumbnails.workers = 2", "--set"),
        ("thumbnails.timeout = \"1m\"", "default"),
        ("upstream.token = ***", "file token (ostler.toml:4:14)"),
        ("log.filter = \"info\"", "default"),
    ];
    let lines: Vec<(&str, &str)> = lines.iter().map(|(value, source)| (&**value, &**source)).collect();
    assert_eq!(lines, expected, "{text}");
    assert!(!text.contains("tiptop"), "{text}");
}

#[test]
fn all_mistakes_come_at_once_with_their_places_and_nothing_is_opened() {
    let data = temporary();
    fs::create_dir_all(&data).unwrap();
    fs::write(data.join("ostler.toml"), "[cleanup]\nevry = '1h'\nkeep = 30\n").unwrap();
    let folder = data.to_str().unwrap();
    for flags in [&["--data", folder][..], &["--data", folder, "--check-config"]] {
        let (code, text) = run(flags);
        assert_eq!(code, 78, "{text}");
        for part in
            ["ostler.toml:2:1: `cleanup.evry`", "did you mean `every`", "ostler.toml:3:8: `cleanup.keep`"]
        {
            assert!(text.contains(part), "{part} is missing:\n{text}");
        }
    }
    assert!(!data.join("shop.db").exists());
    fs::remove_dir_all(&data).unwrap();
}

#[test]
fn an_edit_changes_workers_period_and_log_while_the_shop_runs() {
    let shop = Shop::start().ready();
    let file = shop.data.join("ostler.toml");
    let runs = shop.unit("cleanup")["runs"].as_u64().unwrap();
    let saved = Instant::now();
    fs::write(&file, "[cleanup]\nevery = '1s'\n[thumbnails]\nworkers = 9\n[log]\nfilter = 'debug'\n")
        .unwrap();
    until("it has nine workers", || (shop.unit("thumbnails")["workers"] == json!(9)).then_some(()));
    let took = saved.elapsed();
    println!("nine workers {took:?} after the edit was saved");
    assert!(took < SEEN_WITHIN, "{took:?}");
    until("it runs each second", || {
        (shop.unit("cleanup")["runs"].as_u64().unwrap() > runs + 2).then_some(())
    });
    shop.wait_for_log("\"level\":\"DEBUG\"");

    fs::write(&file, "[cleanup]\nenabled = false\n").unwrap();
    until("it is switched off", || (shop.unit("cleanup")["enabled"] == json!(false)).then_some(()));
    shop.act("cleanup", "trigger").is_problem(409);
    fs::write(&file, "[cleanup]\nevery = '0s'\n").unwrap();
    shop.wait_for_log("unit `cleanup`, period: must be longer than zero");
    assert_eq!(shop.unit("cleanup")["enabled"], json!(false), "refused as a whole");
}
