//! The shop's own host, unit by unit as `main` builds it, on a virtual clock.

use std::net::{SocketAddr, TcpListener, TcpStream};

use jiff::Timestamp;
use ostler::testing::TestHost;
use ostler::{Clock, HOUR, MINUTE, Options, SECOND, UnitState};
use ostler_jobs::{Client, JobState, MemoryStore};

use crate::door::Door;
use crate::settings::Settings;

fn open_at(wall: &str) -> TestHost {
    open(wall).0
}

/// The shop, where it is, and its jobs.
fn open(wall: &str) -> (TestHost, SocketAddr, Client) {
    let free = || TcpListener::bind("127.0.0.1:0").unwrap();
    let door = Door::new(free(), &free()).unwrap();
    let address = door.app;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let db = runtime.block_on(async {
        let db = crate::db::tests::in_memory().await;
        // The pool takes its one connection back in a task of this runtime, which ends here.
        while db.num_idle() == 0 {
            tokio::task::yield_now().await;
        }
        db
    });
    let options = Options::new(Settings::default());
    let clock = Clock::virtual_at(instant(wall));
    let jobs = MemoryStore::on(clock.clone());
    let host = crate::host(db, jobs.clone(), door, options, false);
    (TestHost::start_on(host, clock).unwrap(), address, Client::new(jobs))
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn upstream_fails_all_the_time_and_stays_within_its_budget() {
    let mut shop = open_at("2026-01-01T00:00:00Z");
    for hour in 1..=3 {
        shop.advance(HOUR);
        let upstream = shop.unit("upstream");
        assert!(upstream.restarts > 100 * hour, "{upstream:?}");
        assert!(upstream.state != UnitState::Failed && !shop.has_ended(), "{upstream:?}");
    }
    assert_eq!(shop.stop().unwrap().exit_code(), 0);
}

#[test]
fn the_timed_units_keep_their_times() {
    let mut shop = open_at("2026-01-01T00:00:00Z");
    shop.advance(HOUR);
    assert_eq!(shop.unit("heartbeat").succeeded, 720);
    assert_eq!(shop.unit("cleanup").succeeded, 2, "at once, and after an hour");
    assert_eq!(shop.unit("daily-report").runs, 0);
}

#[test]
fn the_daily_report_is_made_at_eight_in_oslo() {
    for (midnight, eight, wait) in [
        ("2026-01-15T00:00:00Z", "2026-01-15T07:00:00Z", 7 * HOUR),
        ("2026-07-15T00:00:00Z", "2026-07-15T06:00:00Z", 6 * HOUR),
    ] {
        let (mut shop, _address, jobs) = open(midnight);
        assert_eq!(shop.unit("daily-report").next_run, Some(instant(eight)));
        shop.advance(wait - SECOND);
        assert_eq!(shop.unit("daily-report").runs, 0);
        shop.advance(SECOND);
        assert_eq!(shop.unit("daily-report").succeeded, 1);
        let counts = shop.block_on(jobs.counts()).unwrap();
        assert!(matches!(&counts[..], [one] if one.state == JobState::Done && one.jobs == 1), "{counts:?}");
    }
}

#[test]
fn http_refuses_clients_while_it_is_stopped_and_takes_them_at_the_same_address_afterwards() {
    let (mut shop, address, _jobs) = open("2026-01-01T00:00:00Z");
    let handle = shop.handle().clone();
    assert!(TcpStream::connect(address).is_ok());
    shop.settle(handle.stop_unit("http")).unwrap();
    assert_eq!(shop.unit("http").state, UnitState::Stopped);
    assert!(TcpStream::connect(address).is_err());

    shop.settle(handle.start_unit("http")).unwrap();
    assert!(TcpStream::connect(address).is_ok());
    shop.settle(handle.restart("http")).unwrap();
    assert!(TcpStream::connect(address).is_ok());
    shop.crash("http").unwrap();
    shop.advance(MINUTE);
    shop.assert_restarts("http", 1);
    assert!(TcpStream::connect(address).is_ok());
}

#[test]
fn http_does_not_come_up_at_an_address_that_was_taken_meanwhile() {
    let (mut shop, address, _jobs) = open("2026-01-01T00:00:00Z");
    let handle = shop.handle().clone();
    shop.settle(handle.stop_unit("http")).unwrap();
    let thief = TcpListener::bind(address).unwrap();
    let refused = shop.settle(handle.start_unit("http")).unwrap_err();
    assert!(refused.is_failed() && refused.to_string().contains("in use"), "{refused}");

    drop(thief);
    shop.advance(MINUTE);
    assert_eq!(shop.unit("http").state, UnitState::Running);
    assert!(TcpStream::connect(address).is_ok());
}
