//! The names of spans, events and fields are those of `docs/telemetry.md`; and runs are linked to who sent their items.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail, and drive clocks themselves"
)]

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use ostler::backoff::Backoff;
use ostler::queue::{self, Full, Queue};
use ostler::testing::TestHost;
use ostler::trace::{self, Propagate, TraceContext};
use ostler::{
    DAY, Halt, Host, Leftover, MINUTE, Options, Outcome, Ready, Restart, Run, SECOND, Spent, State, Stop,
    check, cron, every, poke, unit,
};
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// Names of fields.
type Fields = BTreeSet<String>;

/// What was seen, or what is documented.
#[derive(Debug, Clone, Default)]
struct Names {
    spans: BTreeMap<String, Fields>,
    /// Level, text and fields.
    events: BTreeSet<(String, String, Fields)>,
}

/// Writes down the names of all that the crate itself says.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Names>>);

impl<S: Subscriber> Layer<S> for Recorder {
    fn on_new_span(&self, span: &tracing::span::Attributes<'_>, _: &tracing::Id, _: Context<'_, S>) {
        if is_ours(span.metadata()) {
            let name = span.metadata().name().to_owned();
            self.0.lock().unwrap().spans.insert(name, fields(span.metadata()));
        }
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if is_ours(event.metadata()) {
            let mut text = Text::default();
            event.record(&mut text);
            let mut fields = fields(event.metadata());
            fields.remove("message");
            let level = event.metadata().level().to_string().to_lowercase();
            self.0.lock().unwrap().events.insert((level, text.0, fields));
        }
    }
}

fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.target() == "ostler" || metadata.target().starts_with("ostler::")
}

fn fields(metadata: &Metadata<'_>) -> Fields {
    metadata.fields().iter().map(|field| field.name().to_owned()).collect()
}

/// An event's text.
#[derive(Default)]
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

/// One subscriber for the whole file: tracing remembers for each place in the code whether anyone listens.
fn listen() -> &'static Recorder {
    static RECORDER: OnceLock<Recorder> = OnceLock::new();
    RECORDER.get_or_init(|| {
        let recorder = Recorder::default();
        tracing_subscriber::registry().with(recorder.clone()).init();
        recorder
    })
}

/// The tables of the page.
fn documented() -> Names {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/telemetry.md");
    let page = std::fs::read_to_string(page).unwrap();
    let part = |from: &str| page.split(from).nth(1).unwrap().split("\n## ").next().unwrap().to_owned();
    let mut names = Names::default();
    for row in rows(&part("\n## Spans\n")).filter(|row| row[0].starts_with('`')) {
        names.spans.insert(row[0].trim_matches('`').to_owned(), in_code(&row[1]));
    }
    for row in rows(&part("\n## Events\n")).filter(|row| !["level", "---"].contains(&row[0].as_str())) {
        names.events.insert((row[0].clone(), row[1].clone(), in_code(&row[2])));
    }
    names
}

fn rows(part: &str) -> impl Iterator<Item = Vec<String>> {
    let tables = part.lines().filter_map(|line| line.strip_prefix('|')?.strip_suffix('|'));
    tables.map(|row| row.split('|').map(|cell| cell.trim().to_owned()).collect())
}

/// The names between backticks.
fn in_code(cell: &str) -> Fields {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn what_is_said_is_what_is_documented() {
    let recorder = listen();
    a_busy_day();
    let (seen, documented) = (recorder.0.lock().unwrap().clone(), documented());
    assert_eq!(seen.spans, documented.spans);
    let unknown: Vec<_> = seen.events.difference(&documented.events).collect();
    assert!(unknown.is_empty(), "said, and not documented so: {unknown:#?}");
    let unheard: Vec<_> = documented.events.difference(&seen.events).collect();
    let missed: Vec<_> = unheard.iter().filter(|(_, text, _)| !RARE.contains(&text.as_str())).collect();
    assert!(missed.is_empty(), "the day was not busy: {missed:#?}");
}

/// What a day on a virtual clock does not bring: it needs a runtime that is stuck, a signal, files, a system that
/// refuses, or a waker or a link that panics.
const RARE: &[&str] = &[
    "a link to a trace panicked",
    "a waker panicked",
    "reading options panicked",
    "SIGHUP: reading options again",
    "a second signal forces the end",
    "log filter changed",
    "blocks a thread of the runtime; see `ostler::blocking`",
    "systemd cannot be told how this program is",
    "the files of options are not watched: no thread",
    "the files of options cannot be watched, they are looked at every … instead",
    "the health file cannot be written",
    "the health file could not be removed in time",
    "the runtime does not get to its work: all of its threads are busy",
];

#[test]
fn what_the_code_says_is_what_is_documented() {
    let (said, documented) = (said(), documented());
    assert_eq!(said.spans, documented.spans);
    let unknown: Vec<_> = said.events.difference(&documented.events).collect();
    assert!(unknown.is_empty(), "in the code, and not documented so: {unknown:#?}");
    let stale: Vec<_> = documented.events.difference(&said.events).collect();
    assert!(stale.is_empty(), "documented, and not in the code so: {stale:#?}");
}

// The code, read as text.

/// What logs, or would if it were used.
const MACROS: &[&str] = &[
    "trace",
    "debug",
    "info",
    "warn",
    "error",
    "event",
    "span",
    "trace_span",
    "debug_span",
    "info_span",
    "warn_span",
    "error_span",
];

/// All that the code can say.
fn said() -> Names {
    let mut names = Names::default();
    for file in files(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))) {
        let code = code(&file);
        assert!(
            !code.contains("#[instrument") && !code.contains("tracing::instrument("),
            "{}",
            file.display()
        );
        for (open, _) in code.match_indices("!(") {
            let before = &code[..open];
            let path = before.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_');
            if MACROS.contains(&&before[path.len()..]) {
                assert!(path.ends_with("tracing::"), "{}: write `tracing::` before it", file.display());
                names.add(&before[path.len()..], &arguments(&code[open + 2..]));
            }
        }
    }
    names.resolve();
    names
}

impl Names {
    fn add(&mut self, name: &str, arguments: &[&str]) {
        // Fields stand before the text of an event and after the name of a span.
        let at = arguments.iter().position(|argument| argument.starts_with('"'));
        let at = at.unwrap_or_else(|| panic!("{name}!({arguments:?}) has no text"));
        let text = literal(arguments[at]);
        match name {
            "info_span" => _ = self.spans.insert(text, arguments[at + 1..].iter().map(field).collect()),
            "trace" | "debug" | "info" | "warn" | "error" => {
                _ = self.events.insert((name.into(), text, arguments[..at].iter().map(field).collect()));
            }
            other => panic!("{other}!: spans are of level info, and events have the macro of their level"),
        }
    }

    /// Puts in the texts that are made elsewhere.
    fn resolve(&mut self) {
        let last_words = ("error".into(), "…".into(), Fields::new());
        assert!(self.events.remove(&last_words), "the page has them in words");
        let by_hand = ("info".into(), "…".into(), Fields::from(["unit".into()]));
        assert!(self.events.remove(&by_hand));
        let control = code(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/control.rs")));
        let words = control.split('"').skip(1).step_by(2).filter(|text| text.ends_with(" by hand"));
        self.events.extend(words.map(|text| ("info".into(), text.into(), by_hand.2.clone())));
    }
}

/// A file's code, without its comments and its tests.
fn code(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap();
    let code = text.split("\nmod tests {").next().unwrap();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).flat_map(|line| [line, "\n"]).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths
        .filter(|path| !path.ends_with("tests.rs"))
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect()
}

/// The arguments of a call, up to the parenthesis that closes it.
fn arguments(code: &str) -> Vec<&str> {
    let (mut arguments, mut begin, mut depth, mut in_text, mut escaped) = (Vec::new(), 0, 0, false, false);
    for (at, c) in code.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' => in_text = !in_text,
            _ if in_text => {}
            '(' | '[' | '{' => depth += 1,
            ')' if depth == 0 => {
                arguments.push(code[begin..at].trim());
                arguments.retain(|argument| !argument.is_empty());
                return arguments;
            }
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                arguments.push(code[begin..at].trim());
                begin = at + 1;
            }
            _ => {}
        }
    }
    panic!("a call that is not closed: {code}");
}

/// The name of a field: of `name = value`, or of a variable.
fn field(argument: &&str) -> String {
    argument.split('=').next().unwrap().trim().trim_start_matches(['%', '?']).to_owned()
}

/// What a literal says, with `…` for each value.
fn literal(argument: &str) -> String {
    let text = argument.trim_matches('"');
    assert!(!text.contains('\\'), "write `{text}` in one line, without escapes");
    let mut parts = text.split('{');
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |text, part| format!("{text}…{}", part.split_once('}').unwrap().1))
}

#[test]
fn calls_are_read_with_their_fields() {
    let call = r#"
        unit = %name(a, "),\""), ?wait, %error, reason = b.as_deref(),
        "looks (every {:?}, {limit}) again", [1, 2],
    ); other("x")"#;
    let call = arguments(call);
    assert_eq!(call.len(), 6, "{call:?}");
    assert_eq!(call[..4].iter().map(field).collect::<Vec<_>>(), ["unit", "wait", "error", "reason"]);
    assert_eq!(literal(call[4]), "looks (every …, …) again");
}

/// Everything that can happen to units on a virtual clock.
fn a_busy_day() {
    runs_end_in_every_way();
    services_come_and_go();
    units_are_controlled_by_hand();
    a_check_fails_and_recovers();
    options_change();
    plans_follow_their_options();
    the_clock_is_set_back();
}

/// After it was ahead for a while.
fn the_clock_is_set_back() {
    let plan = cron("0 8 * * *", "UTC");
    let mut test = TestHost::start(Host::new(()).task("daily", plan, async || {})).unwrap();
    let wall = test.clock().wall();
    test.set_wall(wall + 2 * DAY);
    test.set_wall(wall);
    test.stop().unwrap();
}

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("while it was dropped");
    }
}

fn runs_end_in_every_way() {
    async fn fail() -> Result<(), &'static str> {
        Err("no")
    }
    async fn cancel() -> Outcome {
        Err(Halt::cancel("not wanted"))
    }
    async fn snooze() -> Outcome {
        Err(Halt::snooze(SECOND))
    }
    async fn never() {
        std::future::pending::<()>().await;
    }
    async fn leave_a_mess() {
        let _mess = PanicsWhenDropped;
        std::future::pending::<()>().await;
    }
    // The call outlasts the attempt, and ends before the host does.
    let (release, released) = std::sync::mpsc::channel::<()>();
    let released = Arc::new(Mutex::new(released));
    let leave_a_call = move || {
        let released = Arc::clone(&released);
        async move {
            ostler::blocking(move || _ = released.lock().unwrap().recv()).await;
        }
    };
    async fn take_long(_: u32) {
        std::future::pending::<()>().await;
    }
    let (queue, items) = queue::bounded(10);
    (0..3).for_each(|n| queue.try_send(n).unwrap());
    let twice = || every(MINUTE).attempts(2).backoff(Backoff::constant(SECOND));
    let host = Host::new(())
        .grace(2 * SECOND)
        .task("fails", twice(), fail)
        .task("has-no-time", twice().deadline(SECOND / 2), fail)
        .task("is-not-wanted", every(MINUTE), cancel)
        .task("comes-too-early", every(MINUTE).deadline(2 * SECOND), snooze)
        .task("leaves-a-mess", every(MINUTE).timeout(SECOND), leave_a_mess)
        .task("leaves-a-call", every(MINUTE).timeout(SECOND), leave_a_call)
        .task("is-interrupted", every(MINUTE), never)
        .consume("takes-long", items.workers(1).leftover(Leftover::Drop), take_long);
    let mut test = TestHost::start(host).unwrap();
    // Some do nothing on purpose.
    test.quiet_after(SECOND / 20);
    test.advance(MINUTE + 10 * SECOND);
    drop(release);
    test.stop().unwrap();
}

fn services_come_and_go() {
    async fn complete() {}
    async fn until_stopped(stop: Stop) {
        stop.requested().await;
    }
    async fn end_badly(stop: Stop) -> Result<(), &'static str> {
        stop.requested().await;
        Err("badly")
    }
    async fn wavers(ready: Ready, clock: ostler::Clock, stop: Stop) {
        ready.notify();
        clock.sleep(SECOND).await;
        ready.withdraw("no upstream");
        clock.sleep(SECOND).await;
        ready.notify();
        stop.requested().await;
    }
    async fn fills_its_own(items: State<queue::Items<u8>>, queue: State<Queue<u8>>) {
        while let Some(item) = items.recv().await {
            queue.send(item).await.ok();
            queue.send(item).await.ok();
        }
    }
    #[derive(Clone)]
    struct App {
        queue: Queue<u8>,
        items: queue::Items<u8>,
    }
    ostler::state! { App { queue: Queue<u8>, items: queue::Items<u8> } }
    let (queue, items) = queue::bounded(1);
    let once = Restart::on_failure()
        .budget(1, MINUTE)
        .backoff(Backoff::constant(SECOND))
        .when_spent(Spent::StayFailed);
    let host = Host::new(App { queue: queue.clone(), items })
        .grace(SECOND)
        .service("completes", complete)
        .service(
            unit("ends").restart(Restart::always().budget(1, MINUTE).when_spent(Spent::StayFailed)),
            complete,
        )
        .service(unit("crashes").restart(once), until_stopped)
        .service("ends-badly", end_badly)
        .service("wavers", wavers)
        .service("relay", fills_its_own);
    let mut test = TestHost::start(host).unwrap();
    queue.try_send(1).unwrap();
    for _ in 0..2 {
        test.advance(5 * SECOND);
        test.crash("crashes").unwrap();
    }
    test.advance(MINUTE);
    test.stop().unwrap();
}

fn units_are_controlled_by_hand() {
    async fn nothing() {}
    async fn take(_: u8) {}
    async fn until_stopped(stop: Stop) {
        stop.requested().await;
    }
    let (_queue, items) = queue::bounded::<u8>(1);
    let host = Host::new(())
        .task("task", poke(), nothing)
        .task("both-days", cron("0 0 13 * FRI", "UTC"), nothing)
        .consume("consumer", items, take)
        .service("service", until_stopped);
    let mut test = TestHost::start(host).unwrap();
    let handle = test.handle().clone();
    test.settle(handle.pause("task")).unwrap();
    test.settle(handle.resume("task")).unwrap();
    test.trigger("task").unwrap();
    test.settle(handle.resize("consumer", 2)).unwrap();
    test.settle(handle.restart("service")).unwrap();
    test.settle(handle.stop_unit("service")).unwrap();
    test.settle(handle.start_unit("service")).unwrap();
    test.stop().unwrap();
}

fn options_change() {
    let options = Options::new(1);
    let _subscription = options.on_change(|_, new| assert_ne!(*new, 3, "this call panics"));
    options.replace(2).unwrap();
    options.replace(3).unwrap();
}

fn a_check_fails_and_recovers() {
    async fn fail_first(run: Run) -> Result<(), &'static str> {
        if run.id() == 1 { Err("not yet") } else { Ok(()) }
    }
    let host = Host::new(()).task("idle", poke(), async || ()).check(check("db").every(MINUTE), fail_first);
    let mut test = TestHost::start(host).unwrap();
    test.advance(2 * MINUTE);
    test.stop().unwrap();
}

fn plans_follow_their_options() {
    async fn nothing() {}
    async fn take(_: u8) {}
    let options = Options::new((MINUTE, true, 1));
    let _ = options.at_start("workers", |&(_, _, workers)| workers);
    let (_queue, items) = queue::bounded::<u8>(1);
    let plan = every(options.map(|o| o.0)).enabled(options.map(|o| o.1));
    let host = Host::new(()).task("task", plan, nothing).consume(
        "consumer",
        items.workers(options.map(|o| o.2)),
        take,
    );
    let mut test = TestHost::start(host).unwrap();
    for enabled in [false, true] {
        options.replace((2 * MINUTE, enabled, 2)).unwrap();
        test.run_until_idle();
    }
    options.replace((Duration::ZERO, true, 2)).unwrap_err();
    options.replace((MINUTE, true, 2)).unwrap();
    test.stop().unwrap();
}

// Links between traces.

thread_local! {
    /// Who sends says so here. Of this thread, as a span is: the other tests send as well.
    static CURRENT: Cell<Option<TraceContext>> = const { Cell::new(None) };
}

/// The spans that were linked, and to what.
static LINKED: Mutex<Vec<(bool, TraceContext)>> = Mutex::new(Vec::new());

struct Tracer;

impl Propagate for Tracer {
    fn capture(&self) -> Option<TraceContext> {
        CURRENT.get()
    }

    fn link(&self, run: &tracing::Span, from: TraceContext) {
        let is_the_run = run.metadata().is_some_and(|metadata| metadata.name() == "run");
        LINKED.lock().unwrap().push((is_the_run, from));
        assert_ne!(from, context(9), "this link panics");
    }
}

fn context(n: u8) -> TraceContext {
    TraceContext::new([n; 16], [n; 8], 1).unwrap()
}

type Seen = Arc<Mutex<Vec<(u8, u32, Option<TraceContext>)>>>;

#[test]
fn a_run_is_linked_to_where_its_item_was_sent_however_that_was() {
    async fn handle(item: u8, run: Run, seen: State<Seen>) -> Result<(), &'static str> {
        seen.lock().unwrap().push((item, run.attempt(), run.trace()));
        if item == 2 && run.attempt() == 1 { Err("once more") } else { Ok(()) }
    }
    listen();
    let (early, early_items) = queue::bounded::<u8>(1);
    early.try_send(0).unwrap();
    trace::propagate_with(Tracer).unwrap();
    let second = trace::propagate_with(Tracer).unwrap_err();
    assert_eq!(second.to_string(), "how traces are propagated was set before in this process");

    let seen = Seen::default();
    let (queue, items) = queue::bounded_with::<u8>(2, Full::Wait);
    let plan = items.workers(1).attempts(2).backoff(Backoff::constant(SECOND));
    let host = Host::new(Arc::clone(&seen)).consume("early", early_items, handle).consume("c", plan, handle);
    let mut test = TestHost::start(host).unwrap();
    let clock = test.clock().clone();
    let at = |n: u8| CURRENT.set((n > 0).then(|| context(n)));
    test.settle(async {
        at(1);
        queue.try_send(1).unwrap();
        at(2);
        queue.send(2).await.unwrap();
        at(3);
        // There is no room: it waits for its place, and its trace is still that of its sender.
        queue.send(3).await.unwrap();
        at(4);
        queue.send_timeout(4, SECOND, &clock).await.unwrap();
        at(9);
        queue.send(9).await.unwrap();
        at(0);
        queue.send(5).await.unwrap();
    });
    test.advance(MINUTE);
    test.stop().unwrap();

    let traces: Vec<_> =
        seen.lock().unwrap().iter().map(|&(item, attempt, trace)| (item, attempt, trace)).collect();
    let own = |n: u8, attempt| (n, attempt, Some(context(n)));
    let expected =
        [(0, 1, None), own(1, 1), own(2, 1), own(2, 2), own(3, 1), own(4, 1), own(9, 1), (5, 1, None)];
    assert_eq!(traces, expected);
    // One link for each attempt, on the span of the run; the one that panicked did no harm.
    let linked = LINKED.lock().unwrap().clone();
    assert_eq!(linked, [1, 2, 2, 3, 4, 9].map(|n| (true, context(n))));
}
