//! SIGHUP: options are read again, whatever they say the process goes on.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::harness::{Fixture, assert_within};

/// From the signal to the new value in use.
const PROMPT: Duration = Duration::from_secs(1);

/// A file of options, deleted in the end.
pub(crate) struct Settings(PathBuf);

impl Settings {
    pub(crate) fn new(text: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let file = std::env::temp_dir().join(format!("reload-{}-{number}.toml", std::process::id()));
        let settings = Self(file);
        settings.save(text);
        settings
    }

    pub(crate) fn save(&self, text: &str) {
        fs::write(&self.0, text).expect("a file can be written");
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().expect("a plain path")
    }
}

impl Drop for Settings {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn sighup_reads_options_again_and_a_broken_file_changes_nothing() {
    let settings = Settings::new("number = 1");
    let mut fixture = Fixture::start(&["reloaded", settings.path()]);
    assert_eq!(fixture.wait_for("number"), "1");
    fixture.wait_for("up");
    settings.save("number = 2");
    let sent = fixture.signal("HUP");
    assert_eq!(fixture.wait_for("number"), "2");
    assert_within(PROMPT, sent.elapsed(), "from SIGHUP to the new value");

    settings.save("\nnumber = 'many'");
    fixture.signal("HUP");
    fixture.wait_for_part("options refused, the last good values stay");
    settings.save("number = 3");
    fixture.signal("HUP");
    assert_eq!(fixture.wait_for("number"), "3");
    fixture.signal("TERM");
    let end = fixture.end();
    end.assert_code(0).assert_line(&["options refused", ":2:10", "`number`"]);
}

#[test]
fn a_host_without_options_leaves_sighup_as_it_is() {
    let mut fixture = Fixture::start(&["obedient"]);
    fixture.wait_for("up");
    fixture.signal("HUP");
    assert_eq!(fixture.end().code, None, "the signal ends it");
}
