//! A zone that there is not.

use std::fmt;

use jiff::tz::TimeZoneDatabase;

/// There is no such time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneError(Why);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Why {
    Unknown { name: String, nearest: Option<String> },
    Local,
}

impl ZoneError {
    pub(crate) fn unknown(name: &str, database: &TimeZoneDatabase) -> Self {
        Self(Why::Unknown { name: name.chars().take(64).collect(), nearest: nearest(name, database) })
    }

    pub(crate) fn local() -> Self {
        Self(Why::Local)
    }
}

/// The known name that the fewest mistakes in typing make of this one, where they are few.
fn nearest(name: &str, database: &TimeZoneDatabase) -> Option<String> {
    const MOST_MISTAKES: usize = 3;
    let name = name.to_ascii_lowercase().replace(' ', "_");
    if name.len() > 64 {
        return None;
    }
    let distance = |known: &str| {
        let known = known.to_ascii_lowercase();
        let city = known.rsplit('/').next().unwrap_or_default();
        // A city alone is a name that people try.
        if city == name { 1 } else { strsim::osa_distance(&known, &name) }
    };
    let scored = database.available().map(|known| (distance(known.as_str()), known.as_str().to_owned()));
    scored.filter(|(mistakes, _)| *mistakes <= MOST_MISTAKES).min().map(|(_, known)| known)
}

impl fmt::Display for ZoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Why::Unknown { name, nearest: Some(nearest) } => {
                write!(f, "`{name}` is not a known time zone; did you mean `{nearest}`?")
            }
            Why::Unknown { name, nearest: None } => write!(
                f,
                "`{name}` is not a known time zone; use an IANA name such as `Europe/Oslo`, or `local` for that of this machine"
            ),
            Why::Local => write!(f, "the variable TZ is set, but not to a time zone that is known"),
        }
    }
}

impl std::error::Error for ZoneError {}
