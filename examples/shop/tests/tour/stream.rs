//! A reader of the shop's server-sent events.

use std::io::{BufRead, BufReader};

use serde_json::Value;
use ureq::BodyReader;

use crate::harness::{Shop, agent};

pub(crate) struct Stream {
    lines: BufReader<BodyReader<'static>>,
}

/// One part of the stream: what stands between two empty lines.
#[derive(Debug, PartialEq)]
pub(crate) enum Part {
    Comment(String),
    Message { event: String, data: Value },
}

impl Stream {
    /// Everything that happens to the units from the return of this on will be read.
    pub(crate) fn open(shop: &Shop) -> Self {
        let response = agent().get(format!("http://{}/api/events", shop.app)).call().unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        // Its place has no limit in time, so that nothing else may follow on it.
        assert_eq!(response.headers()["connection"], "close");
        Self { lines: BufReader::new(response.into_body().into_reader()) }
    }

    /// The next part; nothing at the end of the stream, which must be a proper one and not a broken connection.
    pub(crate) fn next(&mut self) -> Option<Part> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            let read =
                self.lines.read_line(&mut line).unwrap_or_else(|error| panic!("{error} after {lines:?}"));
            match line.trim_end_matches('\n') {
                "" if read == 0 => {
                    assert!(lines.is_empty(), "cut off after {lines:?}");
                    return None;
                }
                "" => return Some(Part::of(&lines)),
                line => lines.push(line.to_owned()),
            }
        }
    }

    /// Reads on until this unit has gone from one state to the other.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, unit: &str, from: &str, to: &str) -> Value {
        let mut read = Vec::new();
        while let Some(part) = self.next() {
            if let Part::Message { event, data } = &part
                && event == "change"
                && (data["unit"].as_str(), data["from"].as_str(), data["to"].as_str())
                    == (Some(unit), Some(from), Some(to))
            {
                return data.clone();
            }
            read.push(part);
        }
        panic!("{unit} did not go from {from} to {to}: {read:?}");
    }
}

impl Part {
    fn of(lines: &[String]) -> Self {
        match lines {
            [comment] if comment.starts_with(':') => Self::Comment(comment[1..].trim().to_owned()),
            [event, data] => Self::Message {
                event: event.strip_prefix("event: ").unwrap().to_owned(),
                data: serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap(),
            },
            other => panic!("{other:?}"),
        }
    }
}
