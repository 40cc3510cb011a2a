//! The part of the board that is about health: the checks, how long the runtime may be silent, the history.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use super::derived::LIVE_WITHIN;
use super::history::{HealthChange, History};
use super::kept::Kept;
use super::look::{Life, look};
use crate::board::Board;
use crate::live::Live;
use crate::panics;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct HealthBoard {
    checks: OnceLock<Vec<Arc<Kept>>>,
    live_within: OnceLock<Live<Duration>>,
    history: Mutex<History>,
}

impl HealthBoard {
    /// The checks of this host, and how long its runtime may be silent. Once, before anyone reads.
    pub(crate) fn begin(&self, checks: Vec<Arc<Kept>>, live_within: Live<Duration>) {
        let _ = self.checks.set(checks);
        let _ = self.live_within.set(live_within);
    }

    pub(crate) fn checks(&self) -> &[Arc<Kept>] {
        self.checks.get().map_or(&[], |checks| checks)
    }

    /// How long the main runtime may be silent.
    pub(crate) fn live_within(&self) -> Duration {
        let Some(within) = self.live_within.get() else { return LIVE_WITHIN };
        // Where it is made from options it is a user's code, and this is a thread that must go on.
        panics::catch(|| within.get()).unwrap_or_else(|payload| {
            panics::discard(payload);
            LIVE_WITHIN
        })
    }

    /// Looks at `board`, whose part this is, for what has changed. A start is no change.
    pub(crate) fn take_note(&self, board: &Board) {
        if Life::of(board) == Life::Starting {
            return;
        }
        // Held over the look, so that two of them come one after the other. The look takes no lock that waits for this.
        let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        let now = board.now();
        history.note(now.wall, |seen| look(board, now, |_| true, seen));
    }

    /// The last changes, the newest first.
    pub(crate) fn changes(&self) -> Vec<HealthChange> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner).changes()
    }
}
