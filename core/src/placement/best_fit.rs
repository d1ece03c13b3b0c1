//! Best fit: fill the host that will have least left. Worst fit: the one that will have most.
//!
//! Good for: keeping hosts empty (best fit), for level load (worst fit). Bad for: noisy
//! neighbours (best fit), large requests later (worst fit). "Left" is a norm of the shares
//! `x_r = (free_r − d_r) / N_r` after placing: `Σ w_r x_r` (L1), `Σ w_r x_r²` (L2) or
//! `max w_r x_r` (L∞), `N` the host's own capacity or the largest of the fleet; or what is left of
//! named resources, the first deciding and the next breaking ties. Compared exactly, in integers;
//! ties go to the lowest index. Cost: one pass over the hosts or their classes.

use super::account::{Account, Cell, Scorer, Wants};
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
        return scan::least_soon(state, ask, |asked, columns, row| {
            left_of(by, asked, columns, row)
        });
    };
    with_scale!(shares, scale => scan::least_soon(state, ask, |asked, columns, row| {
        scale.left(norm, asked, columns, row)
    }))
}

/// The host that will have most left.
pub fn choose_worst(state: &State, ask: Ask, by: &FitBy, shares: &Shares) -> Option<HostId> {
    let Some(norm) = norm_of(by) else {
        return scan::least_soon(state, ask, |asked, columns, row| {
            Reverse(left_of(by, asked, columns, row))
        });
    };
    with_scale!(shares, scale => scan::least_soon(state, ask, |asked, columns, row| {
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

/// What is compared, on hosts that take the ask: a norm of the free shares left, or what is left of
/// each named column in its unit.
pub fn account(
    state: &State,
    ask: Ask,
    by: &FitBy,
    (fractions, kinds, wants): (&Fractions, &Kinds, Wants),
    hosts: &[HostId],
) -> Account {
    let asked = &state.shapes.get(ask.shape).amounts;
    let columns = state.hosts.columns();
    match (norm_of(by), by) {
        (None, FitBy::Columns(order)) => {
            let scorer = |column: &usize| {
                let words = format!("{} left, {}", kinds.name(*column), kinds.unit(*column));
                Scorer::plain(kinds.name(*column), words, wants)
            };
            Account::compared(order.iter().map(scorer).collect(), hosts, |host| {
                let left = left_of(by, asked, columns, host.row());
                left[..order.len()].iter().map(|left| Cell::plain(*left as f64)).collect()
            })
        }
        (norm, _) => {
            let norm = norm.unwrap_or(Norm::L1);
            let scorer = Scorer::plain("left", norm_words(norm), wants);
            Account::compared(vec![scorer], hosts, |host| {
                vec![Cell::plain(fractions.left(norm, asked, columns, host.row()))]
            })
        }
    }
}

/// What a norm of the shares left is.
pub fn norm_words(norm: Norm) -> &'static str {
    match norm {
        Norm::L1 => "free shares left, summed over resources",
        Norm::L2 => "squares of the free shares left, summed over resources",
        Norm::Linf => "the largest free share left",
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
