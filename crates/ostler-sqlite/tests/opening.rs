//! Opening a file: who owns it, who may read it, what is refused, and that no id comes back. Real files and
//! real processes.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail, and these are about real files, processes and threads, and the real clock"
)]

mod process;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;
use std::task::Context;
use std::time::{Duration, Instant};

use ostler_jobs::{Client, ErrorKind, JobState, Store};
use ostler_sqlite::SqliteStore;
use process::{Directory, HUNG, Other, Receipt, Waiting, block_on, insert, role, row, say, wait_to_be_told};
use rusqlite::Connection;

/// What this binary does as another process.
#[test]
fn another_process() {
    let Some((role, file)) = role() else { return };
    match role.as_str() {
        "own" => block_on(async {
            let store = SqliteStore::options(file).open().await.unwrap();
            let inserted = insert(&store, row(1)).await.unwrap();
            say(format_args!("open {}", inserted.id));
            wait_to_be_told();
        }),
        other => panic!("no role {other}"),
    }
}

async fn kind_of(file: &Path) -> ErrorKind {
    SqliteStore::options(file).open().await.unwrap_err().kind()
}

fn raw(file: &Path, sql: &str) {
    Connection::open(file).unwrap().execute_batch(sql).unwrap();
}

fn mode(path: impl AsRef<Path>) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_file_is_owned_by_one_process_and_by_the_next_when_that_was_killed() {
    let directory = Directory::new();
    let mut owner = Other::start("own", &directory.file());
    let job = owner.hears("open");
    let error = SqliteStore::options(directory.file()).open().await.unwrap_err();
    assert_eq!((error.kind(), error.owner()), (ErrorKind::Owned, Some(owner.pid())));
    assert!(error.to_string().contains(&format!("process {} owns it", owner.pid())), "{error}");
    owner.kill();
    let store = SqliteStore::options(directory.file()).open().await.unwrap();
    let status = store.status(job.parse().unwrap()).await.unwrap().expect("the acknowledged job is there");
    assert_eq!(status.state, JobState::Ready);
}

#[tokio::test]
async fn the_same_process_is_told_so_whatever_the_path() {
    let directory = Directory::new();
    let store = SqliteStore::options(directory.file()).open().await.unwrap();
    let link = directory.path().join("link.db");
    symlink(directory.file(), &link).unwrap();
    for path in [directory.file(), link, directory.path().join("./jobs.db")] {
        let error = SqliteStore::options(&path).open().await.unwrap_err();
        assert_eq!((error.kind(), error.owner()), (ErrorKind::Owned, Some(std::process::id())), "{path:?}");
        assert!(error.to_string().contains("this process"), "{error}");
    }
    store.close().await;
    SqliteStore::options(directory.file()).open().await.unwrap();
}

#[test]
fn nobody_else_may_read_the_files_whatever_the_mask() {
    for mask in ["000", "0777"] {
        let directory = Directory::new();
        let mut owner = Other::start_masked("own", &directory.file(), mask);
        owner.hears("open");
        for ending in ["", "-wal", "-shm", ".lock"] {
            let path = directory.path().join(format!("jobs.db{ending}"));
            assert_eq!(mode(&path), 0o600, "{path:?} with mask {mask}");
        }
        owner.ends();
    }
}

#[tokio::test]
async fn a_file_that_others_may_read_is_narrowed() {
    let directory = Directory::new();
    let file = directory.file();
    let other = Connection::open(&file).unwrap();
    other.execute_batch("PRAGMA journal_mode=WAL; CREATE TABLE own (x)").unwrap();
    let files = ["", "-wal", "-shm"].map(|ending| directory.path().join(format!("jobs.db{ending}")));
    for path in &files {
        fs::set_permissions(path, fs::Permissions::from_mode(0o664)).unwrap();
    }
    let _store = SqliteStore::options(&file).open().await.unwrap();
    for path in &files {
        assert_eq!(mode(path), 0o600, "{path:?}");
    }
}

#[tokio::test]
async fn what_is_no_database_is_left_as_it_was() {
    let directory = Directory::new();
    for (name, content) in [("short", vec![b'x'; 60]), ("long", vec![b'x'; 10_000])] {
        let file = directory.path().join(name);
        fs::write(&file, &content).unwrap();
        assert_eq!(kind_of(&file).await, ErrorKind::Corrupt, "{name}");
        assert_eq!(fs::read(&file).unwrap(), content);
        assert_eq!(SqliteStore::open_client(&file).await.unwrap_err().kind(), ErrorKind::Corrupt);
    }
}

#[tokio::test]
async fn a_newer_format_is_refused_with_what_to_do_and_left_alone() {
    let directory = Directory::new();
    let file = directory.file();
    SqliteStore::options(&file).open().await.unwrap().close().await;
    let connection = Connection::open(&file).unwrap();
    connection.execute("UPDATE ostler_meta SET value = 99 WHERE key = 'format'", ()).unwrap();
    let meta = || -> Vec<(String, i64)> {
        let mut rows = connection.prepare("SELECT key, value FROM ostler_meta ORDER BY key").unwrap();
        rows.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
    };
    let before = meta();
    let error = SqliteStore::options(&file).open().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Version);
    assert!(error.to_string().contains("format 99") && error.to_string().contains("newer one"), "{error}");
    assert_eq!(SqliteStore::open_client(&file).await.unwrap_err().kind(), ErrorKind::Version);
    assert_eq!(meta(), before);
}

#[tokio::test]
async fn a_file_of_other_settings_becomes_one_of_these_or_is_refused_with_what_to_do() {
    let directory = Directory::new();
    let journal = directory.path().join("journal");
    raw(&journal, "PRAGMA journal_mode=DELETE; CREATE TABLE own (x); INSERT INTO own VALUES (7)");
    let store = SqliteStore::options(&journal).open().await.unwrap();
    let kept =
        store.transaction(|tx| tx.sql().query_row("SELECT x FROM own", (), |row| row.get::<_, i64>(0)));
    assert_eq!(kept.await.unwrap(), 7);

    let pages = directory.path().join("pages");
    raw(&pages, "PRAGMA page_size=1024; CREATE TABLE own (x)");
    let error = SqliteStore::options(&pages).open().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Version);
    assert!(error.to_string().contains("page_size") && error.to_string().contains("VACUUM"), "{error}");
    // It does what it says.
    raw(&pages, "PRAGMA journal_mode=DELETE; PRAGMA page_size=4096; VACUUM");
    SqliteStore::options(&pages).open().await.unwrap();

    let letters = directory.path().join("letters");
    raw(&letters, "PRAGMA encoding='UTF-16'; CREATE TABLE own (x)");
    let error = SqliteStore::options(&letters).open().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Version);
    assert!(error.to_string().contains("encoding"), "{error}");
}

#[tokio::test]
async fn the_connection_has_the_settings() {
    let directory = Directory::new();
    let store = SqliteStore::options(directory.file()).open().await.unwrap();
    let read = store.transaction(|tx| {
        let names = ["page_size", "synchronous", "wal_autocheckpoint", "cache_size", "trusted_schema"];
        let numbers =
            names.map(|name| tx.sql().query_row(&format!("PRAGMA {name}"), (), |row| row.get::<_, i64>(0)));
        let journal: String = tx.sql().query_row("PRAGMA journal_mode", (), |row| row.get(0))?;
        Ok::<_, rusqlite::Error>((numbers.into_iter().collect::<Result<Vec<_>, _>>()?, journal))
    });
    assert_eq!(read.await.unwrap(), (vec![4096, 2, 8000, -65536, 0], "wal".to_owned()));
}

#[tokio::test]
async fn the_directory_has_to_be_there() {
    let error = SqliteStore::options("/no/such/directory/jobs.db").open().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("/no/such/directory has to be there"), "{error}");
    let error = SqliteStore::options("jobs.db").deadline(Duration::ZERO).open().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().starts_with("deadline"), "{error}");
}

#[tokio::test]
async fn a_client_needs_a_file_with_the_tables() {
    let directory = Directory::new();
    let error = SqliteStore::open_client(directory.file()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(!directory.file().exists(), "a client made a file");
    raw(&directory.file(), "CREATE TABLE own (x)");
    let error = SqliteStore::open_client(directory.file()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Version);
    assert!(error.to_string().contains("has no jobs in it"), "{error}");
}

#[tokio::test]
async fn no_id_comes_back_after_a_kill() {
    let directory = Directory::new();
    let mut seen = BTreeSet::new();
    for _ in 0..3 {
        let mut owner = Other::start("own", &directory.file());
        assert!(seen.insert(owner.hears("open")), "an id came back");
        owner.kill();
    }
    for _ in 0..3 {
        let store = SqliteStore::options(directory.file()).open().await.unwrap();
        let handle = Client::new(store.clone()).enqueue(Receipt { order: 1 }).await.unwrap();
        store.close().await;
        assert!(seen.insert(handle.id().to_string()), "an id came back");
    }
    let connection = Connection::open(directory.file()).unwrap();
    let jobs: i64 = connection.query_row("SELECT count(*) FROM ostler_job", (), |row| row.get(0)).unwrap();
    assert_eq!(jobs, 6);
}

/// Whoever opens may go away at any moment, also when the store has just been opened and not yet handed over.
#[tokio::test]
async fn a_file_whose_opening_is_dropped_is_closed_again() {
    struct Woken(std::sync::mpsc::Sender<()>);
    impl std::task::Wake for Woken {
        fn wake(self: Arc<Self>) {
            let _ = self.0.send(());
        }
    }
    let directory = Directory::new();
    let (tell, told) = std::sync::mpsc::channel();
    let waker = Arc::new(Woken(tell)).into();
    let mut opens: Waiting<_> = Box::pin(SqliteStore::options(directory.file()).open());
    assert!(opens.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    told.recv_timeout(HUNG).expect("the file is open");
    drop(opens);
    let start = Instant::now();
    while let Err(error) = SqliteStore::options(directory.file()).open().await {
        assert_eq!(error.kind(), ErrorKind::Owned);
        assert!(start.elapsed() < HUNG, "nobody has the store, and the file is still owned");
    }
}

#[tokio::test]
async fn the_ids_of_one_file_are_unknown_to_another() {
    let (one, two) = (Directory::new(), Directory::new());
    let first = SqliteStore::options(one.file()).open().await.unwrap();
    let second = SqliteStore::options(two.file()).open().await.unwrap();
    let job = insert(&first, row(1)).await.unwrap().id;
    insert(&second, row(1)).await.unwrap();
    assert!(first.status(job).await.unwrap().is_some());
    assert!(second.status(job).await.unwrap().is_none());
}
