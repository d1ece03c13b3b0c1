//! First fit: the lowest host index that has room.
//!
//! Good for: dense packing with no thought, and old hosts full. Bad for: heterogeneous sizes, where
//! it strands what the early hosts have left. Cost: one pass up to the host found.

use super::scan;
use crate::state::{Ask, HostId, State};

/// The host that first fit chooses.
pub fn choose(state: &State, ask: Ask) -> Option<HostId> {
    scan::first_from(state, ask, HostId::from_row(0))
}
