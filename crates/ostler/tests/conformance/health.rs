//! Health: what counts, and what a check comes to that does not answer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ostler::testing::TestHost;
use ostler::{
    BoxError, Checked, FromScope, HealthEntry, Host, HostHandle, SECOND, Scope, State, Status, Stop, check,
};
use tokio::sync::Barrier;

use crate::common::Log;

async fn until_stopped(stop: Stop) {
    stop.requested().await;
}

/// A host that goes on until it is stopped.
fn host<S: Send + Sync + 'static>(state: S) -> Host<S> {
    Host::new(state).service("idle", until_stopped)
}

#[track_caller]
fn entry(host: &HostHandle, name: &str) -> HealthEntry {
    let found = host.health().entries.into_iter().find(|entry| entry.name == name);
    found.unwrap_or_else(|| panic!("nothing is called `{name}`"))
}

#[test]
fn the_worst_status_wins() {
    let found = Arc::new(Mutex::new(Status::Healthy));
    async fn second(found: State<Arc<Mutex<Status>>>) -> Status {
        *found.lock().unwrap()
    }
    let host = host(Arc::clone(&found))
        .check("first", async || Status::Healthy)
        .check(check("second").every(SECOND), second)
        .check("third", async || Status::Degraded);
    let mut test = TestHost::start(host).unwrap();
    for (status, worst) in [
        (Status::Unhealthy, Status::Unhealthy),
        (Status::Degraded, Status::Degraded),
        (Status::Healthy, Status::Degraded),
    ] {
        *found.lock().unwrap() = status;
        test.advance(SECOND);
        assert_eq!(test.handle().health().status, worst, "beside {status}");
    }
    test.stop().unwrap();
}

#[test]
fn empty_is_healthy() {
    let test = TestHost::start(host(())).unwrap();
    let health = test.handle().health();
    assert_eq!(health.status, Status::Healthy);
    assert!(health.entries.iter().all(|entry| entry.reason.is_none()), "{health:?}");
    test.stop().unwrap();
}

#[test]
fn duplicate_names_are_refused() {
    let log = Log::default();
    async fn note(log: State<Log>) {
        log.add("ran");
    }
    let host = host(log.clone()).check("db", note).check("disk", note).check("db", note).check("idle", note);
    let error = TestHost::start(host).unwrap_err();
    let refused: Vec<String> = error.registration_errors().iter().map(ToString::to_string).collect();
    assert_eq!(refused, ["check: `db`: another check has this name; each needs its own"]);
    assert!(log.all().is_empty(), "nothing may run");
}

#[test]
fn checks_run_in_parallel() {
    // Each waits for the others: one after the other they would all time out.
    async fn together(barrier: State<Arc<Barrier>>) {
        barrier.wait().await;
    }
    let mut host = host(Arc::new(Barrier::new(3)));
    for name in ["a", "b", "c"] {
        host = host.check(check(name).timeout(SECOND), together);
    }
    let mut test = TestHost::start(host).unwrap();
    test.advance(SECOND / 2);
    for name in ["a", "b", "c"] {
        let entry = entry(test.handle(), name);
        assert_eq!((entry.status, entry.took), (Status::Healthy, Some(Duration::ZERO)), "{entry:?}");
    }
    test.stop().unwrap();
}

/// Notes when it is made and dropped, with a number of its own.
struct Scoped {
    number: usize,
    log: Log,
}

#[derive(Default)]
struct App {
    log: Log,
    made: AtomicUsize,
}

impl FromScope<App> for Scoped {
    type Rejection = std::convert::Infallible;

    async fn from_scope(scope: &Scope<App>) -> Result<Self, Self::Rejection> {
        let number = scope.state().made.fetch_add(1, Ordering::Relaxed) + 1;
        scope.state().log.add(format!("{number} made"));
        Ok(Self { number, log: scope.state().log.clone() })
    }
}

impl Drop for Scoped {
    fn drop(&mut self) {
        self.log.add(format!("{} dropped", self.number));
    }
}

#[test]
fn each_run_has_its_own_scope() {
    let app = App::default();
    let log = app.log.clone();
    let every = || check("a").every(10 * SECOND);
    let host =
        host(app).check(every(), async |scoped: Scoped| scoped.log.add(format!("{} used", scoped.number)));
    let mut test = TestHost::start(host).unwrap();
    test.advance(15 * SECOND);
    assert_eq!(log.all(), ["1 made", "1 used", "1 dropped", "2 made", "2 used", "2 dropped"]);
    test.stop().unwrap();
}

#[test]
fn timeout_and_panic_map_to_the_failure_status() {
    async fn panics() -> Status {
        panic!("boom")
    }
    async fn fails() -> Result<(), BoxError> {
        Err("refused".into())
    }
    let degraded = |name: &str| check(name).timeout(SECOND).failure(Status::Degraded);
    let host = host(())
        .check(degraded("slow"), std::future::pending::<()>)
        .check(degraded("panics"), panics)
        .check(degraded("fails"), fails)
        .check(check("by-default").timeout(SECOND), std::future::pending::<Checked>);
    let mut test = TestHost::start(host).unwrap();
    test.quiet_after(Duration::from_millis(20));
    test.advance(SECOND);
    for (name, status, reason) in [
        ("slow", Status::Degraded, "timed out after 1s"),
        ("panics", Status::Degraded, "panicked: boom"),
        ("fails", Status::Degraded, "refused"),
        ("by-default", Status::Unhealthy, "timed out after 1s"),
    ] {
        let entry = entry(test.handle(), name);
        assert_eq!((entry.status, entry.reason.as_deref()), (status, Some(reason)), "{name}");
    }
    test.stop().unwrap();
}

#[test]
fn the_callers_cancellation_propagates() {
    async fn hangs(log: State<Log>) {
        let _dropped = Dropped(log.0.clone());
        log.add("began");
        std::future::pending::<()>().await;
    }
    struct Dropped(Log);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.add("dropped");
        }
    }
    let log = Log::default();
    let mut test = TestHost::start(host(log.clone()).check("hangs", hangs)).unwrap();
    test.quiet_after(Duration::from_millis(20));
    assert_eq!(log.all(), ["began"]);
    test.handle().stop();
    test.run_until_idle();
    assert_eq!(log.all(), ["began", "dropped"]);
    test.stop().unwrap();

    // A host whose future is dropped takes its checks with it.
    let log = Log::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let host = host(log.clone()).signals(false).check("hangs", hangs);
        tokio::select! {
            _ = host.run() => panic!("it is not stopped"),
            () = async { while log.count("began") == 0 { tokio::task::yield_now().await } } => {}
        }
        while log.count("dropped") == 0 {
            tokio::task::yield_now().await;
        }
    });
}

#[test]
fn tags_are_kept_on_failure() {
    async fn fails() -> Result<Status, BoxError> {
        Err("refused".into())
    }
    let tagged = |name: &str| check(name).timeout(SECOND).tag("db").tag("slow");
    let host = host(()).check(tagged("fails"), fails).check(tagged("hangs"), std::future::pending::<()>);
    let mut test = TestHost::start(host).unwrap();
    test.quiet_after(Duration::from_millis(20));
    test.advance(SECOND);
    for name in ["fails", "hangs"] {
        let entry = entry(test.handle(), name);
        assert_eq!((entry.status, entry.tags), (Status::Unhealthy, vec!["db".to_owned(), "slow".to_owned()]));
    }
    test.stop().unwrap();
}
