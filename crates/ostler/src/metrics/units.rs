//! The metrics of units: a table, each line a family and how it is read from what is known of one unit.

use std::sync::Arc;

use prometheus::proto::{Metric, MetricType};

use super::page::{Family, Page, counter, flag, gauge, histogram};
use crate::outcome::RunOutcome;
use crate::record::{Now, Record, UnitKind, UnitStatus};
use crate::tally::Counts;
use crate::times::Times;

/// So many units are read and written down at once: a page of a hundred thousand needs memory for its text and little
/// more.
const AT_ONCE: usize = 256;

/// A family with its samples of one unit.
type Row = (Family, fn(&Facts) -> Vec<Metric>);

/// What is known of one unit, read once, so that what stands in one scrape belongs together.
struct Facts {
    status: UnitStatus,
    counts: Counts,
    times: Times,
}

const fn gauges(name: &'static str, help: &'static str) -> Family {
    Family { name, kind: MetricType::GAUGE, help }
}

const fn counters(name: &'static str, help: &'static str) -> Family {
    Family { name, kind: MetricType::COUNTER, help }
}

const fn histograms(name: &'static str, help: &'static str) -> Family {
    Family { name, kind: MetricType::HISTOGRAM, help }
}

/// All of them. Counters are there from the start on: one that first appears with a 1 hides the very change that
/// an alert waits for. Histograms appear with the first run, as they are twenty-one series each.
const ROWS: &[Row] = &[
    (gauges("ostler_unit_state", "1 for the state that the unit is in; other states are absent."), state),
    (
        gauges("ostler_unit_ready", "Whether the unit is ready: up, and it has not taken its word back."),
        |unit| vec![flag(&unit.labels(), unit.status.ready)],
    ),
    (counters("ostler_unit_restarts_total", "Restarts of a service that ended by itself."), |unit| {
        unit.only(unit.is_service(), || counter(&unit.labels(), unit.status.restarts))
    }),
    (counters("ostler_runs_total", "Runs that ended, by how they did."), runs),
    (gauges("ostler_runs_in_flight", "Runs that are going on."), |unit| {
        unit.only(unit.has_runs(), || gauge(&unit.labels(), unit.in_flight() as f64))
    }),
    (counters("ostler_run_retries_total", "Attempts beyond the first of each run."), |unit| {
        unit.only(unit.has_runs(), || counter(&unit.labels(), unit.status.retries))
    }),
    (histograms("ostler_run_duration_seconds", "How long runs took, all attempts together."), |unit| {
        unit.times.took.iter().map(|took| histogram(&unit.labels(), took)).collect()
    }),
    (counters("ostler_ticks_skipped_total", "Ticks of a task that were due and not run."), |unit| {
        unit.only(unit.is_task(), || counter(&unit.labels(), unit.status.skipped))
    }),
    (gauges("ostler_run_lateness_seconds", "How long after it was due the last run began."), |unit| {
        let lateness = unit.status.lateness.map(|lateness| lateness.as_secs_f64());
        lateness.map(|lateness| gauge(&unit.labels(), lateness)).into_iter().collect()
    }),
    (
        gauges(
            "ostler_task_late_seconds",
            "How long a task has been late beyond what it is allowed; else 0.",
        ),
        |unit| {
            let late = unit.status.late.unwrap_or_default().as_secs_f64();
            unit.only(unit.is_scheduled(), || gauge(&unit.labels(), late))
        },
    ),
    (gauges("ostler_queue_depth", "Items that wait in the queue."), |unit| unit.of_queue(unit.status.depth)),
    (gauges("ostler_queue_capacity", "Items that the queue can hold."), |unit| {
        unit.of_queue(unit.status.capacity)
    }),
    (counters("ostler_queue_dropped_total", "Items that the queue dropped because it was full."), |unit| {
        unit.status.dropped.map(|dropped| counter(&unit.labels(), dropped)).into_iter().collect()
    }),
    (histograms("ostler_queue_wait_seconds", "How long items had waited when their runs began."), |unit| {
        unit.times.waited.iter().map(|waited| histogram(&unit.labels(), waited)).collect()
    }),
    (gauges("ostler_workers", "How many workers the consumer should have."), |unit| {
        unit.of_queue(unit.status.workers)
    }),
];

/// Writes all units down.
pub(super) fn write(units: &[Arc<Record>], now: Now, page: &mut Page) {
    for some in units.chunks(AT_ONCE) {
        let facts: Vec<Facts> = some.iter().map(|unit| Facts::of(unit, now)).collect();
        for &(family, samples) in ROWS {
            page.add(family, facts.iter().flat_map(samples).collect());
        }
    }
}

fn state(unit: &Facts) -> Vec<Metric> {
    let Facts { status, .. } = unit;
    let (kind, state) = (label(&status.kind.to_string()), status.state.to_string());
    vec![flag(&[("unit", &status.name), ("kind", &kind), ("state", &state)], true)]
}

fn runs(unit: &Facts) -> Vec<Metric> {
    if !unit.has_runs() {
        return Vec::new();
    }
    let sample = |outcome: RunOutcome| {
        let labels = [("unit", unit.status.name.as_str()), ("outcome", &label(outcome.as_str()))];
        counter(&labels, unit.counts.of(outcome))
    };
    RunOutcome::ALL.into_iter().map(sample).collect()
}

/// The words of logs and pages, in one piece.
fn label(words: &str) -> String {
    words.replace(' ', "_")
}

impl Facts {
    fn of(unit: &Record, now: Now) -> Self {
        Self { counts: unit.counts(), times: unit.times(), status: unit.status(now) }
    }

    fn labels(&self) -> [(&'static str, &str); 1] {
        [("unit", &self.status.name)]
    }

    fn is_service(&self) -> bool {
        self.status.kind == UnitKind::Service
    }

    fn has_runs(&self) -> bool {
        !self.is_service()
    }

    fn is_task(&self) -> bool {
        self.has_runs() && self.status.kind != UnitKind::Consumer
    }

    /// Whether a clock fires it.
    fn is_scheduled(&self) -> bool {
        self.is_task() && self.status.kind != UnitKind::OnDemand
    }

    fn in_flight(&self) -> u64 {
        self.counts.begun.saturating_sub(self.counts.ended())
    }

    fn only(&self, applies: bool, sample: impl FnOnce() -> Metric) -> Vec<Metric> {
        if applies { vec![sample()] } else { Vec::new() }
    }

    fn of_queue(&self, value: Option<usize>) -> Vec<Metric> {
        value.map(|value| gauge(&self.labels(), value as f64)).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use crate::clock::Clock;
    use crate::tally::Ended;

    fn page(units: &[Arc<Record>]) -> String {
        let clock = Clock::real();
        let mut page = Page::default();
        write(units, Now { now: clock.now(), wall: clock.wall() }, &mut page);
        page.into_text()
    }

    fn unit(name: &str, kind: UnitKind) -> Arc<Record> {
        Arc::new(Record::new(name.into(), kind, Clock::real().wall()))
    }

    #[test]
    fn each_outcome_is_counted_apart_and_all_are_there_from_the_start() {
        let task = unit("t", UnitKind::OnDemand);
        let began = Clock::real().now();
        for (count, outcome) in RunOutcome::ALL.into_iter().enumerate() {
            for id in 0..count as u64 {
                let run = Ended { id, attempts: 1, outcome, began, ended: began, sent: None };
                task.tally(0).run_began();
                task.tally(0).run_ended(run);
            }
        }
        task.tally(0).run_began();
        let text = page(&[Arc::clone(&task), unit("idle", UnitKind::Cron)]);
        for (count, outcome) in RunOutcome::ALL.into_iter().enumerate() {
            let outcome = outcome.as_str().replace(' ', "_");
            let line = format!("ostler_runs_total{{unit=\"t\",outcome=\"{outcome}\"}} {count}\n");
            assert!(text.contains(&line), "{line}{text}");
            let idle = format!("ostler_runs_total{{unit=\"idle\",outcome=\"{outcome}\"}} 0\n");
            assert!(text.contains(&idle), "{text}");
        }
        assert!(text.contains("ostler_runs_in_flight{unit=\"t\"} 1\n"), "{text}");
        let total = task.status(Now { now: began, wall: Clock::real().wall() });
        assert_eq!((total.runs, total.succeeded, total.failed, total.running), (21, 0, 17, 1));
    }

    #[test]
    fn the_times_of_all_workers_are_one_histogram_and_an_idle_unit_has_none() {
        let consumer = unit("c", UnitKind::Consumer);
        let sent = Clock::real().now();
        let (began, ended) = (sent + Duration::from_secs(2), sent + Duration::from_secs(5));
        for worker in 0..3 {
            let outcome = RunOutcome::Succeeded;
            let run = Ended { id: worker, attempts: 1, outcome, began, ended, sent: Some(sent) };
            consumer.tally(worker as usize).run_ended(run);
        }
        let text = page(&[consumer, unit("idle", UnitKind::Consumer)]);
        for line in [
            "ostler_run_duration_seconds_count{unit=\"c\"} 3\n",
            "ostler_run_duration_seconds_sum{unit=\"c\"} 9\n",
            "ostler_queue_wait_seconds_bucket{unit=\"c\",le=\"1\"} 0\n",
            "ostler_queue_wait_seconds_bucket{unit=\"c\",le=\"2.5\"} 3\n",
        ] {
            assert!(text.contains(line), "{line}{text}");
        }
        assert!(!text.contains("_count{unit=\"idle\"}"), "{text}");
    }

    #[test]
    fn a_service_has_restarts_and_no_runs() {
        let service = unit("s", UnitKind::Service);
        service.restarted(Clock::real().now());
        let text = page(&[service]);
        assert!(text.contains("ostler_unit_restarts_total{unit=\"s\"} 1\n"), "{text}");
        assert!(!text.contains("ostler_run") && !text.contains("ostler_queue"), "{text}");
    }

    #[test]
    fn many_units_are_one_block_of_each_family() {
        let units: Vec<_> = (0..AT_ONCE + 1).map(|n| unit(&format!("u{n}"), UnitKind::Cron)).collect();
        let text = page(&units);
        assert_eq!(text.matches("# TYPE ostler_unit_state gauge\n").count(), 1);
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let family = |line: &str| line.split('{').next().unwrap_or_default().to_owned();
        let mut families: Vec<String> = lines.iter().map(|line| family(line)).collect();
        assert_eq!(families.iter().filter(|family| *family == "ostler_unit_ready").count(), AT_ONCE + 1);
        families.dedup();
        let blocks = families.len();
        families.sort();
        families.dedup();
        assert_eq!(blocks, families.len(), "each family is in one piece");
    }
}
