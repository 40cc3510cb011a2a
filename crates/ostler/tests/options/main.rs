//! Loading options: every mistake with its own message and its place, all of them at once; layers, sources,
//! secrets, flags.

#![allow(clippy::unwrap_used, reason = "tests may fail")]

mod anything;
mod checks;
mod flags;
mod layers;
mod mistakes;
mod print;
mod reload;
mod secrets;
mod types;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ostler::{ConfigError, Format, Options, OptionsBuilder, Secret};
use serde::{Deserialize, Serialize};

/// One field of every sort.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Settings {
    enabled: bool,
    interval_seconds: u64,
    port: u16,
    threads: NonZeroU16,
    ratio: f32,
    timeout: Duration,
    mode: Mode,
    hosts: Vec<String>,
    window: (u8, u8),
    letter: char,
    note: Option<String>,
    labels: BTreeMap<String, u32>,
    listen: SocketAddr,
    mail: Mail,
    servers: Vec<Server>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Slow,
    Fast,
    DropOldest,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Mail {
    from: String,
    password: Secret,
    pin: Option<Secret<u16>>,
}

/// Without defaults: its keys are required.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Server {
    host: String,
    port: u16,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            enabled: true,
            interval_seconds: 60,
            port: 8080,
            threads: NonZeroU16::new(2).unwrap(),
            ratio: 0.5,
            timeout: Duration::from_secs(300),
            mode: Mode::Slow,
            hosts: vec!["localhost".into()],
            window: (1, 2),
            letter: 'x',
            note: None,
            labels: BTreeMap::new(),
            listen: ([127, 0, 0, 1], 80).into(),
            mail: Mail::default(),
            servers: Vec::new(),
        }
    }
}

/// Settings from this text alone.
fn toml(text: &str) -> OptionsBuilder<Settings> {
    Options::builder().text("ostler.toml", Format::Toml, text).variables([])
}

fn json(text: &str) -> OptionsBuilder<Settings> {
    Options::builder().text("ostler.json", Format::Json, text).variables([])
}

fn vars<const N: usize>(variables: [(&str, &str); N]) -> Vec<(String, String)> {
    variables.map(|(name, text)| (name.to_owned(), text.to_owned())).into()
}

fn problems<T>(result: Result<T, ConfigError>) -> Vec<String> {
    match result {
        Ok(_) => Vec::new(),
        Err(error) => error.problems().iter().map(ToString::to_string).collect(),
    }
}

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("ostler-options-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self) -> &Path {
        &self.0
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Settings from the usual files here.
    fn usual<const N: usize>(&self, variables: [(&str, &str); N]) -> OptionsBuilder<Settings> {
        // Read again only when the test says so.
        Options::builder().folder(&self.0).variables(vars(variables)).watch(false)
    }

    /// `text` without this folder's path.
    fn bare(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.0.display()), "")
    }

    fn problems<T>(&self, result: Result<T, ConfigError>) -> Vec<String> {
        problems(result).iter().map(|problem| self.bare(problem)).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
