//! Options that follow their files, from the outside: real files, the loader and the watch together.
//!
//! What the watch does in detail, and where the system refuses, is tested beside it (`src/options/watch/tests.rs`).

#![allow(clippy::unwrap_used, reason = "tests may fail")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use ostler::{Live, MINUTE, Options, Secret, Subscription};
use serde::{Deserialize, Serialize};

/// Only ends a hung test.
const LIMIT: Duration = MINUTE;

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default)]
struct Settings {
    enabled: bool,
    interval_seconds: u64,
    max_retries: u32,
    password: Secret,
}

impl Default for Settings {
    fn default() -> Self {
        Self { enabled: true, interval_seconds: 60, max_retries: 3, password: Secret::from(String::new()) }
    }
}

/// A folder of the test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name =
            format!("ostler-options-watch-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn at(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.at(name), text).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn load(folder: &Folder) -> Options<Settings> {
    Options::builder().folder(&folder.0).variables([]).load().unwrap()
}

/// The interval each time that anything has changed.
fn intervals(options: &Options<Settings>) -> (Receiver<u64>, Subscription) {
    let (to, intervals) = mpsc::channel();
    let subscription = options.on_change(move |_, new| {
        let _ = to.send(new.interval_seconds);
    });
    (intervals, subscription)
}

/// Waits for a change to `expected`. A save in place is an empty file for a moment, with which these settings
/// are valid, too: on a machine that stalls just then it is a change of its own.
#[track_caller]
fn wait_for(intervals: &Receiver<u64>, expected: u64) {
    while intervals.recv_timeout(LIMIT).expect("the edit is followed") != expected {}
}

#[test]
fn an_edit_is_followed_without_a_host_and_without_a_runtime() {
    let folder = Folder::new();
    folder.write("ostler.toml", "interval_seconds = 1");
    let options = load(&folder);
    let (intervals, _subscription) = intervals(&options);
    let retries: Live<u32> = options.map(|settings| settings.max_retries);
    folder.write("ostler.toml", "interval_seconds = 2\nmax_retries = 5\nenabled = false");
    wait_for(&intervals, 2);
    assert_eq!(retries.get(), 5);
    assert!(!options.get().enabled);
}

#[tokio::test(flavor = "current_thread")]
async fn an_edit_is_followed_while_the_runtime_is_blocked() {
    let folder = Folder::new();
    folder.write("ostler.toml", "interval_seconds = 1");
    let options = load(&folder);
    let (intervals, _subscription) = intervals(&options);
    folder.write("ostler.toml", "interval_seconds = 2");
    // It blocks the only thread of the runtime until then.
    wait_for(&intervals, 2);
}

#[test]
fn a_broken_edit_keeps_the_last_good_values_until_it_is_repaired() {
    let folder = Folder::new();
    folder.write("ostler.toml", "interval_seconds = 1");
    let options = load(&folder);
    let (intervals, _subscription) = intervals(&options);
    folder.write("ostler.toml", "interval_seconds = \"often\"");
    let error = options.reload().unwrap_err().to_string();
    assert!(error.contains("ostler.toml:1:20"), "{error}");
    folder.write("ostler.toml", "interval_seconds = 3");
    wait_for(&intervals, 3);
}

#[test]
fn a_file_of_an_appsettings_pair_that_appears_is_followed_and_so_is_its_end() {
    let folder = Folder::new();
    folder.write("appsettings.json", r#"{ "IntervalSeconds": 1 }"#);
    let options = load(&folder);
    let (intervals, _subscription) = intervals(&options);
    folder.write("appsettings.Production.json", r#"{ "IntervalSeconds": 2 } // over it"#);
    wait_for(&intervals, 2);
    folder.write("appsettings.Production.json", "{}");
    wait_for(&intervals, 1);
}

#[cfg(unix)]
#[test]
fn a_config_map_and_a_secret_in_a_file_are_followed() {
    use std::os::unix::fs::symlink;

    let (mount, secrets) = (Folder::new(), Folder::new());
    secrets.write("password", "one\n");
    let publish = |version: u64| {
        let data = format!("..2026_{version}");
        let password = secrets.at("password");
        fs::create_dir(mount.at(&data)).unwrap();
        let text = format!("interval_seconds = {version}\npassword_file = '{}'", password.display());
        mount.write(&format!("{data}/ostler.toml"), &text);
        symlink(&data, mount.at("..data_tmp")).unwrap();
        fs::rename(mount.at("..data_tmp"), mount.at("..data")).unwrap();
    };
    publish(1);
    symlink("..data/ostler.toml", mount.at("ostler.toml")).unwrap();
    let options = load(&mount);
    let (intervals, _subscription) = intervals(&options);
    publish(2);
    wait_for(&intervals, 2);
    secrets.write("password", "two\n");
    while options.get().password.expose() != "two" {
        wait_for(&intervals, 2);
    }
}
