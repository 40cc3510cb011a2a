//! A zone that there is not.

use std::fmt;

use jiff::tz::TimeZoneDatabase;

/// No name of a zone is nearly as long, in bytes.
const LONGEST: usize = 64;

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
        Self(Why::Unknown { name: name.chars().take(LONGEST).collect(), nearest: nearest(name, database) })
    }

    pub(crate) fn local() -> Self {
        Self(Why::Local)
    }
}

/// The known name that the fewest mistakes in typing make of this one, where they are few: a wrong zone is worse than none.
fn nearest(name: &str, database: &TimeZoneDatabase) -> Option<String> {
    let name = name.to_ascii_lowercase().replace(' ', "_");
    if name.is_empty() || name.len() > LONGEST {
        return None;
    }
    let bundled = TimeZoneDatabase::bundled();
    let names = database.available().chain(bundled.available());
    let scored =
        names.filter_map(|known| Some((mistakes(&name, known.as_str())?, known.as_str().to_owned())));
    scored.min().map(|(_, known)| known)
}

/// How many mistakes in typing make `name`, which is in lower case, of the known one; `None` where they are too many.
fn mistakes(name: &str, known: &str) -> Option<usize> {
    // `Etc/GMT+2` and `EST5EDT` are offsets: the nearest one is another one, and `Etc/GMT+2` is behind UTC.
    if known.contains(|char: char| char.is_ascii_digit()) {
        return None;
    }
    let known = known.to_ascii_lowercase();
    if is_city(name, &known) {
        return Some(1);
    }
    let most = if name.len() < 5 { 0 } else { name.len() / 4 };
    Some(strsim::osa_distance(&known, name)).filter(|&mistakes| mistakes <= most)
}

/// Whether `name` is the city of the known zone, which people try alone. States and directions, such as those of
/// `Australia/ACT` and `Brazil/East`, are none; in short they are abbreviations of other zones.
fn is_city(name: &str, known: &str) -> bool {
    const AREAS: [&str; 9] =
        ["africa", "america", "antarctica", "asia", "atlantic", "australia", "europe", "indian", "pacific"];
    let Some((area, city)) = known.split_once('/') else { return false };
    let city = city.rsplit('/').next().unwrap_or_default();
    let is_short_state = area == "australia" && name.len() < 5;
    city == name && AREAS.contains(&area) && !is_short_state
}

/// Whether it looks like `PST`, `UTC+1` or `+02:00`.
fn is_abbreviation_or_offset(name: &str) -> bool {
    let letters = name.bytes().take_while(u8::is_ascii_alphabetic).count();
    let rest = name[letters..].trim();
    let is_offset = rest.bytes().all(|byte| byte.is_ascii_digit() || b"+-:".contains(&byte));
    match rest.is_empty() {
        true => (2..=4).contains(&letters),
        false => letters <= 4 && is_offset,
    }
}

impl fmt::Display for ZoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Why::Unknown { name, nearest: Some(nearest) } => {
                write!(f, "`{name}` is not a known time zone; did you mean `{nearest}`?")
            }
            Why::Unknown { name, nearest: None } if is_abbreviation_or_offset(name) => write!(
                f,
                "`{name}` is not a known time zone: abbreviations and offsets are not zones; use a city such as `Europe/Oslo`"
            ),
            Why::Unknown { name, nearest: None } => write!(
                f,
                "`{name}` is not a known time zone; use an IANA name such as `Europe/Oslo`, or `local` for that of this machine"
            ),
            Why::Local => write!(f, "the variable TZ is set, but not to a time zone that is known"),
        }
    }
}

impl std::error::Error for ZoneError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(name: &str) -> String {
        ZoneError::unknown(name, jiff::tz::db()).to_string()
    }

    fn suggested(name: &str) -> Option<String> {
        nearest(name, jiff::tz::db())
    }

    #[test]
    fn a_mistake_in_typing_has_a_suggestion() {
        for (name, expected) in [
            ("Europe/Olso", "Europe/Oslo"),
            ("europe/berln", "Europe/Berlin"),
            ("America/New York", "America/New_York"),
            ("Amercia/Los_Angelos", "America/Los_Angeles"),
            ("Oslo", "Europe/Oslo"),
            ("perth", "Australia/Perth"),
            ("New York", "America/New_York"),
            ("Turky", "Turkey"),
        ] {
            assert_eq!(suggested(name).as_deref(), Some(expected), "{name}");
            assert!(said(name).ends_with(&format!("did you mean `{expected}`?")), "{name}");
        }
    }

    #[test]
    fn what_is_far_from_every_name_has_none() {
        for name in
            ["", " ", "Atlantis", "Europe/Gotham", "Mars/Olympus", "abc/de", "x", "EST4EDT", "Etc/GMT+20"]
        {
            assert_eq!(suggested(name), None, "{name}");
            assert!(!said(name).contains("did you mean"), "{name}");
        }
    }

    #[test]
    fn abbreviations_and_offsets_are_told_as_such() {
        for name in [
            "PST",
            "CEST",
            "west",
            "EAST",
            "act",
            "NSW",
            "IST",
            "UTC+1",
            "GMT+2",
            "gmt-05:00",
            "UTC 1",
            "+02:00",
            "-5",
            "Z",
        ] {
            let said = said(name);
            assert_eq!(suggested(name), None, "{name}");
            let told =
                said.contains("abbreviations and offsets are not zones; use a city such as `Europe/Oslo`");
            assert_eq!(told, name != "Z", "{said}");
        }
    }

    #[test]
    fn an_offset_is_never_suggested() {
        for hours in 0..30 {
            for name in [
                format!("Etc/GMT+{hours}x"),
                format!("Etc/GMT{hours}"),
                format!("GMT+{hours}"),
                format!("Etc/UTC-{hours}"),
            ] {
                let suggested = suggested(&name);
                assert!(
                    suggested.as_deref().is_none_or(|name| !name.contains(char::is_numeric)),
                    "{name}: {suggested:?}"
                );
            }
        }
    }

    #[test]
    fn names_that_are_part_of_the_program_are_searched() {
        let nothing = TimeZoneDatabase::none();
        assert_eq!(nearest("Europe/Olso", &nothing).as_deref(), Some("Europe/Oslo"));
    }
}
