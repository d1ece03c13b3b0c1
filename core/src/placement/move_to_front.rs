//! Move to front: the host used last that has room.
//!
//! Hosts stand in a list; the first with room is taken and moves to the front. Source: Kamali and
//! López-Ortiz, "Efficient Online Strategies for Renting Servers in the Cloud" (2015).
//! Good for: VMs that came together stand together and tend to leave together. Bad for: density
//! while many hosts are part full. Cost: one pass over the hosts; what it remembers differs from
//! host to host, so it never goes by classes. Ties: hosts never used come last, in index order.

use super::scan;
use crate::state::{Ask, HostId, State};
use std::cmp::Reverse;

/// The host that move-to-front chooses.
pub fn choose(state: &State, ask: Ask) -> Option<HostId> {
    scan::least_host(state, ask, |_, host| Reverse(state.history.used_at(host)))
}
