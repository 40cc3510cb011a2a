//! The evaluator against an oracle that shares no code with it: random expressions, in all zones that jiff knows, at
//! random instants and around changes of the zones' offsets.
//!
//! It is slow in a debug build and runs few cases there. `cargo xtask test` runs it in release.
//! `OSTLER_CRON_CASES` and `OSTLER_CRON_SEED` set how many cases, and which.

mod case;
mod expression;
mod generator;
mod literal;
mod walk;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use fastrand::Rng;
use jiff::tz::TimeZone;
use ostler_cron::Zone;

use case::{Case, Mismatch};

/// Enough for each zone to have hundreds, and each kind of item tens of thousands.
const CASES: u64 = if cfg!(debug_assertions) { 2_000 } else { 200_000 };

/// A run that nobody asked for repeats the one before: a change that fails here is at fault itself.
const SEED: u64 = 0x0057_1e12;

/// How many mismatches are shown before the test gives up.
const SHOWN: usize = 10;

#[test]
fn the_crate_and_the_oracle_agree() {
    check(setting("OSTLER_CRON_CASES", CASES), zones());
}

/// A zone may also be a rule of the user's own. These are stranger than any that people live in.
#[test]
fn the_crate_and_the_oracle_agree_on_rules_that_no_country_has() {
    check(CASES / 10, rules());
}

fn check(cases: u64, zones: Vec<TimeZone>) {
    let seed = setting("OSTLER_CRON_SEED", SEED);
    println!("{cases} cases in {} zones, OSTLER_CRON_SEED={seed}", zones.len());
    let zones = zones.into_iter().map(|zone| (zone.clone(), prepared(zone))).collect();
    let run = Run { seed, cases, zones, ..Run::default() };
    let threads = std::thread::available_parallelism().map_or(2, usize::from).max(2);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| run.work());
        }
    });
    run.report();
}

/// The zone as the crate has it, by its name if it has one.
fn prepared(zone: TimeZone) -> Zone {
    let by_name = zone.iana_name().and_then(|name| Zone::get(name).ok());
    by_name.unwrap_or_else(|| Zone::from(zone))
}

/// Rules in the form of the POSIX variable `TZ`: each has a time that begins and ends once a year, for days or for
/// months, and clocks are up to a day ahead or behind in it. In the first two it lasts from one year into the
/// next: it never ends, though jiff changes twice between two seconds.
fn rules() -> Vec<TimeZone> {
    let mut rng = Rng::with_seed(1);
    let for_ever = ["AAA0BBB-1,0/0,J365/25", "CCC-2<+01>-1,0/0,J365/23"];
    let mut zones: Vec<_> = for_ever.map(|rule| TimeZone::posix(rule).expect("it is a rule")).into();
    while zones.len() < 200 {
        let standard = rng.i32(-23 * 60..=23 * 60);
        let ahead = [60, 30, 120, -60, -24 * 60, 24 * 60, 1, -45, 300][rng.usize(..9)];
        // Days without 29 February, and hours that may be on days beside them.
        let (day, hour) = (rng.i32(10..=200), rng.i32(-48..=48));
        let hours = if rng.bool() { rng.i32(SHORTEST..=150) } else { rng.i32(200..=3000) };
        let end = hour + hours;
        let (from, to) = (format!("J{day}/{hour}"), format!("J{}/{}", day + end / 24, end % 24));
        let rule = format!("<AAA>{}<BBB>{},{from},{to}", offset(-standard), offset(-standard - ahead));
        zones.extend(TimeZone::posix(&rule));
    }
    zones
}

/// The shortest time between two changes in hours on the clock, which may have gone forward by a day. A time
/// that is shorter than its own change is in no zone's history, and the crate does not know what to make of it.
const SHORTEST: i32 = 50;

fn offset(minutes: i32) -> String {
    let sign = if minutes < 0 { "-" } else { "" };
    format!("{sign}{}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

/// What the threads share.
#[derive(Default)]
struct Run {
    seed: u64,
    cases: u64,
    zones: Vec<(TimeZone, Zone)>,
    taken: AtomicU64,
    rare: AtomicU64,
    never: AtomicU64,
    mismatches: Mutex<Vec<(Case, Mismatch)>>,
}

impl Run {
    fn work(&self) {
        loop {
            let index = self.taken.fetch_add(1, Ordering::Relaxed);
            if index >= self.cases || self.mismatches().len() >= SHOWN {
                return;
            }
            // A case depends on its own number alone, whichever thread takes it.
            let mut rng = Rng::with_seed(self.seed.wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
            let case = Case::random(&mut rng, &self.zones);
            match case.check() {
                Ok(verdict) => {
                    self.rare.fetch_add(verdict.rare.into(), Ordering::Relaxed);
                    self.never.fetch_add(verdict.never.into(), Ordering::Relaxed);
                }
                Err(mismatch) => self.mismatches().push((case, mismatch)),
            }
        }
    }

    fn mismatches(&self) -> std::sync::MutexGuard<'_, Vec<(Case, Mismatch)>> {
        self.mismatches.lock().expect("no thread panics with the lock")
    }

    fn report(&self) {
        let (rare, never) = (self.rare.load(Ordering::Relaxed), self.never.load(Ordering::Relaxed));
        println!("{never} cases never occur, and the crate says so");
        println!("{rare} cases are left to the table of known ones: the next one is 50 years away or more");
        let mismatches = self.mismatches();
        for (case, mismatch) in mismatches.iter() {
            let shrunk = case.shrunk();
            println!("\n{case}\n  {mismatch}");
            if let Err(simpler) = shrunk.check() {
                println!("  simplest: {shrunk}\n  {simpler}");
            }
        }
        assert!(mismatches.is_empty(), "{} mismatches are shown above", mismatches.len());
        // A generator that makes nothing but rarities would prove nothing.
        assert!((rare + never) * 10 < self.cases, "{rare} and {never} of {} cases prove little", self.cases);
    }
}

/// All zones of the database, in a stable order.
fn zones() -> Vec<TimeZone> {
    let mut names: Vec<String> = jiff::tz::db().available().map(|name| name.as_str().to_owned()).collect();
    // These repeat all zones, one half of them with leap seconds, which no clock shows.
    names.retain(|name| !name.starts_with("posix/") && !name.starts_with("right/"));
    names.sort();
    let zones: Vec<TimeZone> = names.iter().filter_map(|name| jiff::tz::db().get(name).ok()).collect();
    assert!(zones.len() > 400, "only {} zones", zones.len());
    zones
}

fn setting(name: &str, otherwise: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|error| panic!("{name}={text}: {error}")),
        Err(_) => otherwise,
    }
}
