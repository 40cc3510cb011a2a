//! Who does not beat any more: observations of beats on the observer's own clock. It never compares clocks of two machines, so no
//! step of any clock expires anybody.

use std::collections::HashMap;
use std::time::Duration;

use crate::id::WorkerId;
use crate::store::WorkerBeat;

/// What was seen of the beats so far.
#[derive(Debug)]
pub(crate) struct Watch {
    lease: Duration,
    seen: HashMap<WorkerId, Seen>,
}

/// A beat, and when it was seen for the first time.
#[derive(Debug, Clone, Copy)]
struct Seen {
    beat: u64,
    since: Duration,
}

impl Watch {
    /// One that finds workers stale whose beat stays the same for this long.
    pub(crate) fn new(lease: Duration) -> Self {
        Self { lease, seen: HashMap::new() }
    }

    /// Takes in the beats of all workers, as they were asked for at `now`; which of them are stale.
    pub(crate) fn observe(&mut self, now: Duration, beats: &[WorkerBeat]) -> Vec<WorkerBeat> {
        let before = std::mem::take(&mut self.seen);
        for &WorkerBeat { worker, beat } in beats {
            let since = before.get(&worker).filter(|seen| seen.beat == beat).map_or(now, |seen| seen.since);
            self.seen.insert(worker, Seen { beat, since });
        }
        beats.iter().copied().filter(|beat| self.is_stale(beat, now)).collect()
    }

    fn is_stale(&self, beat: &WorkerBeat, now: Duration) -> bool {
        self.seen.get(&beat.worker).is_some_and(|seen| now.saturating_sub(seen.since) >= self.lease)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ostler::SECOND;

    const A: WorkerId = WorkerId(1);
    const B: WorkerId = WorkerId(2);

    fn beat(worker: WorkerId, beat: u64) -> WorkerBeat {
        WorkerBeat { worker, beat }
    }

    #[test]
    fn a_worker_is_stale_when_its_beat_was_the_same_for_a_whole_lease() {
        let mut watch = Watch::new(10 * SECOND);
        assert!(watch.observe(SECOND, &[beat(A, 7), beat(B, 1)]).is_empty(), "seen for the first time");
        assert!(watch.observe(10 * SECOND, &[beat(A, 7), beat(B, 2)]).is_empty());
        assert_eq!(watch.observe(11 * SECOND, &[beat(A, 7), beat(B, 2)]), [beat(A, 7)]);
    }

    #[test]
    fn a_beat_begins_its_time_anew_and_a_pause_of_the_watch_expires_nobody() {
        let mut watch = Watch::new(10 * SECOND);
        watch.observe(SECOND, &[beat(A, 7)]);
        assert!(watch.observe(500 * SECOND, &[beat(A, 8)]).is_empty(), "it has beaten meanwhile");
        assert_eq!(watch.observe(510 * SECOND, &[beat(A, 8)]).len(), 1);
    }

    #[test]
    fn a_worker_that_was_gone_in_between_is_a_new_one() {
        let mut watch = Watch::new(10 * SECOND);
        watch.observe(SECOND, &[beat(A, 7)]);
        watch.observe(2 * SECOND, &[]);
        assert!(watch.observe(20 * SECOND, &[beat(A, 7)]).is_empty());
    }
}
