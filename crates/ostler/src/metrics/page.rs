//! A page of metrics: families of the crate `prometheus`, encoded by it.

use prometheus::TextEncoder;
use prometheus::proto::{
    Bucket, Counter, Gauge, Histogram as ProtoHistogram, LabelPair, Metric, MetricFamily, MetricType,
};

use crate::times::Histogram;

/// The format that the page is in, as HTTP calls it.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Names of labels with their values.
pub(super) type Labels<'a> = &'a [(&'static str, &'a str)];

/// What a metric is called, what it is and what it says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Family {
    pub(super) name: &'static str,
    pub(super) kind: MetricType,
    pub(super) help: &'static str,
}

/// See the module. Each family has its samples together, whatever the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Page {
    sections: Vec<(&'static str, String)>,
}

impl Page {
    /// Adds samples to a family. One without any does not appear.
    pub(super) fn add(&mut self, family: Family, samples: Vec<Metric>) {
        if samples.is_empty() {
            return;
        }
        let mut proto = MetricFamily::default();
        proto.set_name(family.name.to_owned());
        proto.set_help(family.help.to_owned());
        proto.set_field_type(family.kind);
        proto.set_metric(samples);
        let section = self.section(family.name);
        let begun = section.len();
        // It fails for a family without samples or name, and for a type that there is not in the tables.
        let _ = TextEncoder::new().encode_utf8(&[proto], section);
        if begun > 0 {
            drop_header(section, begun);
        }
    }

    pub(super) fn into_text(self) -> String {
        self.sections.into_iter().map(|(_, text)| text).collect()
    }

    fn section(&mut self, name: &'static str) -> &mut String {
        let at = self.sections.iter().position(|(known, _)| *known == name);
        let at = at.unwrap_or_else(|| {
            self.sections.push((name, String::new()));
            self.sections.len() - 1
        });
        &mut self.sections[at].1
    }
}

/// The encoder opens each piece with the two lines that a family has only once.
fn drop_header(section: &mut String, begun: usize) {
    let header: usize = section[begun..].split_inclusive('\n').take(2).map(str::len).sum();
    section.drain(begun..begun + header);
}

pub(super) fn gauge(labels: Labels<'_>, value: f64) -> Metric {
    let mut gauge = Gauge::default();
    gauge.set_value(value);
    let mut metric = labelled(labels);
    metric.set_gauge(gauge);
    metric
}

/// 1 where it holds, else 0.
pub(super) fn flag(labels: Labels<'_>, holds: bool) -> Metric {
    gauge(labels, if holds { 1.0 } else { 0.0 })
}

pub(super) fn counter(labels: Labels<'_>, count: u64) -> Metric {
    let mut counter = Counter::default();
    counter.set_value(count as f64);
    let mut metric = labelled(labels);
    metric.set_counter(counter);
    metric
}

pub(super) fn histogram(labels: Labels<'_>, histogram: &Histogram) -> Metric {
    let buckets = histogram.cumulative().map(|(bound, count)| {
        let mut bucket = Bucket::default();
        bucket.set_upper_bound(bound.as_secs_f64());
        bucket.set_cumulative_count(count);
        bucket
    });
    let mut proto = ProtoHistogram::default();
    proto.set_bucket(buckets.collect());
    proto.set_sample_count(histogram.count());
    proto.set_sample_sum(histogram.sum().as_secs_f64());
    let mut metric = labelled(labels);
    metric.set_histogram(proto);
    metric
}

fn labelled(labels: Labels<'_>) -> Metric {
    let pair = |&(name, value): &(&str, &str)| {
        let mut pair = LabelPair::default();
        pair.set_name(name.to_owned());
        pair.set_value(value.to_owned());
        pair
    };
    Metric::from_label(labels.iter().map(pair).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const DEPTH: Family = Family { name: "depth", kind: MetricType::GAUGE, help: "How deep." };
    const TOOK: Family = Family { name: "took_seconds", kind: MetricType::HISTOGRAM, help: "How long." };

    #[test]
    fn a_family_is_one_block_with_one_header_however_its_samples_come() {
        let mut page = Page::default();
        page.add(DEPTH, vec![gauge(&[("unit", "a")], 1.0)]);
        page.add(TOOK, Vec::new());
        page.add(DEPTH, vec![gauge(&[("unit", "b\"\n")], 2.5)]);
        let expected = "# HELP depth How deep.\n# TYPE depth gauge\n\
                        depth{unit=\"a\"} 1\ndepth{unit=\"b\\\"\\n\"} 2.5\n";
        assert_eq!(page.into_text(), expected);
    }

    #[test]
    fn a_histogram_ends_with_all_its_sum_and_its_count() {
        let mut took = Histogram::default();
        took.observe(Duration::from_millis(2));
        took.observe(Duration::from_secs(3600));
        let mut page = Page::default();
        page.add(TOOK, vec![histogram(&[], &took)]);
        let text = page.into_text();
        for line in [
            "took_seconds_bucket{le=\"0.001\"} 0\n",
            "took_seconds_bucket{le=\"0.0025\"} 1\n",
            "took_seconds_bucket{le=\"600\"} 1\n",
            "took_seconds_bucket{le=\"+Inf\"} 2\n",
            "took_seconds_sum 3600.002\n",
            "took_seconds_count 2\n",
        ] {
            assert!(text.contains(line), "{line}{text}");
        }
    }
}
