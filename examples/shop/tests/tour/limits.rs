//! Clients that send too much, or too slowly, or nothing at all.

use std::io::Read;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::harness::Shop;

const HALF_A_HEAD: &str = "GET / HTTP/1.1\r\nHost: local";

const HALF_A_BODY: &str =
    "POST /api/thumbnails HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf";

#[test]
fn a_long_head_is_refused() {
    let shop = Shop::start();
    let long = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: {}\r\n\r\n", "x".repeat(20_000));
    let (status, text) = shop.raw(&long);
    assert_eq!(status, 431);
    assert!(text.contains("application/problem+json"), "{text}");
}

#[test]
fn a_body_that_does_not_come_is_waited_for_ten_seconds() {
    let shop = Shop::start();
    let started = Instant::now();
    assert_eq!(shop.raw(HALF_A_BODY).0, 408);
    assert!(started.elapsed() > Duration::from_secs(9));
}

#[test]
fn a_head_that_does_not_come_is_waited_for_five_seconds() {
    let shop = Shop::start();
    let started = Instant::now();
    let ended = shop.connection(HALF_A_HEAD).read_to_end(&mut Vec::new());
    let took = started.elapsed();
    assert!(ended.is_ok() && took > Duration::from_secs(4) && took < Duration::from_secs(9), "{took:?}");
}

#[test]
fn silent_clients_do_not_keep_others_out_for_long() {
    let shop = Shop::start();
    let started = Instant::now();
    let silent: Vec<TcpStream> = (0..300).map(|_| shop.connection("")).collect();
    assert_eq!(shop.get("/").status, 200);
    // It had to wait for a place, or there is no limit.
    assert!(started.elapsed() > Duration::from_secs(4), "{:?}", started.elapsed());
    drop(silent);
}

#[test]
fn slow_clients_do_not_hold_up_a_stop() {
    let mut shop = Shop::start();
    let _slow = [shop.connection(HALF_A_HEAD), shop.connection(HALF_A_BODY), shop.connection("")];
    // Taken in after them: by now the shop knows them all.
    assert_eq!(shop.get("/").status, 200);
    let started = Instant::now();
    shop.terminate();
    let (status, printed) = shop.ended();
    assert_eq!(status.code(), Some(0), "{printed}\n{}", shop.log());
    assert!(started.elapsed() < Duration::from_secs(6), "{:?}\n{printed}", started.elapsed());
    assert!(shop.logged("cut off clients that did not finish in time"), "{}", shop.log());
}
