//! Every value is printed with its source.

use super::{Folder, toml, vars};

#[test]
fn each_value_is_printed_with_its_source() {
    let folder = Folder::new();
    folder.write("ostler.toml", "port = 9090\nHosts = [\n  'a',\n  'b\\u001b',\n]\n[[servers]]\nhost = 'x'\nport = 1\n[labels]\nOne = 1\n".replace("'b\\u001b'", "\"b\\u001b\\\"\""));
    let builder = folder.usual([
        ("APP__TIMEOUT", "90s"),
        ("APP__MAIL__FROM", "a\n"),
        ("APP__WINDOW__0", "3"),
        ("APP__WINDOW__1", "4"),
    ]);
    let printed = builder.set("mode", "Drop-Oldest").set("mail.pin", "4711").print().unwrap();
    assert_eq!(
        folder.bare(&printed),
        r#"enabled = true               # default
interval_seconds = 60        # default
port = 9090                  # ostler.toml:1:8
threads = 2                  # default
ratio = 0.5                  # default
timeout = "1m 30s"           # APP__TIMEOUT
mode = "drop_oldest"         # --set
hosts = ["a", "b\u{1b}\""]   # ostler.toml:2:9
window = [3, 4]              # APP__WINDOW__0, APP__WINDOW__1
letter = "x"                 # default
note = null                  # default
labels.One = 1               # ostler.toml:10:7
listen = "127.0.0.1:80"      # default
mail.from = "a\n"            # APP__MAIL__FROM
mail.password = ***          # default
mail.pin = ***               # --set
servers[0].host = "x"        # ostler.toml:7:8
servers[0].port = 1          # ostler.toml:8:8
"#
    );
}

#[test]
fn the_variable_that_wins_is_the_one_that_is_printed() {
    let printed = toml("port = 1").variables(vars([("APP__Port", "2")])).print().unwrap();
    assert!(printed.contains("port = 2                     # APP__Port\n"), "{printed}");
}
