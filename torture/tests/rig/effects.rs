//! What the handlers wrote down.

use std::collections::BTreeMap;
use std::path::Path;

use ostler_jobs::JobId;

/// One attempt, as its handler saw it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt {
    pub(crate) token: u64,
    pub(crate) pid: u32,
    pub(crate) began: u128,
    /// `None` where its process died first.
    pub(crate) ended: Option<u128>,
    /// When its process knew that its end was stored.
    pub(crate) stored: Option<u128>,
}

/// The attempts of each job, in the order in which they began.
pub(crate) type Effects = BTreeMap<JobId, Vec<Attempt>>;

pub(crate) fn read(folder: &Path) -> Effects {
    let mut effects = Effects::new();
    for line in std::fs::read_to_string(folder.join("effects")).unwrap_or_default().lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let [what, job, token, _attempt, pid, at] = words[..] else { panic!("a line of effects: {line}") };
        let (token, pid, at) = (token.parse().unwrap(), pid.parse().unwrap(), at.parse().unwrap());
        let attempts = effects.entry(job.parse().unwrap()).or_default();
        match what {
            "began" => attempts.push(Attempt { token, pid, began: at, ended: None, stored: None }),
            "ended" => of(attempts, token).ended = Some(at),
            // One that was given back before it began has no attempt here.
            _ if attempts.iter().all(|attempt| attempt.token != token) => {}
            _ => of(attempts, token).stored = Some(at),
        }
    }
    effects
}

fn of(attempts: &mut [Attempt], token: u64) -> &mut Attempt {
    attempts.iter_mut().find(|attempt| attempt.token == token).unwrap()
}

/// The ids in all ledgers of a folder.
pub(crate) fn acknowledged(folder: &Path) -> Vec<JobId> {
    let mut ids = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with("ledger.") {
            ids.extend(
                std::fs::read_to_string(path).unwrap().lines().map(|line| line.parse::<JobId>().unwrap()),
            );
        }
    }
    ids
}
