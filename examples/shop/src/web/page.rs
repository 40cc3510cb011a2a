//! The front page: the units as they are now, and a line to try for each route. Plain HTML without a
//! script; it asks the browser to load it again every few seconds.
//!
//! Invariant: text from outside goes through [`escape`].

use std::fmt::Write;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Response};
use jiff::Timestamp;
use ostler::{UnitState, UnitStatus};

use super::Site;
use crate::door::Door;

const STYLE: &str = include_str!("style.css");

/// Something to upload for those who have no picture at hand.
const SAMPLE: &[u8] = include_bytes!("sample.png");

pub(super) async fn index(State(site): State<Site>) -> Html<String> {
    let rows: Vec<Row> = site.host.units().iter().map(|unit| Row::new(unit, Timestamp::now())).collect();
    Html(page(&rows, &commands(&site.app.door)))
}

pub(super) async fn style() -> Response {
    ([(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "max-age=60")], STYLE).into_response()
}

pub(super) async fn sample() -> Response {
    ([(CONTENT_TYPE, "image/png"), (CACHE_CONTROL, "max-age=60")], SAMPLE).into_response()
}

/// One unit, as text.
struct Row {
    name: String,
    kind: String,
    state: UnitState,
    runs: u64,
    failed: u64,
    restarts: u64,
    outcome: String,
    error: Option<String>,
    next: String,
    depth: String,
}

/// A route and the line that calls it.
struct Command {
    what: &'static str,
    line: String,
}

impl Row {
    fn new(unit: &UnitStatus, now: Timestamp) -> Self {
        Self {
            name: unit.name.clone(),
            kind: unit.kind.to_string(),
            state: unit.state,
            runs: unit.runs,
            failed: unit.failed,
            restarts: unit.restarts,
            outcome: unit.last_outcome.as_ref().map_or_else(dash, ToString::to_string),
            error: unit.last_error.clone(),
            next: unit.next_run.map_or_else(dash, |next| wait(next.duration_since(now).as_secs())),
            depth: unit.depth.map_or_else(dash, |depth| fill(depth, unit.capacity)),
        }
    }
}

fn dash() -> String {
    "–".into()
}

fn fill(depth: usize, capacity: Option<usize>) -> String {
    capacity.map_or_else(|| depth.to_string(), |capacity| format!("{depth} / {capacity}"))
}

fn wait(seconds: i64) -> String {
    match seconds {
        ..=0 => "now".into(),
        1..120 => format!("in {seconds} s"),
        120..7_200 => format!("in {} min", seconds / 60),
        7_200..172_800 => format!("in {} h", seconds / 3_600),
        _ => format!("in {} days", seconds / 86_400),
    }
}

fn commands(door: &Door) -> Vec<Command> {
    let (app, probes) = (door.app, door.probes);
    let command = |what, line| Command { what, line };
    let mut commands = vec![
        command(
            "Make a thumbnail",
            format!("curl -s http://{app}/sample.png | curl -i --data-binary @- http://{app}/api/thumbnails"),
        ),
        command("Fetch it", format!("curl -o small.png http://{app}/api/thumbnails/ID")),
        command(
            "Ask for a report",
            format!(
                "curl -i -H 'content-type: application/json' -d '{{}}' http://{app}/api/reports/generate"
            ),
        ),
        command("Read it", format!("curl http://{app}/api/reports/ID")),
        command("This page", format!("curl http://{app}/")),
        command("Is it ready?", format!("curl http://{probes}/readyz")),
        command("Is it alive?", format!("curl http://{probes}/livez")),
        command("Has it started?", format!("curl http://{probes}/startupz")),
    ];
    if door.is_local() {
        let line = format!("curl -i -X POST http://{app}/api/services/cleanup/trigger");
        commands.insert(4, command("Run a task now", line));
    }
    commands
}

fn page(rows: &[Row], commands: &[Command]) -> String {
    let rows: String = rows.iter().map(row_html).collect();
    let commands: String = commands.iter().map(command_html).collect();
    format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="5">
<title>Shop – units</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<main>
<header>
<h1>The shop</h1>
<p>A small web shop whose background work is run by Ostler. These are its units, as they are now.</p>
</header>
<section>
<h2>Units</h2>
<div class="wide">
<table>
<thead><tr><th>Name</th><th>Kind</th><th>State</th><th class="number">Runs</th><th class="number">Failures</th><th class="number">Restarts</th><th>Last outcome</th><th>Next run</th><th class="number">Depth</th></tr></thead>
<tbody>
{rows}</tbody>
</table>
</div>
</section>
<section>
<h2>Try it</h2>
<dl>
{commands}</dl>
</section>
<footer>The page loads itself again every five seconds. Stop the shop with Ctrl-C: accepted work is finished first.</footer>
</main>
</body>
</html>
"#
    )
}

fn row_html(row: &Row) -> String {
    let mut html = String::new();
    let error =
        row.error.as_deref().map_or_else(String::new, |error| format!("<small>{}</small>", escape(error)));
    // Writing to a string cannot fail.
    let _ = writeln!(
        html,
        r#"<tr><th scope="row">{name}</th><td>{kind}</td><td><span class="state {mood}">{state}</span></td><td class="number">{runs}</td><td class="number{alarm}">{failed}</td><td class="number">{restarts}</td><td>{outcome}{error}</td><td>{next}</td><td class="number">{depth}</td></tr>"#,
        name = escape(&row.name),
        kind = escape(&row.kind),
        mood = mood(row.state),
        state = row.state,
        runs = row.runs,
        alarm = if row.failed > 0 { " alarm" } else { "" },
        failed = row.failed,
        restarts = row.restarts,
        outcome = escape(&row.outcome),
        next = escape(&row.next),
        depth = escape(&row.depth),
    );
    html
}

fn command_html(command: &Command) -> String {
    format!("<dt>{}</dt><dd><code>{}</code></dd>\n", escape(command.what), escape(&command.line))
}

/// The colour of a state. Only these words get into an attribute.
fn mood(state: UnitState) -> &'static str {
    match state {
        UnitState::Running => "busy",
        UnitState::Completed => "calm",
        UnitState::Failed => "bad",
        UnitState::Starting | UnitState::Restarting | UnitState::Draining => "soon",
        _ => "idle",
    }
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, error: Option<&str>) -> Row {
        Row {
            name: name.into(),
            kind: "service".into(),
            state: UnitState::Running,
            runs: 1,
            failed: 0,
            restarts: 0,
            outcome: dash(),
            error: error.map(Into::into),
            next: dash(),
            depth: dash(),
        }
    }

    #[test]
    fn text_from_outside_is_escaped() {
        let html = page(&[row("<script>", Some("\"a\" & 'b'"))], &[]);
        assert!(html.contains("&lt;script&gt;") && !html.contains("<script>"));
        assert!(html.contains("&quot;a&quot; &amp; &#39;b&#39;"));
    }

    #[test]
    fn the_wait_is_told_in_a_fitting_unit() {
        let told: Vec<String> = [-3, 0, 5, 119, 120, 7_200, 400_000].into_iter().map(wait).collect();
        assert_eq!(told, ["now", "now", "in 5 s", "in 119 s", "in 2 min", "in 2 h", "in 4 days"]);
    }

    #[test]
    fn a_queue_shows_how_full_it_is() {
        assert_eq!(fill(3, Some(100)), "3 / 100");
        assert_eq!(fill(3, None), "3");
    }
}
