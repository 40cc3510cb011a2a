//! The tour from outside: the real program, a folder of its own, free ports, real requests.
//!
//! Nothing sleeps for luck: whatever takes time is asked for again until a deadline.

#![allow(clippy::unwrap_used)] // Helpers of tests are outside `#[test]` functions, and are tests all the same.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Cursor, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use image::{DynamicImage, ImageFormat};
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

const UNITS: [&str; 8] =
    ["heartbeat", "cleanup", "daily-report", "thumbnails", "reports", "upstream", "slow-stop", "http"];

const PATIENCE: Duration = Duration::from_secs(40);

#[test]
fn the_page_shows_every_unit_and_every_route() {
    let shop = Shop::start();
    let page = shop.get("/");
    assert_eq!((page.status, page.kind()), (200, "text/html; charset=utf-8"));
    for unit in UNITS {
        assert!(
            page.text().contains(&format!(r#"<th scope="row">{unit}</th>"#)),
            "{unit} is not on the page"
        );
    }
    for route in ["/api/thumbnails", "/api/reports/generate", "/api/services/cleanup/trigger"] {
        assert!(page.text().contains(&format!("http://{}{route}", shop.app)), "{route} is not on the page");
    }
    assert!(page.text().contains(&format!("http://{}/readyz", shop.probes)));
    assert!(page.text().contains(r#"<meta http-equiv="refresh" content="5">"#));
    assert!(page.header("content-security-policy").starts_with("default-src 'none'; style-src 'self'"));
    assert!(!page.text().contains("<script") && !page.text().contains("style="));
    let style = shop.get("/style.css");
    assert_eq!((style.status, style.kind()), (200, "text/css; charset=utf-8"));
}

#[test]
fn the_probes_answer() {
    let shop = Shop::start();
    for probe in ["startupz", "readyz", "livez"] {
        until("the probe says yes", || {
            let response = agent().get(format!("http://{}/{probe}", shop.probes)).call().ok()?;
            (response.status() == 200).then_some(())
        });
    }
}

#[test]
fn a_png_and_a_jpeg_become_thumbnails() {
    let shop = Shop::start();
    for (format, width, height, expected) in
        [(ImageFormat::Png, 800, 400, (160, 80)), (ImageFormat::Jpeg, 300, 900, (53, 160))]
    {
        let accepted = shop.post("/api/thumbnails", &picture(width, height, format));
        assert_eq!(accepted.status, 202, "{}", accepted.text());
        assert_eq!(accepted.json()["status"], "Processing");
        let place = accepted.header("location").to_owned();
        assert_eq!(place, format!("/api/thumbnails/{}", accepted.json()["thumbnailId"].as_str().unwrap()));

        let done = shop.finished(&place);
        assert_eq!((done.status, done.kind()), (200, "image/png"));
        let small = image::load_from_memory_with_format(&done.body, ImageFormat::Png).unwrap();
        assert_eq!((small.width(), small.height()), expected);
    }
}

#[test]
fn thumbnails_refuse_what_they_cannot_use() {
    let shop = Shop::start();
    shop.post("/api/thumbnails", b"").is_problem(400);
    shop.post("/api/thumbnails", b"hello").is_problem(415);
    shop.post("/api/thumbnails", b"GIF89a.......").is_problem(415);
    let mut large = picture(8, 8, ImageFormat::Png);
    large.resize(10 * 1024 * 1024 + 1, 0);
    shop.post("/api/thumbnails", &large).is_problem(413);
    large.pop();
    assert_eq!(shop.post("/api/thumbnails", &large).status, 202, "the limit itself is allowed");

    shop.get("/api/thumbnails/not-a-uuid").is_problem(400);
    shop.get("/api/thumbnails/00000000-0000-4000-8000-000000000000").is_problem(404);

    let broken = shop.post("/api/thumbnails", b"\x89PNG\r\n\x1a\nand then nothing of the kind");
    assert_eq!(broken.status, 202);
    let problem = shop.finished(broken.header("location")).is_problem(422);
    assert!(
        problem["detail"].as_str().unwrap().starts_with("the thumbnail could not be made: "),
        "{problem}"
    );
}

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
fn unknown_routes_and_methods_are_problems_too() {
    let shop = Shop::start();
    shop.get("/nothing/here").is_problem(404);
    shop.get("/api/services").is_problem(404);
    shop.post("/", b"").is_problem(405);
    shop.get("/api/reports/generate").is_problem(405);
    let wrong = shop.get("/api/thumbnails");
    wrong.is_problem(405);
    assert_eq!(wrong.header("allow"), "POST");
}

#[test]
fn a_task_runs_when_it_is_triggered() {
    let shop = Shop::start();
    until("the first cleanup has run", || shop.logged("deleted log rows older than 30 days").then_some(()));
    assert_eq!(number(&shop.data, "SELECT count(*) FROM logs WHERE at < unixepoch() - 30 * 86400"), 0);
    assert!(number(&shop.data, "SELECT count(*) FROM logs") > 0);

    let triggered = shop.post("/api/services/daily-report/trigger", b"");
    assert_eq!(triggered.status, 202, "{}", triggered.text());
    assert_eq!(triggered.json(), json!({"name": "daily-report", "triggered": true}));
    until("the daily report is made", || shop.logged("report ready").then_some(()));

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
    until("the log says so", || shop.logged("control is off").then_some(()));
    shop.post("/api/services/cleanup/trigger", b"").is_problem(404);
    assert_eq!(shop.get("/").status, 200);
    assert_eq!(shop.raw("GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n").0, 200);
}

#[test]
fn heads_and_time_are_limited() {
    let shop = Shop::start();
    let long = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: {}\r\n\r\n", "x".repeat(20_000));
    assert_eq!(shop.raw(&long).0, 431);
    let unfinished = "POST /api/thumbnails HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n\u{0}";
    let started = Instant::now();
    assert_eq!(shop.raw(unfinished).0, 408);
    assert!(started.elapsed() > Duration::from_secs(9));
}

#[test]
fn a_full_queue_refuses_and_a_stop_finishes_what_was_accepted() {
    let mut shop = Shop::start();
    let slow = picture(4_500, 4_500, ImageFormat::Png);
    let mut accepted = Vec::new();
    let refused = loop {
        assert!(accepted.len() < 2_000, "the queue never filled");
        let response = shop.post("/api/thumbnails", &slow);
        match response.status {
            202 => accepted.push(response.json()["thumbnailId"].as_str().unwrap().to_owned()),
            _ => break response,
        }
    };
    refused.is_problem(503);
    assert_eq!(refused.header("retry-after"), "1");
    assert!(accepted.len() > 100, "only {} were accepted", accepted.len());

    shop.terminate();
    let (status, printed) = shop.ended();
    assert_eq!(status.code(), Some(0), "{printed}\n{}", shop.log());
    let unfinished: Vec<&String> = accepted
        .iter()
        .filter(|id| !shop.log_lines().iter().any(|l| l.contains("thumbnail ready") && l.contains(*id)))
        .collect();
    assert!(
        unfinished.is_empty(),
        "{} of {} were not finished:\n{printed}",
        unfinished.len(),
        accepted.len()
    );
}

#[test]
fn a_stop_by_signal_is_clean_and_names_every_unit() {
    let mut shop = Shop::start();
    shop.terminate();
    let (status, printed) = shop.ended();
    assert_eq!(status.code(), Some(0), "{printed}\n{}", shop.log());
    for unit in UNITS {
        assert!(printed.lines().any(|line| line.contains(unit)), "{unit} is not in the report:\n{printed}");
    }
    assert!(shop.logged("all is written"), "slow-stop was not allowed to finish");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let data = temporary();
    let mut command = program();
    command.args(["--listen", "127.0.0.1:0", "--probes", "127.0.0.1:0", "--data"]).arg(&data);
    let mut child = command.spawn().unwrap();
    drop(child.stderr.take());
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().take(2);
    assert_eq!(lines.map_while(Result::ok).count(), 2);

    terminate(&child);
    let status = until("the shop has ended", || child.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
    std::fs::remove_dir_all(data).unwrap();
}

#[test]
fn a_second_start_keeps_the_data() {
    let mut shop = Shop::start();
    let orders = number(&shop.data, "SELECT count(*) FROM orders");
    shop.terminate();
    assert_eq!(shop.exit_status().code(), Some(0));
    let again = Shop::start_with(&["--data", shop.data.to_str().unwrap()]);
    assert_eq!(number(&shop.data, "SELECT count(*) FROM orders"), orders);
    assert_eq!(again.get("/").status, 200);
}

#[test]
fn mistakes_in_the_settings_have_their_exit_codes() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let file = temporary();
    std::fs::write(&file, "in the way").unwrap();
    let file = file.to_str().unwrap();

    let (code, text) = run(&["--no-such-flag"]);
    assert_eq!(code, 2, "{text}");
    let (code, text) = run(&["--listen", "nowhere"]);
    assert!(code == 2 && text.contains("--listen"), "{code}: {text}");
    let (code, text) = run(&["--help"]);
    assert!(code == 0 && text.contains("Exit codes") && text.contains("--data <DIR>"), "{code}: {text}");
    for flag in ["--listen", "--probes"] {
        let other = if flag == "--listen" { "--probes" } else { "--listen" };
        let (code, text) = run(&[flag, &taken, other, "127.0.0.1:0"]);
        assert!(code == 78 && text.contains(flag) && text.contains(&taken), "{code}: {text}");
    }
    let (code, text) = run(&["--data", file, "--listen", "127.0.0.1:0", "--probes", "127.0.0.1:0"]);
    assert!(code == 78 && text.contains("--data") && text.contains(file), "{code}: {text}");
    std::fs::remove_file(file).unwrap();
}

/// A running shop. It is killed when the test is over, however it ends.
struct Shop {
    child: Child,
    app: SocketAddr,
    probes: SocketAddr,
    data: PathBuf,
    printed: Receiver<String>,
    log: Arc<Mutex<String>>,
    readers: Vec<thread::JoinHandle<()>>,
}

impl Shop {
    fn start() -> Self {
        Self::start_with(&[])
    }

    fn start_with(flags: &[&str]) -> Self {
        let data =
            flags.iter().position(|flag| *flag == "--data").map_or_else(temporary, |at| flags[at + 1].into());
        let mut command = program();
        if !flags.contains(&"--data") {
            command.arg("--data").arg(&data);
        }
        if !flags.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        let mut child = command.args(["--probes", "127.0.0.1:0"]).args(flags).spawn().unwrap();
        let (sender, printed) = channel();
        let log = Arc::new(Mutex::new(String::new()));
        let collected = Arc::clone(&log);
        let readers = vec![
            follow(child.stdout.take().unwrap(), move |line| drop(sender.send(line))),
            follow(child.stderr.take().unwrap(), move |line| {
                let mut log = collected.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }),
        ];
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        let mut shop = Self { child, app: nowhere, probes: nowhere, data, printed, log, readers };
        shop.app = shop.announced("app http://");
        shop.probes = shop.announced("probes http://");
        shop
    }

    fn announced(&self, start: &str) -> SocketAddr {
        let line = self
            .printed
            .recv_timeout(PATIENCE)
            .unwrap_or_else(|_| panic!("no line {start:?}: {}", self.log()));
        let mut address: SocketAddr =
            line.strip_prefix(start).unwrap_or_else(|| panic!("{line:?}")).parse().unwrap();
        if address.ip().is_unspecified() {
            address.set_ip([127, 0, 0, 1].into());
        }
        address
    }

    fn get(&self, path: &str) -> Answer {
        Answer::of(agent().get(format!("http://{}{path}", self.app)).call().unwrap())
    }

    fn post(&self, path: &str, body: &[u8]) -> Answer {
        self.post_as(path, "application/octet-stream", body)
    }

    fn post_as(&self, path: &str, kind: &str, body: &[u8]) -> Answer {
        let request = agent().post(format!("http://{}{path}", self.app)).header("content-type", kind);
        Answer::of(request.send(body).unwrap())
    }

    /// Sends the text as it is, for requests that a client library would not send.
    fn raw(&self, request: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.app).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut text = Vec::new();
        let mut chunk = [0; 4096];
        while !text.windows(4).any(|end| end == b"\r\n\r\n") {
            let read = stream.read(&mut chunk).unwrap();
            assert!(read > 0, "closed without an answer");
            text.extend_from_slice(&chunk[..read]);
        }
        let text = String::from_utf8(text).unwrap();
        (text.split(' ').nth(1).unwrap().parse().unwrap(), text)
    }

    /// Asks until the work is no longer `Processing`.
    fn finished(&self, path: &str) -> Answer {
        until("the work is done", || {
            let answer = self.get(path);
            let waiting = answer.kind() == "application/json" && answer.json()["status"] == "Processing";
            (!waiting).then_some(answer)
        })
    }

    fn report(&self, request: &Value) -> Value {
        let accepted =
            self.post_as("/api/reports/generate", "application/json", request.to_string().as_bytes());
        assert_eq!(accepted.status, 202, "{}", accepted.text());
        let id = accepted.json()["reportId"].as_str().unwrap().to_owned();
        assert_eq!(accepted.json(), json!({"reportId": id, "status": "Processing"}));
        assert_eq!(accepted.header("location"), format!("/api/reports/{id}"));
        let mut answer = self.finished(accepted.header("location")).json();
        assert_eq!((&answer["reportId"], &answer["status"]), (&json!(id), &json!("Completed")), "{answer}");
        answer["report"].take()
    }

    fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    fn log_lines(&self) -> Vec<String> {
        self.log().lines().map(str::to_owned).collect()
    }

    fn logged(&self, text: &str) -> bool {
        self.log.lock().unwrap().contains(text)
    }

    fn terminate(&self) {
        terminate(&self.child);
    }

    fn exit_status(&mut self) -> ExitStatus {
        until("the shop has ended", || self.child.try_wait().unwrap())
    }

    /// How it ended, and all that it printed after its addresses.
    fn ended(&mut self) -> (ExitStatus, String) {
        let status = self.exit_status();
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        (status, self.printed.try_iter().collect::<Vec<_>>().join("\n"))
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let _ended = self.child.kill().and_then(|()| self.child.wait());
        let _missing = std::fs::remove_dir_all(&self.data);
    }
}

struct Answer {
    status: u16,
    headers: ureq::http::HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn of(mut response: ureq::http::Response<ureq::Body>) -> Self {
        let body = response.body_mut().read_to_vec().unwrap();
        Self { status: response.status().as_u16(), headers: response.headers().clone(), body }
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn kind(&self) -> &str {
        self.header("content-type")
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    #[track_caller]
    fn is_problem(&self, status: u16) -> Value {
        assert_eq!((self.status, self.kind()), (status, "application/problem+json"), "{}", self.text());
        let problem = self.json();
        assert_eq!(problem["status"], status);
        for member in ["type", "title", "detail"] {
            assert!(
                !problem[member].as_str().unwrap_or_default().is_empty(),
                "{member} is missing in {problem}"
            );
        }
        problem
    }
}

/// What was sold, added up here and not by the shop's SQL.
#[derive(Default)]
struct Sold {
    orders: BTreeSet<i64>,
    items: i64,
    cents: i64,
    cents_by_day: BTreeMap<String, i64>,
    cents_by_product: BTreeMap<i64, i64>,
}

impl Sold {
    fn between(data: &Path, from: &str, to: &str) -> Self {
        let lines: Vec<(i64, String, i64, i64, i64)> = query(
            data,
            "SELECT o.id, o.placed_on, l.product_id, l.quantity, l.unit_cents
             FROM orders o JOIN order_lines l ON l.order_id = o.id",
        );
        let mut sold = Self::default();
        for (order, day, product, quantity, unit) in lines {
            if (from..=to).contains(&day.as_str()) {
                sold.orders.insert(order);
                sold.items += quantity;
                sold.cents += quantity * unit;
                *sold.cents_by_day.entry(day).or_default() += quantity * unit;
                *sold.cents_by_product.entry(product).or_default() += quantity * unit;
            }
        }
        sold
    }
}

fn number(data: &Path, sql: &'static str) -> i64 {
    query::<(i64,)>(data, sql)[0].0
}

fn query<R>(data: &Path, sql: &'static str) -> Vec<R>
where
    R: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow> + Send + Unpin,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options =
            SqliteConnectOptions::new().filename(data.join("shop.db")).busy_timeout(Duration::from_secs(10));
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
        let rows = sqlx::query_as(sql).fetch_all(&pool).await.unwrap();
        pool.close().await;
        rows
    })
}

fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::new_rgb8(width, height).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build().into()
}

fn temporary() -> PathBuf {
    std::env::temp_dir().join(format!("shop-{}", uuid::Uuid::new_v4()))
}

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shop"));
    command.env_remove("RUST_LOG").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs to the end, for starts that fail. The text is what it wrote, anywhere.
fn run(flags: &[&str]) -> (i32, String) {
    let output = program().args(flags).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8_lossy(&text).into_owned())
}

fn terminate(child: &Child) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
}

fn follow(
    pipe: impl Read + Send + 'static,
    take: impl FnMut(String) + Send + 'static,
) -> thread::JoinHandle<()> {
    thread::spawn(move || BufReader::new(pipe).lines().map_while(Result::ok).for_each(take))
}

/// Asks again and again until there is an answer; fails when there is none in time.
#[track_caller]
fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "not in time: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}
