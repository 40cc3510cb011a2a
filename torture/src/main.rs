//! The processes of the kill rig: the owner of a file of jobs, and clients that enqueue from outside. They are started,
//! and killed, by the tests of this package; what they did is in the files that they leave behind.

#[macro_use]
mod forward;

mod acknowledge;
mod client;
mod folder;
mod ledger;
mod owner;
mod poison;
mod witness;
mod work;

use std::path::PathBuf;
use std::process::ExitCode;

use crate::folder::Folder;

const USAGE: &str =
    "usage: torture owner FOLDER SLOTS LEASE_MS on|off PRODUCE | torture client FOLDER NAME PRODUCE
       | torture acknowledge FOLDER JOBS";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["owner", folder, slots, lease, poison @ ("on" | "off"), produce] => {
            match (slots.parse(), lease.parse(), produce.parse()) {
                (Ok(slots), Ok(lease), Ok(produce)) => {
                    let folder = Folder::at(PathBuf::from(folder));
                    owner::main(owner::Owner {
                        folder,
                        slots,
                        lease_ms: lease,
                        poison: poison == "on",
                        produce,
                    })
                }
                _ => usage(),
            }
        }
        ["client", folder, name, produce] => match produce.parse() {
            Ok(produce) => client::main(&Folder::at(PathBuf::from(folder)), name, produce),
            Err(_) => usage(),
        },
        ["acknowledge", folder, jobs] => match jobs.parse() {
            Ok(jobs) => acknowledge::main(&Folder::at(PathBuf::from(folder)), jobs),
            Err(_) => usage(),
        },
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    eprintln!("{USAGE}");
    ExitCode::from(2)
}
