//! The raw limit of a durable enqueue: an append log in a file that was written before, with group commit and nothing else.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use ostler::BoxError;
use tokio::sync::oneshot;

/// An entry: a header of 16 bytes and 200 of payload.
const ENTRY: usize = 216;

/// The file is overwritten from its start when it is full. A file that grows is slower.
const SIZE: usize = 64 << 20;

/// As the store's writer: at most so many in a group, and a little waiting for others.
const GROUP: usize = 2_000;
const LINGER: Duration = Duration::from_millis(1);
const SILENCE: Duration = Duration::from_micros(100);

type Waiter = oneshot::Sender<std::io::Result<()>>;

/// A log; clones write to the same one.
#[derive(Debug, Clone)]
pub(crate) struct RawLog(Sender<Waiter>);

impl RawLog {
    pub(crate) fn create(path: &Path) -> Result<Self, BoxError> {
        let file = File::create(path)?;
        let zeros = vec![0; 1 << 20];
        for at in (0..SIZE).step_by(zeros.len()) {
            file.write_all_at(&zeros, at as u64)?;
        }
        file.sync_all()?;
        let (sender, receiver) = channel();
        std::thread::spawn(move || write(&file, &receiver));
        Ok(Self(sender))
    }

    /// Appends an entry; it survives a power loss when this returns.
    pub(crate) async fn append(&self) -> Result<(), BoxError> {
        let (answer, answered) = oneshot::channel();
        self.0.send(answer)?;
        Ok(answered.await??)
    }
}

fn write(file: &File, waiting: &Receiver<Waiter>) {
    let (mut at, mut alone, mut commit) = (0, true, Duration::ZERO);
    let entry = [b'x'; ENTRY];
    while let Ok(first) = waiting.recv() {
        let mut group = vec![first];
        gather(&mut group, waiting, if alone { Duration::ZERO } else { LINGER.min(commit / 4) });
        alone = group.len() == 1;
        let bytes = entry.repeat(group.len());
        if at + bytes.len() > SIZE {
            at = 0;
        }
        let began = Instant::now();
        let done = file.write_all_at(&bytes, at as u64).and_then(|()| file.sync_data());
        commit = (commit * 3 + began.elapsed()) / 4;
        at += bytes.len();
        for waiter in group {
            let answer = done.as_ref().map(|_| ()).map_err(|error| std::io::Error::from(error.kind()));
            // A caller that has gone has no use for it.
            let _ = waiter.send(answer);
        }
    }
}

/// Takes what is there, and what comes within `linger` unless nothing does for a while.
fn gather(group: &mut Vec<Waiter>, waiting: &Receiver<Waiter>, linger: Duration) {
    let until = Instant::now() + linger;
    while group.len() < GROUP {
        let Ok(next) = waiting.try_recv().or_else(|_| {
            let left = until.saturating_duration_since(Instant::now());
            waiting.recv_timeout(left.min(SILENCE)).map_err(|_| std::sync::mpsc::TryRecvError::Empty)
        }) else {
            return;
        };
        group.push(next);
    }
}
