//! The instant that a run is for.

use jiff::Timestamp;

/// The instant that a run of a task is for, which may be well before the time at which it runs: taken as an argument by the
/// handler of a task.
///
/// ```
/// use ostler::{Host, Occurrence, cron};
///
/// async fn daily_report(occurrence: Occurrence) {
///     // The day of the report is that of its occurrence, however late the report is made.
///     println!("the report of {}", occurrence.at());
/// }
///
/// let host = Host::new(()).task("daily-report", cron("0 8 * * *", "Europe/Oslo"), daily_report);
/// # drop(host);
/// ```
///
/// All attempts of a run have the same one. Items have none: a consumer, a service or a check that takes it is refused at start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occurrence {
    pub(crate) at: Timestamp,
    pub(crate) by_hand: bool,
}

impl Occurrence {
    /// That of a schedule at `at`: for tests that call a handler themselves.
    ///
    /// ```
    /// use ostler::Occurrence;
    ///
    /// # async fn daily_report(_: Occurrence) {}
    /// let occurrence = Occurrence::new("2026-03-29T06:00:00Z".parse()?);
    /// assert!(!occurrence.is_by_hand());
    /// let report = daily_report(occurrence);
    /// # drop(report);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new(at: Timestamp) -> Self {
        Self { at, by_hand: false }
    }

    /// The instant: of a [`cron`](crate::cron) the occurrence of its schedule, without jitter; of an interval when the tick was
    /// due that is run, by the wall clock of the time at which that was seen; of a run that was triggered by hand when that
    /// was asked for.
    ///
    /// No two runs that a `cron` fires in one process have the same one.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// Whether the run was triggered by hand, and stands for no occurrence of the schedule.
    pub fn is_by_hand(&self) -> bool {
        self.by_hand
    }
}
