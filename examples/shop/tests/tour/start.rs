//! From the start of the process to the first answers.

use std::time::Duration;

use crate::database::number;
use crate::harness::{Shop, until};

/// A first start, with an empty folder to fill.
#[test]
fn it_is_ready_within_four_seconds() {
    let shop = Shop::start();
    until("the shop is ready", || (shop.probe("readyz") == Some(200)).then_some(()));
    let took = shop.spawned.elapsed();
    println!("ready {took:?} after the start of the process");
    assert!(took < Duration::from_secs(4), "{took:?}");
}

#[test]
fn the_probes_answer() {
    let shop = Shop::start();
    for probe in ["startupz", "readyz", "livez"] {
        until("the probe says yes", || (shop.probe(probe) == Some(200)).then_some(()));
    }
}

#[test]
fn a_second_start_keeps_the_data() {
    let mut shop = Shop::start();
    let orders = number(&shop.data, "SELECT count(*) FROM orders");
    shop.terminate();
    assert_eq!(shop.exit_status().code(), Some(0));
    let again = Shop::start_with(&["--data", shop.data.to_str().unwrap()]);
    assert_eq!(number(&shop.data, "SELECT count(*) FROM orders"), orders);
    assert_eq!(again.get("/").status, 200);
}
