//! The thread that keeps the health file: a disk that hangs holds nothing else up.

use std::convert::Infallible;
use std::io;
use std::sync::mpsc;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::board::{Board, Phase};
use crate::handle::HostHandle;
use crate::health::{self, Page, StatusFile};
use crate::sentinel::aside;
use crate::status::Status;

/// How often the file is written.
const PERIOD: Duration = Duration::from_secs(1);

/// How many times as long as a look took the next one waits, so that looks take a hundredth of a core.
const REST: u32 = 100;

/// The longest wait, however long a look took: whoever looks at the file's age can take three times that for an end.
const LONGEST_REST: Duration = Duration::from_secs(3);

/// How long the start and the end of the host wait for the file to be gone. At the end that is part of the second that
/// a stop may take beyond its grace.
const LAST_WAIT: Duration = Duration::from_millis(100);

/// Keeps the file until the host is told to stop.
pub(super) struct HealthFile {
    gone: oneshot::Receiver<()>,
    host: HostHandle,
}

impl HealthFile {
    /// # Errors
    /// When the system gives no thread or no runtime.
    pub(super) fn start(file: StatusFile, host: HostHandle) -> io::Result<Self> {
        let (is_gone, gone) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let watched = host.clone();
        // Its own thread, for a disk that hangs.
        #[allow(clippy::disallowed_methods)]
        std::thread::Builder::new().name("ostler-health-file".into()).spawn(move || {
            let mut writer = Writer { file, failed: false };
            runtime.block_on(keep(&mut writer, watched.board()));
            writer.show(None);
            let _ = is_gone.send(());
        })?;
        Ok(Self { gone, host })
    }

    /// Removes what a process that was killed has left behind: nobody is to take it for a sign of life of this one.
    /// Waits for that, for a moment: a disk that hangs holds no start up.
    pub(super) fn clear(file: &StatusFile) {
        let (is_gone, gone) = mpsc::sync_channel(1);
        let mut writer = Writer { file: file.clone(), failed: false };
        aside(move || {
            writer.show(None);
            let _ = is_gone.send(());
        });
        let _ = gone.recv_timeout(LAST_WAIT);
    }

    /// Waits for the file to be gone, for a moment.
    pub(super) async fn until_gone(self) {
        let clock = self.host.board().clock();
        tokio::select! {
            _ = self.gone => {}
            () = clock.sleep(LAST_WAIT) => tracing::warn!("the health file could not be removed in time"),
        }
    }
}

/// Shows how the host is until it is told to stop.
async fn keep(writer: &mut Writer, board: &Board) {
    tokio::select! {
        biased;
        _ = board.stop_asked() => {}
        never = rounds(writer, board) => match never {},
    }
}

// On this thread the host's clock does not tick.
#[allow(clippy::disallowed_methods)]
async fn rounds(writer: &mut Writer, board: &Board) -> Infallible {
    loop {
        let began = board.now().now;
        let text = text(board);
        // Not how long the disk takes: that costs no core, and a slow one must not make the file look dead.
        let took = board.now().now.saturating_duration_since(began);
        writer.show(text.as_deref());
        tokio::select! {
            () = tokio::time::sleep(rest(took)) => {}
            // The first time as soon as the host is ready.
            () = board.reached(Phase::Ready), if !board.was_ready() => {}
        }
    }
}

/// How long to wait after a look that took so long.
fn rest(took: Duration) -> Duration {
    took.saturating_mul(REST).clamp(PERIOD, LONGEST_REST)
}

/// What the file should say; `None` where it should not be there.
fn text(board: &Board) -> Option<String> {
    let list = health::ready(board, &[]);
    let is_well = list.status() != Status::Unhealthy && health::live(board).status() != Status::Unhealthy;
    is_well.then(|| Page::new(list, board.tick_age(), Vec::new()).text())
}

struct Writer {
    file: StatusFile,
    /// Since the last time that it could be written, which was logged.
    failed: bool,
}

impl Writer {
    /// Whether it had to say that this is not possible.
    fn show(&mut self, text: Option<&str>) -> bool {
        let done = match text {
            Some(text) => self.file.write(text),
            None => self.file.remove(),
        };
        let failed_before = std::mem::replace(&mut self.failed, done.is_err());
        let Some(error) = done.err().filter(|_| !failed_before) else { return false };
        let path = self.file.path().to_owned();
        aside(move || tracing::warn!(path = %path.display(), %error, "the health file cannot be written"));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_promised_second_has_room_for_the_last_wait() {
        assert!(
            LAST_WAIT < Duration::from_millis(250),
            "what the host leaves of it before the watchdog's time"
        );
    }

    #[test]
    fn a_look_that_takes_long_makes_the_next_one_wait_and_never_so_long_that_the_file_looks_dead() {
        for (took, millis) in [(0, 1_000), (10, 1_000), (20, 2_000), (30, 3_000), (60_000, 3_000)] {
            assert_eq!(rest(Duration::from_millis(took)), Duration::from_millis(millis), "{took} ms");
        }
        assert_eq!(rest(Duration::MAX), LONGEST_REST);
        // What the documentation tells whoever looks at its age.
        assert!(3 * LONGEST_REST < Duration::from_secs(10));
    }

    #[test]
    fn a_file_that_cannot_be_written_is_said_once_until_it_could() {
        let folder = std::env::temp_dir().join(format!("ostler-said-once-{}", std::process::id()));
        let file = StatusFile::new(&folder.join("healthy")).unwrap();
        let mut writer = Writer { file, failed: false };
        let mut said = || writer.show(Some("Healthy\n"));
        assert_eq!([said(), said(), said()], [true, false, false]);
        std::fs::create_dir_all(&folder).unwrap();
        assert!(!said());
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!([said(), said()], [true, false]);
    }
}
