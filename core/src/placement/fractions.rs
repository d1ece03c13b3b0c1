//! Fractions: shares as floats, for the policies whose formula in the field is one of floats.
//!
//! Everything is computed as the formula stands: resources ascending, one IEEE operation after
//! another, none fused; powers and roots by `libm`. So a score is the same on every machine.

use super::shares::wholes;
use crate::resources::{Amounts, KINDS_MAX};
use crate::scenario::{Measure, Norm, Scenario};
use crate::state::Columns;
use std::cmp::Ordering;

/// A score that is a float. All of them are ordered; −0 is 0.
#[derive(Clone, Copy, Debug)]
pub struct Float(f64);

impl Float {
    /// The score.
    pub fn new(score: f64) -> Self {
        Self(score + 0.0)
    }

    /// As a plain number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl Ord for Float {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Float {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Float {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Float {}

/// What amounts are divided by, and how much each resource counts.
#[derive(Debug)]
pub struct Fractions {
    kinds: usize,
    /// By host type, by column; 0: the resource is left out.
    whole: Vec<[f64; KINDS_MAX]>,
    weight: [f64; KINDS_MAX],
}

impl Fractions {
    /// Those of a scenario's host types.
    pub fn new(scenario: &Scenario, measure: &Measure) -> Self {
        let whole = wholes(scenario, measure.of).into_iter();
        Self {
            kinds: scenario.kinds.len(),
            whole: whole.map(|amounts| amounts.map(|amount| amount as f64)).collect(),
            weight: measure.weights_milli.map(|weight| weight as f64 / 1_000.0),
        }
    }

    /// Of each resource that counts: its whole and its weight.
    #[inline]
    fn wholes(&self, columns: &Columns, row: usize) -> impl Iterator<Item = (usize, f64, f64)> {
        let whole = &self.whole[columns.host_type(row).row()];
        let wholes = (0..self.kinds).map(|column| (column, whole[column], self.weight[column]));
        wholes.filter(|(_, whole, _)| *whole > 0.0)
    }

    /// What would be left of a host, by a norm.
    pub fn left(&self, norm: Norm, asked: &Amounts, columns: &Columns, row: usize) -> f64 {
        let terms = self.wholes(columns, row).map(|(column, whole, weight)| {
            ((columns.free(row, column) - asked[column]) as f64 / whole, weight)
        });
        match norm {
            Norm::L1 => terms.fold(0.0, |sum, (share, weight)| sum + weight * share),
            Norm::L2 => terms.fold(0.0, |sum, (share, weight)| sum + weight * share * share),
            Norm::Linf => terms.fold(0.0, |most, (share, weight)| f64::max(most, weight * share)),
        }
    }

    /// The dot product of what is asked and what is free.
    pub fn alignment(&self, asked: &Amounts, columns: &Columns, row: usize) -> f64 {
        self.wholes(columns, row).fold(0.0, |sum, (column, whole, weight)| {
            let free = columns.free(row, column) as f64 / whole;
            sum + weight * (asked[column] as f64 / whole) * free
        })
    }

    /// The cosine of the angle between what is asked and what is free; 0 if either is nothing.
    pub fn cosine(&self, asked: &Amounts, columns: &Columns, row: usize) -> f64 {
        let (mut dot, mut asked_square, mut free_square) = (0.0, 0.0, 0.0);
        for (column, whole, _) in self.wholes(columns, row) {
            let asked = asked[column] as f64 / whole;
            let free = columns.free(row, column) as f64 / whole;
            dot += asked * free;
            asked_square += asked * asked;
            free_square += free * free;
        }
        if asked_square == 0.0 || free_square == 0.0 {
            return 0.0;
        }
        dot / (libm::sqrt(asked_square) * libm::sqrt(free_square))
    }

    /// The rise of `Σ base^load` by what is asked. Weights do not count.
    pub fn opportunity_cost(
        &self,
        base: f64,
        asked: &Amounts,
        columns: &Columns,
        row: usize,
    ) -> f64 {
        self.wholes(columns, row).fold(0.0, |sum, (column, whole, _)| {
            let used = whole - columns.free(row, column) as f64;
            let after = libm::pow(base, (used + asked[column] as f64) / whole);
            sum + (after - libm::pow(base, used / whole))
        })
    }

    /// The largest share left less the smallest. Weights do not count.
    pub fn imbalance(&self, asked: &Amounts, columns: &Columns, row: usize) -> f64 {
        let shares = self.wholes(columns, row).map(|(column, whole, _)| {
            (columns.free(row, column) - asked[column]) as f64 / whole //
        });
        let ends = shares.fold(None, |ends: Option<(f64, f64)>, share| {
            let (least, most) = ends.unwrap_or((share, share));
            Some((least.min(share), most.max(share)))
        });
        ends.map_or(0.0, |(least, most)| most - least)
    }
}
