//! How long things took, counted in buckets: fixed bounds, plain numbers, no lock of its own.

use std::time::Duration;

/// The upper bounds of the buckets: from what a quick handler takes to what the longest job of a night does. Each is
/// at most three times the one before, so that a quantile read between two of them is not far off; and they are few,
/// because each is a series for each unit. What takes less than the first is too short to be worth a look, what takes
/// more than the last is said by the sum and by the unit's last run.
pub(crate) const BOUNDS: [Duration; 18] = [
    Duration::from_millis(1),
    Duration::from_micros(2_500),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_millis(2_500),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(60),
    Duration::from_secs(120),
    Duration::from_secs(300),
    Duration::from_secs(600),
];

/// Durations, counted by the first bound that is not below them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Histogram {
    counts: [u64; BOUNDS.len()],
    beyond: u64,
    sum: Duration,
}

impl Histogram {
    pub(crate) fn observe(&mut self, took: Duration) {
        let place = BOUNDS.partition_point(|&bound| bound < took);
        *self.counts.get_mut(place).unwrap_or(&mut self.beyond) += 1;
        self.sum = self.sum.saturating_add(took);
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(mine, its)| *mine += its);
        self.beyond += other.beyond;
        self.sum = self.sum.saturating_add(other.sum);
    }

    /// Each bound with how many were not above it.
    pub(crate) fn cumulative(&self) -> impl Iterator<Item = (Duration, u64)> {
        let sums = self.counts.iter().scan(0, |sum, count| {
            *sum += count;
            Some(*sum)
        });
        BOUNDS.into_iter().zip(sums)
    }

    pub(crate) fn count(&self) -> u64 {
        self.counts.iter().sum::<u64>() + self.beyond
    }

    pub(crate) fn sum(&self) -> Duration {
        self.sum
    }
}

/// How long runs took, and how long their items had waited. Each is there from the first one on: what waits for its
/// first run pays for neither.
#[derive(Debug, Default)]
pub(crate) struct Times {
    pub(crate) took: Option<Box<Histogram>>,
    pub(crate) waited: Option<Box<Histogram>>,
}

impl Times {
    pub(crate) fn observe(&mut self, took: Duration, waited: Option<Duration>) {
        self.took.get_or_insert_default().observe(took);
        if let Some(waited) = waited {
            self.waited.get_or_insert_default().observe(waited);
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (mine, its) in [(&mut self.took, &other.took), (&mut self.waited, &other.waited)] {
            if let Some(its) = its {
                mine.get_or_insert_default().add(its);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_rise_by_no_more_than_a_factor_of_three() {
        for pair in BOUNDS.windows(2) {
            assert!(pair[0] < pair[1] && pair[1] <= 3 * pair[0], "{pair:?}");
        }
    }

    #[test]
    fn what_equals_a_bound_is_not_above_it() {
        let mut histogram = Histogram::default();
        let nanosecond = Duration::from_nanos(1);
        let last = BOUNDS[BOUNDS.len() - 1];
        for took in [Duration::ZERO, BOUNDS[0], BOUNDS[0] + nanosecond, last, last + nanosecond] {
            histogram.observe(took);
        }
        let counts: Vec<u64> = histogram.cumulative().map(|(_, count)| count).collect();
        assert_eq!((counts[0], counts[1], counts[16], counts[17]), (2, 3, 3, 4));
        assert_eq!(histogram.count(), 5);
        assert_eq!(histogram.sum(), 2 * (BOUNDS[0] + last + nanosecond));
    }

    #[test]
    fn a_sum_of_two_is_as_if_one_had_seen_all() {
        let (mut one, mut other, mut all) = (Times::default(), Times::default(), Times::default());
        one.observe(BOUNDS[3], None);
        other.observe(BOUNDS[5], Some(BOUNDS[1]));
        all.observe(BOUNDS[3], None);
        all.observe(BOUNDS[5], Some(BOUNDS[1]));
        one.add(&other);
        assert_eq!((one.took, one.waited), (all.took, all.waited));
        other.add(&Times::default());
        assert_eq!(other.took.map(|took| took.count()), Some(1));
    }
}
