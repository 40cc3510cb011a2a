//! Log lines, on standard error: for people on a terminal, JSON elsewhere. The settings choose them, also while the shop runs.

use ostler::logs::Logs;
use ostler::{Error, Options};

use crate::settings::Settings;

pub(crate) fn start(options: &Options<Settings>) -> Result<(), Error> {
    Ok(Logs::new().filter(options.map(|settings| settings.log.filter.clone())).init()?)
}
