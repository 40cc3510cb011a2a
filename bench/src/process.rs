//! What this process uses: memory and processor time, as the kernel counts them. Linux only.
//!
//! The peers include this file too, so that it depends on nothing else here.

use std::error::Error;
use std::time::Duration;

type BoxError = Box<dyn Error + Send + Sync>;

/// What the kernel calls a tick in `/proc`: a hundredth of a second on every Linux in common use.
const TICK: Duration = Duration::from_millis(10);

/// How long a process may finish what its start has left behind before it counts as idle.
const SETTLE: Duration = Duration::from_secs(2);

/// How long an idle process is watched.
const WATCH: Duration = Duration::from_secs(10);

/// Resident memory in bytes.
pub(crate) fn resident() -> Result<f64, BoxError> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.ok_or("no VmRSS in /proc/self/status")?.trim().trim_end_matches(" kB");
    Ok(kib.parse::<f64>()? * 1024.0)
}

/// What a process with so many pending timers has grown by since `before`, and what it uses while nothing is due.
pub(crate) async fn idle(before: f64, timers: usize) -> Result<Vec<(&'static str, f64)>, BoxError> {
    tokio::time::sleep(SETTLE).await;
    let grown = resident()? - before;
    let used = processor_time()?;
    tokio::time::sleep(WATCH).await;
    let used = processor_time()? - used;
    Ok(vec![
        ("memory for 100,000, MB", grown / timers as f64 * 100_000.0 / 1e6),
        ("bytes each", grown / timers as f64),
        ("idle, % of a core", used.as_secs_f64() / WATCH.as_secs_f64() * 100.0),
    ])
}

/// Bytes that this process has given to `write` and its kin so far.
pub(crate) fn written() -> Result<f64, BoxError> {
    let io = std::fs::read_to_string("/proc/self/io")?;
    let line = io.lines().find_map(|line| line.strip_prefix("wchar:"));
    Ok(line.ok_or("no wchar in /proc/self/io")?.trim().parse()?)
}

/// Processor time of all threads so far, in user and kernel mode.
pub(crate) fn processor_time() -> Result<Duration, BoxError> {
    ticks(&std::fs::read_to_string("/proc/self/stat")?).map(|ticks| TICK * ticks)
}

/// `utime` and `stime`, the 14th and 15th field. The second is the program's name, in brackets, and may hold blanks.
fn ticks(stat: &str) -> Result<u32, BoxError> {
    let fields = stat.rsplit_once(')').ok_or("no name in /proc/self/stat")?.1;
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || fields.next().ok_or("no times in /proc/self/stat");
    Ok(next()?.parse::<u32>()? + next()?.parse::<u32>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_read_behind_a_name_with_blanks() {
        let stat = "12 (a b) c) S 1 2 3 4 5 6 7 8 9 10 30 12 99 98";
        assert_eq!(ticks(stat).unwrap(), 42);
    }
}
