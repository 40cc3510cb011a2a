//! Every value is printed with its source.

use std::time::Duration;

use ostler::{Format, Options, Secret};
use serde::{Deserialize, Serialize};

use super::{Folder, toml, vars};

#[test]
fn each_value_is_printed_with_its_source() {
    let folder = Folder::new();
    folder.write(
        "ostler.toml",
        "port = 9090\nHosts = [\n  'a',\n  'b\\u001b',\n]\n[[servers]]\nhost = \
        'x'\nport = 1\n[labels]\nOne = 1\n"
            .replace("'b\\u001b'", "\"b\\u001b\\\"\""),
    );
    let builder = folder.usual([
        ("APP__TIMEOUT", "90s"),
        ("APP__MAIL__FROM", "a\n"),
        ("APP__WINDOW__0", "3"),
        ("APP__WINDOW__1", "4"),
    ]);
    let printed = builder.set("mode", "Drop-Oldest").set("mail.pin", "4711").print().unwrap();
    assert_eq!(
        folder.bare(&printed),
        r#"enabled = true              # default
interval_seconds = 60       # default
port = 9090                 # ostler.toml:1:8
threads = 2                 # default
ratio = 0.5                 # default
timeout = "1m 30s"          # APP__TIMEOUT
mode = "drop_oldest"        # --set
hosts = ["a", "b\u{1b}\""]  # ostler.toml:2:9
window = [3, 4]             # APP__WINDOW__0, APP__WINDOW__1
letter = "x"                # default
note = null                 # default
labels.One = 1              # ostler.toml:10:7
listen = "127.0.0.1:80"     # default
mail.from = "a\n"           # APP__MAIL__FROM
mail.password = ***         # default
mail.pin = ***              # --set
servers[0].host = "x"       # ostler.toml:7:8
servers[0].port = 1         # ostler.toml:8:8
"#
    );
}

#[test]
fn the_variable_that_wins_is_the_one_that_is_printed() {
    let printed = toml("port = 1").variables(vars([("APP__Port", "2")])).print().unwrap();
    assert!(printed.contains("port = 2                 # APP__Port\n"), "{printed}");
}

#[test]
fn a_key_under_another_name_is_not_called_a_default() {
    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    struct Renamed {
        #[serde(alias = "old_name")]
        new_name: u8,
        other: u8,
    }
    let printed = |text: &str| {
        Options::<Renamed>::builder().text("a.toml", Format::Toml, text).variables([]).print().unwrap()
    };
    assert_eq!(
        printed("OldName = 1\nother = 2"),
        "new_name = 1  # default, or `OldName`\nother = 2     # a.toml:2:9\n"
    );
    assert_eq!(printed("new_name = 1"), "new_name = 1  # a.toml:1:12\nother = 0     # default\n");
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Page {
    interval: Duration,
    workers: usize,
    smtp: Smtp,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Smtp {
    host: String,
    password: Secret,
}

impl Default for Page {
    fn default() -> Self {
        Self { interval: Duration::from_secs(60), workers: 4, smtp: Smtp::default() }
    }
}

impl Default for Smtp {
    fn default() -> Self {
        Self { host: "localhost".into(), password: Secret::default() }
    }
}

#[test]
fn the_page_about_options_shows_what_is_said_and_printed() {
    let page = include_str!("../../../../docs/options.md");
    let wrong = "intervall = '1m'\n\n[smtp]\nhost    = 4\n";
    let wrong = Options::<Page>::builder().text("ostler.toml", Format::Toml, wrong);
    let error = wrong.variables(vars([("APP__WORKERS", "many")])).load().unwrap_err();
    assert!(page.contains(&error.to_string()), "{error}");

    let folder = Folder::new();
    let secret = folder.write("smtp", "hunter2").display().to_string();
    let good = format!(
        "{{\n  \"Logging\": {{}},\n  \"Interval\": \"00:01:30\",\n  \"Smtp\": {{\n    \"PasswordFile\": \
            \"{secret}\"\n  }}\n}}\n"
    );
    let good = Options::<Page>::builder().text("appsettings.json", Format::Json, good);
    let printed = good.variables(vars([("APP__WORKERS", "8")])).print().unwrap();
    assert!(page.contains(&printed.replace(&secret, "/run/secrets/smtp")), "{printed}");
}
