//! A number is not an outcome.

use ostler::{Host, SECOND, every};

async fn task() -> u32 {
    7
}

fn main() {
    let _ = Host::new(()).task("t", every(SECOND), task);
}
