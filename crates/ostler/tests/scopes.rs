//! Scopes: what a handler's arguments are made from, when they are dropped, and what a refusal is.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail, and drive clocks themselves"
)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use common::Log;
use ostler::backoff::Backoff;
use ostler::testing::TestHost;
use ostler::{FromScope, Host, RunOutcome, SECOND, Scope, State, every};

#[derive(Clone, Default)]
struct App {
    log: Log,
    refusals: Arc<AtomicU32>,
}

ostler::state! { App { log: Log, refusals: Arc<AtomicU32> } }

/// An extractor that notes when it is made and dropped.
struct Noted<const N: u8>(Log);

impl<const N: u8> FromScope<App> for Noted<N> {
    type Rejection = std::convert::Infallible;

    async fn from_scope(scope: &Scope<App>) -> Result<Self, Self::Rejection> {
        let log = scope.state().log.clone();
        log.add(format!("make {N} for run {}", scope.run().id()));
        Ok(Self(log))
    }
}

impl<const N: u8> Drop for Noted<N> {
    fn drop(&mut self) {
        self.0.add(format!("drop {N}"));
    }
}

#[test]
fn extractors_are_made_for_each_run_and_dropped_in_reverse() {
    async fn handler(_one: Noted<1>, _two: Noted<2>, (_three, _four): (Noted<3>, Noted<4>), log: State<Log>) {
        log.add("run");
    }
    let app = App::default();
    let log = app.log.clone();
    let mut test = TestHost::start(Host::new(app).task("t", every(SECOND), handler)).unwrap();
    test.advance(2 * SECOND);
    let run = |id: u32| {
        [1, 2, 3, 4]
            .map(|n| format!("make {n} for run {id}"))
            .into_iter()
            .chain(["run", "drop 4", "drop 3", "drop 2", "drop 1"].map(str::to_owned))
    };
    assert_eq!(log.all(), run(1).chain(run(2)).collect::<Vec<_>>());
}

/// Refuses twice.
struct Shy;

impl FromScope<App> for Shy {
    type Rejection = String;

    async fn from_scope(scope: &Scope<App>) -> Result<Self, Self::Rejection> {
        match scope.state().refusals.fetch_add(1, Ordering::Relaxed) {
            0 | 1 => Err("the pool is empty".to_owned()),
            _ => Ok(Self),
        }
    }
}

#[test]
fn a_rejection_is_a_failed_attempt_under_the_same_plan() {
    async fn handler(_before: Noted<1>, _shy: Shy, log: State<Log>) {
        log.add("run");
    }
    let app = App::default();
    let log = app.log.clone();
    let plan = every(SECOND * 60).attempts(2).backoff(Backoff::constant(SECOND));
    let mut test = TestHost::start(Host::new(app).task("t", plan, handler)).unwrap();
    test.advance(SECOND * 90);
    let unit = test.unit("t");
    assert_eq!((unit.runs, unit.failed, unit.last_outcome), (1, 1, Some(RunOutcome::Failed)));
    assert_eq!(unit.last_error.as_deref(), Some("the scope could not be made: the pool is empty"));
    assert_eq!(
        (log.count("run"), log.count("drop 1")),
        (0, 2),
        "what was made before the refusal is dropped"
    );
    test.advance(SECOND * 60);
    assert_eq!(log.count("run"), 1);
}

#[test]
fn axum_state_is_taken_as_well() {
    async fn handler(axum::extract::State(log): axum::extract::State<Log>, ours: State<Log>) {
        log.add("theirs");
        ours.add("ours");
    }
    // And axum finds the same parts in the same state.
    let app = App::default();
    let _same: Log = axum::extract::FromRef::from_ref(&app);
    let log = app.log.clone();
    let mut test = TestHost::start(Host::new(app).task("t", every(SECOND), handler)).unwrap();
    test.advance(SECOND);
    assert_eq!(log.all(), ["theirs", "ours"]);
}

#[test]
fn a_state_in_an_arc_gives_its_content_and_itself() {
    async fn handler(whole: State<Arc<App>>, part: State<App>) {
        whole.log.add("whole");
        part.log.add("part");
    }
    let app = Arc::new(App::default());
    let log = app.log.clone();
    let mut test = TestHost::start(Host::new(app).task("t", every(SECOND), handler)).unwrap();
    test.advance(SECOND);
    assert_eq!(log.all(), ["whole", "part"]);
}

#[test]
fn extractors_are_dropped_in_reverse_however_a_run_ends() {
    async fn panics(_one: Noted<1>, _two: Noted<2>) {
        panic!("boom");
    }
    async fn hangs(_one: Noted<1>, _two: Noted<2>) {
        std::future::pending::<()>().await;
    }
    let drops = |app: &App| -> Vec<String> {
        app.log.all().into_iter().filter(|line| line.starts_with("drop")).collect()
    };
    let reverse = ["drop 2", "drop 1"];

    let app = App::default();
    let mut test = TestHost::start(Host::new(app.clone()).task("panics", every(SECOND), panics)).unwrap();
    test.advance(SECOND);
    assert_eq!(drops(&app), reverse);

    let app = App::default();
    let plan = every(SECOND * 60).timeout(SECOND);
    let mut test = TestHost::start(Host::new(app.clone()).task("times-out", plan, hangs)).unwrap();
    test.quiet_after(std::time::Duration::from_millis(50));
    test.advance(SECOND * 61);
    assert_eq!(drops(&app), reverse);

    let app = App::default();
    let plan = every(SECOND * 60).first(ostler::First::Now);
    let mut test =
        TestHost::start(Host::new(app.clone()).grace(SECOND).task("aborted", plan, hangs)).unwrap();
    test.quiet_after(std::time::Duration::from_millis(50));
    test.run_until_idle();
    test.stop().unwrap();
    assert_eq!(drops(&app), reverse);
}
