//! The handler is not `async`.

use ostler::{Host, SECOND, every};

fn task() {}

fn main() {
    let _ = Host::new(()).task("t", every(SECOND), task);
}
