//! Units that block threads of the runtime: the log names them, and the lag tells how bad it is.

use std::time::{Duration, Instant};

use super::harness::{End, Fixture, assert_within};

/// How long a block goes on before the log names who does it, at most.
const NAMED_WITHIN: Duration = Duration::from_millis(500);

/// How long the hogs of the fixture block.
const BLOCK: Duration = Duration::from_secs(3);

/// From here on a lag is worth a warning.
const WARNED_OF: Duration = Duration::from_millis(250);

const NAMES: &str = "blocks a thread of the runtime";
const NOT_AT_WORK: &str = "does not get to its work";

impl Fixture {
    /// The next line that has all of `parts`.
    fn wait_for_parts(&mut self, parts: &[&str]) -> Instant {
        loop {
            let line = self.wait_for("");
            if parts.iter().all(|part| line.contains(part)) {
                return Instant::now();
            }
        }
    }

    /// The next lag that is printed.
    fn lag(&mut self) -> Duration {
        Duration::from_micros(self.wait_for("lag ").parse().expect("a number"))
    }
}

/// A fixture that is calm, and so many hogs in it.
fn calm(hogs: &str) -> Fixture {
    let mut fixture = Fixture::start(&["hogs", hogs]);
    fixture.wait_for("up");
    fixture.wait_for_parts(&["started", "units"]);
    let calmest = (0..10).map(|_| fixture.lag()).min().expect("ten");
    println!("least lag of a calm host: {calmest:?}");
    assert!(calmest < WARNED_OF, "{calmest:?}");
    fixture
}

/// The lines of the log that name a unit which blocks.
fn named(end: &End) -> Vec<&str> {
    end.lines.iter().map(String::as_str).filter(|line| line.contains(NAMES)).collect()
}

fn stop(fixture: Fixture) -> End {
    fixture.signal("TERM");
    fixture.end()
}

#[test]
fn a_unit_that_blocks_a_thread_is_named_within_half_a_second_and_no_other_is() {
    let mut fixture = calm("1");
    fixture.tell("eat");
    fixture.wait_for("blocks hog-1");
    let began = Instant::now();
    let said = fixture.wait_for_parts(&["WARN", NAMES, "hog-1"]);
    assert_within(NAMED_WITHIN, said - began, "block of one thread to the line that names the unit");
    fixture.wait_for("free hog-1");
    let end = stop(fixture);
    end.assert_code(0);
    assert_eq!(named(&end).len(), 1, "once, and nobody else: {:#?}", named(&end));
}

#[test]
fn when_all_threads_are_blocked_each_unit_is_named_and_the_lag_grows() {
    let mut fixture = calm("2");
    fixture.tell("eat");
    fixture.wait_for("blocks hog-");
    fixture.wait_for("blocks hog-");
    let began = Instant::now();
    let (mut lags, mut lines) = (Vec::new(), Vec::new());
    while began.elapsed() < BLOCK * 4 {
        let line = fixture.wait_for("");
        let at = began.elapsed();
        if let Some(lag) = line.strip_prefix("lag ") {
            lags.push(Duration::from_micros(lag.parse().expect("a number")));
        } else if line.contains(NAMES) || line.contains(NOT_AT_WORK) {
            lines.push((at, line));
        } else if line.starts_with("free hog-") {
            break;
        }
    }
    for part in [("hog-1", NAMES), ("hog-2", NAMES), ("WARN", NOT_AT_WORK)] {
        let line = lines.iter().find(|(_, line)| line.contains(part.0) && line.contains(part.1));
        let (took, _) = line.unwrap_or_else(|| panic!("no line of {part:?}: {lines:#?}"));
        assert_within(NAMED_WITHIN, *took, &format!("block of all threads to the line with {part:?}"));
    }
    assert_eq!(lines.len(), 3, "each once, and nobody else: {lines:#?}");
    // It grows as time goes by: no sample is below the one before once it is beyond what is calm.
    let growing: Vec<Duration> = lags.into_iter().skip_while(|&lag| lag < WARNED_OF).collect();
    println!("{} lags from {:?} to {:?}", growing.len(), growing.first(), growing.last());
    assert!(growing.is_sorted(), "{growing:?}");
    assert!(growing.last().is_some_and(|&lag| lag > BLOCK / 2 && lag < BLOCK * 2), "{growing:?}");

    let free = Instant::now();
    while fixture.lag() >= WARNED_OF {}
    assert_within(NAMED_WITHIN, free.elapsed(), "free again to a calm lag");
    stop(fixture).assert_code(0);
}
