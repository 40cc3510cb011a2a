//! The error is no error.

use ostler::{Host, SECOND, every};

struct NotAnError;

async fn task() -> Result<(), NotAnError> {
    Err(NotAnError)
}

fn main() {
    let _ = Host::new(()).task("t", every(SECOND), task);
}
