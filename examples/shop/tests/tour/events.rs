//! The stream of events.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::json;

use crate::harness::{Shop, until};
use crate::stream::{Part, Stream};

#[test]
fn every_change_is_told_in_order() {
    let shop = Shop::start().ready();
    let mut stream = Stream::open(&shop);
    // Something comes at once, so that whoever looks at it sees that it is there.
    assert_eq!(stream.next(), Some(Part::Comment("the changes of the units, as they happen".into())));
    shop.act("cleanup", "pause").is_unit("cleanup", "paused");
    let paused = stream.wait_for("cleanup", "running", "paused");
    let at: Timestamp = paused["at"].as_str().unwrap().parse().unwrap();
    assert!(at <= Timestamp::now());
    assert_eq!(
        paused,
        json!({
            "unit": "cleanup", "from": "running", "to": "paused", "ready": true, "at": paused["at"],
            "reason": "paused by hand",
        })
    );
    assert_eq!(shop.unit("cleanup")["since"], paused["at"]);

    shop.act("cleanup", "resume").is_unit("cleanup", "running");
    stream.wait_for("cleanup", "paused", "running");
    shop.act("slow-stop", "restart").is_unit("slow-stop", "running");
    stream.wait_for("slow-stop", "running", "draining");
    stream.wait_for("slow-stop", "draining", "starting");
    assert_eq!(stream.wait_for("slow-stop", "starting", "running")["reason"], "restarted by hand");
    shop.post("/api/events", b"").is_problem(405);
}

/// A request has ten seconds; a silent stream says after fifteen that it is still there.
#[test]
fn a_stream_outlives_the_limit_of_a_request() {
    let shop = Shop::start().ready();
    let opened = Instant::now();
    let mut stream = Stream::open(&shop);
    while stream.next() != Some(Part::Comment("keep-alive".into())) {}
    assert!(opened.elapsed() > Duration::from_secs(14), "{:?}", opened.elapsed());
    shop.act("cleanup", "pause").is_unit("cleanup", "paused");
    stream.wait_for("cleanup", "running", "paused");
}

#[test]
fn a_stop_does_not_wait_for_readers() {
    let mut shop = Shop::start().ready();
    let mut streams = [Stream::open(&shop), Stream::open(&shop)];
    shop.terminate();
    for stream in &mut streams {
        let last = stream.wait_for("http", "running", "draining");
        assert_eq!(last["reason"], "SIGTERM");
        while stream.next().is_some() {}
    }
    let (status, printed) = shop.ended();
    assert_eq!(status.code(), Some(0), "{printed}\n{}", shop.log());
    assert!(!shop.logged("cut off clients"), "{}", shop.log());
}

#[test]
fn there_are_places_for_so_many_readers_and_they_are_given_back() {
    let shop = Shop::start().ready();
    let streams: Vec<Stream> = (0..32).map(|_| Stream::open(&shop)).collect();
    let refused = shop.get("/api/events");
    refused.is_problem(503);
    assert_eq!(refused.header("retry-after"), "5");
    assert_eq!(shop.get("/").status, 200, "others are served");
    drop(streams);
    // One that asks for the head alone takes no place for longer than that.
    let head = format!("HEAD /api/events HTTP/1.1\r\nHost: {}\r\n\r\n", shop.app);
    for _ in 0..40 {
        until("a place is free", || (shop.raw(&head).0 == 200).then_some(()));
    }
    let mut stream = until("a place is free", || (shop.raw(&head).0 == 200).then(|| Stream::open(&shop)));
    shop.act("cleanup", "pause").is_unit("cleanup", "paused");
    stream.wait_for("cleanup", "running", "paused");
}
