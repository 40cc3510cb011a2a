//! Types of every shape, from files and from variables.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use ostler::{Format, Options, OptionsBuilder, Secret};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Mode, Settings, json, problems, toml, vars};

fn of<T>(text: &str) -> OptionsBuilder<T>
where
    T: DeserializeOwned + Serialize + PartialEq + Send + Sync + 'static,
{
    Options::builder().text("a.toml", Format::Toml, text).variables([])
}

#[test]
fn text_is_read_as_what_is_asked_for() {
    let text = "enabled = 'True'\nport = ' 4 '\nratio = '0.25'\nlabels = { a = '7' }\nwindow = ['1', \
        2]\nmail.pin = '9'";
    let options = toml(text).load().unwrap().get();
    assert!(options.enabled);
    assert_eq!((options.port, options.ratio, options.labels["a"], options.window), (4, 0.25, 7, (1, 2)));
    assert_eq!(options.mail.pin.as_ref().map(|pin| *pin.expose()), Some(9));
}

#[test]
fn durations_are_text_with_a_unit() {
    for (text, seconds) in [
        ("90s", 90),
        ("1m 30s", 90),
        ("PT1M30S", 90),
        ("00:01:30", 90),
        ("1.00:00:00", 86_400),
        ("2d", 172_800),
    ] {
        let options = toml(&format!("timeout = '{text}'")).load().unwrap().get();
        assert_eq!(options.timeout, Duration::from_secs(seconds), "{text}");
    }
    let table = toml("timeout = { secs = 1, nanos = 500_000_000 }").load().unwrap().get();
    assert_eq!(table.timeout, Duration::from_millis(1500), "as serde writes one");
    let variable = toml("").variables(vars([("APP__TIMEOUT", "250ms")])).load().unwrap().get();
    assert_eq!(variable.timeout, Duration::from_millis(250));
}

#[test]
fn null_and_absent_are_none() {
    assert_eq!(json("{\"note\": null}").load().unwrap().get().note, None);
    assert_eq!(json("{\"note\": \"a\"}").load().unwrap().get().note.as_deref(), Some("a"));
    assert_eq!(toml("note = 'a'").set("note", "b").load().unwrap().get().note.as_deref(), Some("b"));
    assert_eq!(
        problems(json("{\"port\": null}").load()),
        ["ostler.json:1:10: `port`: expected a whole number from 0 to 65535, found `null`"]
    );
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Sink {
    Off,
    File(String),
    Pair(u8, u8),
    HttpPost { url: String, timeout: Duration },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct WithSink {
    sink: Sink,
}

#[test]
fn enums_with_values_are_sections() {
    let sink = |text: &str| of::<WithSink>(text).load();
    assert_eq!(sink("sink = 'OFF'").unwrap().get().sink, Sink::Off);
    assert_eq!(sink("sink.file = 'x'").unwrap().get().sink, Sink::File("x".into()));
    assert_eq!(sink("sink.pair = [1, 2]").unwrap().get().sink, Sink::Pair(1, 2));
    let post = || Sink::HttpPost { url: "u".into(), timeout: Duration::from_secs(5) };
    assert_eq!(sink("[sink.HttpPost]\nurl = 'u'\nTimeout = '5s'").unwrap().get().sink, post());
    let variables = vars([("APP__SINK__HTTP_POST__URL", "u"), ("APP__SINK__HTTP_POST__TIMEOUT", "5s")]);
    assert_eq!(of::<WithSink>("").variables(variables.clone()).load().unwrap().get().sink, post());
    // The stronger layer names another variant.
    assert_eq!(of::<WithSink>("sink.file = 'x'").variables(variables).load().unwrap().get().sink, post());
    // The strongest of three names the weakest's again.
    let middle = "[sink.http_post]\nurl = 'u'\ntimeout = '5s'";
    let three = of::<WithSink>("sink.file = 'x'").text("b.toml", Format::Toml, middle).set("sink.file", "z");
    assert_eq!(three.load().unwrap().get().sink, Sink::File("z".into()));
    for (text, expected) in [
        ("sink = 'file'", "1:8: `sink`: `file` needs a value of its own"),
        ("sink.off = 4", "1:1: `sink`: `off` takes no value"),
        (
            "sink.fil = 4",
            "1:1: `sink`: expected one of `off`, `file`, `pair`, `http_post`, found the text `fil`; did you \
                mean `file`?",
        ),
        ("sink = { off = 1, file = 'x' }", "1:8: `sink`: expected the name of one variant, found a section"),
        (
            "sink.http_post = { url = 'u', timeout = 5 }",
            "1:41: `sink.http_post.timeout`: expected a duration with its unit, such as `30s` or `5m`, \
                found the number `5`",
        ),
    ] {
        assert_eq!(problems(sink(text)), [format!("a.toml:{expected}")], "{text}");
    }
    assert_eq!(
        problems(sink("[sink.http_post]\nur = 'u'")),
        [
            "a.toml:1:1: `sink.http_post.url`: this key is missing, and has no default",
            "a.toml:1:1: `sink.http_post.timeout`: this key is missing, and has no default",
            "a.toml:2:1: `sink.http_post.ur`: unknown key; did you mean `url`?",
        ]
    );
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Store {
    InMemory,
    Sqlite {
        path: String,
        busy_timeout: Duration,
        pool: u8,
        #[serde(default)]
        read_only: bool,
    },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct WithStore {
    store: Store,
}

#[test]
fn tagged_enums_take_text_too() {
    let sqlite =
        Store::Sqlite { path: "x".into(), busy_timeout: Duration::from_secs(5), pool: 4, read_only: true };
    let text = "[Store]\nKind = 'Sqlite'\nPath = 'x'\nBusyTimeout = '5s'\nPool = '4'\nReadOnly = 'true'";
    assert_eq!(of::<WithStore>(text).load().unwrap().get().store, sqlite);
    let variables = vars([
        ("APP__STORE__KIND", "sqlite"),
        ("APP__STORE__PATH", "x"),
        ("APP__STORE__BUSY_TIMEOUT", "5s"),
        ("APP__STORE__POOL", "4"),
        ("APP__STORE__READ_ONLY", "true"),
    ]);
    assert_eq!(of::<WithStore>("").variables(variables).load().unwrap().get().store, sqlite);
    assert_eq!(of::<WithStore>("store.kind = 'InMemory'").load().unwrap().get().store, Store::InMemory);
    assert_eq!(
        problems(
            of::<WithStore>("[store]\nkind = 'sqlite'\npath = 'x'\nbusy_timeout = 'soon'\npool = 'many'")
                .load()
        ),
        [
            "a.toml:4:16: `store.busy_timeout`: expected a duration such as `30s`, `5m`, `1h 30m`, `PT5M` \
                or `00:05:00`, \
             found the text `soon`",
            "a.toml:5:8: `store.pool`: expected a whole number from 0 to 255, found the text `many`",
        ]
    );
    assert_eq!(
        problems(of::<WithStore>("store.kind = 'sqlit'").load()),
        ["a.toml:1:14: `store.kind`: expected one of `in_memory`, `sqlite`, found the text `sqlit`; did \
                you mean `sqlite`?"]
    );
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Flat {
    name: String,
    #[serde(flatten)]
    common: Common,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Common {
    max_retries: u8,
    #[serde(default)]
    period: Duration,
    #[serde(default)]
    log_to: String,
}

#[test]
fn flattened_structs_are_read_as_others_are() {
    let flat = Flat {
        name: "a".into(),
        common: Common { max_retries: 3, period: Duration::from_secs(60), log_to: "5".into() },
    };
    assert_eq!(
        *of::<Flat>("Name = 'a'\nMaxRetries = 3\nPeriod = '1m'\nLogTo = '5'").load().unwrap().get(),
        flat
    );
    let variables =
        vars([("APP__NAME", "a"), ("APP__MAX_RETRIES", "3"), ("APP__PERIOD", "60s"), ("APP__LOG_TO", "5")]);
    assert_eq!(*of::<Flat>("").variables(variables).load().unwrap().get(), flat);
    assert_eq!(
        problems(of::<Flat>("max_retries = 'x'\nperiod = 5").load()),
        [
            "a.toml: `name`: this key is missing, and has no default",
            "a.toml:1:15: `max_retries`: expected a whole number from 0 to 255, found the text `x`",
            "a.toml:2:10: `period`: expected a duration such as `30s`, `5m`, `1h 30m`, `PT5M` or \
                `00:05:00`, found the number `5`",
        ]
    );
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Either {
    Number(u32),
    Text(String),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Id(u32);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Shapes {
    either: Either,
    id: Id,
    by_number: HashMap<u16, String>,
    nested: BTreeMap<String, BTreeMap<String, bool>>,
    large: u128,
    nothing: (),
    #[serde(alias = "old_name", default)]
    new_name: String,
}

#[test]
fn other_shapes_work_as_serde_says() {
    let text = "id = 4\neither = 5\nby_number = { 80 = 'a' }\nlarge = '170141183460469231731687303715884105727'\n\
                nested = { Some_Key = { Other-Key = true } }\nold_name = 'x'";
    let builder = Options::<Shapes>::builder().text("a.toml", Format::Toml, text).text(
        "b.json",
        Format::Json,
        "{\"nothing\": null}",
    );
    let shapes = builder.variables([]).load().unwrap().get();
    assert_eq!((&shapes.either, &shapes.id, shapes.large), (&Either::Number(5), &Id(4), i128::MAX as u128));
    assert_eq!(shapes.by_number[&80], "a");
    assert!(shapes.nested["Some_Key"]["Other-Key"], "a map's keys are data: they stay as they are");
    assert_eq!(shapes.new_name, "x");
    assert_eq!(
        problems(of::<BTreeMap<String, Either>>("a = [1]").load()),
        ["a.toml:1:5: `a`: data did not match any variant of untagged enum Either"]
    );
    assert_eq!(
        problems(of::<HashMap<u8, String>>("300 = 'a'\nx = 'b'").load()),
        [
            "a.toml:1:1: `300`: expected a whole number from 0 to 255, found the text `300`, which is out of range",
            "a.toml:2:1: `x`: expected a whole number from 0 to 255, found the text `x`",
        ]
    );
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawRange")]
struct Range {
    from: u8,
    to: u8,
}

#[derive(Deserialize)]
struct RawRange {
    from: u8,
    to: u8,
}

impl TryFrom<RawRange> for Range {
    type Error = String;

    fn try_from(RawRange { from, to }: RawRange) -> Result<Self, String> {
        if from <= to { Ok(Self { from, to }) } else { Err(format!("from {from} to {to} is no range")) }
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct WithRange {
    range: Range,
    port: u16,
}

#[test]
fn a_type_that_checks_itself_is_heard_but_not_about_dummies() {
    let load = |text: &str| of::<WithRange>(text).load();
    assert_eq!(
        problems(load("port = 'x'\nrange = { from = 5, to = 4 }")),
        [
            "a.toml:1:8: `port`: expected a whole number from 0 to 65535, found the text `x`",
            "a.toml:2:9: `range`: from 5 to 4 is no range",
        ]
    );
    // What stands in for `to` is 1 or 0, which is less than 5: that is nobody's mistake.
    assert_eq!(
        problems(load("port = 'x'\nrange = { from = 5, to = 'y' }")),
        [
            "a.toml:1:8: `port`: expected a whole number from 0 to 65535, found the text `x`",
            "a.toml:2:26: `range.to`: expected a whole number from 0 to 255, found the text `y`",
        ]
    );
}

#[test]
fn a_type_that_panics_while_it_is_read_is_a_problem() {
    #[derive(Debug, PartialEq, Serialize)]
    struct Bomb;
    impl<'de> Deserialize<'de> for Bomb {
        fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            panic!("boom\n")
        }
    }
    assert_eq!(
        problems(of::<BTreeMap<String, Bomb>>("a = 1").load()),
        ["a.toml: reading it panicked: boom\\n"]
    );
}

#[test]
fn secrets_within_what_serde_keeps_to_itself_are_not_shown_either() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "kind")]
    enum Login {
        Token { token: Secret<u32> },
    }
    let found = problems(of::<BTreeMap<String, Login>>("[a]\nkind = 'Token'\ntoken = 'hunter2'").load());
    assert_eq!(found, ["a.toml:1:1: `a`: this does not fit what is asked for; it is a secret and not shown"]);
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Tree {
    #[serde(default)]
    below: Vec<Tree>,
}

#[test]
fn a_type_that_holds_itself_is_read_as_deep_as_is_allowed() {
    let depth = 60;
    let text = format!("{}{}", "{\"below\":[".repeat(depth), "]}".repeat(depth));
    let load =
        |text: &str| Options::<Tree>::builder().text("a.json", Format::Json, text).variables([]).load();
    let options = load(&text).unwrap().get();
    let mut tree = &*options;
    for _ in 1..depth {
        tree = &tree.below[0];
    }
    assert_eq!(tree.below, []);
    let wrong = format!("{}{{\"bellow\":1}}{}", "{\"below\":[".repeat(depth), "]}".repeat(depth));
    assert_eq!(problems(load(&wrong)).len(), 1);
}

#[test]
fn a_large_file_that_is_wrong_all_over_is_answered() {
    let servers = "{\"port\": \"x\"},".repeat(20_000);
    let found = problems(json(&format!("{{\"servers\": [{servers}]}}")).load());
    assert_eq!(found.len(), 100);
    assert_eq!(found[99], "there may be more that is wrong");
    // The same where all of it is found in one reading.
    let labels: String = (0..200).map(|at| format!("a{at} = 'x'\n")).collect();
    let found = problems(toml(&format!("[labels]\n{labels}")).load());
    assert_eq!((found.len(), found[99].as_str()), (100, "there may be more that is wrong"));
}

#[test]
fn null_in_a_file_of_dotnets_is_no_value() {
    let text = r#"{"Port": null, "Mode": null, "Hosts": null, "Timeout": null, "Note": null, "Listen": null,
        "Window": null, "Labels": {"a": null, "b": 1}, "Mail": null, "Servers": [{"Host": "x", "Port": null}]}"#;
    let load = |name: &str, text: &str| {
        Options::<Settings>::builder().text(name, Format::Json, text).variables([]).load()
    };
    assert_eq!(
        problems(load("appsettings.json", text)),
        ["appsettings.json:2:82: `servers[0].port`: this key is missing, and has no default"]
    );
    let settings =
        load("appsettings.json", &text.replace("\"Port\": null}]", "\"Port\": 1}]")).unwrap().get();
    let defaults = Settings::default();
    assert_eq!(
        (settings.port, settings.mode, settings.timeout),
        (defaults.port, defaults.mode, defaults.timeout)
    );
    assert_eq!((&settings.hosts, &settings.mail), (&defaults.hosts, &defaults.mail));
    assert_eq!(settings.labels, [("b".to_owned(), 1)].into());
    // It stands over what a weaker file says.
    let builder = Options::<Settings>::builder().text(
        "appsettings.json",
        Format::Json,
        r#"{"Port": 1, "Letter": "y"}"#,
    );
    let builder =
        builder.text("appsettings.Production.json", Format::Json, r#"{"Port": null}"#).variables([]);
    let settings = builder.load().unwrap().get();
    assert_eq!((settings.port, settings.letter), (defaults.port, 'y'));
    // The values of a list are counted.
    assert_eq!(
        problems(load("appsettings.json", r#"{"Window": [1, null]}"#)),
        ["appsettings.json:1:16: `window[1]`: expected a whole number from 0 to 255, found `null`"]
    );
}

#[test]
fn an_empty_variable_is_none_where_nothing_else_can_be_made_of_it() {
    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    struct Optional {
        number: Option<u8>,
        address: Option<std::net::SocketAddr>,
        wait: Option<Duration>,
        mode: Option<Mode>,
        hosts: Option<Vec<String>>,
        text: Option<String>,
        required: u8,
    }
    let load = |text: &str, variables| {
        let builder = Options::<Optional>::builder().text("a.toml", Format::Toml, text);
        builder.variables(variables).load()
    };
    let names = ["NUMBER", "ADDRESS", "WAIT", "MODE", "HOSTS", "TEXT"];
    let empty = names.map(|name| (format!("APP__{name}"), String::new()));
    let options = load("number = 4\nmode = 'fast'", empty.into()).unwrap().get();
    assert_eq!(*options, Optional { text: Some(String::new()), ..Optional::default() });
    let number = "expected a whole number from 0 to 255, found an empty text";
    assert_eq!(problems(load("number = ''", vec![])), [format!("a.toml:1:10: `number`: {number}")]);
    assert_eq!(
        problems(load("", vars([("APP__REQUIRED", "")]))),
        [format!("APP__REQUIRED: `required`: {number}")]
    );
}
