//! The notifier: looks at the host and tells systemd what is new, on the sentinel's thread.
//!
//! It works while the main runtime is stuck: it reads atomics and short locks, sends without waiting, and logs aside.

use std::convert::Infallible;
use std::io;
use std::time::{Duration, Instant};

use sd_notify::NotifyState;

use super::line::{self, Line};
use super::news::{News, Sight, Stage, Word};
use super::reload::RELOADS;
use super::status::status;
use crate::board::{Board, Phase};
use crate::clock::SECOND;
use crate::handle::HostHandle;

/// How soon a message that could not be sent is sent again.
const RETRY: Duration = Duration::from_millis(100);

/// No clock goes further than a grace without end.
const FOR_EVER: Duration = Duration::from_secs(u32::MAX as u64);

/// Tells systemd how one host is.
#[derive(Debug)]
pub(crate) struct Notifier {
    host: HostHandle,
    grace: Duration,
    drain_delay: Duration,
    line: Option<&'static Line>,
    news: News,
    /// When a stop was first seen to be asked for.
    asked: Option<Instant>,
    complained: bool,
}

impl Notifier {
    /// Only a host that handles the signals of its process speaks for it.
    pub(crate) fn new(host: HostHandle, process: bool, grace: Duration, drain_delay: Duration) -> Self {
        let line = if process { Line::of_process() } else { None };
        if line.is_some() {
            host.board().is_to_tell();
        }
        let news = News::new(sd_notify::watchdog_enabled());
        Self { host, grace, drain_delay, line, news, asked: None, complained: false }
    }

    /// Tells for ever; nothing where nobody listens.
    pub(crate) async fn keep(&mut self) -> Infallible {
        let Some(line) = self.line else { return std::future::pending().await };
        loop {
            let (stage, pause) = self.look(line);
            // The sentinel's runtime, which nothing blocks.
            #[allow(clippy::disallowed_methods)]
            let pause = tokio::time::sleep(pause);
            tokio::select! {
                () = left(stage, self.host.board()) => {}
                () = RELOADS.moved() => {}
                () = pause => {}
            }
        }
    }

    /// A last look, at the end of the host, which waits for it.
    pub(crate) fn farewell(&mut self) {
        if let Some(line) = self.line {
            self.look(line);
        }
        self.host.board().has_told();
    }

    /// Tells what is new. Returns what stage was seen, and how long until the next look.
    fn look(&mut self, line: &Line) -> (Stage, Duration) {
        let now = self.host.board().now().now;
        let sight = self.sight(now);
        loop {
            let words = self.news.next(&sight, now);
            if words.is_empty() {
                return (sight.stage, self.news.pause(now));
            }
            match send(line, &words) {
                Ok(()) => self.news.told(&words, &sight, now),
                Err(error) => {
                    self.complain(&error);
                    return (sight.stage, RETRY.min(self.news.pause(now)));
                }
            }
        }
    }

    fn sight(&mut self, now: Instant) -> Sight {
        let stage = self.stage(now);
        let board = self.host.board();
        let tick_age = board.tick_age();
        let live_within = board.health().live_within();
        let alive = self.news.is_alive(tick_age, live_within);
        Sight {
            stage,
            was_ready: board.was_ready(),
            tick_age,
            live_within,
            status: status(stage, board.stop_reason(), alive, board.records()),
            reloads: RELOADS.count(),
        }
    }

    fn stage(&mut self, now: Instant) -> Stage {
        let board = self.host.board();
        if board.stop_reason().is_none() {
            return if board.phase() == Phase::Starting { Stage::Starting } else { Stage::Running };
        }
        let asked = *self.asked.get_or_insert_with(|| board.asked_at().unwrap_or(now));
        let drain_delay = if board.was_ready() { self.drain_delay } else { Duration::ZERO };
        // The process is gone a second after the grace.
        let limit = self.grace.saturating_add(drain_delay).saturating_add(SECOND).min(FOR_EVER);
        Stage::Stopping { until: asked.checked_add(limit).unwrap_or(now) }
    }

    /// Once: what cannot be told now can probably not be told a second later.
    fn complain(&mut self, error: &io::Error) {
        if !std::mem::replace(&mut self.complained, true) {
            line::complain(error);
        }
    }
}

/// Nobody waits for one that is gone.
impl Drop for Notifier {
    fn drop(&mut self) {
        self.host.board().has_told();
    }
}

/// Resolves when the host has left `stage`, also where it had before this was called.
async fn left(stage: Stage, board: &Board) {
    match stage {
        Stage::Starting => tokio::select! {
            _ = board.stop_asked() => {}
            () = board.reached(Phase::Ready) => {}
        },
        Stage::Running => drop(board.stop_asked().await),
        Stage::Stopping { .. } => std::future::pending().await,
    }
}

fn send(line: &Line, words: &[Word]) -> io::Result<()> {
    let mut lines = Vec::with_capacity(words.len() + 1);
    for word in words {
        match word {
            Word::Ready => lines.push(NotifyState::Ready),
            // When it began, by the clock of systemd: it waits for one that began after its signal.
            Word::Reloading => lines.extend([NotifyState::Reloading, NotifyState::monotonic_usec_now()?]),
            Word::Stopping => lines.push(NotifyState::Stopping),
            Word::Status(text) => lines.push(NotifyState::Status(text)),
            Word::Extend(by) => lines.push(NotifyState::ExtendTimeoutUsec(micros(*by))),
            Word::Watchdog => lines.push(NotifyState::Watchdog),
        }
    }
    line.send(&lines)
}

fn micros(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixDatagram;
    use std::task::{Context, Waker};

    use super::super::reload::reloading;
    use super::*;
    use crate::stop::StopReason;

    /// What has been sent by now.
    fn heard(systemd: &UnixDatagram) -> Vec<String> {
        let next = || {
            let mut buffer = [0; 4096];
            let length = systemd.recv(&mut buffer).ok()?;
            Some(String::from_utf8_lossy(&buffer[..length]).into_owned())
        };
        std::iter::from_fn(next).collect()
    }

    fn monotonic() -> i128 {
        match NotifyState::monotonic_usec_now() {
            Ok(NotifyState::MonotonicUsec(now)) => now,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_stage_that_is_left_is_seen_at_once_also_when_it_was_left_before() {
        let is_left = |stage, board: &Board| {
            let mut left = std::pin::pin!(left(stage, board));
            left.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
        };
        let starting = HostHandle::new();
        assert!(!is_left(Stage::Starting, starting.board()));
        let ready = HostHandle::new();
        ready.board().advance(Phase::Ready);
        assert!(is_left(Stage::Starting, ready.board()));
        assert!(!is_left(Stage::Running, ready.board()));
        ready.board().ask_to_stop(StopReason::Requested);
        assert!(is_left(Stage::Running, ready.board()));
        starting.board().ask_to_stop(StopReason::Requested);
        assert!(is_left(Stage::Starting, starting.board()));
    }

    #[test]
    fn a_reload_is_stamped_with_the_time_of_its_beginning_and_ends_with_ready() {
        let folder = std::env::temp_dir().join(format!("ostler-notifier-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let systemd = UnixDatagram::bind(folder.join("notify")).unwrap();
        systemd.set_nonblocking(true).unwrap();
        let line: &'static Line = Box::leak(Box::new(Line::open(folder.join("notify").as_os_str()).unwrap()));
        let host = HostHandle::new();
        let mut notifier = Notifier::new(host.clone(), false, SECOND, Duration::ZERO);
        notifier.news = News::new(None);
        host.board().advance(Phase::Ready);
        notifier.look(line);
        assert_eq!(heard(&systemd), ["READY=1\nSTATUS=running: 0 units\n"]);

        let before = monotonic();
        let reload = reloading();
        notifier.look(line);
        let told = heard(&systemd);
        let stamp = told[0].strip_prefix("RELOADING=1\nMONOTONIC_USEC=").expect("a stamp").trim();
        assert!((before..=monotonic()).contains(&stamp.parse().unwrap()), "{told:?}");
        notifier.look(line);
        assert_eq!((told.len(), heard(&systemd).len()), (1, 0), "it goes on");

        drop(reload);
        notifier.look(line);
        assert_eq!(heard(&systemd), ["READY=1\n"]);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
