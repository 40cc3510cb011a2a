//! The flags of a command line, here and in a process of its own.

use std::process::{Command, ExitCode, Output};

use clap::Parser;
use ostler::{ConfigArgs, Format, Options, OptionsBuilder};

use super::{Folder, Mail, Settings, problems};

#[derive(Parser)]
struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

fn args(line: &[&str]) -> Result<ConfigArgs, clap::Error> {
    let line = std::iter::once("app").chain(line.iter().copied());
    Args::try_parse_from(line).map(|args| args.config)
}

fn builder(line: &[&str]) -> OptionsBuilder<Settings> {
    let builder = Options::builder().text("built-in.toml", Format::Toml, "port = 1\nratio = 1").variables([]);
    builder.args(&args(line).unwrap())
}

#[test]
fn flags_are_the_strongest_layer() {
    let folder = Folder::new();
    let (one, two) = (folder.write("1.toml", "port = 2"), folder.write("2.toml", "letter = 'y'"));
    let settings = builder(&["--set", "port=3", "--set", "mail.from=a=b"]).load().unwrap().get();
    assert_eq!((settings.port, settings.ratio, settings.mail.from.as_str()), (3, 1.0, "a=b"));
    // A file of the command line stands instead of the application's own.
    let settings = builder(&["--config", one.to_str().unwrap(), "--config", two.to_str().unwrap()])
        .load()
        .unwrap()
        .get();
    assert_eq!((settings.port, settings.ratio, settings.letter), (2, 0.5, 'y'));
    assert!(args(&["--set", "port"]).is_err() && args(&["--set", "=1"]).is_err());
    assert_eq!(
        problems(builder(&["--set", "prot=3"]).load()),
        ["--set: `prot`: unknown key; did you mean `port`?"]
    );
}

#[test]
fn without_a_question_there_is_no_answer() {
    assert_eq!(builder(&["--set", "port=x"]).answer(), None);
    assert_eq!(builder(&["--check-config", "--set", "port=3"]).answer(), Some(ExitCode::from(0)));
    assert_eq!(builder(&["--check-config", "--set", "port=x"]).answer(), Some(ExitCode::from(78)));
    assert_eq!(builder(&["--print-config", "--set", "port=x"]).answer(), Some(ExitCode::from(78)));
}

/// Not a test: what the child processes of the tests below run, which name it.
#[test]
#[ignore = "run by other tests, in a process of its own"]
fn child() {
    let line = std::env::var("LINE").unwrap();
    let args = args(&line.split_whitespace().collect::<Vec<_>>()).unwrap();
    let answer = match std::env::var("SECTION") {
        Ok(section) => Options::<Mail>::builder().section(&section).prefix("").args(&args).answer(),
        Err(_) => Options::<Settings>::builder().args(&args).answer(),
    };
    let code = [0, 78].into_iter().find(|code| answer == Some(ExitCode::from(*code)));
    std::process::exit(code.map_or(1, i32::from));
}

fn run(folder: &Folder, line: &str, command: impl FnOnce(&mut Command)) -> Output {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--ignored", "--exact", "flags::child", "--nocapture"]).current_dir(folder.path());
    child.env("LINE", line);
    command(&mut child);
    child.output().unwrap()
}

#[test]
fn a_process_answers_with_its_exit_code() {
    let folder = Folder::new();
    folder.write("ostler.toml", "port = 1");
    let good = run(&folder, "--check-config", |_| {});
    assert_eq!(good.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&good.stdout).contains("the configuration is valid\n"));

    let printed = run(&folder, "--print-config --set port=2", |child| {
        child.env("APP__MAIL__PASSWORD", "hunter2");
    });
    let text = String::from_utf8_lossy(&printed.stdout).into_owned();
    assert_eq!(printed.status.code(), Some(0));
    assert!(text.contains("port = 2                 # --set\n"), "{text}");
    assert!(text.contains("mail.password = ***      # APP__MAIL__PASSWORD\n"), "{text}");

    folder.write("ostler.toml", "port = 'x'\nmode = 'y'");
    let bad = run(&folder, "--check-config", |child| {
        child.env("APP__PROT", "1");
    });
    assert_eq!(bad.status.code(), Some(78));
    assert_eq!(
        String::from_utf8_lossy(&bad.stderr),
        "3 problems in the configuration\n  \
         - ostler.toml:1:8: `port`: expected a whole number from 0 to 65535, found the text `x`\n  \
         - ostler.toml:2:8: `mode`: expected one of `slow`, `fast`, `drop_oldest`, found the text `y`\n  \
         - APP__PROT: `PROT`: unknown key; did you mean `port`?\n"
    );
}

#[test]
fn the_environment_that_is_checked_is_the_one_that_is_loaded() {
    let folder = Folder::new();
    folder.write("appsettings.json", "{\"Port\": 1}");
    folder.write("appsettings.Staging.json", "{\"Port\": 2, \"Mode\": \"y\"}");
    let staging = |child: &mut Command| {
        child.env("OSTLER_ENV", "Staging");
    };
    assert_eq!(
        run(&folder, "--check-config", |child| _ = child.env_remove("OSTLER_ENV")).status.code(),
        Some(0)
    );
    let checked = run(&folder, "--check-config", staging);
    assert_eq!(checked.status.code(), Some(78));
    let text = String::from_utf8_lossy(&checked.stderr).into_owned();
    assert!(text.starts_with("appsettings.Staging.json:1:21: `mode`: "), "{text}");
    let printed = run(&folder, "--print-config --set mode=fast", staging);
    let text = String::from_utf8_lossy(&printed.stdout).into_owned();
    assert!(text.contains("port = 2                 # appsettings.Staging.json:1:10\n"), "{text}");
}

#[test]
fn the_values_of_flags_are_not_shown_as_they_may_be_secrets() {
    let shown = format!("{:?}", args(&["--set", "mail.password=hunter2", "--check-config"]).unwrap());
    assert!(shown.contains("mail.password") && shown.contains("check_config: true"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[cfg(unix)]
#[test]
fn variables_that_are_not_text_are_told() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let folder = Folder::new();
    let output = run(&folder, "--check-config", |child| {
        child.env("APP__NOTE", OsStr::from_bytes(b"\xff")).env("OTHER", OsStr::from_bytes(b"\xff"));
    });
    assert_eq!(output.status.code(), Some(78));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "APP__NOTE: it is not UTF-8 text\n");
    let output = run(&folder, "--check-config", |child| {
        let bytes = OsStr::from_bytes(b"\xff");
        child.env("SECTION", "Mail").env("Mail__From", bytes).env("MAIL", bytes).env("OTHER__FROM", bytes);
    });
    assert_eq!(output.status.code(), Some(78));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "Mail__From: it is not UTF-8 text\n");
}
