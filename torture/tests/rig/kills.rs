//! The owner and the producers are killed at random moments; nothing that was acknowledged is lost.

use std::path::Path;
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::checker::{self, Found};
use crate::effects;
use crate::process::{Kill, Process, Scratch};
use crate::results;
use crate::scale::{Scale, scale, seed};

const CLIENTS: usize = 4;
const SLOTS: usize = 8;
const LEASE: Duration = Duration::from_secs(1);

/// From the last kill, or the last job that was acknowledged, to the last one that has ended.
const DRAINED_WITHIN: Duration = Duration::from_secs(LEASE.as_secs() + 5);

#[test]
fn nothing_acknowledged_is_lost_when_owner_and_producers_are_killed() {
    let (seed, scale) = (seed(), scale());
    println!("seed {seed}, {scale:?}");
    let scratch = Scratch::new("kills");
    let mut rig = Rig::start(&scratch, scale);
    let kills = rig.torment(scale, &mut Rng::with_seed(seed));
    scratch.say("enough");
    rig.clients.iter_mut().for_each(|client| assert!(client.wait().success()));
    let drained = rig.drain(scratch.path());
    scratch.say("drained");
    assert!(rig.owner.wait().success(), "the owner stops in good order");

    let found = checker::check(scratch.path(), &kills);
    println!("{found:#?}\ndrained in {drained:?}");
    results::kills(seed, scale, &found, drained);
    assert!(found.acknowledged >= scale.jobs);
    assert_eq!(
        Found { lost: 0, dead: 0, overlaps: 0, stale: 0, uncounted: 0, repeated_in_vain: 0, ..found.clone() },
        found
    );
    assert!(found.repeated <= found.in_flight, "more repeated than were in flight");
    assert!(found.most_repeated_by_a_kill <= SLOTS, "a kill repeats what its slots held");
    assert_eq!(found.integrity, "ok");
    assert_eq!(found.rows_left, 0, "jobs, claims and inbox rows");
    assert!(drained <= DRAINED_WITHIN, "drained in {drained:?}");
}

struct Rig {
    folder: String,
    share: String,
    owner: Process,
    clients: Vec<Process>,
}

impl Rig {
    fn start(scratch: &Scratch, scale: Scale) -> Self {
        let folder = scratch.path().to_str().unwrap().to_owned();
        let share = (scale.jobs / (CLIENTS + 1)).to_string();
        let owner = owner(&folder, &share);
        let clients = (0..CLIENTS).map(|number| client(&folder, number, &share)).collect();
        Self { folder, share, owner, clients }
    }

    /// Kills and starts again, in an order and with pauses that the seed decides.
    fn torment(&mut self, scale: Scale, rng: &mut Rng) -> Vec<Kill> {
        let mut left = (scale.owner_kills, scale.client_kills);
        let mut kills = Vec::new();
        while left != (0, 0) {
            std::thread::sleep(Duration::from_millis(rng.u64(5..200)));
            let takes_owner = rng.usize(0..left.0 + left.1) < left.0;
            if takes_owner {
                assert_eq!(self.owner.ended(), None, "the owner ended by itself");
                kills.push(self.owner.kill());
                self.owner = owner(&self.folder, &self.share);
                left.0 -= 1;
            } else {
                let number = rng.usize(0..CLIENTS);
                self.clients[number].kill();
                self.clients[number] = client(&self.folder, number, &self.share);
                left.1 -= 1;
            }
        }
        kills
    }

    /// Waits until the owner has enqueued its share, and every acknowledged job has ended; how long that took.
    fn drain(&mut self, folder: &Path) -> Duration {
        let began = Instant::now();
        loop {
            let acknowledged = effects::acknowledged(folder);
            let effects = effects::read(folder);
            let has_ended = |id| effects.get(id).is_some_and(|all| all.iter().any(|one| one.ended.is_some()));
            if folder.join("produced").exists() && acknowledged.iter().all(has_ended) {
                return began.elapsed();
            }
            assert_eq!(self.owner.ended(), None, "the owner ended by itself");
            assert!(began.elapsed() < Duration::from_secs(120), "not drained after two minutes");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn owner(folder: &str, share: &str) -> Process {
    let (slots, lease) = (SLOTS.to_string(), LEASE.as_millis().to_string());
    Process::start(Path::new(folder), "owner", &["owner", folder, &slots, &lease, "off", share])
}

fn client(folder: &str, number: usize, share: &str) -> Process {
    let name = format!("client{number}");
    Process::start(Path::new(folder), &name, &["client", folder, &name, share])
}
