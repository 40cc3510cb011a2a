//! A line to try for each route, with the real addresses. `ID` stands for what an earlier answer says.

use crate::door::Door;
use crate::reports::Reports;

/// Lines that belong together.
pub(super) struct Group {
    pub(super) title: &'static str,
    pub(super) commands: Vec<Command>,
}

/// A route and the line that calls it.
pub(super) struct Command {
    pub(super) what: &'static str,
    pub(super) line: String,
}

pub(super) fn groups(door: &Door, reports: &Reports) -> Vec<Group> {
    let mut groups = vec![Group { title: "Try it", commands: shop(door) }];
    if door.is_local() {
        groups.push(Group { title: "Control it", commands: control(door) });
    }
    if reports.may_crash() {
        groups.push(Group { title: "Crash it", commands: crash(door) });
    }
    groups
}

/// After each of them the shop is to be started again, three times in all.
fn crash(door: &Door) -> Vec<Command> {
    let app = door.app;
    vec![command(
        "A report that kills the shop",
        format!(
            "curl -i -H 'content-type: application/json' -d '{{\"crash\": true}}' http://{app}/api/reports/generate"
        ),
    )]
}

fn shop(door: &Door) -> Vec<Command> {
    let (app, probes) = (door.app, door.probes);
    vec![
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
        command("What exactly?", format!("curl 'http://{probes}/readyz?verbose'")),
        command("Is it alive?", format!("curl http://{probes}/livez")),
        command("Has it started?", format!("curl http://{probes}/startupz")),
        command("Its metrics", format!("curl http://{probes}/metrics")),
    ]
}

/// In an order in which each of them works.
fn control(door: &Door) -> Vec<Command> {
    let app = door.app;
    let get = |what, place| command(what, format!("curl http://{app}{place}"));
    let post = |what, place| command(what, format!("curl -i -X POST http://{app}/api/services/{place}"));
    vec![
        get("All units", "/api/services"),
        get("One unit and its history", "/api/services/cleanup"),
        command("Watch the changes", format!("curl -N http://{app}/api/events")),
        post("Run a task now", "cleanup/trigger"),
        post("Pause it", "cleanup/pause"),
        post("Let it go on", "cleanup/resume"),
        command(
            "Twice the workers",
            format!(
                "curl -i -H 'content-type: application/json' -d '{{\"count\": 8}}' \
                 http://{app}/api/services/thumbnails/workers"
            ),
        ),
        post("Restart a service", "upstream/restart"),
        post("Stop one", "slow-stop/stop"),
        post("Start it again", "slow-stop/start"),
        post("Restart the web server", "http/restart"),
    ]
}

fn command(what: &'static str, line: String) -> Command {
    Command { what, line }
}
