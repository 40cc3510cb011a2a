//! The command line. A mistake in it ends the process with exit code 2, before anything is opened.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;
use ostler::ConfigArgs;

const AFTER_HELP: &str = "\
Examples:
  shop                                           the shop on http://127.0.0.1:8080
  shop --listen 127.0.0.1:0 --probes 127.0.0.1:0 free ports; the real ones are printed
  shop --data /var/lib/shop                      another folder for the database
  RUST_LOG=debug shop                            more log lines (on standard error)
  shop --print-config                            all settings and where each comes from
  shop --set cleanup.every=10s                   one setting, stronger than the file
  shop --allow-crash                             a report may ask to kill the process; start it again and see

Stop it with Ctrl-C or SIGTERM: what runs is finished first. A second signal ends it at once. Reports that wait
are made after the next start; even `kill -9` loses none of them.

Exit codes:
  0    stopped cleanly, by a signal too
  1    a unit failed
  2    a mistake on the command line
  75   some unit did not stop within its grace
  78   a setting cannot be used: an address in use, an unusable data folder, one that another shop works on
  130, 131, 143   forced by a second SIGINT, SIGQUIT, SIGTERM";

/// A small web shop whose background work is run by Ostler.
#[derive(Debug, Clone, Parser)]
#[command(name = "shop", version, after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Folder of the database, the jobs and `ostler.toml`; made, and filled with sample data, when it is missing.
    #[arg(long, value_name = "DIR", default_value = "./shop-data")]
    pub(crate) data: PathBuf,

    #[command(flatten)]
    pub(crate) config: ConfigArgs,

    /// Address of the shop; port 0 takes a free one. Control by HTTP is on for loopback only.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,

    /// Address of the health probes: /livez, /readyz and /startupz; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9090")]
    pub(crate) probes: SocketAddr,

    /// Take reports that kill the process (`{"crash": true}`), to see what becomes of them and of the others.
    #[arg(long)]
    pub(crate) allow_crash: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_defaults_are_local() {
        let args = Args::parse_from(["shop"]);
        assert_eq!(args.data, PathBuf::from("./shop-data"));
        assert!(args.listen.ip().is_loopback() && args.probes.ip().is_loopback());
    }

    #[test]
    fn a_bad_address_is_a_usage_error() {
        let error = Args::try_parse_from(["shop", "--listen", "nowhere"]).unwrap_err();
        assert_eq!(error.exit_code(), 2);
    }
}
