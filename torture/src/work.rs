//! The work of the rig: a handler that writes down when it began and when it ended, and how its job is identified.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ostler::{Clock, State};
use ostler_jobs::{Ack, ClaimId, Job, JobArgs, JobId, Policy};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// A job that takes so many milliseconds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Work {
    pub(crate) millis: u64,
}

impl JobArgs for Work {
    const KIND: &'static str = "work";

    fn policy() -> Policy {
        // With its end stored before the slot is free, no more runs are repeated after a kill than there are slots.
        Policy::new().ack(Ack::Sync)
    }
}

/// Where effects are written: each is one line, by one call, so that lines of several processes do not mix.
#[derive(Clone, Debug)]
pub(crate) struct Effects(Arc<File>);

impl Effects {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        OpenOptions::new().create(true).append(true).open(path).map(Arc::new).map(Self)
    }

    /// `what` happened to the job now: to be read by the checker.
    pub(crate) fn write<A>(&self, what: &str, job: &Job<A>) -> io::Result<()> {
        self.line(what, job.id(), job.token(), job.attempt())
    }

    /// The same, of a job that is not in a handler's hands.
    pub(crate) fn line(&self, what: &str, job: JobId, token: ClaimId, attempt: u32) -> io::Result<()> {
        let (pid, now) = (std::process::id(), boot_nanos());
        (&*self.0).write_all(format!("{what} {job} {token} {attempt} {pid} {now}\n").as_bytes())
    }
}

/// Nanoseconds since the machine was booted: the same for all processes, and never set.
pub(crate) fn boot_nanos() -> u128 {
    let now = clock_gettime(ClockId::Boottime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0)).as_nanos()
}

pub(crate) async fn work(job: Job<Work>, State(effects): State<Effects>, clock: Clock) -> io::Result<()> {
    effects.write("began", &job)?;
    clock.sleep(Duration::from_millis(job.args.millis)).await;
    effects.write("ended", &job)
}
