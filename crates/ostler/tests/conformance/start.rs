//! Start: order, errors, siblings, the timeout, and a stop that comes before, twice, or at once.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use ostler::queue;
use ostler::testing::TestHost;
use ostler::{
    BoxError, Clock, Context, Error, First, HOUR, Host, Ready, Report, Run, SECOND, Service, State, Stop,
    StopReason, UnitEnd, UnitState, every, unit,
};

use crate::common::Log;

/// The body of most units here: it says its unit's name, and whether it comes late (told to stop already), waits to be
/// told, and says that as well.
async fn body(run: Run, stop: Stop, clock: Clock, log: State<Log>) {
    log.add(if stop.is_requested() { format!("{} late", run.unit()) } else { run.unit().to_owned() });
    tokio::select! {
        () = stop.requested() => {}
        // A run that waits for the clock too is not taken to be busy by the test host.
        () = clock.sleep(HOUR) => {}
    }
    log.add(format!("{} told", run.unit()));
}

async fn body_of_item(_: u32, run: Run, stop: Stop, clock: Clock, log: State<Log>) {
    body(run, stop, clock, log).await;
}

/// The same as a mounted value.
struct Mounted;

impl Service<Log> for Mounted {
    async fn run(&self, cx: Context<Log>) -> Result<(), BoxError> {
        body(cx.scope().run(), cx.stop(), cx.clock().clone(), State(cx.state().clone())).await;
        Ok(())
    }
}

/// A queue that holds one item already.
fn one_item() -> (queue::Queue<u32>, queue::Items<u32>) {
    let (queue, items) = queue::bounded(1);
    queue.try_send(1).unwrap();
    (queue, items)
}

#[test]
fn registration_order_among_equals() {
    let log = Log::default();
    let (_queue, items) = one_item();
    let host = Host::new(log.clone())
        .service("z", body)
        .task("y", every(HOUR).first(First::Now), body)
        .service("c", body)
        .consume("x", items, body_of_item)
        .mount("b", Mounted)
        .task("a", every(HOUR).first(First::Now), body);
    let test = TestHost::start(host).unwrap();
    // Tasks, consumers and mounted values are equals, and so are the services after them.
    assert_eq!(log.all(), ["y", "x", "b", "a", "z", "c"]);
    test.stop().unwrap();
}

#[derive(Debug, PartialEq)]
struct PortTaken(u16);

impl fmt::Display for PortTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "port {} is taken", self.0)
    }
}

impl std::error::Error for PortTaken {}

fn port_taken_in(error: &Error) -> Option<&PortTaken> {
    error.chain().find_map(|cause| cause.downcast_ref())
}

#[test]
fn one_error_is_rethrown_as_is() {
    async fn listen(_ready: Ready) -> Result<(), PortTaken> {
        Err(PortTaken(80))
    }
    struct Listener;
    impl Service<()> for Listener {
        async fn run(&self, _: Context<()>) -> Result<(), BoxError> {
            Err(PortTaken(443).into())
        }
    }
    let error = TestHost::start(Host::new(()).service("http", listen)).unwrap_err();
    assert_eq!((error.unit(), port_taken_in(&error)), (Some("http"), Some(&PortTaken(80))));
    let error = TestHost::start(Host::new(()).mount(unit("https").readiness(), Listener)).unwrap_err();
    assert_eq!((error.unit(), port_taken_in(&error)), (Some("https"), Some(&PortTaken(443))));
}

#[test]
fn one_error_keeps_the_exit_code_that_it_asks_for() {
    async fn connect(_ready: Ready) -> Result<(), Error> {
        Err(Error::with_exit_code(69, "the store is away"))
    }
    let error = TestHost::start(Host::new(()).service("store", connect)).unwrap_err();
    assert_eq!(error.exit_code(), 69);
}

#[test]
fn several_mistakes_in_the_registration_are_aggregated_in_order() {
    let (_queue, items) = queue::bounded::<u32>(0);
    let log = Log::default();
    let host = Host::new(log.clone())
        .service("one", body)
        .task("two", every(Duration::ZERO).first(First::Now), body)
        .consume("three", items, body_of_item)
        .task("four", every(SECOND).first(First::Now).attempts(0), body)
        .service("one", body);
    let error = TestHost::start(host).unwrap_err();
    let mistakes: Vec<_> =
        error.registration_errors().iter().map(|mistake| (mistake.unit(), mistake.field())).collect();
    assert_eq!(mistakes, [("one", "name"), ("two", "period"), ("three", "capacity"), ("four", "attempts")]);
    assert_eq!(error.exit_code(), 78);
    assert!(log.all().is_empty(), "nothing may be started");
}

/// A mounted value that fails after so many seconds, whatever it is told; or one that is ready at once and needs three
/// seconds to end.
struct Starts {
    fails_after: Option<u32>,
}

impl Service<Log> for Starts {
    async fn run(&self, cx: Context<Log>) -> Result<(), BoxError> {
        let name = cx.scope().run().unit().to_owned();
        if let Some(seconds) = self.fails_after {
            cx.clock().sleep(seconds * SECOND).await;
            // So that all who were woken at this instant have failed before the host looks.
            tokio::task::yield_now().await;
            return Err(format!("{name} is broken").into());
        }
        cx.ready();
        cx.stop().requested().await;
        cx.clock().sleep(3 * SECOND).await;
        cx.state().add(format!("{name} down"));
        Ok(())
    }
}

/// Four units of one wave, two of which fail after so many seconds.
fn two_of_four_fail(second: u32, fourth: u32) -> Error {
    let starts = |fails_after| Starts { fails_after };
    let host = Host::new(Log::default())
        .mount(unit("first").readiness(), starts(None))
        .mount(unit("second").readiness(), starts(Some(second)))
        .mount(unit("third").readiness(), starts(None))
        .mount(unit("fourth").readiness(), starts(Some(fourth)));
    let mut test = TestHost::start(host).unwrap();
    test.advance(HOUR);
    assert!(test.has_ended());
    test.stop().unwrap_err()
}

/// The units that failed, with their errors, in the order of the report.
fn failures(report: &Report) -> Vec<(&str, &str)> {
    let failed = report.units().iter().filter(|unit| unit.end == UnitEnd::Failed);
    failed.map(|unit| (unit.name.as_str(), unit.error.as_deref().unwrap_or_default())).collect()
}

#[test]
fn several_failed_starts_are_aggregated_in_order_and_all_are_in_the_report() {
    // Both at once, in the order of their start. The report is in reverse order, as the stop is.
    let error = two_of_four_fail(1, 1);
    let text =
        "2 units did not start\n  - unit `second`: second is broken\n  - unit `fourth`: fourth is broken";
    assert_eq!(format!("{error:?}"), text);
    assert_eq!(error.unit(), Some("second"));
    let both = [("fourth", "fourth is broken"), ("second", "second is broken")];
    assert_eq!(failures(error.report().unwrap()), both);

    // One after the other: the first in time, and the other one fails while the host stops.
    let error = two_of_four_fail(2, 1);
    assert_eq!(format!("{error:?}"), "unit `fourth` did not start: fourth is broken");
    assert_eq!(failures(error.report().unwrap()), both);
}

#[test]
fn siblings_of_a_failed_concurrent_start_are_awaited() {
    struct Rising;
    impl Service<Log> for Rising {
        async fn run(&self, cx: Context<Log>) -> Result<(), BoxError> {
            // Never ready; it is told to stop while it is still starting.
            cx.stop().requested().await;
            cx.clock().sleep(3 * SECOND).await;
            cx.state().add("rising down");
            Ok(())
        }
    }
    let log = Log::default();
    let host = Host::new(log.clone())
        .mount(unit("up").readiness(), Starts { fails_after: None })
        .mount(unit("rising").readiness(), Rising)
        .mount(unit("broken").readiness(), Starts { fails_after: Some(1) });
    let mut test = TestHost::start(host).unwrap();
    test.advance(SECOND);
    assert!(!test.has_ended() && log.all().is_empty(), "{:?}", log.all());
    // One after the other, in reverse order.
    test.advance(3 * SECOND);
    assert_eq!(log.all(), ["rising down"]);
    assert!(!test.has_ended());
    test.advance(3 * SECOND);
    assert_eq!(log.all(), ["rising down", "up down"]);
    assert!(test.has_ended());
    let error = test.stop().unwrap_err();
    let end = |name| error.report().unwrap().unit(name).unwrap().end;
    assert_eq!(error.unit(), Some("broken"));
    assert_eq!(
        (end("up"), end("rising"), end("broken")),
        (UnitEnd::Stopped, UnitEnd::Stopped, UnitEnd::Failed)
    );
}

#[test]
fn a_start_that_takes_too_long_fails_at_its_timeout() {
    async fn never_ready(stop: Stop, ready: Ready) {
        stop.requested().await;
        drop(ready);
    }
    let log = Log::default();
    let host = Host::new(log.clone())
        .task("up", every(HOUR).first(First::Now), body)
        .service(unit("late").start_timeout(7 * SECOND), never_ready);
    let mut test = TestHost::start(host).unwrap();
    test.advance(7 * SECOND - Duration::from_nanos(1));
    assert!(!test.has_ended());
    test.advance(Duration::from_nanos(1));
    assert!(test.has_ended());
    assert_eq!(log.all(), ["up", "up told"]);
    let error = test.stop().unwrap_err();
    assert!(error.is_start());
    assert_eq!((error.unit(), error.exit_code()), (Some("late"), 1));
}

#[test]
fn stop_before_start_is_a_no_op() {
    let log = Log::default();
    let host = Host::new(log.clone()).service("s", body);
    let handle = host.handle();
    handle.stop();
    let test = TestHost::start(host).unwrap();
    assert_eq!(test.unit("s").state, UnitState::Running);
    assert_eq!(log.all(), ["s"]);
    handle.stop();
    assert_eq!(test.stop().unwrap().exit_code(), 0);
}

#[test]
fn stop_twice_is_idempotent() {
    async fn slow(stop: Stop, clock: Clock, log: State<Log>) {
        stop.requested().await;
        log.add("told");
        clock.sleep(HOUR).await;
    }
    let log = Log::default();
    let mut test = TestHost::start(Host::new(log.clone()).grace(5 * SECOND).service("s", slow)).unwrap();
    let handle = test.handle().clone();
    handle.stop();
    test.advance(3 * SECOND);
    // It neither begins the grace anew nor cuts it short.
    handle.stop();
    test.advance(2 * SECOND - Duration::from_nanos(1));
    assert!(!test.has_ended());
    test.advance(SECOND);
    assert!(test.has_ended());
    handle.stop();
    let report = test.stop().unwrap();
    assert_eq!(
        (report.reason(), report.unit("s").unwrap().end),
        (Some(&StopReason::Requested), UnitEnd::Overran)
    );
    assert_eq!(log.all(), ["told"]);
}

#[test]
fn immediate_stop_after_start_still_runs_each_body_once() {
    let log = Log::default();
    let (_queue, items) = one_item();
    let host = Host::new(log.clone())
        .task("task", every(HOUR).first(First::Now), body)
        .consume("consumer", items, body_of_item)
        .mount("mount", Mounted)
        .service("service", body);
    let report = TestHost::start(host).unwrap().stop().unwrap();
    for name in ["task", "consumer", "mount", "service"] {
        assert_eq!((log.count(name), log.count(&format!("{name} told"))), (1, 1), "{name}: {:?}", log.all());
        assert_eq!(report.unit(name).unwrap().end, UnitEnd::Stopped);
    }
}

/// Runs `host` and asks it to stop when its first unit has been launched and not yet been polled: on a runtime of one
/// thread nothing else is polled meanwhile.
fn stopped_before_the_first_poll(host: Host<Log>) -> Report {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let handle = host.handle();
        let mut run = pin!(host.signals(false).run());
        let launched = poll_fn(|cx| Poll::Ready(run.as_mut().poll(cx))).await;
        assert!(launched.is_pending());
        handle.stop();
        run.await.unwrap()
    })
}

#[test]
fn a_service_stopped_before_its_first_poll_runs_once_with_the_stop_requested() {
    let log = Log::default();
    let report = stopped_before_the_first_poll(Host::new(log.clone()).service("service", body));
    assert_eq!(log.all(), ["service late", "service told"]);
    assert_eq!(report.unit("service").unwrap().end, UnitEnd::Stopped);
}

#[test]
fn a_service_that_takes_ready_and_is_stopped_before_its_first_poll_runs_once_with_the_stop_requested() {
    async fn with_ready(stop: Stop, _ready: Ready, log: State<Log>) {
        log.add(format!("requested: {}", stop.is_requested()));
        stop.requested().await;
    }
    let log = Log::default();
    let report = stopped_before_the_first_poll(Host::new(log.clone()).service("service", with_ready));
    assert_eq!(log.all(), ["requested: true"]);
    assert_eq!(report.unit("service").unwrap().end, UnitEnd::Stopped);
}

#[test]
fn a_mounted_value_stopped_before_its_first_poll_runs_once_with_the_stop_requested() {
    let log = Log::default();
    let report = stopped_before_the_first_poll(Host::new(log.clone()).mount("mount", Mounted));
    assert_eq!(log.all(), ["mount late", "mount told"]);
    assert_eq!(report.unit("mount").unwrap().end, UnitEnd::Stopped);
}

#[test]
fn a_consumer_stopped_before_its_first_poll_handles_its_item_once_with_the_stop_requested() {
    let log = Log::default();
    let (_queue, items) = one_item();
    let report =
        stopped_before_the_first_poll(Host::new(log.clone()).consume("consumer", items, body_of_item));
    assert_eq!(log.all(), ["consumer late", "consumer told"]);
    let consumer = report.unit("consumer").unwrap();
    assert_eq!((consumer.end, consumer.runs, consumer.items_left), (UnitEnd::Stopped, 1, 0));
}

#[test]
fn a_task_stopped_before_its_first_poll_runs_once_with_the_stop_requested() {
    let log = Log::default();
    let host = Host::new(log.clone()).task("task", every(HOUR).first(First::Now), body);
    let report = stopped_before_the_first_poll(host);
    assert_eq!(log.all(), ["task late", "task told"]);
    assert_eq!(report.unit("task").unwrap().runs, 1);
}
