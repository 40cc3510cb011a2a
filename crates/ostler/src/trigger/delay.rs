//! How long after an occurrence its run is due, where a plan has a jitter: pure.

use std::time::Duration;

use jiff::Timestamp;

use super::schedule::Schedule;

/// How long after each occurrence its run is due: always the same share of `most`, or of the time until the next occurrence
/// where that is shorter, so that they keep their order.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Delay {
    pub(super) most: Duration,
    /// From 0 to 1, and less than 1.
    pub(super) share: f64,
}

impl Delay {
    /// That of `occurrence`.
    pub(super) fn of(self, schedule: &Schedule, occurrence: Timestamp) -> Duration {
        if self.most.is_zero() {
            return Duration::ZERO;
        }
        let apart = schedule.next_after(occurrence).map(|next| since(next, occurrence));
        apart.map_or(self.most, |apart| apart.min(self.most)).mul_f64(self.share)
    }

    /// How long ago the run of `occurrence` was due, where it is.
    pub(super) fn late(
        self,
        schedule: &Schedule,
        occurrence: Timestamp,
        wall: Timestamp,
    ) -> Option<Duration> {
        let due = occurrence.saturating_add(self.of(schedule, occurrence)).unwrap_or(occurrence);
        (due <= wall).then(|| since(wall, due))
    }

    pub(super) fn is_due(self, schedule: &Schedule, occurrence: Timestamp, wall: Timestamp) -> bool {
        self.late(schedule, occurrence, wall).is_some()
    }

    /// The latest occurrence whose run is due.
    pub(super) fn latest_due(self, schedule: &Schedule, wall: Timestamp) -> Option<Timestamp> {
        let last = schedule.previous_before(just_after(wall))?;
        // Only the last one may still have to wait: a delay is shorter than the time to the next.
        if self.is_due(schedule, last, wall) { Some(last) } else { schedule.previous_before(last) }
    }

    /// The first occurrence later than `considered` whose run is not due yet.
    pub(super) fn first_to_come(
        self,
        schedule: &Schedule,
        considered: Option<Timestamp>,
        wall: Timestamp,
    ) -> Option<Timestamp> {
        let is_new = |&occurrence: &Timestamp| considered.is_none_or(|considered| occurrence > considered);
        let waits = |&occurrence: &Timestamp| !self.is_due(schedule, occurrence, wall);
        let last = match self.most.is_zero() {
            true => None,
            false => schedule.previous_before(just_after(wall)).filter(is_new).filter(waits),
        };
        last.or_else(|| schedule.next_after(considered.map_or(wall, |considered| considered.max(wall))))
    }
}

fn just_after(instant: Timestamp) -> Timestamp {
    instant.saturating_add(Duration::from_nanos(1)).unwrap_or(instant)
}

fn since(later: Timestamp, earlier: Timestamp) -> Duration {
    Duration::try_from(later.duration_since(earlier)).unwrap_or_default()
}
