//! Whether what has moved between two views may have moved so, by the operation that lies between them: pure.

use super::op::Op;
use crate::state::{JobState, Move, is_legal};
use crate::store::JobStatus;

/// What is wrong with the moves from one view to the next.
pub(super) fn check(
    op: &Op,
    before: &[Option<JobStatus>],
    after: &[Option<JobStatus>],
) -> Result<(), String> {
    for (at, (before, after)) in before.iter().zip(after).enumerate() {
        let (from, to) = (state(before), state(after));
        if from != to && !may_move(op, from, to) {
            return Err(format!("job {at} went from {from:?} to {to:?}"));
        }
    }
    Ok(())
}

fn state(status: &Option<JobStatus>) -> Option<JobState> {
    status.as_ref().map(|status| status.state)
}

fn may_move(op: &Op, from: Option<JobState>, to: Option<JobState>) -> bool {
    match (from, to) {
        (Some(from), Some(to)) => moves_of(op).iter().any(|&by| is_legal(from, by, to)),
        // A finished job goes when it is pruned, or at once where nothing is kept of it.
        (Some(from), None) if from.is_finished() => matches!(op, Op::Prune),
        (Some(JobState::Running), None) => matches!(op, Op::Finish(_)),
        _ => false,
    }
}

fn moves_of(op: &Op) -> &'static [Move] {
    match op {
        Op::Claim { .. } | Op::Isolate => &[Move::Claim],
        Op::Finish(_) => &[Move::Succeed, Move::Retry, Move::Snooze, Move::GiveBack, Move::Cancel, Move::Die],
        Op::Expire { .. } | Op::Leave(_) => &[Move::Rescue, Move::Cancel],
        Op::Stage => &[Move::Due],
        Op::Cancel { .. } => &[Move::Cancel],
        _ => &[],
    }
}
