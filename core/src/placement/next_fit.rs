//! Next fit: go on from the last host used. Round robin: go on from the one behind it. Closed
//! next fit: go on from the last host used, and never back.
//!
//! Next fit of the textbooks is the closed one; the other is its form for a fleet that lasts.
//! Good for: spreading wear and failures with no thought (round robin). Bad for: density. The
//! pointer is the host of the latest VM placed, by whichever demand; a refusal does not move it.
//! Cost: one pass up to the host found.

use super::scan;
use crate::state::{Ask, HostId, State};

/// The host that next fit chooses: the first with room from the last one used, on and round.
pub fn choose(state: &State, ask: Ask) -> Option<HostId> {
    scan::first_from(state, ask, state.last_placed.unwrap_or(HostId::from_row(0)))
}

/// The host that closed next fit chooses: the first with room from the last one used on. Hosts
/// before it are never looked at again, though they may have room.
pub fn choose_closed(state: &State, ask: Ask) -> Option<HostId> {
    let start = state.last_placed.unwrap_or(HostId::from_row(0));
    scan::first_after(state, ask, start)
}

/// The host that round robin chooses: the same from the one behind the last one used.
pub fn choose_round_robin(state: &State, ask: Ask) -> Option<HostId> {
    scan::first_from(
        state,
        ask,
        HostId::from_row(state.last_placed.map_or(0, |host| host.row() + 1)),
    )
}
