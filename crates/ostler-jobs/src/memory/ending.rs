//! What the end of an attempt comes to: pure, and the same for every store.

use std::sync::Arc;
use std::time::Duration;

use crate::policy::{Keep, Retention};
use crate::state::{JobState, Move};
use crate::store::{CANCELLED, End, LOST};

/// What becomes of a running job.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ending {
    /// By which move.
    pub(super) by: Move,
    /// To what.
    pub(super) next: Next,
    /// Whether the attempt counts.
    pub(super) counts: bool,
    /// The error that it is known by from then on.
    pub(super) error: Detail,
    /// Its result.
    pub(super) result: Option<Arc<str>>,
}

/// Where the job goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Before all others.
    Front,
    /// After all others.
    Back,
    /// There, when this time has passed.
    After(Duration),
    /// Nowhere.
    Finished(JobState, Keep),
}

/// What becomes of the error that a job is known by.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// It stays.
    Same,
    /// There is none.
    None,
    /// This one.
    Text(Arc<str>),
}

/// The orderly end of an attempt, of a job that is to be cancelled or not.
pub(super) fn of_end(end: End, keep: Keep, cancel_asked: bool) -> Ending {
    match end {
        End::Done { result } => {
            let next = Next::Finished(JobState::Done, keep);
            Ending { by: Move::Succeed, next, counts: true, error: Detail::None, result }
        }
        End::Dead { error } => for_good(Move::Die, JobState::Dead, keep, error),
        End::Cancelled { reason } => for_good(Move::Cancel, JobState::Cancelled, keep, reason),
        // The attempt counts where its end does, whatever becomes of the job.
        End::Retry { .. } if cancel_asked => cancelled(keep, true),
        End::Snooze { .. } | End::GiveBack if cancel_asked => cancelled(keep, false),
        End::Retry { error, wait } => again(Move::Retry, after(wait), true, Detail::Text(error)),
        End::Snooze { wait } => again(Move::Snooze, after(wait), false, Detail::Same),
        End::GiveBack => again(Move::GiveBack, Next::Front, false, Detail::Same),
    }
}

/// The end of an attempt whose worker is gone.
pub(super) fn of_loss(cancel_asked: bool) -> Ending {
    if cancel_asked {
        return cancelled(Retention::new().cancelled, true);
    }
    again(Move::Rescue, Next::Back, true, Detail::Text(LOST.into()))
}

/// How often a job's process has died under it, after another time.
pub(super) fn crashes(before: u32, alone: bool) -> u32 {
    if alone { before.saturating_add(1) } else { before.max(1) }
}

fn for_good(by: Move, state: JobState, keep: Keep, error: Arc<str>) -> Ending {
    Ending { by, next: Next::Finished(state, keep), counts: true, error: Detail::Text(error), result: None }
}

fn cancelled(keep: Keep, counts: bool) -> Ending {
    Ending { counts, ..for_good(Move::Cancel, JobState::Cancelled, keep, CANCELLED.into()) }
}

fn again(by: Move, next: Next, counts: bool, error: Detail) -> Ending {
    Ending { by, next, counts, error, result: None }
}

fn after(wait: Duration) -> Next {
    if wait.is_zero() { Next::Back } else { Next::After(wait) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEEP: Keep = Keep { age: ostler::DAY, most: 3 };

    #[test]
    fn only_an_end_for_good_outdoes_a_cancel() {
        let ends = [
            (End::Done { result: None }, JobState::Done, true),
            (End::Dead { error: "e".into() }, JobState::Dead, true),
            (End::Cancelled { reason: "r".into() }, JobState::Cancelled, true),
            (End::Retry { error: "e".into(), wait: Duration::ZERO }, JobState::Cancelled, true),
            (End::Snooze { wait: Duration::ZERO }, JobState::Cancelled, false),
            (End::GiveBack, JobState::Cancelled, false),
        ];
        for (end, state, counts) in ends {
            let ending = of_end(end, KEEP, true);
            assert_eq!((ending.next, ending.counts), (Next::Finished(state, KEEP), counts));
        }
        assert_eq!(of_loss(true).next, Next::Finished(JobState::Cancelled, Retention::new().cancelled));
    }

    #[test]
    fn a_crash_is_blamed_on_a_job_that_was_alone_and_never_raised_for_others() {
        assert_eq!([crashes(0, false), crashes(1, false), crashes(2, false)], [1, 1, 2]);
        assert_eq!([crashes(0, true), crashes(1, true)], [1, 2]);
    }
}
