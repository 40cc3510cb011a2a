//! Traces of OpenTelemetry: the span of each run links to that of the request which sent its item.
//!
//! What it shows: a request a second, its work done later. Each span is printed when it has ended, with its trace and
//! its links: a run is a trace of its own, linked to its request. No collector is needed; in your program an exporter
//! for OTLP takes the place of `Printer`. How the link is made stands in `links.rs`.
//!
//! What to try: compare the trace of a `request` with the link of the `run` that follows. Ctrl-C.
//!
//! Run it with `cargo run -p opentelemetry-links`, or with `-- --fast` behind that for ten requests a second.

mod links;

use std::{env, io, io::Write, process::ExitCode, time::Duration};

use opentelemetry::trace::{SpanContext, TracerProvider};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use ostler::queue::{self, Queue};
use ostler::{Clock, Error, Host, Report, SECOND, State, Stop};
use tracing::{Instrument, info_span};
use tracing_subscriber::{filter::LevelFilter, layer::SubscriberExt, util::SubscriberInitExt};

#[derive(Clone)]
struct App {
    pace: Duration,
    thumbnails: Queue<u64>,
}

fn main() -> ExitCode {
    let provider = SdkTracerProvider::builder().with_simple_exporter(Printer).build();
    let traces = tracing_opentelemetry::layer().with_tracer(provider.tracer("opentelemetry-links"));
    let logs = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(false);
    tracing_subscriber::registry().with(logs).with(traces).with(LevelFilter::INFO).init();
    ostler::main(app)
}

async fn app() -> Result<Report, Error> {
    let pace = match env::args().skip(1).collect::<Vec<_>>().join(" ").as_str() {
        "" => SECOND,
        "--fast" => SECOND / 10,
        other => {
            let usage = "usage: opentelemetry-links [--fast]";
            return Err(Error::usage(format!("unknown argument: {other}; {usage}")));
        }
    };
    ostler::trace::propagate_with(links::OpenTelemetry)?;
    let (thumbnails, items) = queue::bounded(100);
    let host = Host::new(App { pace, thumbnails }).consume("thumbnails", items, scale);
    host.service("requests", requests).run().await
}

/// What a web server would do: each request is the root of a trace, not a part of this service's own span.
async fn requests(State(app): State<App>, stop: Stop, clock: Clock) -> Result<(), Error> {
    for id in (1..).take_while(|_| !stop.is_requested()) {
        app.thumbnails.send(id).instrument(info_span!(parent: None, "request", id)).await?;
        clock.sleep(app.pace).await;
    }
    Ok(())
}

async fn scale(id: u64) {
    tracing::info!(id, "thumbnail made");
}

/// Prints each span that has ended.
#[derive(Debug)]
struct Printer;

impl SpanExporter for Printer {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let id = |span: &SpanContext| format!("{}/{}", span.trace_id(), span.span_id());
        for span in batch {
            let links: Vec<_> = span.links.iter().map(|link| id(&link.span_context)).collect();
            let (name, span) = (span.name, id(&span.span_context));
            let _ = writeln!(io::stdout(), "span {name} {span} links=[{}]", links.join(" "));
        }
        Ok(())
    }
}
