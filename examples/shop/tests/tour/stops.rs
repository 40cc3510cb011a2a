//! How the shop ends.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;

use crate::harness::{Shop, UNITS, program, signal_to, temporary, until};

#[test]
fn a_stop_by_signal_is_clean_and_names_every_unit_in_order() {
    for (signal, name) in [("-TERM", "SIGTERM"), ("-INT", "SIGINT")] {
        let mut shop = Shop::start();
        shop.signal(signal);
        let (status, printed) = shop.ended();
        assert_eq!(status.code(), Some(0), "{printed}\n{}", shop.log());
        let mut lines = printed.lines();
        assert!(lines.next().unwrap().starts_with(&format!("stopped ({name}) in ")), "{printed}");
        let units: Vec<&str> = lines.map(|line| line.split_whitespace().next().unwrap()).collect();
        assert_eq!(units, UNITS, "{printed}");
        assert!(shop.logged("all is written"), "slow-stop was not allowed to finish");
    }
}

#[test]
fn a_second_signal_forces_the_end() {
    for (first, second, code) in [("-INT", "-INT", 130), ("-TERM", "-TERM", 143), ("-TERM", "-INT", 130)] {
        let mut shop = Shop::start();
        shop.signal(first);
        shop.wait_for_log("writing out what is held in memory");
        shop.signal(second);
        let (status, printed) = shop.ended();
        assert_eq!(status.code(), Some(code), "{printed}\n{}", shop.log());
        assert!(!shop.logged("all is written"), "slow-stop was waited for");
    }
}

#[test]
fn a_shop_that_stops_takes_no_more_clients() {
    let mut shop = Shop::start();
    shop.terminate();
    until("the door is closed", || TcpStream::connect(shop.app).err());
    assert!(!shop.logged("all is written"), "the door was open until the end");
    assert_eq!(shop.exit_status().code(), Some(0));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let data = temporary();
    let mut command = program();
    command.args(["--listen", "127.0.0.1:0", "--probes", "127.0.0.1:0", "--data"]).arg(&data);
    let mut child = command.spawn().unwrap();
    drop(child.stderr.take());
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().take(2);
    assert_eq!(lines.map_while(Result::ok).count(), 2);

    signal_to(&child, "-TERM");
    let status = until("the shop has ended", || child.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
    std::fs::remove_dir_all(data).unwrap();
}
