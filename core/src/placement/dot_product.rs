//! Dot product: the host whose free room points the way the request does. Tetris: the same over
//! each host's own capacity.
//!
//! Maximise `Σ a_r (d_r / N_r) (free_r / N_r)`, `N` the largest host of the fleet, or the host
//! itself (Tetris). Sources: Panigrahy, Talwar, Uyeda and Wieder, "Heuristics for Vector Bin
//! Packing" (2011); Grandl et al., "Multi-Resource Packing for Cluster Schedulers" (SIGCOMM 2014),
//! of which this is the alignment score, without its order of tasks.
//! Good for: requests of many shapes. Bad for: few hosts in use, since an empty host has the
//! largest product; with `sense = "min"` full hosts come first. Compared exactly, in integers;
//! ties go to the lowest index. Cost: one pass over the hosts or their classes.

use super::scan;
use super::shares::{Shares, with_scale};
use crate::state::{Ask, HostId, State};
use std::cmp::Reverse;

/// The host with the largest product, or the smallest.
pub fn choose(state: &State, ask: Ask, wants_most: bool, shares: &Shares) -> Option<HostId> {
    with_scale!(shares, scale => match wants_most {
        true => scan::least(state, ask, |asked, columns, row| {
            Reverse(scale.alignment(asked, columns, row))
        }),
        false => scan::least(state, ask, |asked, columns, row| scale.alignment(asked, columns, row)),
    })
}
