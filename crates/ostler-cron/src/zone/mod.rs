//! Time zones, shared and ready for questions.

mod error;
mod table;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

use jiff::tz::{TimeZone, TimeZoneDatabase};

pub use self::error::ZoneError;
pub(crate) use self::table::{Segment, Table};

/// A time zone, prepared: a table of its offsets, which all that hold it share. Cloning it is cheap.
///
/// Making one takes some hundred microseconds the first time, after that a look into a table.
#[derive(Clone)]
pub struct Zone(Option<Arc<Table>>);

/// The tables that are in use, by name.
static TABLES: LazyLock<Mutex<HashMap<String, Weak<Table>>>> = LazyLock::new(Mutex::default);

impl Zone {
    /// UTC.
    pub const UTC: Self = Self(None);

    /// The zone of that name: an IANA name such as `Europe/Oslo`, in any case, or `local` for that of this machine
    /// ([`Zone::system`]). It is looked for in the system's database, and then in the one that is part of this program.
    ///
    /// ```
    /// use ostler_cron::Zone;
    ///
    /// assert_eq!(Zone::get("europe/oslo")?.name(), "Europe/Oslo");
    /// let error = Zone::get("Europe/Olso").unwrap_err();
    /// assert_eq!(error.to_string(), "`Europe/Olso` is not a known time zone; did you mean `Europe/Oslo`?");
    /// # Ok::<(), ostler_cron::ZoneError>(())
    /// ```
    ///
    /// # Errors
    /// [`ZoneError`]: there is none of that name. It suggests the nearest name.
    pub fn get(name: &str) -> Result<Self, ZoneError> {
        if name.eq_ignore_ascii_case("local") {
            return Self::system();
        }
        let database = jiff::tz::db();
        let found = database.get(name).or_else(|_| TimeZoneDatabase::bundled().get(name));
        found.map(Self::from).map_err(|_| ZoneError::unknown(name, database))
    }

    /// The zone of this machine: the variable `TZ`, or `/etc/localtime`, or what stands for it elsewhere. Where nothing says what it is, as
    /// in many containers, it is UTC.
    ///
    /// # Errors
    /// [`ZoneError`]: the variable `TZ` is set to what is no zone.
    pub fn system() -> Result<Self, ZoneError> {
        match TimeZone::try_system() {
            Ok(zone) => Ok(Self::from(zone)),
            Err(_) if std::env::var_os("TZ").is_none_or(|value| value.is_empty()) => Ok(Self::UTC),
            Err(_) => Err(ZoneError::local()),
        }
    }

    /// Its IANA name. One without a name is called by its offset where that never changes, and else `local`.
    pub fn name(&self) -> &str {
        self.table().map_or("UTC", |table| &table.name)
    }

    /// The zone as jiff has it.
    pub fn time_zone(&self) -> &TimeZone {
        const UTC: &TimeZone = &TimeZone::UTC;
        self.table().map_or(UTC, |table| &table.zone)
    }

    /// `None`: UTC.
    pub(crate) fn table(&self) -> Option<&Table> {
        self.0.as_deref()
    }
}

impl From<TimeZone> for Zone {
    fn from(zone: TimeZone) -> Self {
        if zone == TimeZone::UTC {
            return Self::UTC;
        }
        let name = name(&zone).into_owned();
        let known = lock().get(&name).and_then(Weak::upgrade);
        // The database may have been updated since.
        if let Some(table) = known.filter(|table| table.zone == zone) {
            return Self(Some(table));
        }
        let table = Arc::new(Table::new(zone, name.clone()));
        let mut tables = lock();
        tables.retain(|_, table| table.strong_count() > 0);
        tables.insert(name, Arc::downgrade(&table));
        Self(Some(table))
    }
}

fn lock() -> MutexGuard<'static, HashMap<String, Weak<Table>>> {
    TABLES.lock().unwrap_or_else(PoisonError::into_inner)
}

fn name(zone: &TimeZone) -> Cow<'_, str> {
    let fixed = || zone.to_fixed_offset().ok().map(|offset| Cow::from(offset.to_string()));
    zone.iana_name().map(Cow::from).or_else(fixed).unwrap_or(Cow::Borrowed("local"))
}

/// Zones are equal when they have the same rules under the same name.
impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.time_zone() == other.time_zone()
    }
}

impl Eq for Zone {}

/// Its name.
impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name())
    }
}
