//! Best fit: fill the host that will have least left. Worst fit: the one that will have most.
//!
//! Good for: keeping hosts empty (best fit), for level load (worst fit). Bad for: noisy
//! neighbours (best fit), large requests later (worst fit). "Left" is the sum over resources of
//! the free share after placing (field name: L1 over the host's own capacity), or what is left of
//! named resources, the first deciding and the next breaking ties. Compared exactly, in integers;
//! ties go to the lowest index. Cost: one pass over the hosts.

use super::scan;
use super::shares::{Shares, left_big};
use crate::resources::{Amounts, KINDS_MAX, Kinds};
use crate::scenario::FitBy;
use crate::state::{Ask, Columns, HostId, State};
use std::cmp::Reverse;

/// The host that will have least left.
pub fn choose(state: &State, ask: Ask, by: &FitBy, shares: &Shares) -> Option<HostId> {
    match (by, shares) {
        (FitBy::Columns(order), _) => {
            scan::least(state, ask, |asked, columns, row| left_of(order, asked, columns, row))
        }
        (FitBy::Shares, Shares::Narrow(scale)) => {
            scan::least(state, ask, |asked, columns, row| scale.left(asked, columns, row))
        }
        (FitBy::Shares, Shares::Wide(scale)) => {
            scan::least(state, ask, |asked, columns, row| scale.left(asked, columns, row))
        }
        (FitBy::Shares, Shares::Big(effective)) => {
            scan::least(state, ask, |asked, columns, row| left_big(effective, asked, columns, row))
        }
    }
}

/// The host that will have most left.
pub fn choose_worst(state: &State, ask: Ask, by: &FitBy, shares: &Shares) -> Option<HostId> {
    match (by, shares) {
        (FitBy::Columns(order), _) => scan::least(state, ask, |asked, columns, row| {
            Reverse(left_of(order, asked, columns, row))
        }),
        (FitBy::Shares, Shares::Narrow(scale)) => {
            scan::least(state, ask, |asked, columns, row| Reverse(scale.left(asked, columns, row)))
        }
        (FitBy::Shares, Shares::Wide(scale)) => {
            scan::least(state, ask, |asked, columns, row| Reverse(scale.left(asked, columns, row)))
        }
        (FitBy::Shares, Shares::Big(effective)) => {
            scan::least(state, ask, |asked, columns, row| {
                Reverse(left_big(effective, asked, columns, row))
            })
        }
    }
}

/// What is compared first, as a number for people: free shares left, or what is left of the first
/// column in its unit.
pub fn score(state: &State, ask: Ask, by: &FitBy, host: HostId) -> f64 {
    let asked = &state.shapes.get(ask.shape).amounts;
    let left = |column: usize| state.hosts.free(host, column) - asked[column];
    match by {
        FitBy::Columns(order) => order.first().map_or(0.0, |column| left(*column) as f64),
        FitBy::Shares => {
            let effective = state.hosts.effective(host);
            let kinds = (0..state.hosts.kinds()).filter(|column| effective[*column] > 0);
            kinds.map(|column| left(column) as f64 / effective[column] as f64).sum()
        }
    }
}

/// What [`score`] is.
pub fn score_words(by: &FitBy, kinds: &Kinds) -> String {
    match by {
        FitBy::Columns(order) => match order.first() {
            Some(column) => format!("{} left, {}", kinds.name(*column), kinds.unit(*column)),
            None => "nothing".to_owned(),
        },
        FitBy::Shares => "free shares left, summed over resources".to_owned(),
    }
}

/// What would be left of these columns, in this order; 0 behind the last.
fn left_of(order: &[usize], asked: &Amounts, columns: &Columns, row: usize) -> [i64; KINDS_MAX] {
    let mut left = [0; KINDS_MAX];
    for (left, column) in left.iter_mut().zip(order) {
        *left = columns.free(row, *column) - asked[*column];
    }
    left
}
