//! Last fit: the highest host index that has room.
//!
//! `max { h : h fits }`. Source: the mirror of first fit in the literature on bin packing.
//! Good for: filling the newest hosts first. Bad for: density where hosts come and go. Cost: one
//! pass down to the host found. There are no ties.

use super::scan;
use crate::state::{Ask, HostId, State};

/// The host that last fit chooses.
pub fn choose(state: &State, ask: Ask) -> Option<HostId> {
    scan::last(state, ask)
}
