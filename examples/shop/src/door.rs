//! The listening sockets. Both are bound before the host starts, so that an address in use is a
//! clear mistake in the settings and not a unit that fails again and again.
//!
//! Invariant: the addresses stay the same for as long as the process lives, however often the door is closed.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};

use ostler::Error;

use crate::stdout;

/// The shop's socket and the addresses that were really bound (port 0 is settled by then).
#[derive(Clone)]
pub(crate) struct Door {
    /// Nothing while the shop is closed. As long as one handle is open, the system takes new clients in.
    listener: Arc<Mutex<Option<TcpListener>>>,
    announced: Arc<Once>,
    pub(crate) app: SocketAddr,
    pub(crate) probes: SocketAddr,
}

impl Door {
    pub(crate) fn new(listener: TcpListener, probes: &TcpListener) -> Result<Self, Error> {
        let (app, probes) = (listener.local_addr()?, probes.local_addr()?);
        let listener = Arc::new(Mutex::new(Some(listener)));
        Ok(Self { listener, announced: Arc::new(Once::new()), app, probes })
    }

    /// A fresh handle on the bound socket. A service that failed gets the socket that it had; a door that was closed
    /// is bound again, at the address that it had.
    pub(crate) fn open(&self) -> io::Result<tokio::net::TcpListener> {
        let mut open = self.lock();
        let listener = match open.take() {
            Some(listener) => listener,
            None => TcpListener::bind(self.app)?,
        };
        let handle = open.insert(listener).try_clone()?;
        handle.set_nonblocking(true)?;
        tokio::net::TcpListener::from_std(handle)
    }

    /// From now on clients are refused, until it is opened again.
    pub(crate) fn close(&self) {
        self.lock().take();
    }

    fn lock(&self) -> MutexGuard<'_, Option<TcpListener>> {
        self.listener.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prints the addresses, once: they do not change, and scripts read them.
    pub(crate) fn announce(&self) {
        self.announced.call_once(|| {
            stdout::say(format_args!("app http://{}", self.app));
            stdout::say(format_args!("probes http://{}", self.probes));
        });
    }

    /// Whether only this machine can reach the shop; control by HTTP is offered in no other case.
    pub(crate) fn is_local(&self) -> bool {
        self.app.ip().to_canonical().is_loopback()
    }
}

pub(crate) fn bind(flag: &str, address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address)
        .map_err(|error| Error::config(format!("{flag} {address}: cannot listen there: {error}")))
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    fn free() -> TcpListener {
        TcpListener::bind("127.0.0.1:0").unwrap()
    }

    #[test]
    fn an_address_in_use_names_its_flag() {
        let taken = free();
        let error = bind("--probes", taken.local_addr().unwrap()).unwrap_err();
        assert!(error.to_string().contains("--probes 127.0.0.1:"), "{error}");
    }

    #[tokio::test]
    async fn a_closed_door_takes_nobody_in_until_it_is_opened_again() {
        let door = Door::new(free(), &free()).unwrap();
        let handle = door.open().unwrap();
        // A client that stays: its connection does not keep the address from being bound again.
        let client = TcpStream::connect(door.app).unwrap();
        drop(handle);
        assert!(TcpStream::connect(door.app).is_ok(), "a service that failed has left it open");
        door.clone().close();
        assert!(TcpStream::connect(door.app).is_err());

        let handle = door.open().unwrap();
        assert_eq!(handle.local_addr().unwrap(), door.app);
        assert!(TcpStream::connect(door.app).is_ok());
        drop(client);
    }

    #[test]
    fn loopback_is_local() {
        assert!(Door::new(free(), &free()).unwrap().is_local());
        let open = TcpListener::bind("0.0.0.0:0").unwrap();
        assert!(!Door::new(open, &free()).unwrap().is_local());
    }
}
