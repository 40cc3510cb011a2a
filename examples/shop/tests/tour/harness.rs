//! A running shop, and how the tests talk to it.

use std::io::{BufRead, BufReader, Cursor, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use image::{DynamicImage, ImageFormat};
use serde_json::{Value, json};

/// In the order in which they are told to stop, which is that of the printed report.
pub(crate) const UNITS: [&str; 8] =
    ["http", "slow-stop", "upstream", "jobs", "thumbnails", "daily-report", "cleanup", "heartbeat"];

pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// A running shop. It is killed when the test is over, however it ends.
pub(crate) struct Shop {
    child: Child,
    pub(crate) spawned: Instant,
    pub(crate) app: SocketAddr,
    pub(crate) probes: SocketAddr,
    pub(crate) data: PathBuf,
    printed: Receiver<String>,
    log: Arc<Mutex<String>>,
    readers: Vec<thread::JoinHandle<()>>,
}

impl Shop {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    pub(crate) fn start_with(flags: &[&str]) -> Self {
        let data =
            flags.iter().position(|flag| *flag == "--data").map_or_else(temporary, |at| flags[at + 1].into());
        let mut command = program();
        if !flags.contains(&"--data") {
            command.arg("--data").arg(&data);
        }
        if !flags.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        let spawned = Instant::now();
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
        let mut shop = Self { child, spawned, app: nowhere, probes: nowhere, data, printed, log, readers };
        shop.app = shop.announced("app http://");
        shop.probes = shop.announced("probes http://");
        shop
    }

    /// Waits until the host has started: before that, its units cannot be stopped, started or restarted.
    pub(crate) fn ready(self) -> Self {
        self.wait_until_ready();
        self
    }

    pub(crate) fn wait_until_ready(&self) {
        until("the shop is ready", || (self.probe("readyz") == Some(200)).then_some(()));
    }

    /// After its end: another one on the same folder, which has its place from now on.
    pub(crate) fn start_again(&mut self, flags: &[&str]) {
        self.exit_status();
        let data = std::mem::take(&mut self.data);
        *self = Self::start_with(&[&["--data", data.to_str().unwrap()], flags].concat());
        self.wait_until_ready();
    }

    /// After its end: another one on the same folder in its place, which ends by itself, perhaps before it is ready.
    pub(crate) fn start_and_wait(&mut self, flags: &[&str]) -> ExitStatus {
        self.exit_status();
        let mut command = program();
        command.args(["--listen", "127.0.0.1:0", "--probes", "127.0.0.1:0", "--data"]).arg(&self.data);
        self.child = command.args(flags).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        self.exit_status()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
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

    pub(crate) fn get(&self, path: &str) -> Answer {
        Answer::of(agent().get(format!("http://{}{path}", self.app)).call().unwrap())
    }

    /// The answer, or nothing where nobody takes the connection.
    pub(crate) fn try_get(&self, path: &str) -> Option<Answer> {
        agent().get(format!("http://{}{path}", self.app)).call().ok().map(Answer::of)
    }

    /// A unit as the listing tells of it.
    pub(crate) fn unit(&self, name: &str) -> Value {
        self.get(&format!("/api/services/{name}")).json()
    }

    pub(crate) fn act(&self, name: &str, action: &str) -> Answer {
        self.post(&format!("/api/services/{name}/{action}"), b"")
    }

    pub(crate) fn resize(&self, name: &str, request: &str) -> Answer {
        self.post_as(&format!("/api/services/{name}/workers"), "application/json", request.as_bytes())
    }

    pub(crate) fn post(&self, path: &str, body: &[u8]) -> Answer {
        self.post_as(path, "application/octet-stream", body)
    }

    pub(crate) fn post_as(&self, path: &str, kind: &str, body: &[u8]) -> Answer {
        self.try_post_as(path, kind, body).unwrap()
    }

    /// The answer, or nothing where the shop is gone before it.
    pub(crate) fn try_post_as(&self, path: &str, kind: &str, body: &[u8]) -> Option<Answer> {
        let request = agent().post(format!("http://{}{path}", self.app)).header("content-type", kind);
        request.send(body).ok().map(Answer::of)
    }

    /// A connection on which this text was sent, as it is.
    pub(crate) fn connection(&self, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.app).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        stream
    }

    /// For requests that a client library would not send.
    pub(crate) fn raw(&self, request: &str) -> (u16, String) {
        let mut stream = self.connection(request);
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
    pub(crate) fn finished(&self, path: &str) -> Answer {
        until("the work is done", || {
            let answer = self.get(path);
            let waiting = answer.kind() == "application/json" && answer.json()["status"] == "Processing";
            (!waiting).then_some(answer)
        })
    }

    /// The probe's status, or nothing where there is no answer.
    pub(crate) fn probe(&self, name: &str) -> Option<u16> {
        let response = agent().get(format!("http://{}/{name}", self.probes)).call();
        response.ok().map(|response| response.status().as_u16())
    }

    /// Asks for a report, and for its answer until it is there.
    pub(crate) fn report_answer(&self, request: &Value) -> Value {
        let accepted =
            self.post_as("/api/reports/generate", "application/json", request.to_string().as_bytes());
        assert_eq!(accepted.status, 202, "{}", accepted.text());
        let id = accepted.json()["reportId"].as_str().unwrap().to_owned();
        assert_eq!(accepted.json(), json!({"reportId": id, "status": "Processing"}));
        assert_eq!(accepted.header("location"), format!("/api/reports/{id}"));
        let answer = self.finished(accepted.header("location")).json();
        assert_eq!(answer["reportId"], id);
        answer
    }

    pub(crate) fn report(&self, request: &Value) -> Value {
        let mut answer = self.report_answer(request);
        assert_eq!(answer["status"], "Completed", "{answer}");
        answer["report"].take()
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn log_lines(&self) -> Vec<String> {
        self.log().lines().map(str::to_owned).collect()
    }

    pub(crate) fn logged(&self, text: &str) -> bool {
        self.log.lock().unwrap().contains(text)
    }

    pub(crate) fn wait_for_log(&self, text: &str) {
        until(&format!("the log says {text:?}"), || self.logged(text).then_some(()));
    }

    pub(crate) fn terminate(&self) {
        self.signal("-TERM");
    }

    pub(crate) fn signal(&self, signal: &str) {
        signal_to(&self.child, signal);
    }

    pub(crate) fn exit_status(&mut self) -> ExitStatus {
        until("the shop has ended", || self.child.try_wait().unwrap())
    }

    /// How it ended, and all that it printed after its addresses.
    pub(crate) fn ended(&mut self) -> (ExitStatus, String) {
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

pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: ureq::http::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    fn of(mut response: ureq::http::Response<ureq::Body>) -> Self {
        let body = response.body_mut().read_to_vec().unwrap();
        Self { status: response.status().as_u16(), headers: response.headers().clone(), body }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn kind(&self) -> &str {
        self.header("content-type")
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The unit that the answer tells of.
    #[track_caller]
    pub(crate) fn is_unit(&self, name: &str, state: &str) -> Value {
        assert_eq!((self.status, self.kind()), (200, "application/json"), "{}", self.text());
        let unit = self.json();
        assert_eq!((&unit["name"], &unit["state"]), (&json!(name), &json!(state)), "{unit}");
        unit
    }

    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16) -> Value {
        assert_eq!((self.status, self.kind()), (status, "application/problem+json"), "{}", self.text());
        let problem = self.json();
        assert_eq!(problem["status"], status, "{problem}");
        for member in ["type", "title", "detail"] {
            assert!(
                !problem[member].as_str().unwrap_or_default().is_empty(),
                "{member} is missing in {problem}"
            );
        }
        problem
    }
}

pub(crate) fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::new_rgb8(width, height).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub(crate) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build().into()
}

pub(crate) fn temporary() -> PathBuf {
    std::env::temp_dir().join(format!("shop-{}", uuid::Uuid::new_v4()))
}

pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shop"));
    command.env_remove("RUST_LOG").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs to the end, for starts that fail. The text is what it wrote, anywhere.
pub(crate) fn run(flags: &[&str]) -> (i32, String) {
    let output = program().args(flags).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8_lossy(&text).into_owned())
}

pub(crate) fn signal_to(child: &Child, signal: &str) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
}

fn follow(
    pipe: impl Read + Send + 'static,
    take: impl FnMut(String) + Send + 'static,
) -> thread::JoinHandle<()> {
    thread::spawn(move || BufReader::new(pipe).lines().map_while(Result::ok).for_each(take))
}

/// Asks again and again until there is an answer; fails when there is none in time.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "not in time: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}
