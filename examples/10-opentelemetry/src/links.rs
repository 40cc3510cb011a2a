//! What the host needs to know of OpenTelemetry: how to read the current span, and how to link a run's span to another.

use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use ostler::trace::{Propagate, TraceContext};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

pub(crate) struct OpenTelemetry;

impl Propagate for OpenTelemetry {
    fn capture(&self) -> Option<TraceContext> {
        let context = Span::current().context();
        let span = context.span();
        let span = span.span_context();
        let (trace_id, span_id) = (span.trace_id().to_bytes(), span.span_id().to_bytes());
        // There are none where nobody traces this span.
        TraceContext::new(trace_id, span_id, span.trace_flags().to_u8()).ok()
    }

    fn link(&self, run: &Span, from: TraceContext) {
        run.add_link(SpanContext::new(
            TraceId::from_bytes(from.trace_id()),
            SpanId::from_bytes(from.span_id()),
            TraceFlags::new(from.flags()),
            false,
            TraceState::NONE,
        ));
    }
}
