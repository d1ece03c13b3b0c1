//! Best fit: fill the host that will have least left. Worst fit: the one that will have most.
//!
//! Good for: keeping hosts empty (best fit), for level load (worst fit). Bad for: noisy
//! neighbours (best fit), large requests later (worst fit). "Left" is the sum over resources of
//! the free share after placing (field name: L1 over the host's own capacity), or what is left of
//! named resources, the first deciding and the next breaking ties. Compared exactly, in integers;
//! ties go to the lowest index. Cost: one pass over the hosts.

use super::scan;
use super::shares::Shares;
use crate::resources::KINDS_MAX;
use crate::scenario::FitBy;
use crate::state::{Ask, HostId, State};
use std::cmp::Reverse;

/// The host that will have least left.
pub fn choose(state: &State, ask: Ask, by: &FitBy, shares: &Shares) -> Option<HostId> {
    match (by, shares) {
        (FitBy::Columns(columns), _) => {
            scan::least(state, ask, |asked, host| left_of(columns, state, asked, host))
        }
        (FitBy::Shares, Shares::Narrow(scale)) => {
            scan::least(state, ask, |asked, host| scale.left(state, asked, host))
        }
        (FitBy::Shares, Shares::Wide(scale)) => {
            scan::least(state, ask, |asked, host| scale.left(state, asked, host))
        }
        (FitBy::Shares, Shares::Big) => {
            scan::least(state, ask, |asked, host| super::shares::left_big(state, asked, host))
        }
    }
}

/// The host that will have most left.
pub fn choose_worst(state: &State, ask: Ask, by: &FitBy, shares: &Shares) -> Option<HostId> {
    match (by, shares) {
        (FitBy::Columns(columns), _) => {
            scan::least(state, ask, |asked, host| Reverse(left_of(columns, state, asked, host)))
        }
        (FitBy::Shares, Shares::Narrow(scale)) => {
            scan::least(state, ask, |asked, host| Reverse(scale.left(state, asked, host)))
        }
        (FitBy::Shares, Shares::Wide(scale)) => {
            scan::least(state, ask, |asked, host| Reverse(scale.left(state, asked, host)))
        }
        (FitBy::Shares, Shares::Big) => scan::least(state, ask, |asked, host| {
            Reverse(super::shares::left_big(state, asked, host))
        }),
    }
}

/// What would be left of the columns, in their order; 0 behind the last.
fn left_of(
    columns: &[usize],
    state: &State,
    asked: &crate::resources::Amounts,
    host: HostId,
) -> [i64; KINDS_MAX] {
    let mut left = [0; KINDS_MAX];
    for (left, column) in left.iter_mut().zip(columns) {
        *left = state.hosts.free(host, *column) - asked[*column];
    }
    left
}
