//! What can be set: `ostler.toml` in the data folder, `SHOP__..` in the environment, `--set` on the command line. All of
//! it is followed while the shop runs.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::time::Duration;

use ostler::{Error, HOUR, MINUTE, Options, OptionsBuilder, Secret};
use serde::{Deserialize, Serialize};

use crate::args::Args;

/// For a first start: the defaults with a word on each.
const SAMPLE: &str = include_str!("settings.toml");

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    pub(crate) cleanup: Cleanup,
    pub(crate) thumbnails: Thumbnails,
    pub(crate) upstream: Upstream,
    pub(crate) log: Log,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Cleanup {
    pub(crate) every: Duration,
    pub(crate) keep: Duration,
    pub(crate) enabled: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Thumbnails {
    pub(crate) workers: usize,
    pub(crate) timeout: Duration,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Upstream {
    pub(crate) token: Option<Secret>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Log {
    pub(crate) filter: String,
}

impl Default for Cleanup {
    fn default() -> Self {
        Self { every: HOUR, keep: 30 * 24 * HOUR, enabled: true }
    }
}

impl Default for Thumbnails {
    fn default() -> Self {
        Self { workers: 4, timeout: MINUTE }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { filter: std::env::var("RUST_LOG").unwrap_or_else(|_| "info".to_owned()) }
    }
}

/// Where the settings are read from, the last one wins.
pub(crate) fn layers(args: &Args) -> OptionsBuilder<Settings> {
    Options::builder().folder(&args.data).prefix("SHOP").args(&args.config)
}

/// Puts the sample file into a data folder that has none, so that there is something to edit.
pub(crate) fn write_sample(folder: &Path) -> Result<(), Error> {
    let refuse = |error| Error::config(format!("--data {}: cannot be used: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(refuse)?;
    let written =
        File::create_new(folder.join("ostler.toml")).and_then(|mut file| file.write_all(SAMPLE.as_bytes()));
    match written {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(refuse(error)),
        _ => Ok(()),
    }
}
