//! A plain value is not an extractor.

use ostler::{Host, SECOND, every};

async fn task(_: String) {}

fn main() {
    let _ = Host::new(()).task("t", every(SECOND), task);
}
