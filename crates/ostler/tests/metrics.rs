//! `GET /metrics` of a running host: what `docs/telemetry.md` promises, and nothing else, as a parser of Prometheus
//! reads it.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail, and drive clocks themselves"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use ostler::backoff::Backoff;
use ostler::queue::{self, Full, Queue};
use ostler::{Clock, Error, Halt, Host, HostHandle, Options, Outcome, Report, State, Stop, every, poke};

/// How long anything may take before a test is taken to hang.
const PATIENCE: Duration = Duration::from_secs(30);

const MS: Duration = Duration::from_millis(1);

/// Type and labels of each metric, by its name.
type Families = BTreeMap<String, (String, BTreeSet<String>)>;

/// A host that runs on a thread, with its probes.
struct Running {
    address: std::net::SocketAddr,
    handle: HostHandle,
    thread: std::thread::JoinHandle<Result<Report, Error>>,
}

impl Running {
    fn start<S: Send + Sync + 'static>(host: Host<S>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let host = host.signals(false).probes(listener);
        let handle = host.handle();
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(host.run())
        });
        Self { address, handle, thread }
    }

    fn get(&self, path: &str) -> ureq::http::Response<ureq::Body> {
        let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE));
        let agent: ureq::Agent = config.build().into();
        agent.get(format!("http://{}{path}", self.address)).call().unwrap()
    }

    fn scrape(&self) -> String {
        let mut answer = self.get("/metrics");
        assert_eq!(answer.status(), 200);
        answer.body_mut().read_to_string().unwrap()
    }

    /// Scrapes until `line` is there: what is counted at the end of a run comes a moment after its handler's end.
    fn scrape_with(&self, lines: &[&str]) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let page = self.scrape();
            if lines.iter().all(|line| page.contains(&format!("{line}\n"))) {
                return page;
            }
            assert!(Instant::now() < deadline, "not all of {lines:#?} in\n{page}");
            std::thread::sleep(10 * MS);
        }
    }

    fn stop(self) -> Report {
        self.handle.stop();
        self.thread.join().unwrap().unwrap()
    }
}

/// A task, a consumer and a service that have run, been tried again, lost items and been restarted; options that
/// changed.
fn seasoned() -> (Running, Queue<u8>, Options<u32>) {
    async fn tick(run: ostler::Run) -> Result<(), &'static str> {
        if run.attempt() == 1 { Err("once more") } else { Ok(()) }
    }
    async fn asked() -> Outcome {
        Err(Halt::cancel("not today"))
    }
    async fn take(item: u8) -> Result<(), &'static str> {
        if item == 1 { Err("not this one") } else { Ok(()) }
    }
    async fn falls_once(handle: HostHandle, stop: Stop) -> Result<(), &'static str> {
        if handle.unit("service").is_some_and(|unit| unit.restarts == 0) {
            return Err("the first time");
        }
        stop.requested().await;
        Ok(())
    }
    let options = Options::new(1_u32);
    let (queue, items) = queue::bounded_with::<u8>(2, Full::DropOldest);
    let restart = ostler::Restart::on_failure().backoff(Backoff::constant(MS));
    let host = Host::new(())
        .task("task", every(20 * MS).attempts(2).backoff(Backoff::constant(MS)), tick)
        .task("asked", poke(), asked)
        .consume("consumer", items.workers(3), take)
        .service(ostler::unit("service").restart(restart), falls_once)
        .options(&options)
        .check("check", async || ());
    let host = Running::start(host);
    until("it is in full swing", || {
        let runs = host.handle.unit("task").is_some_and(|unit| unit.runs > 0);
        let restarted = host.handle.unit("service").is_some_and(|unit| unit.restarts == 1 && unit.ready);
        runs && restarted && host.get("/readyz").status() == 200
    });
    (host, queue, options)
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(MS);
    }
}

#[test]
fn every_documented_metric_is_there_and_no_other() {
    let (host, queue, options) = seasoned();
    queue.try_send(1).unwrap();
    options.replace(2).unwrap();
    let page = host.scrape_with(&[
        "ostler_runs_total{unit=\"consumer\",outcome=\"failed\"} 1",
        "ostler_run_duration_seconds_count{unit=\"consumer\"} 1",
        "ostler_queue_wait_seconds_count{unit=\"consumer\"} 1",
        "ostler_options_reloads_total{options=\"options\",result=\"taken\"} 1",
        "ostler_unit_restarts_total{unit=\"service\"} 1",
        "ostler_queue_capacity{unit=\"consumer\"} 2",
        "ostler_workers{unit=\"consumer\"} 3",
        "ostler_unit_state{unit=\"asked\",kind=\"on_demand\",state=\"running\"} 1",
    ]);
    assert_eq!(families(&page), documented(), "{page}");
    drop(queue);
    host.stop();
}

#[test]
fn figures_are_those_of_the_snapshot() {
    let (host, queue, _options) = seasoned();
    let handle = host.handle.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        handle.pause("task").await.unwrap();
        handle.pause("consumer").await.unwrap();
        handle.trigger("asked").await.unwrap();
    });
    (0..5).for_each(|item| queue.try_send(item).unwrap());
    let page = host.scrape_with(&[
        "ostler_runs_total{unit=\"asked\",outcome=\"cancelled\"} 1",
        "ostler_runs_in_flight{unit=\"task\"} 0",
        "ostler_unit_state{unit=\"consumer\",kind=\"consumer\",state=\"paused\"} 1",
        "ostler_queue_depth{unit=\"consumer\"} 2",
        "ostler_queue_dropped_total{unit=\"consumer\"} 3",
    ]);
    let task = handle.unit("task").unwrap();
    for line in [
        format!("ostler_runs_total{{unit=\"task\",outcome=\"succeeded\"}} {}\n", task.succeeded),
        format!("ostler_run_duration_seconds_count{{unit=\"task\"}} {}\n", task.runs),
        format!("ostler_run_retries_total{{unit=\"task\"}} {}\n", task.retries),
        format!("ostler_ticks_skipped_total{{unit=\"task\"}} {}\n", task.skipped),
    ] {
        assert!(page.contains(&line), "{line}{page}");
    }
    host.stop();
}

#[test]
fn the_page_is_one_of_prometheus_and_is_never_kept() {
    let (host, ..) = seasoned();
    let answer = host.get("/metrics");
    let header = |name: &str| answer.headers().get(name).unwrap().to_str().unwrap();
    assert_eq!(header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(host.get("/metrics?x=1").status(), 200);
    assert_eq!(host.get("/metricss").status(), 404);
    host.stop();
}

#[test]
fn a_scrape_does_not_wait_for_the_main_runtime() {
    async fn block(release: State<std::sync::Arc<std::sync::Mutex<mpsc::Receiver<()>>>>) {
        let _ = release.lock().unwrap().recv();
    }
    let (sender, receiver) = mpsc::channel();
    let release = std::sync::Arc::new(std::sync::Mutex::new(receiver));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let host = Host::new(release).task("block", every(MS), block).signals(false).probes(listener);
    let handle = host.handle();
    let thread = std::thread::spawn(move || {
        // One thread, which the run keeps.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(host.run())
    });
    let host = Running { address, handle, thread };
    host.scrape_with(&["ostler_runs_in_flight{unit=\"block\"} 1"]);
    // The lag is that of the answer that is owed, and grows.
    let lag = |page: &str| -> f64 {
        let line = page.lines().find_map(|line| line.strip_prefix("ostler_runtime_lag_seconds "));
        line.unwrap().parse().unwrap()
    };
    let deadline = Instant::now() + PATIENCE;
    while lag(&host.scrape()) < 0.3 {
        assert!(Instant::now() < deadline, "no lag");
        std::thread::sleep(10 * MS);
    }
    drop(sender);
    host.stop();
}

#[test]
fn a_host_that_stops_says_so_until_its_end() {
    async fn linger(stop: Stop, clock: Clock, release: State<tokio::sync::watch::Receiver<bool>>) {
        stop.requested().await;
        let mut release = release.0.clone();
        let _ = release.wait_for(|over| *over).await;
        drop(clock);
    }
    let (over, release) = tokio::sync::watch::channel(false);
    let host = Running::start(Host::new(release).service("linger", linger));
    host.scrape_with(&["ostler_ready 1", "ostler_health_status{status=\"healthy\"} 1"]);
    host.handle.stop();
    host.scrape_with(&[
        "ostler_ready 0",
        "ostler_health_status{status=\"unhealthy\"} 1",
        "ostler_health_status{status=\"healthy\"} 0",
        "ostler_unit_state{unit=\"linger\",kind=\"service\",state=\"draining\"} 1",
    ]);
    over.send(true).unwrap();
    host.stop();
}

#[test]
fn the_parser_of_prometheus_reads_the_page_and_finds_nothing_wrong() {
    let Some(python) = python() else {
        let missing = "python3 has no module prometheus_client (Debian: python3-prometheus-client)";
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{missing}");
        eprintln!("skipped: {missing}");
        return;
    };
    let (host, queue, options) = seasoned();
    queue.try_send(7).unwrap();
    options.replace(2).unwrap();
    let page = host.scrape_with(&[
        "ostler_runs_total{unit=\"consumer\",outcome=\"succeeded\"} 1",
        "ostler_queue_wait_seconds_count{unit=\"consumer\"} 1",
        "ostler_unit_restarts_total{unit=\"service\"} 1",
        "ostler_options_valid{options=\"options\"} 1",
    ]);
    let mut parser = Command::new(python)
        .args(["-c", PARSE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    parser.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let output = parser.wait_with_output().unwrap();
    let (said, complaints) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{complaints}\n{page}");
    let parsed: Families = said
        .lines()
        .map(|line| {
            let cells: Vec<&str> = line.split('|').collect();
            let labels = cells[2].split(',').filter(|label| !label.is_empty()).map(str::to_owned).collect();
            (cells[0].to_owned(), (cells[1].to_owned(), labels))
        })
        .collect();
    assert_eq!(parsed, documented(), "{page}");
    host.stop();
}

/// Reads a page, checks it against the conventions, and prints name, type and labels of each metric.
const PARSE: &str = r#"
import sys
from prometheus_client.parser import text_string_to_metric_families

seen = set()
for family in text_string_to_metric_families(sys.stdin.read()):
    # The parser calls a counter by its name without `_total`.
    name = family.name + ("_total" if family.type == "counter" else "")
    assert family.name not in seen, f"{name} comes twice"
    seen.add(family.name)
    assert family.documentation.endswith("."), f"{name} has no help"
    assert family.samples, f"{name} has no samples"
    assert "milli" not in name and "minute" not in name, f"{name}: not a base unit"
    labels, series, buckets = set(), set(), {}
    for sample in family.samples:
        key = tuple(sorted(sample.labels.items()))
        assert (sample.name, key) not in series, f"{sample} comes twice"
        series.add((sample.name, key))
        labels |= set(sample.labels) - {"le"}
        if family.type == "counter":
            assert sample.name == name and sample.value >= 0, sample
        if sample.name == name + "_bucket":
            rest = tuple(item for item in key if item[0] != "le")
            buckets.setdefault(rest, []).append((float(sample.labels["le"]), sample.value))
    for rest, counts in buckets.items():
        for column in zip(*counts):
            assert list(column) == sorted(column), f"{name}{rest} falls"
        assert counts[-1][0] == float("inf"), f"{name}{rest} is not closed"
        total = [s.value for s in family.samples if s.name == name + "_count" and tuple(sorted(s.labels.items())) == rest]
        assert total == [counts[-1][1]], f"{name}{rest}: {total}"
    print(name, family.type, ",".join(sorted(labels)), sep="|")
"#;

/// A Python that has the parser: the one on the path may be another than the system's.
fn python() -> Option<&'static str> {
    ["python3", "/usr/bin/python3"].into_iter().find(|python| {
        let found =
            Command::new(python).args(["-c", "import prometheus_client"]).stderr(Stdio::null()).status();
        found.is_ok_and(|status| status.success())
    })
}

/// What a page has, read line by line.
fn families(page: &str) -> Families {
    let mut families = Families::new();
    for line in page.lines() {
        if let Some(family) = line.strip_prefix("# TYPE ") {
            let (name, kind) = family.split_once(' ').unwrap();
            let known = families.insert(name.to_owned(), (kind.to_owned(), BTreeSet::new()));
            assert_eq!(known, None, "{name} comes twice");
        } else if !line.starts_with('#') {
            let (name, rest) = line.split_at(line.find(['{', ' ']).unwrap());
            let suffixes = ["_bucket", "_sum", "_count"];
            let base = suffixes.iter().find_map(|suffix| name.strip_suffix(suffix));
            let family = [Some(name), base].into_iter().flatten().find(|name| families.contains_key(*name));
            let labels =
                rest.split(['{', ',']).filter_map(|label| label.split_once("=\"")).map(|(name, _)| name);
            let (_, known) = families.get_mut(family.unwrap_or_else(|| panic!("no type: {line}"))).unwrap();
            known.extend(labels.filter(|label| *label != "le").map(str::to_owned));
        }
    }
    families
}

/// The table of the page.
fn documented() -> Families {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/telemetry.md");
    let page = std::fs::read_to_string(page).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| `ostler_"));
    let families: Families = rows
        .map(|row| {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let labels = cells[4].split('`').skip(1).step_by(2).map(str::to_owned).collect();
            (cells[1].trim_matches('`').to_owned(), (cells[2].to_owned(), labels))
        })
        .collect();
    assert!(families.len() > 15, "the table was not found");
    families
}
