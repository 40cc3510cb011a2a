//! Taking jobs.

use std::collections::BTreeSet;
use std::sync::Arc;

use ostler_jobs::payload;
use ostler_jobs::store::{Claim as Claimed1, ClaimRequest, Claimed, ClaimedJob, Suspects, Want};
use ostler_jobs::{ClaimId, ErrorKind, StoreError};
use rusqlite::types::ValueRef;

use super::engine::Engine;
use super::row::timestamp;
use crate::call::{Company, Sync, Verb};
use crate::file::fault;
use crate::index::{Held, Index, KindSet, LaneId, Running, Stage, Taken, Which};

/// The verb.
pub(crate) struct Claim(pub(crate) ClaimRequest);

impl Verb for Claim {
    type Answer = Claimed;

    fn company(&self, index: &Index) -> Company {
        // An idle worker asks often, and gets its answer without a transaction.
        let which = which(self.0.suspects);
        let kinds = kinds_of(&self.0.kinds, index);
        let has_ready = |want: &Want| {
            let queue = index.name_id(&want.queue).filter(|_| want.most > 0 && !index.is_paused(&want.queue));
            queue.is_some_and(|queue| index.has_ready(queue, &kinds, which))
        };
        if self.0.wants.iter().any(has_ready) { Company::Group(Sync::Normal) } else { Company::Aside }
    }

    fn run(&mut self, engine: &mut Engine<'_>) -> Result<Self::Answer, StoreError> {
        if !engine.index.is_alive(self.0.worker.0) {
            let text = format!("worker {} has expired, or never joined", self.0.worker);
            return Err(StoreError::new(ErrorKind::NotOwner, text));
        }
        let kinds = engine.kinds.of(&self.0.kinds, &engine.index);
        let claim = engine.claim(&self.0, &kinds)?;
        Ok(Claimed { claim, suspects: engine.suspects_left(&self.0, &kinds) })
    }
}

fn which(suspects: Suspects) -> Which {
    match suspects {
        Suspects::Leave => Which::Innocents,
        Suspects::Alone => Which::Suspects,
        _ => Which::All,
    }
}

/// Kinds as numbers; those that no job ever had have none.
fn kinds_of(kinds: &BTreeSet<Arc<str>>, index: &Index) -> KindSet {
    kinds.iter().filter_map(|kind| index.name_id(kind)).collect()
}

/// The kinds of the last claim as numbers: a worker asks for the same ones again and again.
#[derive(Debug, Default)]
pub(crate) struct KindsSeen {
    /// Held, so that no other set can stand at its place in memory.
    asked: Option<Arc<BTreeSet<Arc<str>>>>,
    names: usize,
    kinds: Arc<KindSet>,
}

impl KindsSeen {
    fn of(&mut self, asked: &Arc<BTreeSet<Arc<str>>>, index: &Index) -> Arc<KindSet> {
        let is_same = self.asked.as_ref().is_some_and(|seen| Arc::ptr_eq(seen, asked));
        if !is_same || self.names != index.names() {
            self.kinds = Arc::new(kinds_of(asked, index));
            self.asked = Some(Arc::clone(asked));
            self.names = index.names();
        }
        Arc::clone(&self.kinds)
    }
}

/// What is read of a job's row, or known of a new one without.
struct Found {
    attempt: u32,
    crashes: u32,
    cancel_asked: bool,
    created: i64,
    key: Option<[u8; 16]>,
    args: Arc<str>,
}

/// A claim that is being made.
#[derive(Default)]
struct Making {
    id: Option<u64>,
    jobs: Vec<ClaimedJob>,
    /// As its row has them.
    pairs: Vec<(u64, u32)>,
}

impl Engine<'_> {
    fn claim(&mut self, request: &ClaimRequest, kinds: &KindSet) -> Result<Option<Claimed1>, StoreError> {
        let mut making = Making::default();
        if request.suspects == Suspects::Alone && self.index.holds_alone(request.worker.0) {
            // Two suspects at a time would both be blamed.
            return Ok(None);
        }
        for want in &request.wants {
            let most = match request.suspects {
                Suspects::Alone => want.most.min(usize::from(making.jobs.is_empty())),
                _ => want.most,
            };
            self.claim_of(&want.queue, most, request.suspects, kinds, &mut making)?;
        }
        let Making { id: Some(id), jobs, pairs } = making else { return Ok(None) };
        if jobs.is_empty() {
            return Ok(None);
        }
        self.write_claim(id, request, pairs)?;
        Ok(Some(Claimed1 { id: ClaimId(id), jobs }))
    }

    /// Takes up to so many of a queue; those that cannot be read are parked, and others are taken in their place.
    fn claim_of(
        &mut self,
        queue: &str,
        most: usize,
        suspects: Suspects,
        kinds: &KindSet,
        making: &mut Making,
    ) -> Result<(), StoreError> {
        let Some(name) = self.index.name_id(queue).filter(|_| !self.index.is_paused(queue)) else {
            return Ok(());
        };
        let enough = making.jobs.len().saturating_add(most);
        while making.jobs.len() < enough {
            let mut taken = Vec::new();
            self.index.take_ready(name, kinds, which(suspects), enough - making.jobs.len(), &mut taken);
            if taken.is_empty() {
                break;
            }
            for taken in taken {
                self.add_to(making, taken)?;
            }
        }
        Ok(())
    }

    fn add_to(&mut self, making: &mut Making, taken: Taken) -> Result<(), StoreError> {
        let claim = match making.id {
            Some(claim) => claim,
            None => *making.id.insert(self.ids.next()?),
        };
        if let Some((job, attempt)) = self.take(claim, taken)? {
            making.pairs.push((taken.job, attempt));
            making.jobs.push(job);
        }
        Ok(())
    }

    /// Takes one job, where it can be read.
    fn take(
        &mut self,
        claim: u64,
        Taken { lane, job }: Taken,
    ) -> Result<Option<(ClaimedJob, u32)>, StoreError> {
        let found = match self.find(job)? {
            Ok(found) => found,
            Err(why) => return self.park(lane, job, &why).map(|()| None),
        };
        let (queue, kind, priority) = self.index.lane_key(lane);
        let names = self.index.name(queue).zip(self.index.name(kind));
        let (queue, kind) = names.ok_or_else(|| StoreError::new(ErrorKind::Bug, "a lane has no name"))?;
        let claimed = ClaimedJob {
            id: self.ids.job_id(job),
            kind: Arc::clone(kind),
            queue: Arc::clone(queue),
            priority,
            args: Arc::clone(&found.args),
            attempt: found.attempt.saturating_add(1),
            crashes: found.crashes,
            created: timestamp(found.created),
        };
        let Found { attempt, crashes, cancel_asked, created, key, args } = found;
        self.index.run(job, Running { claim, lane, attempt, crashes, created, key, cancel_asked, args });
        Ok(Some((claimed, attempt)))
    }

    /// What is known of a job, or why its row cannot be read.
    fn find(&mut self, job: u64) -> Result<Result<Found, String>, StoreError> {
        if let Some(fresh) = self.fresh.take(job) {
            return Ok(Ok(Found {
                attempt: 0,
                crashes: 0,
                cancel_asked: false,
                created: fresh.created,
                key: fresh.key,
                args: fresh.args,
            }));
        }
        // What this process wrote was checked before.
        let is_checked = self.ids.is_of_this_epoch(job);
        let found = self.sql.job.query_row((job as i64,), |row| Ok(read(row, is_checked)));
        match found {
            Err(rusqlite::Error::QueryReturnedNoRows) => Ok(Err("its row is gone".to_owned())),
            found => found.map_err(|error| fault("read a job", error)),
        }
    }

    /// Puts a job aside, with why.
    fn park(&mut self, lane: LaneId, job: u64, why: &str) -> Result<(), StoreError> {
        let why = format!("its row cannot be read: {why}");
        tracing::warn!(job = %self.ids.job_id(job), why, "a job is parked");
        let parked = self.sql.park.execute((job as i64, &why)).map_err(|error| fault("park a job", error))?;
        self.index.count_lane(lane, Stage::BLOCKED, parked as i64);
        Ok(())
    }

    fn write_claim(
        &mut self,
        id: u64,
        request: &ClaimRequest,
        jobs: Vec<(u64, u32)>,
    ) -> Result<(), StoreError> {
        let alone = request.suspects == Suspects::Alone;
        let pairs = packed(&jobs);
        let written = self.sql.add_claim.execute((id as i64, self.now.as_millisecond(), alone, pairs));
        written.map_err(|error| fault("write a claim", error))?;
        self.index.hold(id, Held { worker: request.worker.0, alone, left: jobs.len(), jobs });
        Ok(())
    }

    /// How many suspects it could have and did not get, of the queues that it had room for.
    fn suspects_left(&self, request: &ClaimRequest, kinds: &KindSet) -> usize {
        if request.suspects == Suspects::AsOthers {
            return 0;
        }
        let is_open = |want: &&Want| want.most > 0 && !self.index.is_paused(&want.queue);
        let open = request.wants.iter().filter(is_open);
        let queues = open.filter_map(|want| self.index.name_id(&want.queue));
        queues.map(|queue| self.index.suspects(queue, kinds)).sum()
    }
}

/// The pairs of a claim as its row has them.
pub(super) fn packed(jobs: &[(u64, u32)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(jobs.len() * 12);
    for (job, attempt) in jobs {
        bytes.extend_from_slice(&job.to_le_bytes());
        bytes.extend_from_slice(&attempt.to_le_bytes());
    }
    bytes
}

/// The pairs of a claim from its row. What is no whole pair is nothing.
pub(crate) fn unpacked(bytes: &[u8]) -> impl Iterator<Item = (u64, u32)> {
    bytes.chunks_exact(12).map(|pair| {
        let (mut job, mut attempt) = ([0; 8], [0; 4]);
        job.copy_from_slice(&pair[..8]);
        attempt.copy_from_slice(&pair[8..]);
        (u64::from_le_bytes(job), u32::from_le_bytes(attempt))
    })
}

/// A job's row, or why that is none: other programs can write into the file what they like.
fn read(row: &rusqlite::Row<'_>, is_checked: bool) -> Result<Found, String> {
    let text = |error: rusqlite::Error| error.to_string();
    let args = match row.get_ref(5).map_err(text)? {
        ValueRef::Text(bytes) => bytes,
        other => return Err(format!("its arguments are of the type {}", other.data_type())),
    };
    if !is_checked {
        payload::check(args, payload::HARD_LIMIT).map_err(|error| error.to_string())?;
    }
    Ok(Found {
        attempt: row.get(0).map_err(text)?,
        crashes: row.get(1).map_err(text)?,
        cancel_asked: row.get::<_, i64>(2).map_err(text)? & 2 != 0,
        created: row.get(3).map_err(text)?,
        key: row.get(4).map_err(text)?,
        args: std::str::from_utf8(args).map_err(|error| error.to_string())?.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_packed_as_the_schema_says() {
        let jobs = [(1 << 40 | 7, 3), (2, 0)];
        let bytes = packed(&jobs);
        assert_eq!(bytes[..12], [7, 0, 0, 0, 0, 1, 0, 0, 3, 0, 0, 0]);
        assert_eq!(unpacked(&bytes).collect::<Vec<_>>(), jobs);
        assert_eq!(unpacked(&bytes[..13]).count(), 1);
    }
}
