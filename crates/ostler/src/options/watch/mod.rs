//! Watches the files that options are read from, and has them read again when what they say is another.
//!
//! A thread for each set of options, which needs no runtime and no host. What the system tells of its folders
//! is only a hint of when to look; what counts is the content, which is looked at now and then without any
//! hint, too. It goes by the machine's clock also under a test host: files are written in real time.

mod bell;
mod contents;
mod debounce;
mod route;
mod system;
mod thread;

#[cfg(test)]
mod tests;

pub(crate) use self::thread::{Subject, Watch, look, start};
