//! A scrape of the shop after ten seconds of its life.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::harness::{Shop, agent, picture, until};

/// So long has the shop run when it is scraped.
const LIFE: Duration = Duration::from_secs(10);

const PARSE: &str = "import sys
from prometheus_client.parser import text_string_to_metric_families
for family in text_string_to_metric_families(sys.stdin.read()):
    print(family.name + ('_total' if family.type == 'counter' else ''))
";

#[test]
fn every_documented_metric_is_there_after_ten_seconds_and_python_reads_it() {
    let shop = Shop::start().ready();
    shop.finished(shop.post("/api/thumbnails", &picture(32, 32, image::ImageFormat::Png)).header("location"));
    let page = until("it has run for ten seconds", || {
        let mut response = agent().get(format!("http://{}/metrics", shop.probes)).call().unwrap();
        let page = response.body_mut().read_to_string().unwrap();
        (shop.spawned.elapsed() >= LIFE).then_some(page)
    });
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/telemetry.md")).unwrap();
    let documented: BTreeSet<&str> =
        text.lines().filter_map(|line| line.strip_prefix("| `ostler_")?.split('`').next()).collect();
    assert!(documented.len() > 20, "{documented:?}");
    let is_there = |name: &&&str| page.contains(&format!("# TYPE ostler_{name} "));
    let missing: Vec<_> = documented.iter().filter(|name| !is_there(name)).collect();
    assert!(missing.is_empty(), "{missing:?}\n{page}");

    let Some(python) = python() else {
        let missing = "python3 has no module prometheus_client (Debian: python3-prometheus-client)";
        assert!(std::env::var_os("CI").is_none(), "{missing}");
        eprintln!("skipped: {missing}");
        return;
    };
    let parsed = parse(python, &page);
    let parsed: BTreeSet<&str> = parsed.lines().filter_map(|line| line.strip_prefix("ostler_")).collect();
    assert_eq!(parsed, documented, "{page}");
}

fn parse(python: &str, page: &str) -> String {
    let mut command = Command::new(python);
    command.args(["-c", PARSE]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// A Python that has the parser: the one on the path may be another than the system's.
fn python() -> Option<&'static str> {
    ["python3", "/usr/bin/python3"].into_iter().find(|python| {
        let mut command = Command::new(python);
        let found = command.args(["-c", "import prometheus_client"]).stderr(Stdio::null()).status();
        found.is_ok_and(|status| status.success())
    })
}
