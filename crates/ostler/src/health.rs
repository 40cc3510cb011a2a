//! What the probes answer, derived from cached state alone: pure, from a snapshot to a verdict.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::record::{Record, UnitState};

/// `/livez` fails when the main runtime has not ticked for this long. Shorter than the liveness windows in common use
/// (three probes, ten seconds apart), longer than any pause that a healthy runtime has.
pub const LIVE_WITHIN: Duration = Duration::from_secs(10);

/// A body stays small however many units are in trouble.
const MAX_REASONS: usize = 20;

/// How well something is. The worst of several counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Status {
    #[default]
    Healthy,
    Degraded,
    Unhealthy,
}

impl Status {
    /// Degraded still takes traffic.
    pub(crate) const fn http_status(self) -> u16 {
        match self {
            Self::Healthy | Self::Degraded => 200,
            Self::Unhealthy => 503,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Healthy => "Healthy",
            Self::Degraded => "Degraded",
            Self::Unhealthy => "Unhealthy",
        })
    }
}

/// A status and why, a line for each reason.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Verdict {
    pub(crate) status: Status,
    pub(crate) reasons: Vec<String>,
}

impl Verdict {
    fn unhealthy(reason: impl Into<String>) -> Self {
        Self { status: Status::Unhealthy, reasons: vec![reason.into()] }
    }

    fn add(&mut self, status: Status, reason: impl FnOnce() -> String) {
        self.status = self.status.max(status);
        match self.reasons.len() {
            0..MAX_REASONS => self.reasons.push(reason()),
            MAX_REASONS => self.reasons.push("and more".to_owned()),
            _ => {}
        }
    }
}

/// What the host's life says, before its units are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    Starting,
    Running,
    Stopping,
}

/// Should the process be killed?
pub(crate) fn live(tick_age: Duration) -> Verdict {
    if tick_age > LIVE_WITHIN {
        return Verdict::unhealthy(format!("the main runtime has not ticked for {} s", tick_age.as_secs()));
    }
    Verdict::default()
}

/// Has the start succeeded?
pub(crate) fn started(was_ready: bool) -> Verdict {
    if was_ready { Verdict::default() } else { Verdict::unhealthy("the host is starting") }
}

/// Should it be sent traffic?
pub(crate) fn ready(life: Life, units: &[Arc<Record>]) -> Verdict {
    match life {
        Life::Starting => Verdict::unhealthy("the host is starting"),
        Life::Stopping => Verdict::unhealthy("the host is stopping"),
        Life::Running => of_units(units),
    }
}

fn of_units(units: &[Arc<Record>]) -> Verdict {
    let mut verdict = Verdict::default();
    for unit in units {
        let name = unit.name();
        match unit.state() {
            UnitState::Failed => verdict.add(Status::Unhealthy, || format!("unit `{name}` failed")),
            UnitState::Restarting => {
                verdict.add(Status::Degraded, || format!("unit `{name}` is restarting"));
            }
            UnitState::Starting => verdict.add(Status::Degraded, || format!("unit `{name}` is starting")),
            UnitState::Running if !unit.is_ready() => verdict.add(Status::Unhealthy, || {
                format!("unit `{name}` is {}", unit.reason().as_deref().unwrap_or("not ready"))
            }),
            UnitState::Registered
            | UnitState::Running
            | UnitState::Paused
            | UnitState::Draining
            | UnitState::Stopped
            | UnitState::Completed => {}
        }
        if let Some(outcome) = unit.last_outcome().filter(|outcome| outcome.is_failure()) {
            verdict.add(Status::Degraded, || format!("the last run of `{name}` {outcome}"));
        }
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::outcome::RunOutcome;
    use crate::record::UnitKind;
    use crate::tally::Ended;

    fn unit(state: UnitState, outcome: Option<RunOutcome>) -> Arc<Record> {
        let clock = Clock::real();
        let record = Record::new("u".into(), UnitKind::Service, clock.wall());
        record.stands(state, state == UnitState::Running, clock.wall(), None);
        if let Some(outcome) = outcome {
            let now = clock.now();
            let run = Ended { id: 1, attempts: 1, outcome, began: now, ended: now, sent: None };
            record.tally(0).run_ended(run);
        }
        Arc::new(record)
    }

    #[test]
    fn a_unit_that_took_its_word_back_is_unhealthy_and_says_why() {
        let unit = unit(UnitState::Running, None);
        unit.stands(UnitState::Running, false, Clock::real().wall(), Some("not ready: no upstream".into()));
        let verdict = ready(Life::Running, &[unit]);
        assert_eq!(verdict.status.http_status(), 503);
        assert_eq!(verdict.reasons, ["unit `u` is not ready: no upstream"]);
    }

    #[test]
    fn the_worst_unit_counts_and_none_is_healthy() {
        assert_eq!(ready(Life::Running, &[]).status, Status::Healthy);
        let units = [
            unit(UnitState::Running, Some(RunOutcome::Failed)),
            unit(UnitState::Failed, None),
            unit(UnitState::Running, None),
        ];
        let verdict = ready(Life::Running, &units);
        assert_eq!(verdict.status, Status::Unhealthy);
        assert_eq!(verdict.reasons.len(), 2);
        assert_eq!(ready(Life::Running, &units[..1]).status.http_status(), 200);
    }

    #[test]
    fn a_stop_takes_readiness_and_not_liveness() {
        assert_eq!(ready(Life::Stopping, &[]).status, Status::Unhealthy);
        assert_eq!((started(true).status, started(false).status), (Status::Healthy, Status::Unhealthy));
        assert_eq!(live(LIVE_WITHIN).status, Status::Healthy);
        assert_eq!(live(LIVE_WITHIN + Duration::from_nanos(1)).status, Status::Unhealthy);
    }
}
