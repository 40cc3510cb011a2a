//! How late runs begin that are all due at one instant, told by each run itself, and which of them never do.
//!
//! The peers include this file too, so that it depends on nothing else here.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::Notify;

/// No run yet.
const NEVER: i64 = i64::MIN;

/// After so long a run that has not begun counts as lost.
const LOST_AFTER: Duration = Duration::from_secs(30);

/// The runs of so many jobs that are due together.
#[derive(Debug)]
pub(crate) struct Lateness {
    due: SystemTime,
    /// In nanoseconds, one for each job.
    jobs: Vec<AtomicI64>,
    left: AtomicUsize,
    again: AtomicUsize,
    all_ran: Notify,
}

impl Lateness {
    /// Jobs that are due at the first full second that is at least `ahead` from now.
    pub(crate) fn of(jobs: usize, ahead: Duration) -> Self {
        let second =
            (SystemTime::now() + ahead).duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() + 1);
        Self {
            due: UNIX_EPOCH + Duration::from_secs(second),
            jobs: (0..jobs).map(|_| AtomicI64::new(NEVER)).collect(),
            left: AtomicUsize::new(jobs),
            again: AtomicUsize::new(0),
            all_ran: Notify::new(),
        }
    }

    pub(crate) fn due(&self) -> SystemTime {
        self.due
    }

    /// How long it is until they are due; none where that has passed.
    pub(crate) fn ahead(&self) -> Option<Duration> {
        self.due.duration_since(SystemTime::now()).ok()
    }

    /// The first thing that the run of a job does.
    pub(crate) fn ran(&self, job: usize) {
        let nanos = |duration: Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        let late =
            SystemTime::now().duration_since(self.due).map_or_else(|early| -nanos(early.duration()), nanos);
        if self.jobs[job].compare_exchange(NEVER, late, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            self.again.fetch_add(1, Ordering::Relaxed);
        } else if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.all_ran.notify_one();
        }
    }

    /// What came of them: waits until all have run, or for the rest to count as lost.
    pub(crate) async fn figures(&self) -> Vec<(&'static str, f64)> {
        let limit = self.ahead().unwrap_or_default() + LOST_AFTER;
        let _ = tokio::time::timeout(limit, self.all_ran.notified()).await;
        let late = self.jobs.iter().map(|late| late.load(Ordering::Relaxed)).filter(|late| *late != NEVER);
        let mut late: Vec<f64> = late.map(|nanos| nanos as f64 / 1e6).collect();
        late.sort_by(f64::total_cmp);
        vec![
            ("lateness p50, ms", percentile(&late, 50)),
            ("lateness p99, ms", percentile(&late, 99)),
            ("lateness max, ms", percentile(&late, 100)),
            ("lost", (self.jobs.len() - late.len()) as f64),
            ("run again", self.again.load(Ordering::Relaxed) as f64),
        ]
    }
}

/// The smallest of `sorted` that at least `percent` of them do not exceed; not a number where there is none.
fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let values: Vec<f64> = (1..=200).map(f64::from).collect();
        let found = [50, 99, 100].map(|percent| percentile(&values, percent));
        assert_eq!(found, [100.0, 198.0, 200.0]);
        assert!(percentile(&[], 50).is_nan());
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_that_does_not_come_is_lost_and_a_second_one_is_noticed() {
        let jobs = Lateness::of(3, Duration::ZERO);
        jobs.ran(0);
        jobs.ran(2);
        jobs.ran(2);
        let figures = jobs.figures().await;
        assert_eq!(figures[3..], [("lost", 1.0), ("run again", 1.0)]);
        // They ran up to a second before they were due.
        assert!((-1000.0..=0.0).contains(&figures[0].1), "{figures:?}");
    }
}
