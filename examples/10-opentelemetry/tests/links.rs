//! The links themselves, as the SDK's own exporter sees them.

#[path = "../src/links.rs"]
mod links;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use ostler::backoff::Backoff;
use ostler::trace::TraceContext;
use ostler::{Host, Run, SECOND, State, queue};
use tracing::{Instrument, info_span};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// What the handler read with `Run::trace`, for each attempt.
type Seen = Arc<Mutex<Vec<Option<TraceContext>>>>;

#[test]
fn every_attempt_links_to_the_request_that_has_long_ended() {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    tracing_subscriber::registry().with(layer).init();
    ostler::trace::propagate_with(links::OpenTelemetry).expect("it is the first");

    let (queue, items) = queue::bounded::<&str>(2);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        queue.send("asked for").instrument(info_span!("request")).await.expect("it is open");
        queue.send("nobody's").await.expect("it is open");
    });
    // Nothing has taken the item yet, and its request is over: the queue holds no span open.
    let [request] = &finished(&exporter, "request")[..] else { panic!("one request") };

    drop(queue);
    let seen = Seen::default();
    let plan = items.workers(1).attempts(2).backoff(Backoff::constant(SECOND / 1000));
    let host = Host::new(Arc::clone(&seen)).signals(false).consume("work", plan, fail_once);
    runtime.block_on(host.run()).expect("a good end");

    let runs = finished(&exporter, "run");
    assert_eq!(runs.len(), 3, "two attempts, and the item of nobody: {runs:?}");
    for run in &runs[..2] {
        let [link] = &run.links[..] else { panic!("one link: {run:?}") };
        assert_eq!(link.span_context.trace_id(), request.span_context.trace_id());
        assert_eq!(link.span_context.span_id(), request.span_context.span_id());
        assert!(link.span_context.is_sampled());
        assert_ne!(run.span_context.trace_id(), request.span_context.trace_id());
    }
    assert!(runs[2].links.is_empty(), "{:?}", runs[2]);

    let seen = seen.lock().expect("whole").clone();
    let [Some(first), Some(second), None] = seen[..] else { panic!("{seen:?}") };
    assert_eq!(first, second);
    assert_eq!(first.trace_id(), request.span_context.trace_id().to_bytes());
}

async fn fail_once(_: &'static str, seen: State<Seen>, run: Run) -> Result<(), &'static str> {
    static ATTEMPTS: AtomicU32 = AtomicU32::new(0);
    seen.lock().expect("whole").push(run.trace());
    if ATTEMPTS.fetch_add(1, Ordering::Relaxed) == 0 { Err("not yet") } else { Ok(()) }
}

/// The spans of this name, in the order of their ends.
fn finished(exporter: &InMemorySpanExporter, name: &str) -> Vec<SpanData> {
    let spans = exporter.get_finished_spans().expect("it is not shut down");
    spans.into_iter().filter(|span| span.name == name).collect()
}
