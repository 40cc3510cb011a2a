//! Options: what fails a start, what a reload may change, and who is told.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use ostler::testing::TestHost;
use ostler::{Error, Host, HostHandle, MINUTE, Options, Report, Status, every};
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Settings {
    workers: usize,
    name: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self { workers: 4, name: "shop".into() }
    }
}

/// A file of options, deleted in the end.
struct File(PathBuf);

impl File {
    fn new(text: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let file =
            Self(std::env::temp_dir().join(format!("conformance-{}-{number}.toml", std::process::id())));
        file.save(text);
        file
    }

    fn save(&self, text: &str) {
        fs::write(&self.0, text).unwrap();
    }

    /// Read again only when the test says so.
    fn load(&self) -> Result<Options<Settings>, ostler::ConfigError> {
        Options::builder().file(&self.0).variables([]).watch(false).load()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn counted(options: &Options<Settings>) -> (Arc<AtomicUsize>, ostler::Subscription) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let subscription = options.on_change(move |_, _| {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    (calls, subscription)
}

fn health(handle: &HostHandle) -> Status {
    handle.health().status
}

#[tokio::test]
async fn invalid_at_start_fails_the_start_with_every_message() {
    async fn app(file: &File) -> Result<Report, Error> {
        let options = file.load()?;
        Host::new(options).run().await
    }
    let file = File::new("workers = 'many'\nnmae = 'x'\n");
    let error = app(&file).await.unwrap_err();
    assert_eq!(error.exit_code(), 78);
    let text = error.to_string();
    for part in [":1:11: `workers`", ":2:1: `nmae`: unknown key; did you mean `name`?"] {
        assert!(text.contains(part), "{part} is missing: {text}");
    }
}

#[test]
fn invalid_on_reload_keeps_the_last_good() {
    let file = File::new("workers = 1");
    let options = file.load().unwrap();
    let mut test =
        TestHost::start(Host::new(()).options(&options).task("t", every(MINUTE), async || {})).unwrap();
    file.save("workers = -1");
    options.reload().unwrap_err();
    assert_eq!((options.get().workers, health(test.handle())), (1, Status::Degraded));
    file.save("workers = 2");
    assert!(options.reload().unwrap());
    test.run_until_idle();
    assert_eq!((options.get().workers, health(test.handle())), (2, Status::Healthy));
    test.stop().unwrap();
}

#[test]
fn unchanged_content_does_not_notify() {
    let file = File::new("workers = 1");
    let options = file.load().unwrap();
    let (calls, _subscription) = counted(&options);
    file.save("# the same in other words\nWorkers = 1\n");
    assert!(!options.reload().unwrap());
    assert_eq!(calls.load(Ordering::Relaxed), 0);
    file.save("workers = 2");
    assert!(options.reload().unwrap());
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[test]
fn unsubscribed_watchers_stop() {
    let file = File::new("workers = 1");
    let options = file.load().unwrap();
    let (calls, subscription) = counted(&options);
    let (others, _other) = counted(&options);
    drop(subscription);
    file.save("workers = 2");
    assert!(options.reload().unwrap());
    assert_eq!((calls.load(Ordering::Relaxed), others.load(Ordering::Relaxed)), (0, 1));
}
