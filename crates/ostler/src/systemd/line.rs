//! The line to systemd: one datagram socket, which never blocks and is opened once for the process.
//!
//! The crate `sd-notify` gives the words and the monotonic stamp. Its own way to send is not used: it makes a
//! socket for each message, knows no abstract names, and waits where nobody reads.

use std::ffi::OsStr;
use std::fmt::Write;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;
use std::sync::OnceLock;

use sd_notify::NotifyState;

use crate::sentinel::aside;

/// Where systemd listens.
const NOTIFY_SOCKET: &str = "NOTIFY_SOCKET";

/// See the module.
#[derive(Debug)]
pub(super) struct Line {
    socket: UnixDatagram,
    to: SocketAddr,
}

impl Line {
    /// The line of this process; nothing where it was not started to tell. An address that cannot be used is said
    /// once.
    pub(super) fn of_process() -> Option<&'static Self> {
        static LINE: OnceLock<Option<Line>> = OnceLock::new();
        let open = || {
            let name = std::env::var_os(NOTIFY_SOCKET).filter(|name| !name.is_empty())?;
            Self::open(&name).map_err(|error| complain(&error)).ok()
        };
        LINE.get_or_init(open).as_ref()
    }

    /// # Errors
    /// Where `name` is neither an absolute path nor an abstract name (`@name`), or the system gives no socket.
    /// Nobody has to listen yet.
    pub(super) fn open(name: &OsStr) -> io::Result<Self> {
        let to = match name.as_bytes() {
            [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
            [b'/', ..] => SocketAddr::from_pathname(Path::new(name))?,
            _ => return Err(io::Error::other(format!("{NOTIFY_SOCKET} is neither a path nor @name"))),
        };
        let socket = UnixDatagram::unbound()?;
        // A socket that is full must not hold the sentinel: it drives the clock and the watchdog.
        socket.set_nonblocking(true)?;
        Ok(Self { socket, to })
    }

    /// Sends `words` as one datagram.
    ///
    /// # Errors
    /// Where it could not be sent as a whole at once.
    pub(super) fn send(&self, words: &[NotifyState<'_>]) -> io::Result<()> {
        let mut text = String::new();
        for word in words {
            // A string takes all text.
            let _ = writeln!(text, "{word}");
        }
        // The address each time, not a connected socket: it is then also found by who has bound it anew.
        self.socket.send_to_addr(text.as_bytes(), &self.to).map(drop)
    }
}

/// Logs aside that systemd cannot be told.
pub(super) fn complain(error: &io::Error) {
    let error = error.to_string();
    aside(move || tracing::warn!(error, "systemd cannot be told how this program is"));
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn a_name_that_is_no_socket_s_is_refused() {
        for name in ["vsock:2:1234", "relative/path", ""] {
            assert!(Line::open(OsStr::new(name)).is_err(), "{name}");
        }
    }

    #[test]
    fn a_socket_that_nobody_has_or_reads_is_an_error_and_does_not_block() {
        let folder = std::env::temp_dir().join(format!("ostler-line-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("notify");
        let line = Line::open(path.as_os_str()).unwrap();
        let nobody = line.send(&[NotifyState::Ready]).unwrap_err();
        assert_eq!(nobody.kind(), ErrorKind::NotFound);

        let systemd = UnixDatagram::bind(&path).unwrap();
        let full = (0..100_000).find_map(|_| line.send(&[NotifyState::Watchdog]).err()).unwrap();
        assert_eq!(full.kind(), ErrorKind::WouldBlock);
        let mut buffer = [0; 64];
        let length = systemd.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"WATCHDOG=1\n");
        line.send(&[NotifyState::Ready, NotifyState::Status("running")]).unwrap();
        std::fs::remove_dir_all(folder).unwrap();
    }
}
