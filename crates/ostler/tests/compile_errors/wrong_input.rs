//! The queue holds numbers, the handler takes text.

use ostler::{Host, queue};

async fn handle(_: String) {}

fn main() {
    let (_queue, items) = queue::bounded::<u32>(1);
    let _ = Host::new(()).consume("c", items.workers(2), handle);
}
