//! `GET /metrics`: what is known of a host and its units, in Prometheus' text format, made anew for each scrape.
//!
//! Nothing is counted here and nothing is registered anywhere: `units.rs` and `host.rs` are tables of what the
//! records and the board know already, `page.rs` writes them down. What each metric means to a user stands in
//! `docs/telemetry.md`, and a test compares the two.

mod host;
mod page;
mod units;

pub(crate) use self::page::CONTENT_TYPE;
use self::page::Page;
use crate::board::Board;
use crate::handle::HostHandle;
use crate::sentinel::aside;

/// One scrape at a time: each costs memory for its text, and whoever asks more often than that has to wait.
static TURN: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(1);

/// The page of this host, now. Made on a thread of its own: with a hundred thousand units it takes seconds, and where
/// this is awaited probes are to be answered meanwhile, and the host's clock is driven.
///
/// `None` where the system gives no thread.
pub(crate) async fn scrape(host: HostHandle) -> Option<String> {
    let turn = TURN.acquire().await.ok()?;
    let (sender, receiver) = tokio::sync::oneshot::channel();
    aside(move || {
        let _turn = turn;
        // Nobody listens any more where the client has gone.
        let _ = sender.send(text(host.board()));
    });
    receiver.await.ok()
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
}
