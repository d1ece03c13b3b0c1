//! Best fit: fill the host that will have least left. Worst fit: the one that will have most.
//!
//! Good for: keeping hosts empty (best fit), for level load (worst fit). Bad for: noisy
//! neighbours (best fit), large requests later (worst fit). "Left" is a norm of the shares
//! `x_r = (free_r − d_r) / N_r` after placing: `Σ w_r x_r` (L1), `Σ w_r x_r²` (L2) or
//! `max w_r x_r` (L∞), `N` the host's own capacity or the largest of the fleet; or what is left of
//! named resources, the first deciding and the next breaking ties. Compared exactly, in integers;
//! ties go to the lowest index. Cost: one pass over the hosts or their classes.

use super::scan;
use super::shares::{Shares, with_scale};
use crate::resources::{Amounts, KINDS_MAX};
use crate::scenario::{FitBy, Norm};
use crate::state::{Ask, Columns, HostId, State};
use std::cmp::Reverse;

/// The host that will have least left.
pub fn choose(state: &State, ask: Ask, by: &FitBy, shares: &Shares) -> Option<HostId> {
    let Some(norm) = norm_of(by) else {
        return scan::least(state, ask, |asked, columns, row| left_of(by, asked, columns, row));
    };
    with_scale!(shares, scale => scan::least(state, ask, |asked, columns, row| {
        scale.left(norm, asked, columns, row)
    }))
}

/// The host that will have most left.
pub fn choose_worst(state: &State, ask: Ask, by: &FitBy, shares: &Shares) -> Option<HostId> {
    let Some(norm) = norm_of(by) else {
        return scan::least(state, ask, |asked, columns, row| {
            Reverse(left_of(by, asked, columns, row))
        });
    };
    with_scale!(shares, scale => scan::least(state, ask, |asked, columns, row| {
        Reverse(scale.left(norm, asked, columns, row))
    }))
}

fn norm_of(by: &FitBy) -> Option<Norm> {
    match by {
        FitBy::Shares => Some(Norm::L1),
        FitBy::Norm(norm, _) => Some(*norm),
        FitBy::Columns(_) => None,
    }
}

/// What would be left of the named columns, in their order; 0 behind the last.
fn left_of(by: &FitBy, asked: &Amounts, columns: &Columns, row: usize) -> [i64; KINDS_MAX] {
    let FitBy::Columns(order) = by else { return [0; KINDS_MAX] };
    let mut left = [0; KINDS_MAX];
    for (left, column) in left.iter_mut().zip(order) {
        *left = columns.free(row, *column) - asked[*column];
    }
    left
}
