//! The states of a job, and the table of legal moves between them. Every store is held against this table.

use std::fmt;

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum JobState {
    /// It is due later.
    Scheduled,
    /// It waits for a free worker.
    Ready,
    /// It is parked, with a reason on the row; nothing asks for it until it is unparked.
    Blocked,
    /// A worker has claimed it.
    Running,
    /// It ended well.
    Done,
    /// It was no longer wanted.
    Cancelled,
    /// It will not be tried again.
    Dead,
}

impl JobState {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Scheduled, Self::Ready, Self::Blocked, Self::Running, Self::Done, Self::Cancelled, Self::Dead];

    /// Whether nothing follows.
    pub const fn is_finished(self) -> bool {
        matches!(self, Self::Done | Self::Cancelled | Self::Dead)
    }

    /// The word used in logs, pages and stores.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Ready => "ready",
            Self::Blocked => "blocked",
            Self::Running => "running",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
            Self::Dead => "dead",
        }
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What moves a job from one state to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Move {
    /// Its time has come.
    Due,
    /// A worker takes it.
    Claim,
    /// Its row cannot be read, or it has to wait for something.
    Park,
    /// Its attempt ended well.
    Succeed,
    /// Its attempt failed and another follows.
    Retry,
    /// Its attempt asked for another time.
    Snooze,
    /// Its worker stops and hands it back.
    GiveBack,
    /// Its worker is gone.
    Rescue,
    /// It is no longer wanted.
    Cancel,
    /// It will not be tried again.
    Die,
}

/// The legal moves: from, by, to. What is not here cannot happen.
pub const LEGAL: &[(JobState, Move, JobState)] = {
    use JobState::*;
    &[
        (Scheduled, Move::Due, Ready),
        (Scheduled, Move::Cancel, Cancelled),
        (Ready, Move::Claim, Running),
        (Ready, Move::Park, Blocked),
        (Ready, Move::Cancel, Cancelled),
        (Blocked, Move::Cancel, Cancelled),
        (Running, Move::Succeed, Done),
        (Running, Move::Retry, Scheduled),
        (Running, Move::Retry, Ready),
        (Running, Move::Snooze, Scheduled),
        (Running, Move::Snooze, Ready),
        (Running, Move::GiveBack, Ready),
        (Running, Move::Rescue, Ready),
        (Running, Move::Cancel, Cancelled),
        (Running, Move::Die, Dead),
    ]
};

/// Whether `by` may take a job from `from` to `to`.
pub fn is_legal(from: JobState, by: Move, to: JobState) -> bool {
    LEGAL.contains(&(from, by, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moves_from(state: JobState) -> impl Iterator<Item = &'static (JobState, Move, JobState)> {
        LEGAL.iter().filter(move |(from, _, _)| *from == state)
    }

    #[test]
    fn nothing_follows_a_finished_state_and_something_every_other() {
        for state in JobState::ALL {
            assert_eq!(moves_from(state).count() == 0, state.is_finished(), "{state}");
        }
    }

    #[test]
    fn every_state_that_is_not_finished_can_be_cancelled() {
        for state in JobState::ALL.into_iter().filter(|state| !state.is_finished()) {
            assert!(is_legal(state, Move::Cancel, JobState::Cancelled), "{state}");
        }
    }

    #[test]
    fn a_job_runs_by_a_claim_and_ends_well_or_for_good_only_from_there() {
        for &(from, by, to) in LEGAL {
            assert_eq!(to == JobState::Running, by == Move::Claim);
            assert_eq!(to == JobState::Done, by == Move::Succeed);
            assert_eq!(to == JobState::Dead, by == Move::Die);
            assert!(by != Move::Claim || from == JobState::Ready);
            assert!(!matches!(by, Move::Succeed | Move::Die) || from == JobState::Running);
        }
    }

    #[test]
    fn no_move_stands_twice_and_none_stays_where_it_is() {
        for (at, row) in LEGAL.iter().enumerate() {
            assert!(!LEGAL[..at].contains(row), "{row:?}");
            assert_ne!(row.0, row.2);
        }
        assert!(!is_legal(JobState::Scheduled, Move::Claim, JobState::Running));
        assert!(!is_legal(JobState::Done, Move::Rescue, JobState::Ready));
        assert!(!is_legal(JobState::Running, Move::Due, JobState::Ready));
    }

    #[test]
    fn each_state_has_a_word_of_its_own() {
        let mut words = JobState::ALL.map(JobState::as_str);
        words.sort_unstable();
        assert!(words.windows(2).all(|pair| pair[0] != pair[1]));
        assert_eq!(JobState::Ready.to_string(), "ready");
    }
}
