//! An item that is tried again must be `Clone`.

use ostler::{Host, queue};

struct Item;

async fn handle(_: Item) {}

fn main() {
    let (_queue, items) = queue::bounded::<Item>(1);
    let _ = Host::new(()).consume("c", items.workers(1).attempts(3), handle);
}
