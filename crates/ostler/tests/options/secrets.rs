//! Secrets are never shown, and may come from files.

use ostler::{Format, Options, Secret};
use serde::{Deserialize, Serialize};

use super::{Folder, json, problems, toml, vars};

#[test]
fn a_secret_comes_from_a_file() {
    let folder = Folder::new();
    folder.write("password", "hunter2\n");
    folder.write("pin", "4711\r\n");
    let path = folder.write("ostler.toml", "[mail]\npassword_file = 'password'\nPinFile = 'pin'\n");
    let builder = folder.usual([]);
    assert_eq!(
        folder
            .bare(&builder.print().unwrap())
            .lines()
            .filter(|line| line.contains("***"))
            .collect::<Vec<_>>(),
        [
            "mail.password = ***      # file password (ostler.toml:2:17)",
            "mail.pin = ***           # file pin (ostler.toml:3:11)",
        ]
    );
    let options = builder.load().unwrap();
    assert_eq!(options.get().mail.password.expose(), "hunter2");
    assert_eq!(options.get().mail.pin.as_ref().map(|pin| *pin.expose()), Some(4711));
    // Read again on a reload; only one line break at the end is taken off.
    folder.write("password", "\nsecond\n\n");
    assert_eq!(options.reload(), Ok(true));
    assert_eq!(options.get().mail.password.expose(), "\nsecond\n");
    // And gone, the last good one stays.
    std::fs::remove_file(folder.path().join("password")).unwrap();
    let gone = folder.problems(options.reload());
    let shown = "`mail.password_file`: the file `password` cannot be read: there is no such file";
    assert_eq!(gone, [format!("ostler.toml:2:17: {shown}")]);
    assert_eq!(options.get().mail.password.expose(), "\nsecond\n");
    drop(path);
}

#[test]
fn of_a_secret_and_its_file_the_stronger_layer_wins() {
    let folder = Folder::new();
    let file = folder.write("password", "from-file").display().to_string();
    let password = |text: &str, variables| {
        let options = toml(text).variables(variables).load().unwrap();
        options.get().mail.password.expose().clone()
    };
    assert_eq!(password("mail.password = 'plain'", vars([("APP__MAIL__PASSWORD_FILE", &file)])), "from-file");
    assert_eq!(
        password(&format!("mail.password_file = '{file}'"), vars([("APP__MAIL__PASSWORD", "plain")])),
        "plain"
    );
    assert_eq!(
        problems(toml(&format!("[mail]\npassword = 'hunter2'\npassword_file = '{file}'")).load()),
        ["ostler.toml:3:1: `mail.password_file`: `password` stands beside it; one of the two is too many"]
    );
}

#[test]
fn the_source_of_a_secret_names_its_file_and_who_named_it() {
    let folder = Folder::new();
    let file = folder.write("password", "from-file").display().to_string();
    let printed = toml("").variables(vars([("APP__MAIL__PASSWORD_FILE", &file)])).print().unwrap();
    let line = printed.lines().find(|line| line.contains("password")).unwrap();
    assert_eq!(line, format!("mail.password = ***      # file {file} (APP__MAIL__PASSWORD_FILE)"));
    assert!(!printed.contains("from-file"));
}

#[test]
fn a_secrets_file_must_be_text_of_the_right_type() {
    let folder = Folder::new();
    let file = |name: &str, content: &[u8]| {
        let path = folder.write(name, content).display().to_string();
        folder.problems(json(&format!("{{\"mail\": {{\"pin_file\": \"{path}\"}}}}")).load())
    };
    let at = "ostler.json:1:23: ";
    let number =
        "`mail.pin`: expected a whole number from 0 to 65535, found something else (a secret, not shown)";
    assert_eq!(file("text", b"hunter2"), [format!("{at}{number}")]);
    let unread = "`mail.pin_file`: the file `bytes` cannot be read: it is not UTF-8 text, at line 1";
    assert_eq!(file("bytes", b"\xff"), [format!("{at}{unread}")]);
    assert_eq!(
        problems(json("{\"mail\": {\"pin_file\": 4}}").load()),
        [format!("{at}`mail.pin_file`: expected the path of a file, found the number `4`")]
    );
    assert_eq!(json("{\"mail\": {\"pin_file\": null}}").load().unwrap().get().mail.pin, None);
}

#[test]
fn no_text_shows_a_secret() {
    let options = toml("mail.password = 'hunter2'\nmail.pin = 4711").load().unwrap();
    let mail = options.get().mail.clone();
    let texts = [
        format!("{options:?}"),
        format!("{mail:?} {}", mail.password),
        serde_json::to_string(&mail).unwrap(),
        toml("mail.password = 'hunter2'\nmail.pin = 4711").print().unwrap(),
        problems(toml("mail.password = ['hunter2']\nmail.pin = 471100").load()).join("\n"),
    ];
    for text in texts {
        assert!(!text.contains("hunter2") && !text.contains("4711"), "{text}");
        assert!(text.contains("***") || text.contains("a secret"), "{text}");
    }
}

#[test]
fn a_file_for_what_is_no_secret_is_an_unknown_key_like_others() {
    let folder = Folder::new();
    let file = folder.write("note", "x").display().to_string();
    // Refused where unknown keys are, with the value's own key beside it or without.
    let message = "`note_file`: unknown key; `note` is not a secret, so it cannot come from a file";
    assert_eq!(
        problems(toml(&format!("note_file = '{file}'\nprot = 1")).load()),
        [
            format!("ostler.toml:1:1: {message}"),
            "ostler.toml:2:1: `prot`: unknown key; did you mean `port`?".into()
        ]
    );
    assert_eq!(
        problems(toml(&format!("note_file = '{file}'\nnote = 'a'")).load()),
        [format!("ostler.toml:1:1: {message}")]
    );
    // Ignored where they are.
    folder.write("appsettings.json", "{\"NoteFile\": \"x\", \"Port\": 1}");
    let shared = folder.usual([]);
    assert!(folder.bare(&shared.print().unwrap()).ends_with("#   NoteFile  # appsettings.json:1:2\n"));
    let settings = shared.load().unwrap().get();
    assert_eq!((settings.note.as_deref(), settings.port), (None, 1));
    let variables = vars([("NOTE_FILE", &file), ("Mail__PasswordFile", &file)]);
    let settings = toml("").prefix("").variables(variables).load().unwrap().get();
    assert_eq!((settings.note.as_deref(), settings.mail.password.expose().as_str()), (None, "x"));
}

#[test]
fn what_could_be_meant_for_a_secret_is_not_quoted() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Api {
        auth: Auth,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(untagged)]
    enum Auth {
        Token(Secret<u32>),
        Basic { user: String, password: Secret<u32> },
    }
    for text in ["auth = 'hunter2'", "[auth]\nuser = 'a'\npassword = 'hunter2'", "auth = ['hunter2']"] {
        let builder = Options::<Api>::builder().text("a.toml", Format::Toml, text).variables([]);
        let found = problems(builder.load()).join("\n");
        assert!(found.contains("did not match any variant") && !found.contains("hunter2"), "{found}");
    }
}
