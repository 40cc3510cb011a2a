//! A host under a runtime of the user's own, on the real clock.

#![allow(clippy::unwrap_used, reason = "tests may fail")]

use std::time::Duration;

use ostler::{Clock, Host, SECOND, Stop, UnitEnd, every};
use tokio::runtime::Builder;

async fn short(clock: Clock) {
    clock.sleep(Duration::from_millis(20)).await;
}

/// The host's timers are its own, so a runtime without any will do.
#[test]
fn a_bare_runtime_without_timers_and_io_is_enough() {
    let runtime = Builder::new_current_thread().build().unwrap();
    let report = runtime.block_on(Host::new(()).signals(false).service("short", short).run()).unwrap();
    assert_eq!(report.unit("short").unwrap().end, UnitEnd::Completed);
}

#[test]
fn several_hosts_run_side_by_side_and_one_after_the_other() {
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    for _ in 0..3 {
        let host = || Host::new(()).service("short", short);
        let (one, other) = runtime.block_on(async { tokio::join!(host().run(), host().run()) });
        assert_eq!((one.unwrap().exit_code(), other.unwrap().exit_code()), (0, 0));
    }
}

#[test]
fn a_host_whose_future_is_dropped_leaves_nothing_running() {
    async fn forever(stop: Stop) {
        let _held = stop;
        std::future::pending::<()>().await;
    }
    async fn nothing() {}
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let host =
            Host::new(()).signals(false).service("forever", forever).task("tick", every(SECOND), nothing);
        let handle = host.handle();
        {
            let mut run = Box::pin(host.run());
            while handle.unit("forever").is_none_or(|unit| unit.state != ostler::UnitState::Running) {
                tokio::select! {
                    _ = &mut run => unreachable!("nobody stops it"),
                    () = tokio::task::yield_now() => {}
                }
            }
        }
        let metrics = tokio::runtime::Handle::current().metrics();
        while metrics.num_alive_tasks() > 0 {
            tokio::task::yield_now().await;
        }
    });
}
