//! The flags of a configuration, for an application's own command line.

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::error::exit;
use crate::problem::ConfigError;

/// `--config`, `--set`, `--check-config` and `--print-config`, to be flattened into an application's own command.
///
/// ```
/// use clap::Parser;
/// use ostler::{ConfigArgs, Options};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Default, Serialize, Deserialize, PartialEq)]
/// # #[serde(default)]
/// # struct Settings { workers: usize }
///
/// #[derive(Parser)]
/// struct Args {
///     #[command(flatten)]
///     config: ConfigArgs,
/// }
///
/// let args = Args::parse_from(["shop", "--set", "workers=8"]);
/// let builder = Options::<Settings>::builder().args(&args.config);
/// if let Some(code) = builder.answer() {
///     std::process::exit(if code == std::process::ExitCode::SUCCESS { 0 } else { 78 });
/// }
/// assert_eq!(builder.load()?.get().workers, 8);
/// # Ok::<(), ostler::ConfigError>(())
/// ```
#[derive(Clone, Default, clap::Args)]
pub struct ConfigArgs {
    /// Read this file (.toml or .json) instead of the usual ones; of several, the later wins
    #[arg(long = "config", value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Set one option, as section.key=value
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = pair)]
    values: Vec<(String, String)>,

    /// Check the configuration and end: exit code 0, or 78 with all that is wrong
    #[arg(long)]
    check_config: bool,

    /// Print all options with their sources, secrets as ***, and end
    #[arg(long)]
    print_config: bool,
}

/// Which of the two was asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Asked {
    check: bool,
    print: bool,
}

impl ConfigArgs {
    pub(super) fn files(&self) -> &[PathBuf] {
        &self.files
    }

    pub(super) fn values(&self) -> &[(String, String)] {
        &self.values
    }

    pub(super) fn asked(&self) -> Asked {
        Asked { check: self.check_config, print: self.print_config }
    }
}

/// Of the values only the keys: one may be a secret.
impl fmt::Debug for ConfigArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.values.iter().map(|(key, _)| key).collect();
        f.debug_struct("ConfigArgs")
            .field("files", &self.files)
            .field("values", &keys)
            .field("check_config", &self.check_config)
            .field("print_config", &self.print_config)
            .finish()
    }
}

impl Asked {
    pub(super) fn answer(self, print: impl FnOnce() -> Result<String, ConfigError>) -> Option<ExitCode> {
        if !(self.check || self.print) {
            return None;
        }
        Some(match print() {
            Ok(text) => {
                say(&mut std::io::stdout(), if self.print { &text } else { "the configuration is valid\n" });
                ExitCode::from(exit::OK)
            }
            Err(error) => {
                say(&mut std::io::stderr(), &format!("{error}\n"));
                ExitCode::from(exit::CONFIG)
            }
        })
    }
}

/// A reader that went away, as `head` does, is no reason to panic.
fn say(stream: &mut impl std::io::Write, text: &str) {
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".into()),
    }
}
