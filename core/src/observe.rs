//! Observers: they hear each fact with the state right after it, and change nothing.

pub mod blocks;
pub mod boots;
pub mod desks;
pub mod durations;
pub mod energy;
pub mod fingerprint;
pub mod host_log;
pub mod jobs;
pub mod host_rollouts;
pub mod memory;
pub mod outages;
pub mod pool_moves;
pub mod power;
pub mod rollouts;
pub mod series;
pub mod traffic;
pub mod summary;
pub mod transcript;
pub mod turned_away;

pub use boots::Boots;
pub use durations::Durations;
pub use energy::Energy;
pub use fingerprint::Fingerprint;
pub use host_log::HostLog;
pub use host_rollouts::RolledHosts;
pub use outages::Outages;
pub use series::SeriesRecorder;
pub use summary::Summary;
pub use traffic::Traffic;
pub use transcript::Transcript;
pub use turned_away::TurnedAway;

use crate::fact::Fact;
use crate::state::State;
use crate::time::Time;

/// Someone who listens to a run. Removing one changes nothing.
pub trait Observer {
    /// A fact, and the state right after it. Facts come in order of time.
    fn hear(&mut self, now: Time, fact: &Fact<'_>, state: &State);
}

impl Observer for () {
    fn hear(&mut self, _: Time, _: &Fact<'_>, _: &State) {}
}

impl<O: Observer + ?Sized> Observer for &mut O {
    #[inline(always)]
    fn hear(&mut self, now: Time, fact: &Fact<'_>, state: &State) {
        (**self).hear(now, fact, state);
    }
}

impl<O: Observer> Observer for Option<O> {
    #[inline(always)]
    fn hear(&mut self, now: Time, fact: &Fact<'_>, state: &State) {
        if let Some(observer) = self {
            observer.hear(now, fact, state);
        }
    }
}

impl<A: Observer, B: Observer> Observer for (A, B) {
    #[inline(always)]
    fn hear(&mut self, now: Time, fact: &Fact<'_>, state: &State) {
        self.0.hear(now, fact, state);
        self.1.hear(now, fact, state);
    }
}

impl<A: Observer, B: Observer, C: Observer> Observer for (A, B, C) {
    #[inline(always)]
    fn hear(&mut self, now: Time, fact: &Fact<'_>, state: &State) {
        self.0.hear(now, fact, state);
        self.1.hear(now, fact, state);
        self.2.hear(now, fact, state);
    }
}

/// `value × ms`, exactly. WebAssembly has no instruction for a product of 128 bits, and a call in
/// its place; nearly always 64 are enough.
#[inline]
fn times(value: i64, ms: u64) -> i128 {
    let is_short = || value.unsigned_abs().leading_zeros() + ms.leading_zeros() > 65;
    if cfg!(target_family = "wasm") && is_short() {
        return i128::from(value * ms as i64);
    }
    i128::from(value) * i128::from(ms as i64)
}
