//! Best fit: fill the host that will have least left. Worst fit: the one that will have most.
//!
//! Good for: keeping hosts empty (best fit), for level load (worst fit). Bad for: noisy
//! neighbours (best fit), large requests later (worst fit). "Left" is a norm of the shares
//! `x_r = (free_r − d_r) / N_r` after placing: `Σ w_r x_r` (L1), `Σ w_r x_r²` (L2) or
//! `max w_r x_r` (L∞), `N` the host's own capacity or the largest of the fleet; or what is left of
//! named resources, the first deciding and the next breaking ties. Compared exactly, in integers;
//! ties go to the lowest index. Cost: one pass over the hosts or their classes.

use super::fractions::Fractions;
use super::scan;
use super::shares::{Shares, with_scale};
use crate::resources::{Amounts, KINDS_MAX, Kinds};
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

/// What is compared first, as a number for people: a norm of the free shares left, or what is left
/// of the first column in its unit.
pub fn score(state: &State, ask: Ask, by: &FitBy, fractions: &Fractions, host: HostId) -> f64 {
    let asked = &state.shapes.get(ask.shape).amounts;
    let columns = state.hosts.columns();
    match norm_of(by) {
        Some(norm) => fractions.left(norm, asked, columns, host.row()),
        None => left_of(by, asked, columns, host.row())[0] as f64,
    }
}

/// What [`score`] is.
pub fn score_words(by: &FitBy, kinds: &Kinds) -> String {
    let shares = match (by, norm_of(by)) {
        (FitBy::Columns(order), _) => {
            return order.first().map_or("nothing".to_owned(), |column| {
                format!("{} left, {}", kinds.name(*column), kinds.unit(*column))
            });
        }
        (_, Some(Norm::L2)) => "squares of the free shares left, summed over resources",
        (_, Some(Norm::Linf)) => "the largest free share left",
        _ => "free shares left, summed over resources",
    };
    shares.to_owned()
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
