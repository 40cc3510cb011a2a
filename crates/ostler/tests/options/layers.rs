//! Which layer wins, which files are read, and what is done with keys that nothing reads.

use ostler::{Format, Options};
use serde::{Deserialize, Serialize};

use super::{Folder, Mode, Settings, problems, toml, vars};

#[test]
fn defaults_then_files_then_variables_then_flags() {
    let folder = Folder::new();
    folder.write("ostler.toml", "port = 2\ninterval_seconds = 2\nratio = 2\n");
    let builder = folder.usual([("APP__INTERVAL_SECONDS", "3"), ("APP__RATIO", "3")]).set("ratio", "4");
    let options = builder.load().unwrap().get();
    assert!(options.enabled, "the type's default");
    assert_eq!((options.port, options.interval_seconds), (2, 3));
    assert_eq!(options.ratio, 4.0);
}

#[test]
fn layers_are_merged_key_by_key_and_lists_as_a_whole() {
    let builder = toml("hosts = ['a', 'b', 'c']\n[mail]\nfrom = 'x'\npassword = 'y'\n[labels]\na = 1\nb = 2");
    let builder =
        builder.variables(vars([("APP__MAIL__FROM", "z"), ("APP__HOSTS__0", "d"), ("APP__LABELS__B", "3")]));
    let options = builder.load().unwrap().get();
    assert_eq!((options.mail.from.as_str(), options.mail.password.expose().as_str()), ("z", "y"));
    assert_eq!(options.hosts, ["d"]);
    assert_eq!(options.labels, [("a".to_owned(), 1), ("b".to_owned(), 3)].into());
}

#[test]
fn keys_match_without_regard_to_case_and_underscores() {
    for key in
        ["IntervalSeconds", "interval_seconds", "INTERVALSECONDS", "interval-seconds", "intervalSeconds"]
    {
        let options = toml(&format!("{key} = 7")).load().unwrap().get();
        assert_eq!(options.interval_seconds, 7, "{key}");
        assert_eq!(toml("").set(key, "7").load().unwrap().get().interval_seconds, 7, "{key}");
    }
    for name in ["APP__IntervalSeconds", "APP__INTERVAL_SECONDS", "app__intervalseconds"] {
        let options = toml("").variables(vars([(name, "7")])).load().unwrap().get();
        assert_eq!(options.interval_seconds, 7, "{name}");
    }
    for mode in ["DropOldest", "drop_oldest", "DROPOLDEST", "drop-oldest"] {
        assert_eq!(toml(&format!("mode = '{mode}'")).load().unwrap().get().mode, Mode::DropOldest, "{mode}");
    }
}

#[test]
fn flags_name_keys_in_three_ways_and_the_last_wins() {
    for key in ["mail.from", "Mail:From", "MAIL__FROM"] {
        assert_eq!(toml("").set(key, "a").load().unwrap().get().mail.from, "a", "{key}");
    }
    assert_eq!(toml("").set("port", "1").set("Port", "2").load().unwrap().get().port, 2);
    assert_eq!(toml("").set("hosts.0", "a").set("hosts.1", "b").load().unwrap().get().hosts, ["a", "b"]);
    assert_eq!(
        problems(toml("").set("mail..from", "a").set("mial.from", "b").load()),
        [
            "--set: `mail..from`: a part of the key is empty",
            "--set: `mial`: unknown key; did you mean `mail`?",
        ]
    );
}

#[test]
fn a_list_of_variables_has_no_gaps() {
    let load = |variables| toml("").variables(variables).load();
    let hosts: Vec<_> = (0..11).map(|at| (format!("APP__HOSTS__{at}"), format!("h{at}"))).collect();
    assert_eq!(load(hosts).unwrap().get().hosts[10], "h10");
    assert_eq!(
        problems(load(vars([("APP__HOSTS__0", "a"), ("APP__HOSTS__2", "b")]))),
        ["APP__HOSTS__2: `hosts`: the list has no value `1`; its values are counted from 0, without gaps"]
    );
}

#[test]
fn unknown_variables_of_the_prefix_are_mistakes_and_others_are_not_ours() {
    let variables = vars([
        ("APP__PORTT", "1"),
        ("APP_PORT", "2"),
        ("APPLE__X", "1"),
        ("PATH", "/"),
        ("APP__MAIL__", "x"),
    ]);
    assert_eq!(
        problems(toml("").variables(variables).load()),
        ["APP__MAIL__: a part of the key is empty", "APP__PORTT: `PORTT`: unknown key; did you mean `port`?",]
    );
}

#[test]
fn the_prefix_is_the_applications_or_none() {
    let options = toml("").prefix("SHOP").variables(vars([("SHOP__PORT", "1"), ("APP__PORT", "x")])).load();
    assert_eq!(options.unwrap().get().port, 1);

    // Without one, whatever is no key of ours is somebody else's.
    let variables = vars([
        ("Mail__From", "a"),
        ("Mail__Frm", "b"),
        ("HOME", "/root"),
        ("Logging__Level", "x"),
        ("A____B", "x"),
    ]);
    let builder = toml("").prefix("").variables(variables);
    assert_eq!(
        builder.print().unwrap().matches('#').count(),
        17,
        "nothing is listed: {}",
        builder.print().unwrap()
    );
    assert_eq!(builder.load().unwrap().get().mail.from, "a");
    assert_eq!(
        problems(toml("").prefix("").variables(vars([("PORT", "x")])).load()),
        ["PORT: `port`: expected a whole number from 0 to 65535, found the text `x`"]
    );
}

const APPSETTINGS: &str = r#"{
  // The settings of an ASP.NET application, as they are.
  "Logging": { "LogLevel": { "Default": "Information", }, },
  "AllowedHosts": "*",
  /* The part
     that is ours. */
  "BackgroundWorkers": {
    "Count": 4,
    "IntervalSeconds": "60", // text is a number too
  },
}
"#;

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct App {
    background_workers: Workers,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Workers {
    count: usize,
    interval_seconds: u64,
}

#[test]
fn an_appsettings_json_is_read_as_it_is() {
    let folder = Folder::new();
    folder.write("appsettings.json", format!("\u{feff}{}", APPSETTINGS.replace('\n', "\r\n")));
    let builder = Options::<App>::builder().folder(folder.path()).variables([]);
    let printed = folder.bare(&builder.print().unwrap());
    assert_eq!(
        printed,
        "background_workers.count = 4              # appsettings.json:8:14\n\
         background_workers.interval_seconds = 60  # appsettings.json:9:24\n\
         \n\
         # ignored, as nothing here reads it:\n\
         #   Logging       # appsettings.json:3:3\n\
         #   AllowedHosts  # appsettings.json:4:3\n"
    );
    // What is in a section of ours is ours.
    folder.write("appsettings.json", "{ \"Logging\": 1, \"BackgroundWorkers\": { \"Cuont\": 4 } }");
    assert_eq!(
        folder.problems(builder.load()),
        ["appsettings.json:1:40: `background_workers.Cuont`: unknown key; did you mean `count`?"]
    );
}

#[test]
fn the_environments_file_stands_over_the_common_one() {
    let folder = Folder::new();
    folder.write("appsettings.json", APPSETTINGS);
    for name in ["Production", "Staging", "Test", "eu"] {
        folder.write(
            &format!("appsettings.{name}.json"),
            format!("{{\"BackgroundWorkers\":{{\"Count\":{}}}}}", name.len()),
        );
    }
    let count = |variables: Vec<(String, String)>| {
        let options = Options::<App>::builder().folder(folder.path()).variables(variables).load().unwrap();
        assert_eq!(options.get().background_workers.interval_seconds, 60);
        options.get().background_workers.count
    };
    assert_eq!(count(vars([])), "Production".len());
    assert_eq!(count(vars([("OSTLER_ENV", "")])), "Production".len());
    let all = [("ASPNETCORE_ENVIRONMENT", "Staging"), ("DOTNET_ENVIRONMENT", "Test"), ("OSTLER_ENV", "eu")];
    assert_eq!(count(vars([all[0]])), "Staging".len());
    assert_eq!(count(vars([all[0], all[1]])), "Test".len());
    assert_eq!(count(vars(all)), "eu".len());
    assert_eq!(count(vars([("OSTLER_ENV", "none such")])), 4);
    let outside = Options::<App>::builder().folder(folder.path()).variables(vars([("OSTLER_ENV", "../x")]));
    assert_eq!(problems(outside.load()), ["OSTLER_ENV: `../x` cannot be a part of a file's name"]);
}

#[test]
fn two_kinds_of_files_beside_each_other_are_a_mistake() {
    let folder = Folder::new();
    folder.write("ostler.toml", "");
    folder.write("appsettings.json", "{}");
    assert_eq!(
        folder.problems(folder.usual([]).load()),
        ["appsettings.json: it stands beside `ostler.toml`; only one of the two is read, so take one away"]
    );
}

#[test]
fn a_folder_without_files_is_fine_and_a_named_file_must_be_there() {
    let folder = Folder::new();
    assert_eq!(*folder.usual([]).load().unwrap().get(), Settings::default());
    let load =
        |name: &str| Options::<Settings>::builder().file(folder.path().join(name)).variables([]).load();
    assert_eq!(folder.problems(load("x.toml")), ["x.toml: there is no such file"]);
    folder.write("x.yaml", "");
    assert_eq!(folder.problems(load("x.yaml")), ["x.yaml: expected a file that ends in `.toml` or `.json`"]);
    std::fs::create_dir(folder.path().join("d.toml")).unwrap();
    assert_eq!(folder.problems(load("d.toml")), ["d.toml: the file cannot be read: it is a folder"]);
    folder.write("b.toml", b"port = 1\nnote = '\xff'\n");
    assert_eq!(
        folder.problems(load("b.toml")),
        ["b.toml: the file cannot be read: it is not UTF-8 text, at line 2"]
    );
    folder.write("l.toml", vec![b' '; 5 * 1024 * 1024]);
    assert_eq!(folder.problems(load("l.toml")), ["l.toml: the file cannot be read: it is larger than 4 MiB"]);
}

#[test]
fn of_several_named_files_the_later_wins() {
    let folder = Folder::new();
    let (one, two) = (folder.write("1.toml", "port = 1\nratio = 1"), folder.write("2.json", "{\"port\": 2}"));
    folder.write("ostler.toml", "port = 'not read'");
    let options = Options::<Settings>::builder()
        .folder(folder.path())
        .file(one)
        .file(two)
        .variables([])
        .load()
        .unwrap();
    assert_eq!((options.get().port, options.get().ratio), (2, 1.0));
}

#[test]
fn named_sections_are_options_of_their_own() {
    let text =
        "[BackgroundService]\nCount = 1\n[Other]\nCount = 2\n[Outer.Inner]\nCount = 3\n[Outer.Beside]\nx = 1";
    let builder = |section: &str| {
        let builder = Options::<Workers>::builder().text("a.toml", Format::Toml, text).section(section);
        builder.variables(vars([("APP__OTHER__INTERVAL_SECONDS", "9"), ("APP__THIRD", "x")]))
    };
    assert_eq!(builder("background_service").load().unwrap().get().count, 1);
    let other = builder("Other").load().unwrap();
    assert_eq!((other.get().count, other.get().interval_seconds), (2, 9));
    assert_eq!(builder("Outer:Inner").load().unwrap().get().count, 3);
    assert_eq!(builder("outer.inner").load().unwrap().get().count, 3);
    assert_eq!(*builder("None").load().unwrap().get(), Workers::default());
    assert_eq!(
        builder("Outer:Inner").print().unwrap(),
        "Outer.Inner.count = 3             # a.toml:6:9\n\
         Outer.Inner.interval_seconds = 0  # default\n\
         \n\
         # ignored, as nothing here reads it:\n\
         #   BackgroundService  # a.toml:1:2\n\
         #   Other              # a.toml:3:2\n\
         #   Outer.Beside       # a.toml:7:8\n\
         #   OTHER              # APP__OTHER__INTERVAL_SECONDS\n\
         #   THIRD              # APP__THIRD\n"
    );
    let wrong = Options::<Workers>::builder()
        .text("a.toml", Format::Toml, "[A]\nCuont = 1\ninterval_seconds = 'x'")
        .section("A");
    assert_eq!(
        problems(wrong.variables([]).load()),
        [
            "a.toml:2:1: `A.Cuont`: unknown key; did you mean `count`?",
            "a.toml:3:20: `A.interval_seconds`: expected a whole number, 0 or more, found the text `x`",
        ]
    );
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Inbox {
    from: String,
    hosts: Vec<String>,
    smtp: Smtp,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Smtp {
    port: u16,
}

fn inbox(file: &str, variables: Vec<(String, String)>) -> ostler::OptionsBuilder<Inbox> {
    let builder = Options::builder().text("appsettings.json", Format::Json, file);
    builder.section("Mail").prefix("").variables(variables)
}

#[test]
fn without_a_prefix_a_variable_that_is_called_as_the_section_is_anothers() {
    let file = r#"{"Mail": {"From": "x", "Smtp": {"Port": 1}}}"#;
    for name in ["MAIL", "Mail", "MA_IL", "MAILING__FROM", "FROM", "LOGGING__X"] {
        let options = inbox(file, vars([(name, "/var/mail/root")])).load().unwrap().get();
        assert_eq!((options.from.as_str(), options.smtp.port), ("x", 1), "{name}");
    }
    let both = vars([("MAIL", "/var/mail/root"), ("Mail__From", "y"), ("MAIL__HOSTS__0", "h")]);
    let options = inbox(file, both).load().unwrap().get();
    assert_eq!((options.from.as_str(), options.hosts.as_slice()), ("y", ["h".to_owned()].as_slice()));
    let narrow =
        || Options::<Smtp>::builder().text("a.json", Format::Json, file).section("Mail:Smtp").prefix("");
    let with = |name| narrow().variables(vars([(name, "7")])).load().unwrap().get().port;
    assert_eq!(
        (with("MAIL"), with("MAIL__SMTP"), with("MAIL__FROM"), with("MAIL__SMTP__PORT")),
        (1, 1, 1, 7)
    );
}

#[test]
fn without_a_prefix_what_is_wrong_with_variables_of_the_section_is_told() {
    let load = |variables| problems(inbox("{}", variables).load());
    assert_eq!(
        load(vars([("Mail__Form", "y"), ("Male__Form", "y"), ("Form", "y")])),
        ["Mail__Form: `Mail.Form`: unknown key; did you mean `from`?"]
    );
    assert_eq!(
        load(vars([("MAIL__FROM", "x"), ("Mail__From", "y"), ("MAIL__", "x"), ("A____B", "x")])),
        [
            "MAIL__: a part of the key is empty",
            "Mail__From: `Mail__From` is the same key as `MAIL__FROM`; case, `_` and `-` do not count",
        ]
    );
    assert_eq!(
        load(vars([("MAIL__SMTP", "x")])),
        ["MAIL__SMTP: `Mail.smtp`: expected a section, found the text `x`"]
    );
}

#[test]
fn without_a_prefix_a_text_never_stands_for_a_section() {
    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    struct Folders {
        path: Smtp,
        home: Option<Smtp>,
        shell: std::collections::BTreeMap<String, u8>,
        user: String,
    }
    let load = |file: &str, variables| {
        let builder = Options::<Folders>::builder().text("a.toml", Format::Toml, file).prefix("");
        builder.variables(variables).load()
    };
    let login = [("PATH", "/bin"), ("HOME", "/root"), ("SHELL", "/bin/sh"), ("USER", "root")];
    let options = load("path.port = 1\nhome.port = 2\nshell.a = 3", vars(login)).unwrap().get();
    assert_eq!((options.path.port, options.home.as_ref().unwrap().port, options.shell["a"]), (1, 2, 3));
    assert_eq!(options.user, "root");
    let options = load("", vars(login)).unwrap().get();
    assert_eq!(*options, Folders { user: "root".into(), ..Folders::default() });
    // Nor does it hide what another variable says of that section.
    let options = load("", vars([login[0], ("Path__Port", "4")])).unwrap().get();
    assert_eq!(options.path.port, 4);
}

#[test]
fn a_key_of_dotnets_with_colons_is_a_way_through_sections() {
    let load = |name: &str, text: &str| {
        Options::<Inbox>::builder().text(name, Format::Json, text).section("Mail").variables([]).load()
    };
    let text = r#"{"Mail:Smtp:Port": 2, "Mail": {"From": "x"}, "Mail:Hosts": ["h"]}"#;
    let options = load("appsettings.json", text).unwrap().get();
    assert_eq!((options.from.as_str(), options.smtp.port, options.hosts.len()), ("x", 2, 1));
    assert_eq!(load("appsettings.json", r#"{"Mail": {"Smtp:Port": 3}}"#).unwrap().get().smtp.port, 3);
    assert_eq!(load("appsettings.json", r#"{"Mail:Smtp": {"Port": 4}}"#).unwrap().get().smtp.port, 4);
    assert_eq!(
        problems(load(
            "appsettings.json",
            r#"{"Mail:Frm": "x", "Mail:Smtp:Port": 1, "Mail": {"Smtp": {"Port": 2}}}"#
        )),
        [
            "appsettings.json:1:2: `Mail.Frm`: unknown key; did you mean `from`?",
            "appsettings.json:1:19: `Port` stands twice in one table, first at appsettings.json:1:58",
        ]
    );
    let deep = format!("{{\"Mail{}\": 1}}", ":a".repeat(100_000));
    assert_eq!(problems(load("appsettings.json", &deep)).len(), 2, "too deep, and unknown");
    // In other files a colon is a character like others.
    assert_eq!(load("ostler.json", r#"{"Mail:From": "x"}"#).unwrap().get().from, "");
}

#[test]
fn what_stands_in_place_of_the_section_is_a_mistake() {
    let load = |name: &str, text: &str, section: &str| {
        let builder = Options::<Inbox>::builder().text(name, Format::Json, text).section(section);
        problems(builder.variables(vars([("APP__OTHER", "1")])).load())
    };
    let expected = |at: u8, key: &str, found: &str| {
        [format!("a.json:1:{at}: `{key}`: expected a section, found {found}")]
    };
    assert_eq!(load("a.json", r#"{"Mail": 5}"#, "Mail:Smtp"), expected(10, "Mail", "the number `5`"));
    assert_eq!(load("a.json", r#"{"Mail": 5}"#, "Mail"), expected(10, "Mail", "the number `5`"));
    assert_eq!(load("a.json", r#"{"Mail": null}"#, "Mail"), expected(10, "Mail", "`null`"));
    assert_eq!(load("appsettings.json", r#"{"Mail": null}"#, "Mail"), Vec::<String>::new());
    assert_eq!(load("appsettings.json", r#"{"Mail": null}"#, "Mail:Smtp"), Vec::<String>::new());
    let builder = Options::<u16>::builder().text("a.json", Format::Json, r#"{"Port": 5}"#).section("Port");
    assert_eq!(*builder.variables([]).load().unwrap().get(), 5);
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_refused_and_not_waited_for() {
    let folder = Folder::new();
    let pipe = folder.path().join("pipe.toml");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let device = folder.path().join("device.toml");
    std::os::unix::fs::symlink("/dev/zero", &device).unwrap();
    std::os::unix::fs::symlink(folder.write("real", "port = 1"), folder.path().join("link.toml")).unwrap();
    let load =
        |name: &str| Options::<Settings>::builder().file(folder.path().join(name)).variables([]).load();
    let refused = "the file cannot be read: it is no regular file, but a pipe, a socket or a device";
    assert_eq!(folder.problems(load("pipe.toml")), [format!("pipe.toml: {refused}")]);
    assert_eq!(folder.problems(load("device.toml")), [format!("device.toml: {refused}")]);
    assert_eq!(load("link.toml").unwrap().get().port, 1);
}
