//! Norm-based greedy: the least sum of squares of what is left.
//!
//! Minimise `Σ a_r ((free_r − d_r) / N_r)²`, `N` the largest host of the fleet unless the scenario
//! says otherwise. Source: Panigrahy, Talwar, Uyeda and Wieder, "Heuristics for Vector Bin Packing"
//! (2011), for one item and many bins.
//! Good for: dense packing of several resources at once. Bad for: small hosts beside large ones,
//! which always look fuller. Compared exactly, in integers; ties go to the lowest index. Cost: one
//! pass over the hosts or their classes.

use super::scan;
use super::shares::{Shares, with_scale};
use crate::scenario::Norm;
use crate::state::{Ask, HostId, State};

/// The host that will have least left.
pub fn choose(state: &State, ask: Ask, shares: &Shares) -> Option<HostId> {
    with_scale!(shares, scale => scan::least(state, ask, |asked, columns, row| {
        scale.left(Norm::L2, asked, columns, row)
    }))
}
