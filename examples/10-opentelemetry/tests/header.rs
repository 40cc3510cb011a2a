//! The promises of the header, kept by the real program.

use example_support::{Program, refuses_unknown_arguments};

const PROGRAM: &str = env!("CARGO_BIN_EXE_opentelemetry-links");

#[test]
fn each_run_links_to_its_request_and_is_a_trace_of_its_own() {
    let mut program = Program::start(PROGRAM, &["--fast"]);
    for _ in 0..3 {
        program.line("span run ");
    }
    program.terminate();
    assert_eq!(program.exit_code(), 0);

    let output = program.output();
    let requests: Vec<&str> = spans(&output, "request").map(|(span, _)| span).collect();
    let runs: Vec<(&str, &str)> = spans(&output, "run").collect();
    assert!(runs.len() >= 3, "{output}");
    assert_eq!(requests.len(), runs.len(), "what was sent is done:\n{output}");
    for (request, (run, links)) in requests.iter().zip(&runs) {
        assert_eq!(*links, format!("links=[{request}]"), "{output}");
        let trace = |span: &str| span.split('/').next().unwrap_or_default().to_owned();
        assert_ne!(trace(run), trace(request), "{output}");
        assert_eq!((trace(request).len(), request.len()), (32, 49), "{output}");
    }
}

#[test]
fn an_unknown_argument_is_refused() {
    refuses_unknown_arguments(PROGRAM);
}

/// The spans of this name in the order of their ends, each as `trace/span` with its links.
fn spans<'a>(output: &'a str, name: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    output
        .lines()
        .filter_map(move |line| line.strip_prefix("span ")?.strip_prefix(name)?.trim().split_once(' '))
}
