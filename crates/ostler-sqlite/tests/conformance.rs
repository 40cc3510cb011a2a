//! The suite that every store runs, on real files.

#![allow(clippy::unwrap_used, reason = "tests may fail")]

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use ostler::Clock;
use ostler_jobs::Durability;
use ostler_jobs::conformance::{self, Subject};
use ostler_sqlite::{OpenOptions, SqliteStore};

/// A directory of its own; it goes with the subject, and each store in it has a file of its own.
struct Sqlite(PathBuf, AtomicUsize);

impl Default for Sqlite {
    fn default() -> Self {
        static LAST: AtomicUsize = AtomicUsize::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed);
        let name = format!("ostler-sqlite-conformance-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&directory).unwrap();
        Self(directory, AtomicUsize::new(0))
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Sqlite {
    fn next(&self) -> OpenOptions {
        let file = self.0.join(format!("{}.db", self.1.fetch_add(1, Ordering::Relaxed)));
        SqliteStore::options(file).watermark(0)
    }
}

impl Subject for Sqlite {
    type Store = SqliteStore;

    async fn open(&self, clock: Clock) -> SqliteStore {
        self.next().clock(clock).open().await.unwrap()
    }
}

/// The same, without waiting for the disk: what the verbs mean is the same.
#[derive(Default)]
struct Relaxed(Sqlite);

impl Subject for Relaxed {
    type Store = SqliteStore;

    async fn open(&self, clock: Clock) -> SqliteStore {
        self.0.next().durability(Durability::Relaxed).clock(clock).open().await.unwrap()
    }
}

ostler_jobs::conformance_suite!(Sqlite);

/// In CI a thousand, as many as there are for the memory store.
#[test]
fn random_programs() {
    let cases = std::env::var("OSTLER_JOBS_CASES").ok().and_then(|cases| cases.parse().ok());
    conformance::machine::<Relaxed>(cases.unwrap_or(1_000));
}
