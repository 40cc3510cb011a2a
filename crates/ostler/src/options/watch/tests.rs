//! The watch on real files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use super::debounce::DEBOUNCE;
use super::system;
use super::thread::{Setup, look, start_with};
use crate::clock::{Clock, HOUR, MINUTE};
use crate::options::shared::{Load, Shared};
use crate::options::{Options, Subscription};
use crate::problem::{ConfigError, Problem};

/// Only ends a hung test.
const LIMIT: Duration = MINUTE;

/// A folder of the test's own, removed at its end.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("ostler-watch-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        // Where the folder for temporary files is a link, paths would not compare.
        let path = std::env::temp_dir().canonicalize().unwrap().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn at(&self, name: &str) -> PathBuf {
        if name.is_empty() { self.0.clone() } else { self.0.join(name) }
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.at(name), text).unwrap();
    }

    /// As an editor saves: a new file beside it, which then takes the name.
    fn write_beside(&self, name: &str, text: &str) {
        let beside = self.at(&format!(".{name}.new"));
        fs::write(&beside, text).unwrap();
        fs::rename(beside, self.at(name)).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Called with a file's path and its text.
type Reading = Box<dyn Fn(&Path, &str) + Send + Sync>;

/// Reads a number from each file and adds them up. `@path` in a file stands for the number in that one.
struct Numbers {
    files: Vec<PathBuf>,
    others: Mutex<Vec<PathBuf>>,
    /// Whether a file may be missing, which then counts as 0.
    optional: bool,
    /// Before the text is understood.
    reading: Reading,
    loads: Sender<Result<u64, ConfigError>>,
    looks: Sender<()>,
}

impl Load<u64> for Numbers {
    fn check(&self, _: &u64) -> Result<(), ConfigError> {
        Ok(())
    }

    fn changed(&self, _: &u64, _: &u64) -> Vec<Problem> {
        Vec::new()
    }

    fn load(&self) -> Result<u64, ConfigError> {
        self.others.lock().unwrap().clear();
        let sum: Result<u64, ConfigError> = self.files.iter().map(|file| self.number(file)).sum();
        self.loads.send(sum.clone()).ok();
        sum
    }

    fn files(&self) -> Vec<PathBuf> {
        self.looks.send(()).ok();
        [self.files.as_slice(), &self.others.lock().unwrap()].concat()
    }
}

impl Numbers {
    fn number(&self, file: &Path) -> Result<u64, ConfigError> {
        let problem = |message: String| ConfigError::from(Problem::new("", message));
        let text = match fs::read_to_string(file) {
            Err(error) if self.optional && error.kind() == io::ErrorKind::NotFound => return Ok(0),
            read => read.map_err(|error| problem(error.to_string()))?,
        };
        (self.reading)(file, &text);
        if let Some(other) = text.strip_prefix('@') {
            self.others.lock().unwrap().push(other.into());
            return self.number(Path::new(other));
        }
        text.parse().map_err(|_| problem(format!("`{text}` is no number")))
    }
}

/// What a test wants of a watch; the rest is as it always is, but for the polls, which would hide that nobody told.
struct Start {
    setup: Setup,
    files: Vec<PathBuf>,
    optional: bool,
    reading: Reading,
}

impl Start {
    fn on(files: &[PathBuf]) -> Self {
        let setup = Setup { poll: HOUR, ..Setup::default() };
        Self { setup, files: files.to_vec(), optional: false, reading: Box::new(|_, _| {}) }
    }

    fn watch(self) -> Watched {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("numbers-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let (loads_to, loads) = mpsc::channel();
        let (looks_to, looks) = mpsc::channel();
        let (lives, ended) = mpsc::channel();
        let Self { setup, files, optional, reading } = self;
        let others = Mutex::default();
        let load = Box::new(Numbers { files, others, optional, reading, loads: loads_to, looks: looks_to });
        let open = setup.open;
        // It lives in the thread, and its channel ends with it.
        let open = Box::new(move |route: &_, bell: &_| {
            let _ = &lives;
            open(route, bell)
        });
        let before = look(load.files());
        let shared = Arc::new(Shared::new(&name, load.load().unwrap(), Some(load)));
        start_with(Setup { open, ..setup }, &shared, before);
        let options = Options(shared);
        let (changes_to, changes) = mpsc::channel();
        let subscription = options.on_change(move |_, new| {
            let _ = changes_to.send(*new);
        });
        loads.recv().unwrap().unwrap();
        Watched { name, options, changes, loads, looks, ended, _subscription: subscription }
    }
}

struct Watched {
    name: String,
    options: Options<u64>,
    changes: Receiver<u64>,
    loads: Receiver<Result<u64, ConfigError>>,
    /// One for each look at the files, and more.
    looks: Receiver<()>,
    /// Disconnected when the thread has ended.
    ended: Receiver<()>,
    _subscription: Subscription,
}

impl Watched {
    /// The next value that is notified.
    #[track_caller]
    fn next(&self) -> u64 {
        self.changes.recv_timeout(LIMIT).expect("a change is notified")
    }

    /// The next try to read the files.
    #[track_caller]
    fn next_load(&self) -> Result<u64, ConfigError> {
        self.loads.recv_timeout(LIMIT).expect("the files are read")
    }

    #[track_caller]
    fn wait_until_refused(&self) {
        let (clock, standing) = (Clock::real(), || self.options.origin().standing());
        let limit = clock.now() + LIMIT;
        while standing().trouble.is_none() {
            assert!(clock.now() < limit, "refused in time");
            std::thread::yield_now();
        }
    }

    /// Waits until the watch has begun a look at the files.
    #[track_caller]
    fn wait_for_look(&self) {
        self.looks.recv_timeout(LIMIT).expect("the files are looked at");
    }

    /// Forgets what has happened, after a change that the first look may have seen without any hint.
    #[track_caller]
    fn warmed_up(self, warm_up: impl FnOnce()) -> Self {
        warm_up();
        self.next();
        self.loads.try_iter().for_each(drop);
        self
    }
}

/// A watch over one file, with the value 1, that has begun.
fn one_file(folder: &Folder) -> Watched {
    folder.write("app", "0");
    Start::on(&[folder.at("app")]).watch().warmed_up(|| folder.write_beside("app", "1"))
}

#[test]
fn an_edit_in_place_is_seen() {
    let folder = Folder::new();
    let watched = one_file(&folder);
    folder.write("app", "2");
    assert_eq!(watched.next(), 2);
    assert_eq!(*watched.options.get(), 2);
}

#[test]
fn a_file_that_takes_the_name_is_seen() {
    let folder = Folder::new();
    let watched = one_file(&folder);
    (2..=4).for_each(|value| {
        folder.write_beside("app", &value.to_string());
        assert_eq!(watched.next(), value);
    });
}

#[test]
fn a_file_that_is_deleted_and_made_again_is_seen() {
    let folder = Folder::new();
    let watched = one_file(&folder);
    fs::remove_file(folder.at("app")).unwrap();
    watched.wait_until_refused();
    assert_eq!(*watched.options.get(), 1);
    folder.write("app", "2");
    assert_eq!(watched.next(), 2);
    assert_eq!(watched.options.origin().standing().trouble, None);
}

#[test]
fn a_file_that_appears_later_is_seen_and_so_is_its_folder() {
    let folder = Folder::new();
    folder.write("app", "0");
    let files = [folder.at("app"), folder.at("app.local"), folder.at("conf/d/app")];
    let watched = Start { optional: true, ..Start::on(&files) }.watch();
    let watched = watched.warmed_up(|| folder.write_beside("app", "1"));
    folder.write_beside("app.local", "10");
    assert_eq!(watched.next(), 11);
    fs::create_dir_all(folder.at("conf/d")).unwrap();
    folder.write("conf/d/app", "100");
    assert_eq!(watched.next(), 111);
    fs::remove_file(folder.at("app.local")).unwrap();
    assert_eq!(watched.next(), 101);
}

#[test]
fn a_folder_that_is_deleted_and_made_again_is_watched_again() {
    let folder = Folder::new();
    let conf = folder.at("conf");
    fs::create_dir(&conf).unwrap();
    folder.write("conf/app", "0");
    let watched = Start::on(&[conf.join("app")]).watch().warmed_up(|| folder.write("conf/app", "1"));
    for value in 2..=3 {
        fs::remove_dir_all(&conf).unwrap();
        watched.wait_until_refused();
        fs::create_dir(&conf).unwrap();
        folder.write("conf/app", &value.to_string());
        assert_eq!(watched.next(), value);
    }
    folder.write("conf/app", "4");
    assert_eq!(watched.next(), 4);
}

#[test]
fn another_folder_that_takes_the_name_is_watched() {
    let folder = Folder::new();
    let conf = folder.at("conf");
    fs::create_dir(&conf).unwrap();
    folder.write("conf/app", "0");
    let watched = Start::on(&[conf.join("app")]).watch().warmed_up(|| folder.write("conf/app", "1"));
    fs::create_dir(folder.at("next")).unwrap();
    folder.write("next/app", "2");
    fs::rename(&conf, folder.at("before")).unwrap();
    fs::rename(folder.at("next"), &conf).unwrap();
    assert_eq!(watched.next(), 2);
    folder.write("conf/app", "3");
    assert_eq!(watched.next(), 3);
}

#[cfg(unix)]
mod links {
    use std::os::unix::fs::symlink;

    use super::*;

    /// As the kubelet does: a folder for each version, and one link that is replaced at once.
    fn publish(mount: &Folder, version: u64) {
        let data = format!("..2026_{version}");
        fs::create_dir(mount.at(&data)).unwrap();
        mount.write(&format!("{data}/app"), &version.to_string());
        symlink(&data, mount.at("..data_tmp")).unwrap();
        fs::rename(mount.at("..data_tmp"), mount.at("..data")).unwrap();
        if let Some(before) = version.checked_sub(1) {
            fs::remove_dir_all(mount.at(&format!("..2026_{before}"))).unwrap();
        }
    }

    #[test]
    fn the_swap_of_a_config_map_is_seen() {
        let mount = Folder::new();
        publish(&mount, 0);
        symlink("..data/app", mount.at("app")).unwrap();
        let watched = Start::on(&[mount.at("app")]).watch().warmed_up(|| publish(&mount, 1));
        for version in 2..=4 {
            publish(&mount, version);
            assert_eq!(watched.next(), version);
        }
        assert_eq!(watched.options.origin().standing().refused, 0);
    }

    #[test]
    fn a_file_behind_a_link_is_seen_where_it_is() {
        let (folder, elsewhere) = (Folder::new(), Folder::new());
        elsewhere.write("real", "0");
        symlink(elsewhere.at("real"), folder.at("app")).unwrap();
        let watched =
            Start::on(&[folder.at("app")]).watch().warmed_up(|| elsewhere.write_beside("real", "1"));
        elsewhere.write("real", "2");
        assert_eq!(watched.next(), 2);
        elsewhere.write("other", "3");
        fs::remove_file(folder.at("app")).unwrap();
        symlink(elsewhere.at("other"), folder.at("app")).unwrap();
        assert_eq!(watched.next(), 3);
        elsewhere.write("other", "4");
        assert_eq!(watched.next(), 4);
    }

    #[test]
    fn a_release_folder_behind_a_link_is_seen() {
        let folder = Folder::new();
        for release in 0..=3 {
            fs::create_dir(folder.at(&format!("release{release}"))).unwrap();
            folder.write(&format!("release{release}/app"), &release.to_string());
        }
        let switch_to = |release: u64| {
            symlink(format!("release{release}"), folder.at("next")).unwrap();
            fs::rename(folder.at("next"), folder.at("current")).unwrap();
        };
        switch_to(0);
        let watched = Start::on(&[folder.at("current/app")]).watch().warmed_up(|| switch_to(1));
        for release in 2..=3 {
            switch_to(release);
            assert_eq!(watched.next(), release);
        }
    }
}

#[test]
fn a_hundred_quick_saves_are_a_handful_of_loads() {
    let folder = Folder::new();
    let watched = one_file(&folder);
    let clock = Clock::real();
    let began = clock.now();
    (1..=100).for_each(|n| folder.write_beside("app", &(n + 100).to_string()));
    while watched.next() != 200 {}
    // On a machine that stalls the test itself, the saves are not quick; then no more than one for each debounce.
    let debounces = ((clock.now() - began).as_nanos() / DEBOUNCE.as_nanos()) as usize;
    let loads = watched.loads.try_iter().count();
    assert!(loads <= debounces.max(10), "{loads} loads");
    folder.write("app", "300");
    assert_eq!(watched.next(), 300);
}

#[test]
fn a_save_without_a_change_reads_nothing() {
    let folder = Folder::new();
    let watched = one_file(&folder);
    // A look begins when the one before is over.
    for _ in 0..3 {
        watched.looks.try_iter().for_each(drop);
        folder.write_beside("app", "1");
        watched.wait_for_look();
    }
    folder.write_beside("app", "2");
    assert_eq!(watched.next(), 2);
    let loads: Vec<_> = watched.loads.try_iter().collect();
    assert_eq!(loads, [Ok(2)]);
}

#[test]
fn another_value_is_notified_and_an_equal_one_is_not() {
    let folder = Folder::new();
    let watched = one_file(&folder);
    folder.write_beside("app", "01");
    assert_eq!(watched.next_load(), Ok(1));
    folder.write_beside("app", "001");
    assert_eq!(watched.next_load(), Ok(1));
    folder.write_beside("app", "2");
    assert_eq!(watched.next(), 2);
    assert_eq!(watched.options.origin().standing().taken, 2);
}

#[test]
fn other_files_in_the_folder_are_nobodys_business() {
    let folder = Folder::new();
    let watched = one_file(&folder);
    (0..100).for_each(|n| folder.write("app.log", &n.to_string()));
    folder.write_beside("app", "2");
    assert_eq!(watched.next(), 2);
    let loads: Vec<_> = watched.loads.try_iter().collect();
    assert_eq!(loads, [Ok(2)]);
}

#[test]
fn half_a_file_is_not_refused_when_the_rest_follows() {
    let folder = Folder::new();
    folder.write("app", "0");
    // Whoever writes it is done just after the first half was read.
    let rest = |file: &Path, text: &str| {
        if text.ends_with("half") {
            fs::write(file, "2").unwrap();
        }
    };
    let watched = Start { reading: Box::new(rest), ..Start::on(&[folder.at("app")]) }.watch();
    folder.write_beside("app", "half");
    assert_eq!(watched.next(), 2);
    let loads: Vec<_> = watched.loads.try_iter().map(|load| load.ok()).collect();
    assert_eq!(loads, [None, Some(2)]);
    assert_eq!(watched.options.origin().standing().refused, 0);
}

#[test]
fn a_broken_file_is_refused_once_and_its_repair_is_seen() {
    let folder = Folder::new();
    let watched = one_file(&folder);
    folder.write_beside("app", "broken");
    watched.wait_until_refused();
    let standing = watched.options.origin().standing();
    assert_eq!(standing.trouble.as_deref(), Some("`broken` is no number"));
    assert_eq!(standing.refused, 1);
    assert_eq!(*watched.options.get(), 1);
    folder.write_beside("app", "2");
    assert_eq!(watched.next(), 2);
    let standing = watched.options.origin().standing();
    assert_eq!((standing.trouble, standing.refused), (None, 1));
}

#[test]
fn a_panic_while_reading_ends_no_watch() {
    let folder = Folder::new();
    folder.write("app", "0");
    let (reads_to, reads) = mpsc::channel();
    let reading = move |_: &Path, text: &str| {
        reads_to.send(text.to_owned()).ok();
        assert_ne!(text, "13");
    };
    let watched = Start { reading: Box::new(reading), ..Start::on(&[folder.at("app")]) }.watch();
    folder.write_beside("app", "13");
    while reads.recv_timeout(LIMIT).unwrap() != "13" {}
    folder.write_beside("app", "2");
    assert_eq!(watched.next(), 2);
}

#[test]
fn files_that_a_new_reading_leads_to_are_watched_from_then_on() {
    let (folder, secrets) = (Folder::new(), Folder::new());
    let watched = one_file(&folder);
    secrets.write("password", "10");
    folder.write_beside("app", &format!("@{}", secrets.at("password").display()));
    assert_eq!(watched.next(), 10);
    secrets.write("password", "20");
    assert_eq!(watched.next(), 20);
    secrets.write_beside("password", "30");
    assert_eq!(watched.next(), 30);
}

#[test]
fn a_change_just_after_the_first_reading_is_seen() {
    let folder = Folder::new();
    folder.write("app", "1");
    let next = |file: &Path, text: &str| {
        if text == "1" {
            fs::write(file, "2").unwrap();
        }
    };
    let watched = Start { reading: Box::new(next), ..Start::on(&[folder.at("app")]) }.watch();
    assert_eq!(watched.next(), 2);
}

#[test]
fn without_any_word_of_the_system_the_content_is_looked_at_all_the_same() {
    let folder = Folder::new();
    folder.write("app", "0");
    let open: system::Open = Box::new(|_, _| Ok(system::Opened::new(())));
    let setup = Setup { open, poll: Duration::from_millis(20), poll_alone: HOUR };
    let watched = Start { setup, ..Start::on(&[folder.at("app")]) }.watch();
    for value in 1..=3 {
        folder.write_beside("app", &value.to_string());
        assert_eq!(watched.next(), value);
    }
}

mod refused {
    use super::*;

    const EMFILE: i32 = 24;
    const ENOSPC: i32 = 28;

    /// All lines that were logged in this process. One subscriber for all tests, as the watch logs on a thread
    /// of its own.
    fn lines() -> &'static Mutex<Vec<String>> {
        static LINES: OnceLock<&'static Mutex<Vec<String>>> = OnceLock::new();
        LINES.get_or_init(|| {
            let lines: &'static Mutex<Vec<String>> = Box::leak(Box::default());
            tracing_subscriber::fmt()
                .with_max_level(tracing::Level::WARN)
                .with_writer(move || Line(lines))
                .with_ansi(false)
                .init();
            lines
        })
    }

    struct Line(&'static Mutex<Vec<String>>);

    impl io::Write for Line {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().push(String::from_utf8_lossy(bytes).into_owned());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Three edits are seen without any help of the system, and one line says why.
    #[track_caller]
    fn polling_takes_over(refuse: impl Fn() -> notify::Error + Send + 'static, reason: &str) {
        let lines = lines();
        let folder = Folder::new();
        folder.write("app", "0");
        let setup = Setup { open: Box::new(move |_, _| Err(refuse())), poll: HOUR, ..Setup::default() };
        let watched = Start { setup, ..Start::on(&[folder.at("app")]) }.watch();
        for value in 1..=3 {
            folder.write_beside("app", &value.to_string());
            assert_eq!(watched.next(), value);
        }
        let lines = lines.lock().unwrap();
        let said: Vec<_> = lines.iter().filter(|line| line.contains(&format!("{} ", watched.name))).collect();
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains("WARN") && said[0].contains(reason), "{said:?}");
        assert!(said[0].contains("every 1s instead"), "{said:?}");
    }

    #[test]
    fn polling_takes_over_where_there_are_too_many_open_files() {
        let refuse = || notify::Error::io(io::Error::from_raw_os_error(EMFILE));
        polling_takes_over(refuse, "(os error 24)");
    }

    #[test]
    fn polling_takes_over_where_there_is_no_space_for_a_watch() {
        let refuse = || notify::Error::io(io::Error::from_raw_os_error(ENOSPC));
        polling_takes_over(refuse, "(os error 28)");
    }

    #[test]
    fn polling_takes_over_where_there_are_too_many_watches() {
        let refuse = || notify::Error::new(notify::ErrorKind::MaxFilesWatch).add_path("/conf".into());
        polling_takes_over(refuse, "limit reached");
    }

    #[test]
    fn polling_takes_over_where_only_another_folder_is_refused() {
        let (folder, elsewhere) = (Folder::new(), Folder::new());
        folder.write("app", "0");
        elsewhere.write("app", "1");
        let here = folder.path().to_owned();
        let open: system::Open = Box::new(move |route, bell| {
            let is_elsewhere = route.folders().any(|folder| folder != here);
            let refusal = || notify::Error::io(io::Error::from_raw_os_error(ENOSPC));
            if is_elsewhere { Err(refusal()) } else { system::open(route, bell) }
        });
        let setup = Setup { open, poll: HOUR, poll_alone: Duration::from_millis(20) };
        let watched = Start { setup, ..Start::on(&[folder.at("app")]) }.watch();
        folder.write_beside("app", &format!("@{}", elsewhere.at("app").display()));
        assert_eq!(watched.next(), 1);
        elsewhere.write("app", "2");
        assert_eq!(watched.next(), 2);
        folder.write_beside("app", "3");
        assert_eq!(watched.next(), 3);
    }
}

#[test]
fn a_folder_that_goes_while_it_is_opened_is_no_reason_to_give_up() {
    let folder = Folder::new();
    folder.write("app", "0");
    let attempts = AtomicU64::new(0);
    let open: system::Open = Box::new(move |route, bell| match attempts.fetch_add(1, Ordering::Relaxed) {
        0..5 => Err(notify::Error::path_not_found()),
        _ => system::open(route, bell),
    });
    let setup = Setup { open, poll: Duration::from_millis(20), poll_alone: HOUR };
    let watched = Start { setup, ..Start::on(&[folder.at("app")]) }.watch();
    for value in 1..=3 {
        folder.write_beside("app", &value.to_string());
        assert_eq!(watched.next(), value);
    }
}

#[test]
fn where_the_system_lost_track_the_folders_are_opened_anew() {
    let folder = Folder::new();
    folder.write("app", "0");
    let (opened_to, opened) = mpsc::channel();
    let open: system::Open = Box::new(move |route, bell| {
        opened_to.send(Arc::clone(bell)).ok();
        system::open(route, bell)
    });
    let setup = Setup { open, poll: HOUR, ..Setup::default() };
    let watched = Start { setup, ..Start::on(&[folder.at("app")]) }.watch();
    let bell = opened.recv_timeout(LIMIT).unwrap();
    bell.hint(true);
    opened.recv_timeout(LIMIT).expect("opened once more");
    folder.write_beside("app", "1");
    assert_eq!(watched.next(), 1);
}

#[test]
fn the_thread_ends_with_the_last_who_needs_the_options() {
    let folder = Folder::new();
    let watched = one_file(&folder);
    let clone = watched.options.clone();
    let live = clone.map(|value| value * 10);
    let Watched { options, changes, ended, _subscription, .. } = watched;
    drop((options, clone));
    folder.write_beside("app", "2");
    assert_eq!(changes.recv_timeout(LIMIT), Ok(2));
    assert_eq!(live.get(), 20);
    assert_eq!(ended.try_recv(), Err(mpsc::TryRecvError::Empty));
    // Its next look is an hour away, and nothing happens to the file.
    drop(live);
    assert_eq!(ended.recv_timeout(LIMIT), Err(RecvTimeoutError::Disconnected));
}

#[test]
fn options_without_files_have_no_thread() {
    let watched = Start::on(&[]).watch();
    assert_eq!(watched.ended.recv_timeout(LIMIT), Err(RecvTimeoutError::Disconnected));
}

#[test]
fn a_call_for_a_change_may_drop_the_options_themselves() {
    let folder = Folder::new();
    folder.write("app", "0");
    let Watched { options, ended, .. } = Start::on(&[folder.at("app")]).watch();
    let own = Arc::new(Mutex::new(Some(options.clone())));
    options.on_change(move |_, _| drop(own.lock().unwrap().take())).forever();
    drop(options);
    folder.write_beside("app", "1");
    assert_eq!(ended.recv_timeout(LIMIT), Err(RecvTimeoutError::Disconnected));
}
