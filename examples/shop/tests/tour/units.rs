//! Units that nobody calls, as their log lines show them.

use crate::harness::{Shop, until};

#[test]
fn the_heartbeat_is_in_the_log_without_escape_codes() {
    let shop = Shop::start();
    shop.wait_for_log("the shop is alive");
    assert!(!shop.log().contains('\u{1b}'), "{:?}", shop.log());
}

#[test]
fn upstream_is_lost_and_connected_again() {
    let shop = Shop::start();
    let connected = || shop.log().matches("connected to the supplier").count();
    until("a second connection", || (connected() == 2).then_some(()));
    assert!(shop.logged("the supplier closed the connection at poll 20"), "{}", shop.log());
    assert_eq!(shop.probe("readyz"), Some(200));
}
