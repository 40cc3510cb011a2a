//! What the check says, on the virtual clock.

use super::*;
use ostler::HealthEntry;
use ostler::testing::TestHost;

/// A file of a test's own, gone at its end.
struct Mood(PathBuf);

impl Mood {
    fn new(test: &str) -> Self {
        Self(env::temp_dir().join(format!("monitored-service-{test}-{}", std::process::id())))
    }

    fn is(&self, mood: &str) {
        fs::write(&self.0, mood).unwrap();
    }

    fn start(&self) -> TestHost {
        TestHost::start(host(App { minute: MINUTE, mood: self.0.clone() })).unwrap()
    }
}

impl Drop for Mood {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn check(test: &TestHost) -> (Status, String) {
    let entries = test.handle().health().entries;
    let HealthEntry { status, reason, .. } =
        entries.into_iter().find(|entry| entry.name == "background-service").unwrap();
    (status, reason.unwrap_or_default())
}

#[test]
fn healthy_before_its_first_run_and_after_it() {
    let mood = Mood::new("healthy");
    let mut test = mood.start();
    assert_eq!(check(&test), (Status::Healthy, "last run: none yet; last error: none".into()));
    test.advance(MINUTE + 15 * SECOND);
    let ran = "last run: 2026-01-01T00:01:00Z; last error: none";
    assert_eq!(check(&test), (Status::Healthy, ran.into()));
    test.stop().unwrap();
}

#[test]
fn unhealthy_on_failure_with_the_errors_text_until_a_run_succeeds() {
    let mood = Mood::new("failing");
    mood.is("the disk is full\n");
    let mut test = mood.start();
    test.advance(MINUTE + 15 * SECOND);
    let failed = "last run: 2026-01-01T00:01:00Z; last error: the disk is full";
    assert_eq!(check(&test), (Status::Unhealthy, failed.into()));
    mood.is("");
    test.advance(MINUTE);
    let well = "last run: 2026-01-01T00:02:00Z; last error: the disk is full";
    assert_eq!(check(&test), (Status::Healthy, well.into()));
    test.stop().unwrap();
}

#[test]
fn degraded_when_late_and_healthy_when_it_runs_again() {
    let mood = Mood::new("late");
    let mut test = mood.start();
    test.advance(MINUTE);
    mood.is("slow");
    test.advance(4 * MINUTE);
    assert_eq!(check(&test).0, Status::Healthy);
    test.advance(6 * MINUTE);
    let (status, reason) = check(&test);
    assert_eq!(status, Status::Degraded, "{reason}");
    assert!(reason.starts_with("late by "), "{reason}");
    mood.is("");
    // The slow one ends ten minutes after it began.
    test.advance(3 * MINUTE);
    assert_eq!(check(&test).0, Status::Healthy);
    test.stop().unwrap();
}
