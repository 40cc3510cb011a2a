//! What the results were measured on and with, as far as it can be found out.

use std::fmt;
use std::process::Command;

/// The machine, the compiler and the versions of the contenders.
pub(crate) struct Computer {
    facts: Vec<(&'static str, String)>,
}

const OWN_LOCK: &str = include_str!("../Cargo.lock");

impl Computer {
    pub(crate) fn look() -> Self {
        let cores = std::thread::available_parallelism().map_or("?".to_owned(), |cores| cores.to_string());
        let kernel = format!("{} {}", line_of("uname", &["-s"]), line_of("uname", &["-r"]));
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        let revision = line_of("git", &["-C", root, "describe", "--always", "--dirty", "--exclude=*"]);
        let peer = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/tokio-cron-scheduler/Cargo.lock");
        let versions = ["async-channel", "flume", "tokio", "chrono-tz", "cron", "croner", "cronexpr", "jiff"]
            .map(|name| version(OWN_LOCK, name));
        let scheduler = version(&read(peer).unwrap_or_default(), "tokio-cron-scheduler");
        Self {
            facts: vec![
                ("date", jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string()),
                ("ostler", revision),
                ("peers", format!("{}, {scheduler}", versions.join(", "))),
                ("machine", format!("{cores} cores, {}", cpu())),
                ("kernel", kernel),
                ("compiler", line_of("rustc", &["--version"])),
            ],
        }
    }
}

impl Computer {
    /// The same without its table.
    pub(crate) fn in_a_line(&self) -> String {
        let facts = self.facts.iter().filter(|(name, _)| *name != "peers");
        facts
            .map(|(name, fact)| if *name == "ostler" { format!("ostler {fact}") } else { fact.clone() })
            .collect::<Vec<_>>()
            .join(", ")
    }
}

impl fmt::Display for Computer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("| | |\n|---|---|\n")?;
        self.facts.iter().try_for_each(|(name, fact)| writeln!(f, "| {name} | {fact} |"))
    }
}

/// The load average of the last minute: tasks that run or wait to. The rows' own work is part of it.
pub(crate) fn load() -> String {
    let known = read("/proc/loadavg").unwrap_or_default();
    known.split_whitespace().next().unwrap_or("unknown").to_owned()
}

fn cpu() -> String {
    let known = read("/proc/cpuinfo").unwrap_or_default();
    let model =
        known.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split_once(": "));
    model.map_or("model unknown".to_owned(), |(_, model)| model.to_owned())
}

fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

fn line_of(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success());
    let text = output.and_then(|output| String::from_utf8(output.stdout).ok());
    text.map_or("unknown".to_owned(), |text| text.trim().to_owned())
}

/// A package and its version in a lock file.
fn version(lock: &str, package: &str) -> String {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name).skip(1);
    let version = lines.next().and_then(|line| line.strip_prefix("version = ")).unwrap_or("?");
    format!("{package} {}", version.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_a_lock_file() {
        let package = |name, version| format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n\n");
        let lock = package("tokio-macros", "2.7.2") + &package("tokio", "1.54.1");
        assert_eq!(version(&lock, "tokio"), "tokio 1.54.1");
        assert_eq!(version(&lock, "flume"), "flume ?");
    }
}
