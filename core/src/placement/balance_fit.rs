//! Balance fit: strand as little as possible, then fill.
//!
//! Minimise `max_r x_r − min_r x_r` over the shares left of a host's resources, then their sum.
//! Source: a stand-in for the hybrid that Verma et al. describe for Borg (EuroSys 2015) as keeping
//! stranded resources low; their score is not published.
//! Good for: hosts that run out of everything at once. Bad for: requests all of one shape, where
//! an empty host may look as balanced as a full one. Compared exactly, in integers; further ties
//! go to the lowest index. Cost: one pass over the hosts or their classes.

use super::scan;
use super::shares::{Shares, with_scale};
use crate::scenario::Norm;
use crate::state::{Ask, HostId, State};

/// The host that will be most in balance.
pub fn choose(state: &State, ask: Ask, shares: &Shares) -> Option<HostId> {
    with_scale!(shares, scale => scan::least(state, ask, |asked, columns, row| {
        let imbalance = scale.imbalance(asked, columns, row);
        (imbalance, scale.left(Norm::L1, asked, columns, row))
    }))
}
