//! Health on the machine's own clock: asked for over HTTP on a real socket, and shown by a real file.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail, and drive clocks themselves"
)]

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ostler::{
    Checked, Error, Health, Host, HostHandle, LIVE_WITHIN, MINUTE, Options, Report, SECOND, State, Status,
    Stop, check,
};
use serde_json::Value;

/// Longer than anything here takes: what has not happened by then hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// A host that runs on a thread and a runtime of its own.
struct Running {
    handle: HostHandle,
    probes: SocketAddr,
    thread: JoinHandle<Result<Report, Error>>,
}

impl Running {
    fn start<S: Send + Sync + 'static>(host: Host<S>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let (handle, probes) = (host.handle(), listener.local_addr().unwrap());
        let host = host.signals(false).probes(listener);
        let thread = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(host.run())
        });
        let running = Self { handle, probes, thread };
        until("the host is ready", || (running.ask("/startupz").0 == 200).then_some(()));
        running
    }

    /// Status, head and body of an answer.
    fn get(&self, path: &str, header: &str) -> (u16, String, String) {
        let mut stream = TcpStream::connect(self.probes).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: test\r\n{header}\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_lowercase(), body.to_owned())
    }

    fn ask(&self, path: &str) -> (u16, String) {
        let (status, _, body) = self.get(path, "");
        (status, body)
    }

    fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(path, "Accept: application/json\r\n").2).unwrap()
    }

    fn stop(self) -> Report {
        self.handle.stop();
        self.thread.join().unwrap().unwrap()
    }
}

/// Asks until there is an answer.
#[track_caller]
fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

async fn until_stopped(stop: Stop) {
    stop.requested().await;
}

/// What a check finds is what a test puts there.
type Found = Arc<Mutex<Checked>>;

async fn look(found: State<Found>) -> Checked {
    found.lock().unwrap().clone()
}

#[test]
fn a_hundred_probes_a_second_cause_one_run_of_a_check_per_period() {
    const PERIOD: Duration = Duration::from_millis(400);
    let runs = Arc::new(AtomicUsize::new(0));
    async fn count(runs: State<Arc<AtomicUsize>>) {
        runs.fetch_add(1, Ordering::SeqCst);
    }
    let began = Instant::now();
    let host =
        Host::new(Arc::clone(&runs)).service("idle", until_stopped).check(check("db").every(PERIOD), count);
    let host = Running::start(host);
    let mut probes = 0_usize;
    while runs.load(Ordering::SeqCst) < 4 {
        assert_eq!(host.ask("/readyz").0, 200);
        probes += 1;
        assert!(began.elapsed() < PATIENCE, "the check does not run");
        // A hundred a second.
        std::thread::sleep(Duration::from_millis(10));
    }
    // In this order: the runs that are counted have begun within the time.
    let runs = runs.load(Ordering::SeqCst);
    let periods = began.elapsed().as_millis() / PERIOD.as_millis();
    println!("{probes} probes, {runs} runs in {:?}", began.elapsed());
    assert!(runs as u128 <= periods + 1, "{runs} runs in {periods} periods");
    assert!(probes > 2 * runs, "{probes} probes");
    host.stop();
}

#[test]
fn readyz_tells_what_checks_found_as_text_and_as_json() {
    let found = Found::default();
    let every = |name: &str| check(name).every(Duration::from_millis(5));
    let host = Host::new(Arc::clone(&found))
        .service("idle", until_stopped)
        .check(every("db").tag("store").tag("slow"), look)
        .check(every("disk").tag("store"), async || Status::Healthy.because("7 % free"));
    let host = Running::start(host);

    *found.lock().unwrap() = Status::Degraded.because("a \"slow\" answer");
    let (status, body) = until("the check is degraded", || {
        let answer = host.ask("/readyz");
        (answer.1 != "Healthy\n").then_some(answer)
    });
    assert_eq!(status, 200);
    let line = body.strip_prefix("Degraded\ncheck `db`: a \"slow\" answer (").unwrap();
    assert!(line.ends_with("ms ago)\n") || line.ends_with("s ago)\n"), "{body}");

    *found.lock().unwrap() = Status::Unhealthy.because("away");
    until("the check is unhealthy", || (host.ask("/readyz").0 == 503).then_some(()));
    let (status, head, body) = host.get("/readyz?verbose", "");
    assert_eq!(status, 503);
    assert!(head.contains("content-type: application/json"), "{head}");
    assert!(head.contains("cache-control: no-store"), "{head}");
    let page: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&page["status"], &page["more"]), (&"Unhealthy".into(), &0.into()));
    assert!(page["age_ms"].is_u64(), "{page}");
    let entries: Vec<[&Value; 5]> = page["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| ["kind", "name", "status", "reason", "tags"].map(|key| &entry[key]))
        .collect();
    let expected: Value = serde_json::json!([
        ["check", "db", "Unhealthy", "away", ["store", "slow"]],
        ["host", "host", "Healthy", null, []],
        ["host", "runtime", "Healthy", null, []],
        ["check", "disk", "Healthy", "7 % free", ["store"]],
        ["unit", "idle", "Healthy", null, []],
    ]);
    assert_eq!(serde_json::json!(entries), expected, "the worst comes first");
    assert!(page["entries"][0]["age_ms"].is_u64() && page["entries"][0]["took_ms"].is_u64(), "{page}");
    assert_eq!(page["changes"][0]["to"], "Unhealthy");
    assert_eq!(page["changes"][0]["reason"], "away");

    // With a tag, other checks do not count.
    assert_eq!(host.ask("/readyz?tag=slow").0, 503);
    *found.lock().unwrap() = Status::Healthy.into();
    until("the check is healthy again", || (host.ask("/readyz").0 == 200).then_some(()));
    assert_eq!(host.json("/readyz?tag=slow")["entries"].as_array().unwrap().len(), 4);
    assert_eq!(host.ask("/readyz?tag=typo"), (404, "no check has this tag\n".to_owned()));
    // The others speak JSON too.
    assert_eq!(host.json("/livez")["entries"][0]["name"], "runtime");
    assert_eq!(host.json("/startupz")["status"], "Healthy");
    host.stop();
}

#[test]
fn a_tag_leaves_other_checks_out_and_units_in() {
    let host = Host::new(())
        .service("idle", async |health: Health, stop: Stop| {
            health.degraded("slow");
            stop.requested().await;
        })
        .check(check("db").tag("store"), async || Status::Healthy)
        .check("mail", async || Status::Unhealthy);
    let host = Running::start(host);
    until("the check has run", || (host.ask("/readyz").0 == 503).then_some(()));
    assert_eq!(host.ask("/readyz?tag=store"), (200, "Degraded\nunit `idle`: slow\n".to_owned()));
    host.stop();
}

#[test]
fn how_long_the_runtime_may_be_silent_is_set_and_live() {
    let limit = Options::new(LIVE_WITHIN);
    let host = Host::new(()).service("idle", until_stopped).live_within(limit.map(|limit| *limit));
    let host = Running::start(host);
    assert_eq!(host.ask("/livez"), (200, "Healthy\n".to_owned()));
    // No runtime has ticked within that.
    limit.replace(Duration::from_nanos(1)).unwrap();
    let (status, body) = host.ask("/livez");
    assert_eq!((status, body.lines().next()), (503, Some("Unhealthy")), "{body}");
    limit.replace(MINUTE).unwrap();
    assert_eq!(host.ask("/livez").0, 200);
    host.stop();
}

/// A folder of its own, gone at the end of the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("ostler-served-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_file_is_there_while_all_is_well_and_gone_when_it_is_not() {
    let folder = Folder::new("file");
    fs::create_dir_all(&folder.0).unwrap();
    let (path, found) = (folder.0.join("healthy"), Found::default());
    fs::write(&path, "left behind").unwrap();
    let read = || fs::read_to_string(&path).ok();
    let host = Host::new(Arc::clone(&found))
        .service("idle", until_stopped)
        .check(check("db").every(Duration::from_millis(5)), look)
        .health_file(&path);
    let host = Running::start(host);
    until("the file is there", || (read()? == "Healthy\n").then_some(()));
    let first = fs::metadata(&path).unwrap().modified().unwrap();
    until("it is fresh", || (fs::metadata(&path).unwrap().modified().unwrap() > first).then_some(()));

    *found.lock().unwrap() = Status::Degraded.because("slow");
    until("it says what is degraded", || read()?.starts_with("Degraded\ncheck `db`: slow (").then_some(()));
    *found.lock().unwrap() = Status::Unhealthy.into();
    until("it is removed", || read().is_none().then_some(()));
    *found.lock().unwrap() = Status::Healthy.into();
    until("it is back", || read().map(drop));
    host.stop();
    assert_eq!(read(), None, "a host that has ended leaves none");
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0);
}

#[test]
fn a_file_that_cannot_be_written_is_tried_again() {
    let folder = Folder::new("missing");
    let path = folder.0.join("healthy");
    let host = Running::start(Host::new(()).service("idle", until_stopped).health_file(&path));
    assert_eq!(host.ask("/readyz").0, 200, "the host goes on without it");
    assert!(!path.exists());
    fs::create_dir_all(&folder.0).unwrap();
    until("the file is there", || path.exists().then_some(()));
    assert!(host.stop().took() < 5 * SECOND);
    assert!(!path.exists());
}

#[test]
fn a_host_that_does_not_come_up_leaves_no_file_of_a_predecessor() {
    let folder = Folder::new("predecessor");
    fs::create_dir_all(&folder.0).unwrap();
    let path = folder.0.join("healthy");
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let wrong = Host::new(()).service("two words", until_stopped);
    let deaf = Host::new(()).service("idle", until_stopped).probes(taken.local_addr().unwrap());
    for host in [wrong, deaf] {
        fs::write(&path, "Healthy\n").unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let error = runtime.block_on(host.signals(false).health_file(&path).run()).unwrap_err();
        assert_eq!(error.exit_code(), 78, "{error}");
        until("the file is removed", || (!path.exists()).then_some(()));
    }
}
