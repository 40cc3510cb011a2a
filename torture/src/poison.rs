//! Jobs that end the process that runs them, each in its own way.

use std::io;

use ostler::State;
use ostler_jobs::{Job, JobArgs};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};

use crate::work::Effects;

/// How it kills.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Poison {
    Overflow,
    Abort,
    Memory,
    Exit,
}

impl JobArgs for Poison {
    const KIND: &'static str = "poison";
}

pub(crate) async fn kill(job: Job<Poison>, State(effects): State<Effects>) -> io::Result<()> {
    effects.write("began", &job)?;
    match job.args {
        Poison::Overflow => {
            std::hint::black_box(descend(1));
        }
        Poison::Abort => std::process::abort(),
        Poison::Memory => exhaust_memory()?,
        Poison::Exit => std::process::exit(0),
    }
    effects.write("ended", &job)
}

/// Never comes back.
#[allow(unconditional_recursion)]
fn descend(depth: u64) -> u64 {
    let page = std::hint::black_box([depth; 512]);
    descend(depth + 1).wrapping_add(page[0])
}

/// Allows this process no more memory than a little, and then takes it.
fn exhaust_memory() -> io::Result<()> {
    let limit = Rlimit { current: Some(64 << 20), maximum: getrlimit(Resource::As).maximum };
    setrlimit(Resource::As, limit)?;
    let mut kept = Vec::new();
    loop {
        kept.push(std::hint::black_box(vec![1_u8; 1 << 20]));
    }
}
