//! The listening sockets. Both are bound before the host starts, so that an address in use is a
//! clear mistake in the settings and not a unit that fails again and again.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ostler::Error;

/// The shop's socket and the addresses that were really bound (port 0 is settled by then).
#[derive(Clone)]
pub(crate) struct Door {
    /// Nothing once the shop has closed. As long as one handle is open, the system takes new clients in.
    listener: Arc<Mutex<Option<TcpListener>>>,
    pub(crate) app: SocketAddr,
    pub(crate) probes: SocketAddr,
}

impl Door {
    pub(crate) fn new(listener: TcpListener, probes: &TcpListener) -> Result<Self, Error> {
        let (app, probes) = (listener.local_addr()?, probes.local_addr()?);
        Ok(Self { listener: Arc::new(Mutex::new(Some(listener))), app, probes })
    }

    /// A fresh handle on the bound socket: the service can be restarted without a second bind.
    pub(crate) fn listener(&self) -> io::Result<tokio::net::TcpListener> {
        let listener = self.lock().as_ref().map(TcpListener::try_clone);
        let listener = listener.unwrap_or_else(|| Err(io::Error::other("the shop has closed")))?;
        listener.set_nonblocking(true)?;
        tokio::net::TcpListener::from_std(listener)
    }

    /// From now on clients are refused; for good.
    pub(crate) fn close(&self) {
        self.lock().take();
    }

    fn lock(&self) -> MutexGuard<'_, Option<TcpListener>> {
        self.listener.lock().unwrap_or_else(PoisonError::into_inner)
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

    #[test]
    fn a_closed_door_takes_nobody_in() {
        let door = Door::new(free(), &free()).unwrap();
        assert!(std::net::TcpStream::connect(door.app).is_ok());
        door.clone().close();
        assert!(std::net::TcpStream::connect(door.app).is_err());
        assert!(door.listener().is_err());
    }

    #[test]
    fn loopback_is_local() {
        assert!(Door::new(free(), &free()).unwrap().is_local());
        let open = TcpListener::bind("0.0.0.0:0").unwrap();
        assert!(!Door::new(open, &free()).unwrap().is_local());
    }
}
