//! How much is done, and with which seed.

/// How much of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    pub(crate) jobs: usize,
    pub(crate) owner_kills: usize,
    pub(crate) client_kills: usize,
}

pub(crate) fn scale() -> Scale {
    match std::env::var("TORTURE").as_deref() {
        Ok("full") => Scale { jobs: 10_000, owner_kills: 200, client_kills: 200 },
        _ => Scale { jobs: 1_000, owner_kills: 20, client_kills: 20 },
    }
}

/// From `TORTURE_SEED`, else a new one.
pub(crate) fn seed() -> u64 {
    match std::env::var("TORTURE_SEED") {
        Ok(text) => text.parse().expect("TORTURE_SEED is a number"),
        Err(_) => fastrand::u64(..),
    }
}
