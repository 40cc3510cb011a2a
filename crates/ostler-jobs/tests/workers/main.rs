//! Workers on the memory store, on a virtual clock but where the text says otherwise.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail, and drive clocks themselves"
)]

mod ends;
mod faulty;
mod fetch;
mod isolation;
mod kit;
mod lease;
mod mistakes;
mod outage;
mod panics;
mod real;
mod stop;
mod support;
mod wait;
