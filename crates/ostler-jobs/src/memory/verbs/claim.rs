//! Taking jobs.

use super::Verbs;
use crate::error::{ErrorKind, StoreError};
use crate::id::{ClaimId, JobId};
use crate::memory::lanes::Wanted;
use crate::memory::leases::Held;
use crate::memory::row::Place;
use crate::state::Move;
use crate::store::{Claim, ClaimRequest, Claimed, ClaimedJob, Suspects, Want};

impl Verbs {
    pub(in crate::memory) fn claim(&mut self, request: &ClaimRequest) -> Result<Claimed, StoreError> {
        if !self.table.leases.is_alive(request.worker) {
            let message = format!("worker {} has expired, or never joined", request.worker);
            return Err(StoreError::new(ErrorKind::NotOwner, message));
        }
        let claim = self.table.leases.next_claim();
        let mut jobs = Vec::new();
        // Two suspects at a time would both be blamed.
        let is_refused = request.suspects == Suspects::Alone && self.table.leases.holds_alone(request.worker);
        for want in request.wants.iter().filter(|_| !is_refused) {
            self.take(want, request, claim, &mut jobs)?;
        }
        Ok(Claimed { claim: self.hold(claim, jobs, request), suspects: self.suspects_left(request) })
    }

    /// Takes what is wanted of one queue.
    fn take(
        &mut self,
        want: &Want,
        request: &ClaimRequest,
        claim: ClaimId,
        jobs: &mut Vec<ClaimedJob>,
    ) -> Result<(), StoreError> {
        let alone = request.suspects == Suspects::Alone;
        let most = if alone { want.most.min(1_usize.saturating_sub(jobs.len())) } else { want.most };
        let wanted = Wanted { kinds: &request.kinds, suspect: suspects_wanted(request.suspects) };
        for _ in 0..most {
            let Some(job) = self.next(want, &wanted) else { break };
            self.table.step(job, Move::Claim, Place::Running(claim))?;
            jobs.push(self.table.row(job)?.claimed(job));
        }
        Ok(())
    }

    fn next(&self, want: &Want, wanted: &Wanted<'_>) -> Option<JobId> {
        if self.paused.contains(&*want.queue) {
            return None;
        }
        self.table.lanes.next(&want.queue, wanted)
    }

    /// The claim of these jobs; none of none.
    fn hold(&mut self, id: ClaimId, jobs: Vec<ClaimedJob>, request: &ClaimRequest) -> Option<Claim> {
        if jobs.is_empty() {
            return None;
        }
        let alone = request.suspects == Suspects::Alone;
        let held = Held { worker: request.worker, alone, jobs: jobs.iter().map(|job| job.id).collect() };
        self.table.leases.hold(id, held);
        Some(Claim { id, jobs })
    }

    /// The suspects of the queues of which anything was wanted. Where all jobs are alike, none is left for being one.
    fn suspects_left(&self, request: &ClaimRequest) -> usize {
        if request.suspects == Suspects::AsOthers {
            return 0;
        }
        let is_open = |want: &&Want| want.most > 0 && !self.paused.contains(&*want.queue);
        let open = request.wants.iter().filter(is_open);
        open.map(|want| self.table.lanes.suspects(&want.queue, &request.kinds)).sum()
    }
}

fn suspects_wanted(suspects: Suspects) -> Option<bool> {
    match suspects {
        Suspects::AsOthers => None,
        Suspects::Leave => Some(false),
        Suspects::Alone => Some(true),
    }
}
