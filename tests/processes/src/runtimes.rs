//! Programs that run the host under a runtime of their own, and so end by themselves with the report's code.

use std::process::ExitCode;

use ostler::{Error, Report};

use crate::stopping;

fn code_of(result: Result<Report, Error>) -> ExitCode {
    ExitCode::from(match result {
        Ok(report) => report.exit_code(),
        Err(error) => {
            eprintln!("{error:?}");
            error.exit_code()
        }
    })
}

#[tokio::main]
pub(crate) async fn tokio_main() -> ExitCode {
    code_of(stopping::obedient().await)
}

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn current_thread() -> ExitCode {
    code_of(stopping::obedient().await)
}

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn current_thread_deaf() -> ExitCode {
    code_of(stopping::deaf().await)
}

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn current_thread_stuck() -> ExitCode {
    code_of(stopping::stuck().await)
}

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn current_thread_stuck_alone() -> ExitCode {
    code_of(stopping::stuck_alone().await)
}
