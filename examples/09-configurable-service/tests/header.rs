//! The promises of the header, kept by the real program: the file is edited while it runs.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use example_support::{PATIENCE, Program};

const PROGRAM: &str = env!("CARGO_BIN_EXE_configurable-service");

/// An edit is seen after the quiet time of the watch (0.2 s); a second more is promised. Three times that is asked for here.
const SEEN_WITHIN: Duration = Duration::from_millis(3_600);

/// A folder with an `appsettings.json`, deleted in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, settings: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("configurable-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder can be made");
        let folder = Self(folder);
        folder.save(settings);
        folder
    }

    fn save(&self, settings: &str) {
        let text = format!("{{ \"BackgroundService\": {settings} }}");
        fs::write(self.0.join("appsettings.json"), text).expect("a file can be written");
    }

    fn start(&self) -> (Program, String) {
        let mut program = Program::start(PROGRAM, &[self.0.to_str().expect("it is text")]);
        let line = program.line("probes address=");
        let address = line.rsplit_once("address=").expect("an address").1.trim().to_owned();
        (program, address)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What `/readyz` says, once it says `wanted`.
#[track_caller]
fn health(address: &str, wanted: &str) -> String {
    let deadline = Instant::now() + PATIENCE;
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    loop {
        let answer = agent.get(format!("http://{address}/readyz")).call();
        let text = answer.map(|mut answer| answer.body_mut().read_to_string().unwrap_or_default());
        let text = text.unwrap_or_else(|error| error.to_string());
        if text.starts_with(wanted) {
            return text;
        }
        assert!(Instant::now() < deadline, "not {wanted}: {text}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn it_works_as_the_guide_says_with_the_file_as_it_is() {
    let mut program = Program::start(PROGRAM, &["--fast"]);
    program.line("working run=1 attempt=1 interval=1");
    program.line("working run=2 attempt=1 interval=1");
    let failed = program.line("attempt failed, trying again");
    assert!(failed.contains("the neighbour is away") && failed.contains("wait=2s"), "{failed}");
    program.line("working run=5 attempt=2");
    program.terminate();
    assert_eq!(program.exit_code(), 0);
}

#[test]
fn an_edit_changes_the_interval_within_a_second_of_the_debounce() {
    let folder = Folder::new("interval", r#"{ "IntervalSeconds": 3600 }"#);
    let (mut program, _) = folder.start();
    program.line("working run=1 attempt=1 interval=3600");
    let saved = Instant::now();
    folder.save(r#"{ "IntervalSeconds": 1, "MaxRetries": 1, "TimeoutSeconds": 30 }"#);
    program.line("options changed its period");
    let took = saved.elapsed();
    println!("the new interval was in use {took:?} after the edit was saved");
    assert!(took < SEEN_WITHIN, "{took:?}");
    program.line("working run=2 attempt=1 interval=1");
    // One attempt now, where there were three.
    program.line("working run=5 attempt=1");
    program.line("run failed");
}

#[test]
fn a_broken_edit_keeps_the_last_good_values_and_says_where_it_is_broken() {
    let folder = Folder::new("broken", r#"{ "IntervalSeconds": 1 }"#);
    let (mut program, address) = folder.start();
    program.line("working run=1 attempt=1 interval=1");
    health(&address, "Healthy");
    folder.save("{\n  \"IntervalSecond\": 5,\n  \"MaxRetries\": 0\n}");
    let refused = program.line("options refused, the last good values stay");
    assert!(refused.contains("appsettings.json:2:3") && refused.contains("IntervalSeconds"), "{refused}");
    let degraded = health(&address, "Degraded");
    assert!(degraded.contains("appsettings.json:2:3"), "{degraded}");
    program.line("interval=1");
    folder.save(r#"{ "IntervalSeconds": 2 }"#);
    program.line("interval=2");
    health(&address, "Healthy");
}

#[test]
fn it_is_switched_off_at_once_and_on_again_without_waiting() {
    let folder = Folder::new("switch", r#"{ "IntervalSeconds": 3600 }"#);
    let (mut program, _) = folder.start();
    program.line("working run=1");
    folder.save(r#"{ "IntervalSeconds": 3600, "Enabled": false }"#);
    program.line("disabled by its options");
    let saved = Instant::now();
    folder.save(r#"{ "IntervalSeconds": 3600, "Enabled": true }"#);
    program.line("working run=2");
    let took = saved.elapsed();
    println!("it ran {took:?} after it was switched on");
    assert!(took < SEEN_WITHIN, "{took:?}");
}

#[test]
fn a_hundred_saves_notify_a_handful_of_times_and_the_last_one_counts() {
    let folder = Folder::new("saves", r#"{ "IntervalSeconds": 3600 }"#);
    let (mut program, _) = folder.start();
    program.line("working run=1");
    for save in 0..=100 {
        folder.save(&format!(r#"{{ "IntervalSeconds": {} }}"#, 7200 - save));
    }
    program.line("period=7100s");
    // Saved as it is: nobody is told. The next change shows that what came before it has been seen.
    folder.save(r#"{ "IntervalSeconds": 7100 }"#);
    folder.save(r#"{ "IntervalSeconds": 7000 }"#);
    program.line("period=7000s");
    let told = program.output().matches("options changed its period").count();
    assert!(told <= 10, "{told} times:\n{}", program.output());
}

#[test]
fn a_mistake_at_the_start_ends_it_with_78_and_all_that_is_wrong() {
    let folder =
        Folder::new("start", "{\n  \"Intervall\": 5,\n  \"MaxRetries\": 0,\n  \"Enabled\": \"perhaps\"\n}");
    let mut program = Program::start(PROGRAM, &[folder.0.to_str().expect("it is text")]);
    let code = program.exit_code();
    let output = program.output();
    assert_eq!(code, 78, "{output}");
    for place in ["appsettings.json:2:3", "appsettings.json:4:14"] {
        assert!(output.contains(place), "{place}:\n{output}");
    }
}

#[test]
fn an_unknown_argument_is_refused() {
    example_support::refuses_unknown_arguments(PROGRAM);
}
