//! The line that `systemctl status` shows: pure, from a look at the units to a short text.

use std::sync::Arc;

use super::news::Stage;
use crate::record::{Record, UnitState};
use crate::stop::StopReason;

/// How many units a line names: it is one line of a terminal.
const MOST_NAMES: usize = 5;

/// What may be so of a unit.
type IsSo = fn(&Record) -> bool;

/// What the host is doing, and what is wrong. Made of states and names alone: the text of an error may be long, have
/// several lines, or hold what nobody should read there.
pub(super) fn status(stage: Stage, stop: Option<&StopReason>, alive: bool, units: &[Arc<Record>]) -> String {
    let mut text = match stage {
        Stage::Starting => awaited("starting".to_owned(), &named(units, is_starting)),
        Stage::Running => running(units),
        Stage::Stopping { .. } => {
            let why = stop.map(|reason| format!(" ({reason})")).unwrap_or_default();
            awaited(format!("stopping{why}"), &named(units, is_up))
        }
    };
    if !alive {
        text += "; the main runtime is stuck";
    }
    text
}

fn awaited(what: String, names: &[&str]) -> String {
    if names.is_empty() { what } else { format!("{what}: waiting for {}", list(names)) }
}

fn running(units: &[Arc<Record>]) -> String {
    let up = units.iter().filter(|unit| is_up(unit)).count();
    let mut text = format!("running: {up} {}", if up == 1 { "unit" } else { "units" });
    let wrongs: [(&str, IsSo); 4] = [
        ("failed", |unit| unit.state() == UnitState::Failed),
        ("restarting", |unit| unit.state() == UnitState::Restarting),
        ("starting", is_starting),
        ("not ready", |unit| unit.state() == UnitState::Running && !unit.is_ready()),
    ];
    for (wrong, is_so) in wrongs {
        let names = named(units, is_so);
        if !names.is_empty() {
            text += &format!("; {wrong}: {}", list(&names));
        }
    }
    text
}

fn named(units: &[Arc<Record>], is_so: IsSo) -> Vec<&str> {
    units.iter().filter(|unit| is_so(unit)).map(|unit| &**unit.name()).collect()
}

fn is_starting(unit: &Record) -> bool {
    unit.state() == UnitState::Starting
}

fn is_up(unit: &Record) -> bool {
    let state = unit.state();
    !state.is_final() && state != UnitState::Registered
}

fn list(names: &[&str]) -> String {
    let shown = names.len().min(MOST_NAMES);
    let mut text = names[..shown].join(", ");
    if names.len() > shown {
        text += &format!(" and {} more", names.len() - shown);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::record::UnitKind;
    use crate::signal::Signal;

    fn unit(name: &str, state: UnitState, ready: bool) -> Arc<Record> {
        let wall = Clock::real().wall();
        let record = Record::new(name.into(), UnitKind::Service, wall);
        record.stands(state, ready, wall, None);
        Arc::new(record)
    }

    #[test]
    fn a_start_names_those_that_are_waited_for() {
        let units = [
            unit("db", UnitState::Running, true),
            unit("http", UnitState::Starting, false),
            unit("later", UnitState::Registered, false),
        ];
        assert_eq!(status(Stage::Starting, None, true, &units), "starting: waiting for http");
        assert_eq!(status(Stage::Starting, None, true, &[]), "starting");
    }

    #[test]
    fn a_running_host_counts_what_is_up_and_names_what_is_wrong() {
        let well = [unit("a", UnitState::Running, true), unit("b", UnitState::Paused, true)];
        assert_eq!(status(Stage::Running, None, true, &well), "running: 2 units");
        let ill = [
            unit("a", UnitState::Failed, false),
            unit("b", UnitState::Restarting, false),
            unit("c", UnitState::Running, false),
            unit("d", UnitState::Starting, false),
            unit("e", UnitState::Completed, false),
        ];
        assert_eq!(
            status(Stage::Running, None, true, &ill),
            "running: 3 units; failed: a; restarting: b; starting: d; not ready: c"
        );
    }

    #[test]
    fn a_stop_says_why_and_names_those_that_have_not_ended() {
        let units = [unit("a", UnitState::Draining, false), unit("b", UnitState::Stopped, false)];
        let reason = StopReason::Signal(Signal::Terminate);
        let stage = Stage::Stopping { until: Clock::real().now() };
        assert_eq!(status(stage, Some(&reason), true, &units), "stopping (SIGTERM): waiting for a");
        assert_eq!(status(stage, None, true, &[]), "stopping");
    }

    #[test]
    fn a_stuck_runtime_is_said_and_a_crowd_stays_one_line() {
        let crowd: Vec<_> =
            (1..=8).map(|number| unit(&format!("u{number}"), UnitState::Starting, false)).collect();
        assert_eq!(
            status(Stage::Starting, None, false, &crowd),
            "starting: waiting for u1, u2, u3, u4, u5 and 3 more; the main runtime is stuck"
        );
    }
}
