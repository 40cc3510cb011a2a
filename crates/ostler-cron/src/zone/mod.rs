//! Time zones, shared and ready for questions.

mod error;
mod table;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

use jiff::tz::{TimeZone, TimeZoneDatabase};

pub use self::error::ZoneError;
pub(crate) use self::table::{Segment, Table};

/// A time zone, prepared: a table of its offsets. Cloning it is cheap.
///
/// All zones of one IANA name share their table for as long as somebody holds one of them. The first costs some
/// hundred microseconds, the others a look into a map; when the last one is dropped the table is too, so keep the
/// zone, or the schedule in it.
#[derive(Clone)]
pub struct Zone(Option<Arc<Table>>);

/// The tables that are in use, by IANA name.
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
        // jiff answers to `Etc/Unknown` with a stand-in for a zone that could not be told.
        let known = found.ok().filter(|zone| !zone.is_unknown());
        known.map(Self::from).ok_or_else(|| ZoneError::unknown(name, database))
    }

    /// The zone of this machine: the variable `TZ`, or `/etc/localtime`, or what stands for it elsewhere. Where nothing says what it is, as
    /// in many containers, it is UTC.
    ///
    /// # Errors
    /// [`ZoneError`]: the variable `TZ` is set to what is no zone.
    pub fn system() -> Result<Self, ZoneError> {
        match TimeZone::try_system() {
            Ok(zone) if zone.is_unknown() => Ok(Self::UTC),
            Ok(zone) => Ok(Self::from(zone)),
            Err(_) if std::env::var_os("TZ").is_none_or(|value| value.is_empty()) => Ok(Self::UTC),
            Err(_) => Err(ZoneError::local()),
        }
    }

    /// Its IANA name. One without a name is called by its offset where that never changes, such as `+02`, and else
    /// `local`: a zone of a rule (`TZ=EST5EDT,M3.2.0,M11.1.0`) or of a file has none. Only an IANA name can be
    /// given to [`Zone::get`] to have the same zone again.
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

/// # What is asked of a zone
/// From 2100 on its offset changes by a yearly rule or never, and none of its times is shorter than the change at
/// its beginning: when the clocks go forward or back by an hour, they are left alone for the next hour. Each zone of
/// the database is like that. Another one, which only a rule or a file made by hand can be, is accepted, and each
/// question about it ends, but
/// - what such a file says about single days after 2100 is taken to come again every 400 years;
/// - around times that are shorter than their own change, occurrences may be missing, and the next and the
///   previous one may not be inverse.
impl From<TimeZone> for Zone {
    fn from(zone: TimeZone) -> Self {
        if zone == TimeZone::UTC {
            return Self::UTC;
        }
        let table = match zone.iana_name().map(str::to_owned) {
            Some(name) => shared(zone, name),
            None => {
                let name = stand_in(&zone);
                Arc::new(Table::new(zone, name))
            }
        };
        Self(Some(table))
    }
}

/// The table that is in use for this name, or a new one.
fn shared(zone: TimeZone, name: String) -> Arc<Table> {
    let known = lock().get(&name).and_then(Weak::upgrade);
    // The database may have been updated since.
    if let Some(table) = known.filter(|table| table.zone == zone) {
        return table;
    }
    let table = Arc::new(Table::new(zone, name.clone()));
    let mut tables = lock();
    tables.retain(|_, table| table.strong_count() > 0);
    tables.insert(name, Arc::downgrade(&table));
    table
}

fn lock() -> MutexGuard<'static, HashMap<String, Weak<Table>>> {
    TABLES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a zone without a name is called.
fn stand_in(zone: &TimeZone) -> String {
    zone.to_fixed_offset().map_or_else(|_| "local".to_owned(), |offset| offset.to_string())
}

/// Zones are equal when jiff's are: the same rules under the same name, so `Etc/UTC` is not [`Zone::UTC`].
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
