//! The system packages that the tests need: a table, a proof for each, and their installation on Debian.
//!
//! Rust itself cannot link a program without a C compiler, this one included, so `gcc` and `libc6-dev` are
//! there whenever this runs with Rust's default linker. They are listed because the tests need them in their
//! own right, whatever Rust links with.

use std::path::Path;

use crate::failure::{Failure, USAGE};
use crate::program::{self, Program};
use crate::steps::Outcome;

/// One line per package: Debian's name, what proves that it is there, and why it is needed.
#[rustfmt::skip]
const PACKAGES: &[Package] = &[
    Package("gcc", Proof::Command("cc"), "compiles SQLite, which is built from source"),
    Package("libc6-dev", Proof::Header("stdio.h"), "has the C headers that SQLite includes"),
    Package("curl", Proof::Command("curl"), "runs the lines of the tour's page as a reader would"),
    Package("systemd", Proof::Command("systemd-analyze"), "reads the unit file in `deploy`; it need not run"),
    Package("procps", Proof::Command("kill"), "has `kill`, which sends signals to the programs that are tested"),
    Package("strace", Proof::Command("strace"), "tells what was written and synced before a power loss"),
    Package("bsdutils", Proof::Command("script"), "gives a terminal to a program whose log lines are for people"),
    Package("python3-prometheus-client", Proof::Module("prometheus_client"), "reads metrics as Prometheus does"),
];

/// Passes when every package is there; installs what is missing as root on Debian.
pub(crate) fn check() -> Outcome {
    let missing = missing();
    if !missing.is_empty() {
        match Remedy::choose(is_debian(), is_root()) {
            Remedy::Install => install(&missing)?,
            remedy => return Err(Failure::new(USAGE, remedy.advice(&missing))),
        }
    }
    Ok(format!("{} present", PACKAGES.len()))
}

/// Debian's name, the proof that it is there, the reason why it is needed.
struct Package(&'static str, Proof, &'static str);

/// What must be found. Packages have other names on other systems, so that no package manager is asked.
enum Proof {
    /// A command on the `PATH`.
    Command(&'static str),
    /// A C header that the C compiler finds, wherever this system keeps it.
    Header(&'static str),
    /// A module of Python, of the one on the `PATH` or of the system's.
    Module(&'static str),
}

/// Debian's packages are for the second, which the first may hide.
const PYTHONS: [&str; 2] = ["python3", "/usr/bin/python3"];

impl Proof {
    fn holds(&self) -> bool {
        match self {
            Self::Command(name) => program::is_installed(name),
            Self::Header(name) => {
                let arguments = ["-fsyntax-only", "-x", "c", "-include", name, "/dev/null"];
                Program::new("cc", arguments).succeeds()
            }
            Self::Module(name) => {
                let import = format!("import {name}");
                PYTHONS.iter().any(|python| Program::new(python, ["-c", &import]).succeeds())
            }
        }
    }
}

fn missing() -> Vec<&'static Package> {
    PACKAGES.iter().filter(|Package(_, proof, _)| !proof.holds()).collect()
}

/// What can be done about missing packages on this machine.
#[derive(Debug, PartialEq, Eq)]
enum Remedy {
    Install,
    AskForRoot,
    AskForOtherNames,
}

impl Remedy {
    fn choose(debian: bool, root: bool) -> Self {
        match (debian, root) {
            (true, true) => Self::Install,
            (true, false) => Self::AskForRoot,
            (false, _) => Self::AskForOtherNames,
        }
    }

    fn advice(&self, missing: &[&Package]) -> String {
        let who = match self {
            Self::Install | Self::AskForRoot => "run this as root:",
            Self::AskForOtherNames => {
                "install them under this system's own names. On Debian that is, as root:"
            }
        };
        let [update, install] = commands(missing);
        format!("system packages are missing; {who}\n{}\n  {update} && {install}", list(missing))
    }
}

fn install(missing: &[&Package]) -> Result<(), Failure> {
    println!("These system packages are missing and will be installed:\n{}", list(missing));
    for command in commands(missing) {
        command.run()?;
    }
    let still = self::missing();
    match still.is_empty() {
        true => Ok(()),
        false => Err(Failure::check(format!("installed, but still not found:\n{}", list(&still)))),
    }
}

fn commands(missing: &[&Package]) -> [Program; 2] {
    let names = missing.iter().map(|Package(name, ..)| *name);
    // Without a terminal some packages would otherwise wait for an answer.
    let install = ["DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "--no-install-recommends"];
    [Program::new("apt-get", ["update"]), Program::new("env", install.into_iter().chain(names))]
}

fn list(packages: &[&Package]) -> String {
    let lines: Vec<String> =
        packages.iter().map(|Package(name, _, reason)| format!("  {name}: {reason}")).collect();
    lines.join("\n")
}

fn is_debian() -> bool {
    Path::new("/etc/debian_version").exists()
}

fn is_root() -> bool {
    Program::new("id", ["-u"]).output().is_ok_and(|id| id.trim() == "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HAY: Package = Package("hay", Proof::Command("no-such-program"), "feeds the horses");
    const OATS: Package = Package("oats", Proof::Header("no/such/header.h"), "feeds them better");

    #[test]
    fn only_root_on_debian_installs() {
        assert_eq!(Remedy::choose(true, true), Remedy::Install);
        assert_eq!(Remedy::choose(true, false), Remedy::AskForRoot);
        assert_eq!(Remedy::choose(false, true), Remedy::AskForOtherNames);
        assert_eq!(Remedy::choose(false, false), Remedy::AskForOtherNames);
    }

    #[test]
    fn advice_has_the_exact_command_and_the_reasons() {
        let advice = Remedy::AskForRoot.advice(&[&HAY, &OATS]);
        let install =
            "env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends hay oats";
        assert!(advice.ends_with(&format!("apt-get update && {install}")), "{advice}");
        assert!(advice.contains("hay: feeds the horses"), "{advice}");
    }

    #[test]
    fn a_proof_holds_only_for_what_is_there() {
        assert!(Proof::Command("sh").holds());
        assert!(Proof::Header("stdio.h").holds());
        assert!(!Proof::Module("no_such_module").holds());
        assert!(!HAY.1.holds());
        assert!(!OATS.1.holds());
    }
}
