//! The future holds an `Rc` over an await.

use std::rc::Rc;

use ostler::{Host, SECOND, every};

async fn task() {
    let held = Rc::new(1);
    std::future::ready(()).await;
    drop(held);
}

fn main() {
    let _ = Host::new(()).task("t", every(SECOND), task);
}
