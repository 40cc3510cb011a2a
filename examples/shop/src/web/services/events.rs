//! `GET /api/events` streams the changes of the units as server-sent events, from now on.
//!
//! Invariant: the stream ends when the unit that serves it is told to stop, so that no stop waits for a reader.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONNECTION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use ostler::{Events, Stop, UnitEvent};
use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::sleep;

use super::control::Control;
use crate::web::problem::Problem;
use crate::web::stay::Stay;
use crate::web::stream::{self, Source};

/// A reader keeps its connection for as long as it wants, so readers may have only some of them.
pub(super) const MAX_READERS: usize = 32;

/// After so much silence a comment is sent, so that neither end, nor anything in between, takes the other for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Sent at once: whoever looks at the stream sees that it is there.
const HELLO: &str = ": the changes of the units, as they happen\n\n";

#[derive(Serialize)]
struct Change {
    unit: Arc<str>,
    from: String,
    to: String,
    ready: bool,
    at: Timestamp,
    reason: Option<Arc<str>>,
}

/// So many changes came too fast for this reader.
#[derive(Serialize)]
struct Missed {
    count: u64,
}

pub(super) async fn stream(
    State(control): State<Control>,
    Extension(stay): Extension<Stay>,
) -> Result<Response, Problem> {
    let Ok(place) = control.readers.try_acquire_owned() else {
        let detail = format!("there are {MAX_READERS} readers of events already");
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(5));
    };
    stay.without_limit();
    let reader = Reader { events: control.host.events(), stop: control.stop, _place: place, greeted: false };
    let headers = [(CONTENT_TYPE, "text/event-stream"), (CONNECTION, "close")];
    Ok((headers, stream::body(reader)).into_response())
}

struct Reader {
    events: Events,
    stop: Stop,
    greeted: bool,
    _place: OwnedSemaphorePermit,
}

impl Source for Reader {
    async fn next(mut self) -> Option<(Bytes, Self)> {
        if !self.greeted {
            return Some((HELLO.into(), Self { greeted: true, ..self }));
        }
        let part = tokio::select! {
            // First: what happened up to the stop is told.
            biased;
            event = self.events.next() => text(event?),
            () = self.stop.requested() => return None,
            () = sleep(KEEP_ALIVE) => ": keep-alive\n\n".to_owned(),
        };
        Some((part.into(), self))
    }
}

fn text(event: UnitEvent) -> String {
    match event {
        UnitEvent::Changed(change) => message("change", &Change::from(change)),
        UnitEvent::Missed(count) => message("missed", &Missed { count }),
        _ => ": an event that this shop does not know\n\n".to_owned(),
    }
}

/// JSON has no line breaks of its own, so the data is one line.
fn message(event: &str, data: &impl Serialize) -> String {
    // These have only members that can be written.
    let data = serde_json::to_string(data).unwrap_or_default();
    format!("event: {event}\ndata: {data}\n\n")
}

impl From<ostler::UnitChange> for Change {
    fn from(change: ostler::UnitChange) -> Self {
        Self {
            unit: change.unit,
            from: change.from.to_string(),
            to: change.to.to_string(),
            ready: change.ready,
            at: change.at,
            reason: change.reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_its_event_and_one_line_of_data() {
        assert_eq!(text(UnitEvent::Missed(7)), "event: missed\ndata: {\"count\":7}\n\n");
        let change = Change {
            unit: "u".into(),
            from: "running".into(),
            to: "restarting".into(),
            ready: false,
            at: Timestamp::UNIX_EPOCH,
            reason: Some("two\nlines".into()),
        };
        let expected = r#"{"unit":"u","from":"running","to":"restarting","ready":false,"at":"1970-01-01T00:00:00Z","reason":"two\nlines"}"#;
        assert_eq!(message("change", &change), format!("event: change\ndata: {expected}\n\n"));
    }
}
