//! The promises of the header, kept by the real program on a real file.

use std::path::{Path, PathBuf};

use example_support::{Program, refuses_unknown_arguments};
use sqlx::SqlitePool;
use sqlx::sqlite::SqliteConnectOptions;

const PROGRAM: &str = env!("CARGO_BIN_EXE_scoped-cleanup");

#[tokio::test]
async fn rows_older_than_thirty_days_are_deleted() {
    let folder = Folder::new("deleted");
    let mut program = Program::start(PROGRAM, &["--fast", "--data", folder.path()]);
    program.line("cleaned up deleted=30");
    program.line("cleaned up deleted=0");
    program.terminate();
    assert_eq!(program.exit_code(), 0);

    let (rows, old) = folder.rows().await;
    assert_eq!((rows, old), (30, 0));
}

#[test]
fn the_period_is_an_hour_and_the_first_run_comes_at_once() {
    let folder = Folder::new("hourly");
    let mut program = Program::start(PROGRAM, &["--data", folder.path()]);
    program.line("rows older than 30 days are deleted period=3600s");
    program.line("cleaned up deleted=30");
    program.terminate();
    assert_eq!(program.exit_code(), 0);
}

#[test]
fn a_folder_that_cannot_be_used_is_named() {
    let mut program = Program::start(PROGRAM, &["--data", "/dev/null/nowhere"]);
    program.line("error: --data /dev/null/nowhere: ");
    assert_eq!(program.exit_code(), 78);
}

#[test]
fn an_unknown_argument_is_refused() {
    refuses_unknown_arguments(PROGRAM);
}

/// An empty folder, removed when this is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("cleanup-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("the folder can be made");
        Self(folder)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("it is UTF-8")
    }

    /// How many rows there are, and how many of them are too old.
    async fn rows(&self) -> (i64, i64) {
        let options = SqliteConnectOptions::new().filename(self.0.join("scoped-cleanup.db"));
        let db = SqlitePool::connect_with(options).await.expect("the file is there");
        let query = "SELECT count(*), coalesce(sum(written < datetime('now', '-30 days')), 0) FROM logs";
        let counts = sqlx::query_as(query).fetch_one(&db).await.expect("the table is there");
        db.close().await;
        counts
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
