//! The metrics of a host as a whole: readiness, health, its options, and how its runtime is.

use std::collections::BTreeMap;
use std::sync::Arc;

use prometheus::proto::{Metric, MetricType};

use super::page::{Family, Labels, Page, counter, flag, gauge};
use crate::board::Board;
use crate::health;
use crate::health::Kept;
use crate::status::Status;

const BUILD_INFO: Family = Family {
    name: "ostler_build_info",
    kind: MetricType::GAUGE,
    help: "1; the version of the crate `ostler` is its label.",
};
const READY: Family = Family {
    name: "ostler_ready",
    kind: MetricType::GAUGE,
    help: "Whether the host should be sent traffic, as `/readyz` says it.",
};
const HEALTH: Family = Family {
    name: "ostler_health_status",
    kind: MetricType::GAUGE,
    help: "1 for the status that the host as a whole has, 0 for the others.",
};
const CHECK: Family = Family {
    name: "ostler_check_status",
    kind: MetricType::GAUGE,
    help: "1 for the status that a check has found, 0 for the others.",
};
const LAG: Family = Family {
    name: "ostler_runtime_lag_seconds",
    kind: MetricType::GAUGE,
    help: "How long the main runtime took to get to work that was ready, the last time, or has not yet.",
};
const RELOADS: Family = Family {
    name: "ostler_options_reloads_total",
    kind: MetricType::COUNTER,
    help: "How often other values of the options were taken, or refused.",
};
const VALID: Family = Family {
    name: "ostler_options_valid",
    kind: MetricType::GAUGE,
    help: "Whether what the options were given last was taken; where not, the last good values are in use.",
};

pub(super) fn write(board: &Board, page: &mut Page) {
    let status = health::ready(board, &[]).status();
    page.add(BUILD_INFO, vec![flag(&[("version", env!("CARGO_PKG_VERSION"))], true)]);
    page.add(READY, vec![flag(&[], status != Status::Unhealthy)]);
    page.add(HEALTH, statuses(&[], status));
    page.add(CHECK, checks(board));
    page.add(LAG, vec![gauge(&[], board.lag().as_secs_f64())]);
    let options = options(board);
    page.add(RELOADS, options.iter().flat_map(|(name, options)| options.reloads(name)).collect());
    let valid = options.iter().map(|(name, options)| flag(&[("options", name)], options.valid));
    page.add(VALID, valid.collect());
}

fn checks(board: &Board) -> Vec<Metric> {
    let now = board.now().now;
    let of_one = |kept: &Arc<Kept>| statuses(&[("check", &kept.check.name)], kept.read(now).verdict.status);
    board.health().checks().iter().flat_map(of_one).collect()
}

/// A sample for each status, with these labels before it.
fn statuses(labels: Labels<'_>, now: Status) -> Vec<Metric> {
    let sample = |status: Status| {
        let word = status.to_string().to_lowercase();
        let mut labels = labels.to_vec();
        labels.push(("status", &word));
        flag(&labels, status == now)
    };
    [Status::Healthy, Status::Degraded, Status::Unhealthy].map(sample).into()
}

/// What all options of one name have come to. Nothing keeps two from having the same.
struct Reloads {
    taken: u64,
    refused: u64,
    valid: bool,
}

impl Reloads {
    fn reloads(&self, name: &str) -> [Metric; 2] {
        [("taken", self.taken), ("refused", self.refused)]
            .map(|(result, count)| counter(&[("options", name), ("result", result)], count))
    }
}

fn options(board: &Board) -> BTreeMap<Arc<str>, Reloads> {
    let mut by_name = BTreeMap::new();
    for standing in board.origins().iter().map(|origin| origin.standing()) {
        let reloads = by_name.entry(standing.name).or_insert(Reloads { taken: 0, refused: 0, valid: true });
        reloads.taken += standing.taken;
        reloads.refused += standing.refused;
        reloads.valid &= standing.trouble.is_none();
    }
    by_name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;

    #[test]
    fn options_of_one_name_are_one_series() {
        let (one, other) = (Options::new(1), Options::new(1));
        one.map(|n| *n).guard_for_ever(|n| if *n > 5 { Err("too many".to_owned()) } else { Ok(()) });
        one.replace(2).unwrap();
        one.replace(9).unwrap_err();
        other.replace(3).unwrap();
        let board = Board::new();
        board.set_origins(vec![one.origin(), other.origin()]);
        let mut page = Page::default();
        write(&board, &mut page);
        let text = page.into_text();
        for line in [
            "ostler_options_reloads_total{options=\"options\",result=\"taken\"} 2\n",
            "ostler_options_reloads_total{options=\"options\",result=\"refused\"} 1\n",
            "ostler_options_valid{options=\"options\"} 0\n",
        ] {
            assert_eq!(text.matches(line).count(), 1, "{line}{text}");
        }
    }

    #[test]
    fn exactly_one_status_is_1() {
        let mut page = Page::default();
        page.add(HEALTH, statuses(&[], Status::Degraded));
        let lines = "ostler_health_status{status=\"healthy\"} 0\n\
                     ostler_health_status{status=\"degraded\"} 1\n\
                     ostler_health_status{status=\"unhealthy\"} 0\n";
        assert!(page.into_text().ends_with(lines));
    }
}
