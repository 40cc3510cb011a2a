//! `shop.service`, by a reader of a few lines, and by systemd itself.

use std::net::IpAddr;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

use ostler::{LIVE_WITHIN, exit};

use super::facts::{assert_flags, default_of, longest_start, longest_stop, value_of};
use super::read;
use crate::harness::{PATIENCE, program, signal_to, temporary, until};

/// Key and value, in the order of the file.
struct UnitFile(Vec<(String, String)>);

impl UnitFile {
    fn read() -> Self {
        let text = read("shop.service");
        let settings = text.lines().filter(|line| !line.starts_with(['#', '[']) && !line.is_empty());
        let setting = |line: &str| {
            let (key, value) = line.split_once('=').unwrap_or_else(|| panic!("not a setting: {line}"));
            (key.to_owned(), value.to_owned())
        };
        Self(settings.map(setting).collect())
    }

    /// The one value of a key.
    #[track_caller]
    fn get(&self, key: &str) -> &str {
        let values: Vec<&str> =
            self.0.iter().filter(|(own, _)| own == key).map(|(_, value)| value.as_str()).collect();
        assert_eq!(values.len(), 1, "{key}: {values:?}");
        values[0]
    }

    #[track_caller]
    fn seconds(&self, key: &str) -> Duration {
        let value = self.get(key);
        let seconds = value.strip_suffix('s').unwrap_or_else(|| panic!("{key}={value} is not in seconds"));
        Duration::from_secs(seconds.parse().unwrap())
    }

    fn command(&self) -> Vec<&str> {
        self.get("ExecStart").split_whitespace().collect()
    }
}

#[test]
fn its_command_line_is_the_programs() {
    let unit = UnitFile::read();
    let command = unit.command();
    assert!(command[0].ends_with("/shop"), "{command:?}");
    assert_flags(command.iter().copied());
    assert_eq!(value_of(&command, "--data"), format!("%S/{}", unit.get("StateDirectory")));
    // It says that both addresses are the defaults, on the loopback.
    assert!(!command.iter().any(|word| word.starts_with("--listen") || word.starts_with("--probes")));
    let local = |flag| -> IpAddr { default_of(flag).ip() };
    assert!(local("--listen").is_loopback() && local("--probes").is_loopback());
}

#[test]
fn its_time_outs_are_longer_than_what_the_program_may_take() {
    let unit = UnitFile::read();
    let (stop, start) = (longest_stop(), longest_start());
    assert!(unit.seconds("TimeoutStopSec") > stop, "a stop may take {stop:?}");
    assert!(unit.seconds("TimeoutStartSec") > start, "a start may take {start:?}");
}

#[test]
fn its_watchdog_is_no_stricter_than_liveness() {
    // It is confirmed at half of the interval: longer than what liveness allows, so that this decides.
    let half = UnitFile::read().seconds("WatchdogSec") / 2;
    assert!(half > LIVE_WITHIN, "{half:?}");
}

#[test]
fn what_another_start_would_not_mend_is_not_started_again() {
    let unit = UnitFile::read();
    assert_eq!(unit.get("Restart"), "on-failure");
    let codes: Vec<u8> =
        unit.get("RestartPreventExitStatus").split(' ').map(|code| code.parse().unwrap()).collect();
    assert_eq!(codes, [exit::USAGE, exit::CONFIG]);
}

#[test]
fn it_is_told_by_the_program_and_reloads_by_sighup() {
    let unit = UnitFile::read();
    assert_eq!((unit.get("Type"), unit.get("NotifyAccess")), ("notify", "main"));
    assert_eq!(unit.get("ExecReload"), "/bin/kill -HUP $MAINPID");
    assert!(unit.get("RestrictAddressFamilies").contains("AF_UNIX"), "the socket of systemd is one");
    // The alternative is there to be read and has no effect.
    assert!(read("shop.service").contains("\n#Type=notify-reload\n"));
}

/// With `Type=notify` a program that says nothing never becomes ready.
#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "there is no systemd here, and nothing is told")]
fn the_program_says_that_it_is_ready() {
    let data = temporary();
    std::fs::create_dir_all(&data).unwrap();
    let path = data.join("notify");
    let systemd = UnixDatagram::bind(&path).unwrap();
    systemd.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut command = program();
    command.args(["--listen", "127.0.0.1:0", "--probes", "127.0.0.1:0", "--data"]).arg(&data);
    let mut child = command.env("NOTIFY_SOCKET", &path).spawn().unwrap();
    let mut buffer = [0; 4096];
    let mut told = String::new();
    while !told.contains("READY=1\n") {
        let length = systemd.recv(&mut buffer).unwrap_or_else(|error| panic!("{error}; told: {told}"));
        told.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
    }
    signal_to(&child, "-TERM");
    let status = until("the shop has ended", || child.try_wait().unwrap());
    assert_eq!(status.code(), Some(0), "{told}");
    std::fs::remove_dir_all(data).unwrap();
}

#[test]
fn systemd_has_nothing_to_say_about_it() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        assert!(
            std::env::var_os("CI").is_none(),
            "systemd-analyze is missing: `cargo xtask test` installs it"
        );
        eprintln!("SKIPPED: systemd-analyze is not installed");
        return;
    }
    // Only the program's place is another: it has to exist.
    let folder = temporary();
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("shop.service");
    let unit = UnitFile::read();
    let text = read("shop.service").replace(unit.command()[0], env!("CARGO_BIN_EXE_shop"));
    std::fs::write(&file, text).unwrap();
    let output = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&file).output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    std::fs::remove_dir_all(folder).unwrap();
    assert!(output.status.success() && said.is_empty(), "{}: {said}", output.status);
}
