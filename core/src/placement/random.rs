//! Random: any host with room, each as likely.
//!
//! Good for: a baseline that every policy should beat. Cost: some passes over the classes of
//! hosts, fewer than the number of hosts has binary digits; or one pass over the hosts.

use super::scan::Fitting;
use crate::state::{Ask, HostId, State};
use rand::Rng;

/// The host that chance chooses: of the n hosts with room, in index order, the k-th, where k is
/// the high half of a 64-bit draw × n. No draw when nobody has room.
pub fn choose(state: &State, ask: Ask, dice: &mut dyn Rng) -> Option<HostId> {
    let fitting = Fitting::new(state, ask);
    let count = fitting.count();
    (count > 0).then(|| fitting.nth(below(dice, count)))
}

/// A number below `n`, without rejection: biased by at most n in 2^64.
pub fn below(dice: &mut dyn Rng, n: usize) -> usize {
    let wide = u128::from(dice.next_u64()) * n as u128;
    (wide >> 64) as usize
}
