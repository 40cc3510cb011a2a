//! What a reload reads, and what stays where it cannot.

use std::sync::{Arc, Mutex};

use ostler::Options;

use super::{Folder, Settings};

#[test]
fn a_reload_reads_the_files_again_and_keeps_the_last_good_value() {
    let folder = Folder::new();
    folder.write("ostler.toml", "port = 1");
    let options = folder.usual([("APP__RATIO", "2")]).load().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let calls = Arc::clone(&seen);
    options.on_change(move |old, new| calls.lock().unwrap().push((old.port, new.port))).forever();

    folder.write("ostler.toml", "port = 2");
    assert_eq!(options.reload(), Ok(true));
    assert_eq!((options.get().port, options.get().ratio), (2, 2.0));
    // Another text, the same value.
    folder.write("ostler.toml", "# a comment\nPort = '2'");
    assert_eq!(options.reload(), Ok(false));
    folder.write("ostler.toml", "prot = 3");
    assert_eq!(
        folder.problems(options.reload()),
        ["ostler.toml:1:1: `prot`: unknown key; did you mean `port`?"]
    );
    assert_eq!(options.get().port, 2);
    folder.write("ostler.toml", "port = 4");
    assert_eq!(options.reload(), Ok(true));
    assert_eq!(*seen.lock().unwrap(), [(1, 2), (2, 4)]);
}

#[test]
fn a_file_that_was_there_and_is_gone_is_a_problem() {
    let folder = Folder::new();
    let path = folder.write("appsettings.json", "{\"port\": 1}");
    let options = folder.usual([]).load().unwrap();
    std::fs::rename(&path, folder.path().join("aside")).unwrap();
    assert_eq!(folder.problems(options.reload()), ["appsettings.json: the file is gone"]);
    assert_eq!(options.get().port, 1);
    std::fs::rename(folder.path().join("aside"), &path).unwrap();
    assert_eq!(options.reload(), Ok(false));
    // One that appears later counts from then on.
    let over = folder.write("appsettings.Production.json", "{\"port\": 2}");
    assert_eq!(options.reload(), Ok(true));
    assert_eq!(options.get().port, 2);
    std::fs::remove_file(over).unwrap();
    assert_eq!(folder.problems(options.reload()), ["appsettings.Production.json: the file is gone"]);
    assert_eq!(options.get().port, 2);
}

#[test]
fn a_named_file_that_is_gone_is_a_problem() {
    let folder = Folder::new();
    let path = folder.write("x.toml", "port = 1");
    let options = Options::<Settings>::builder().file(&path).variables([]).load().unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(folder.problems(options.reload()), ["x.toml: the file is gone"]);
}

#[test]
fn a_check_holds_on_reload_too() {
    let folder = Folder::new();
    folder.write("ostler.toml", "interval_seconds = 1");
    let options = folder.usual([]).validate(|settings, problems| {
        if settings.interval_seconds == 0 {
            problems.add("interval_seconds", "must be 1 or more");
        }
    });
    let options = options.load().unwrap();
    folder.write("ostler.toml", "interval_seconds = 0");
    assert_eq!(
        folder.problems(options.reload()),
        ["ostler.toml:1:20: `interval_seconds`: must be 1 or more"]
    );
    assert_eq!(options.get().interval_seconds, 1);
}
