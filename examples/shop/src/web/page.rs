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
use super::commands::{self, Command, Group};

const STYLE: &str = include_str!("style.css");

/// Something to upload for those who have no picture at hand.
const SAMPLE: &[u8] = include_bytes!("sample.png");

pub(super) async fn index(State(site): State<Site>) -> Html<String> {
    let (door, now) = (&site.app.door, Timestamp::now());
    let rows: Vec<Row> = site.host.units().iter().map(|unit| Row::new(unit, now, door.is_local())).collect();
    Html(page(&rows, &commands::groups(door, &site.app.reports)))
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
    /// Where more is told of it, if anywhere.
    link: Option<String>,
    kind: String,
    state: UnitState,
    reason: Option<String>,
    since: Timestamp,
    age: String,
    runs: u64,
    failed: u64,
    restarts: u64,
    outcome: String,
    error: Option<String>,
    next: String,
    depth: String,
}

impl Row {
    fn new(unit: &UnitStatus, now: Timestamp, linked: bool) -> Self {
        Self {
            name: unit.name.clone(),
            link: linked.then(|| format!("/api/services/{}", unit.name)),
            kind: unit.kind.to_string(),
            state: unit.state,
            reason: reason(unit),
            since: unit.since,
            age: ago(now.duration_since(unit.since).as_secs()),
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

/// Why it is as it is. What its options or its plan say of it comes first: it may be what somebody looks for.
fn reason(unit: &UnitStatus) -> Option<String> {
    let late = unit.late.map(|late| format!("late by {}", span(late.as_secs().cast_signed())));
    let off = (!unit.enabled).then(|| "switched off by its options".to_owned());
    off.or(late).or_else(|| unit.reason.clone())
}

fn dash() -> String {
    "–".into()
}

fn fill(depth: usize, capacity: Option<usize>) -> String {
    capacity.map_or_else(|| depth.to_string(), |capacity| format!("{depth} / {capacity}"))
}

fn wait(seconds: i64) -> String {
    if seconds <= 0 { "now".into() } else { format!("in {}", span(seconds)) }
}

/// A clock that was set back makes it negative.
fn ago(seconds: i64) -> String {
    if seconds <= 0 { "just now".into() } else { format!("{} ago", span(seconds)) }
}

fn span(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn page(rows: &[Row], groups: &[Group]) -> String {
    let rows: String = rows.iter().map(row_html).collect();
    let groups: String = groups.iter().map(group_html).collect();
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
<p>A small web shop whose background work is run by Ostler. These are its units, as they are now. Reports are durable jobs, made by the unit jobs: one that was accepted is made even if the shop is killed meanwhile. Thumbnails wait in memory, and a crash loses them.</p>
</header>
<section>
<h2>Units</h2>
<div class="wide">
<table>
<thead><tr><th>Name</th><th>Kind</th><th>State</th><th>Since</th><th class="number">Runs</th><th class="number">Failures</th><th class="number">Restarts</th><th>Last outcome</th><th>Next run</th><th class="number">Depth</th></tr></thead>
<tbody>
{rows}</tbody>
</table>
</div>
</section>
{groups}<footer>The page loads itself again every five seconds. Settings are in ostler.toml in the data folder, and are followed while the shop runs. Stop the shop with Ctrl-C: what is in memory is finished first, and reports that wait are made after the next start.</footer>
</main>
</body>
</html>
"#
    )
}

fn row_html(row: &Row) -> String {
    let mut html = String::new();
    let small = |text: &Option<String>| {
        text.as_deref().map_or_else(String::new, |text| format!("<small>{}</small>", escape(text)))
    };
    // Writing to a string cannot fail.
    let _ = writeln!(
        html,
        r#"<tr><th scope="row">{name}</th><td>{kind}</td><td><span class="state {mood}">{state}</span>{reason}</td><td><time datetime="{since}">{age}</time></td><td class="number">{runs}</td><td class="number{alarm}">{failed}</td><td class="number">{restarts}</td><td>{outcome}{error}</td><td>{next}</td><td class="number">{depth}</td></tr>"#,
        name = name_html(row),
        kind = escape(&row.kind),
        mood = mood(row.state),
        state = row.state,
        reason = small(&row.reason),
        since = row.since,
        age = escape(&row.age),
        runs = row.runs,
        alarm = if row.failed > 0 { " alarm" } else { "" },
        failed = row.failed,
        restarts = row.restarts,
        outcome = escape(&row.outcome),
        error = small(&row.error),
        next = escape(&row.next),
        depth = escape(&row.depth),
    );
    html
}

fn name_html(row: &Row) -> String {
    let name = escape(&row.name);
    match &row.link {
        Some(link) => format!(r#"<a href="{}">{name}</a>"#, escape(link)),
        None => name,
    }
}

fn group_html(group: &Group) -> String {
    let commands: String = group.commands.iter().map(command_html).collect();
    format!("<section>\n<h2>{}</h2>\n<dl>\n{commands}</dl>\n</section>\n", escape(group.title))
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
        UnitState::Starting | UnitState::Paused | UnitState::Restarting | UnitState::Draining => "soon",
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
            link: Some(format!("/{name}")),
            kind: "service".into(),
            state: UnitState::Running,
            reason: Some(format!("for {name}")),
            since: Timestamp::UNIX_EPOCH,
            age: ago(0),
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
        assert_eq!((ago(-3), ago(0), ago(200)), ("just now".into(), "just now".into(), "3 min ago".into()));
    }

    #[test]
    fn a_queue_shows_how_full_it_is() {
        assert_eq!(fill(3, Some(100)), "3 / 100");
        assert_eq!(fill(3, None), "3");
    }
}
