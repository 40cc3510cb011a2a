//! The front page and its style.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::harness::{Shop, UNITS, until};

#[test]
fn the_page_shows_every_unit_and_no_script() {
    let shop = Shop::start();
    let page = shop.get("/");
    assert_eq!((page.status, page.kind()), (200, "text/html; charset=utf-8"));
    for unit in UNITS {
        let head = format!(r#"<th scope="row"><a href="/api/services/{unit}">{unit}</a></th>"#);
        assert!(page.text().contains(&head), "{unit} is not on the page");
        assert_eq!(shop.get(&format!("/api/services/{unit}")).status, 200);
    }
    assert!(page.text().contains(r#"<meta http-equiv="refresh" content="5">"#));
    assert!(page.header("content-security-policy").starts_with("default-src 'none'; style-src 'self'"));
    assert!(!page.text().contains("<script") && !page.text().contains("style="));
    let style = shop.get("/style.css");
    assert_eq!((style.status, style.kind()), (200, "text/css; charset=utf-8"));
}

#[test]
fn the_page_says_what_a_unit_is_doing_since_when_and_why() {
    let shop = Shop::start().ready();
    shop.act("heartbeat", "pause").is_unit("heartbeat", "paused");
    let page = shop.get("/").text();
    let row = page.lines().find(|line| line.contains(">heartbeat<")).unwrap();
    assert!(row.contains(">paused</span><small>paused by hand</small>"), "{row}");
    let since = shop.unit("heartbeat")["since"].as_str().unwrap().to_owned();
    assert!(row.contains(&format!(r#"<time datetime="{since}">"#)), "{row}");
}

#[test]
fn the_page_has_a_line_to_try_for_every_route() {
    let shop = Shop::start();
    let lines = lines(&shop);
    let (app, probes) = (shop.app, shop.probes);
    let post = |place: &str| format!("curl -i -X POST http://{app}/api/services/{place}");
    for line in [
        format!("curl -s http://{app}/sample.png | curl -i --data-binary @- http://{app}/api/thumbnails"),
        format!("curl -o small.png http://{app}/api/thumbnails/ID"),
        format!("curl -i -H 'content-type: application/json' -d '{{}}' http://{app}/api/reports/generate"),
        format!("curl http://{app}/api/reports/ID"),
        format!("curl http://{app}/"),
        format!("curl http://{probes}/readyz"),
        format!("curl 'http://{probes}/readyz?verbose'"),
        format!("curl http://{probes}/metrics"),
        format!("curl http://{probes}/livez"),
        format!("curl http://{probes}/startupz"),
        format!("curl http://{app}/api/services"),
        format!("curl http://{app}/api/services/cleanup"),
        format!("curl -N http://{app}/api/events"),
        post("cleanup/trigger"),
        post("cleanup/pause"),
        post("cleanup/resume"),
        post("upstream/restart"),
        post("slow-stop/stop"),
        post("slow-stop/start"),
        format!(
            "curl -i -H 'content-type: application/json' -d '{{\"count\": 8}}' \
             http://{app}/api/services/thumbnails/workers"
        ),
    ] {
        assert!(lines.contains(&line), "{line} is not on the page:\n{lines:#?}");
    }
}

#[test]
fn every_line_on_the_page_works_in_its_order() {
    let shop = Shop::start().ready();
    // By itself, curl calls an answer such as 404 a success.
    std::fs::write(shop.data.join(".curlrc"), "fail\nmax-time = 40\n").unwrap();
    let mut place = String::new();
    for line in lines(&shop) {
        let id = place.rsplit('/').next().unwrap();
        let line = line.replace("/ID", &format!("/{id}"));
        if line.ends_with("/api/events") {
            assert!(first_line(&shop, &line).starts_with(':'), "{line}");
            continue;
        }
        let output = shell(&shop, &line).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{line}: {out}{err}");
        if let Some(location) = out.lines().find_map(|line| line.strip_prefix("location: ")) {
            location.trim().clone_into(&mut place);
        }
    }
    // The last line restarts who answers this.
    let resized = until("http serves again", || shop.try_get("/api/services/thumbnails"));
    assert_eq!(resized.json()["workers"], 8);
    assert!(shop.data.join("small.png").exists());
}

/// The lines that the page shows, as they would be copied from it.
fn lines(shop: &Shop) -> Vec<String> {
    let page = shop.get("/").text();
    let lines = page.split("<code>").skip(1).map(|rest| rest.split("</code>").next().unwrap());
    lines.map(|line| line.replace("&#39;", "'").replace("&quot;", "\"").replace("&amp;", "&")).collect()
}

fn shell(shop: &Shop, line: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", line]).current_dir(&shop.data).env("CURL_HOME", &shop.data).stdin(Stdio::null());
    command
}

/// For a line that does not end by itself.
fn first_line(shop: &Shop, line: &str) -> String {
    let mut command = shell(shop, &format!("exec {line}"));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    first
}
