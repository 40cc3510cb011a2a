//! `GET /metrics`: what is known of a host and its units, in Prometheus' text format, made anew for each scrape.
//!
//! Nothing is counted here and nothing is registered anywhere: `units.rs` and `host.rs` are tables of what the
//! records and the board know already, `page.rs` writes them down. What each metric means to a user stands in
//! `docs/telemetry.md`, and a test compares the two.

mod host;
mod page;
mod units;

use bytes::Bytes;
use tokio::sync::{Semaphore, SemaphorePermit, oneshot};

pub(crate) use self::page::CONTENT_TYPE;
use self::page::Page;
use crate::board::Board;
use crate::handle::HostHandle;
use crate::sentinel::aside;

/// One page at a time, from its begin until it has been sent or its client is gone: each costs memory for its text.
///
/// Whoever asks meanwhile waits. What fits in a socket's buffer is sent at once; a slow reader of a larger page keeps
/// others waiting for as long as the probe server lets a connection live.
static TURN: Semaphore = Semaphore::const_new(1);

/// The page of this host, now. Made on a thread of its own: with a hundred thousand units it takes seconds, and where
/// this is awaited probes are to be answered meanwhile, and the host's clock is driven.
///
/// `None` where the system gives no thread.
pub(crate) async fn scrape(host: HostHandle) -> Option<Bytes> {
    let turn = TURN.acquire().await.ok()?;
    let (sender, receiver) = oneshot::channel();
    aside(move || {
        let page = Bytes::from_owner(Held { text: text(host.board()), _turn: turn });
        // Nobody listens any more where the client has gone.
        let _ = sender.send(page);
    });
    receiver.await.ok()
}

/// A page on its way to who asked for it. The turn is given back with the last piece of it.
struct Held {
    text: String,
    _turn: SemaphorePermit<'static>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

fn text(board: &Board) -> String {
    let mut page = Page::default();
    host::write(board, &mut page);
    units::write(board.records(), board.now(), &mut page);
    page.into_text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_has_not_begun_has_a_page() {
        let text = text(&Board::new());
        assert!(text.contains("ostler_ready 0\n"), "{text}");
        assert!(!text.contains("ostler_unit_state"), "{text}");
    }

    #[test]
    fn the_turn_is_over_when_the_last_piece_of_the_page_is_gone_or_nobody_wants_it() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut page = scrape(HostHandle::new()).await.unwrap();
            let begun = page.split_to(10);
            drop(page);
            assert_eq!((begun.as_ref(), TURN.available_permits()), (&b"# HELP ost"[..], 0));
            drop(begun);
            assert_eq!(TURN.available_permits(), 1);
            let mut unwanted = Box::pin(scrape(HostHandle::new()));
            std::future::poll_fn(|cx| {
                let _ = unwanted.as_mut().poll(cx);
                std::task::Poll::Ready(())
            })
            .await;
            drop(unwanted);
            assert!(scrape(HostHandle::new()).await.is_some());
        });
    }
}
