//! Shares: what is left of a host as parts of a whole, compared exactly.
//!
//! A share is `x_r = (free_r − d_r) / N_r`, where `N_r` is what the host could give out, or the most
//! that a host of the scenario could. All shares of a scenario get one common denominator (the
//! least common multiple of its `N_r`), so that a sum of fractions is a sum of integers, and the
//! scores here are shares in units of one ÷ that denominator. Capacities are round numbers: it
//! almost always fits 64 bits. Resources with `N_r = 0` are left out.

use crate::resources::{Amounts, KINDS_MAX};
use crate::scenario::{Measure, Norm, Scenario, ShareOf};
use crate::state::Columns;
use num_bigint::BigInt;
use std::ops::{Add, Mul, Sub};

/// The common denominator, in the narrowest integers that hold every score.
#[derive(Debug)]
pub enum Shares {
    /// Scores fit `i64`.
    Narrow(Scale<i64>),
    /// They fit `i128`.
    Wide(Scale<i128>),
    /// They do not: big integers, exact and slow.
    Big(Scale<BigInt>),
}

/// Does the same with whichever scale of the shares there is.
macro_rules! with_scale {
    ($shares:expr, $scale:ident => $body:expr) => {
        match $shares {
            $crate::placement::shares::Shares::Narrow($scale) => $body,
            $crate::placement::shares::Shares::Wide($scale) => $body,
            $crate::placement::shares::Shares::Big($scale) => $body,
        }
    };
}
pub(super) use with_scale;

/// The worth of one unit of each resource: common denominator ÷ `N_r`.
#[derive(Debug)]
pub struct Scale<T> {
    kinds: usize,
    /// By host type, by column; 0 for a resource that is left out.
    unit: Vec<[T; KINDS_MAX]>,
    /// The same times the resource's weight.
    weighted: Vec<[T; KINDS_MAX]>,
}

/// Integers wide enough for a scale.
pub trait Exact:
    Clone + Ord + From<i64> + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self>
{
}

impl<T> Exact for T where
    T: Clone + Ord + From<i64> + Add<Output = T> + Sub<Output = T> + Mul<Output = T>
{
}

impl Shares {
    /// The denominator over all host types of a scenario. `degree` is 2 if shares are multiplied
    /// with each other, else 1.
    pub fn new(scenario: &Scenario, measure: &Measure, degree: u64) -> Self {
        let wholes = wholes(scenario, measure.of);
        let kinds = scenario.kinds.len();
        let multiple = common_multiple(wholes.iter().flat_map(|whole| &whole[..kinds]));
        let weights = without_common_factor(&measure.weights_milli, kinds);
        let weight_bits = 64 - weights.iter().max().map_or(0, |most| most.leading_zeros());
        // A sum has at most 8 terms, each at most weight × denominator^degree.
        let bits = 3 + u64::from(weight_bits) + degree * multiple.bits();
        match i128::try_from(&multiple) {
            Ok(multiple) if bits < 63 => {
                Self::Narrow(Scale::new(kinds, &wholes, &weights, |of| multiple as i64 / of))
            }
            Ok(multiple) if bits < 127 => {
                Self::Wide(Scale::new(kinds, &wholes, &weights, |of| multiple / i128::from(of)))
            }
            _ => Self::Big(Scale::new(kinds, &wholes, &weights, |of| &multiple / of)),
        }
    }
}

impl<T: Exact> Scale<T> {
    fn new(kinds: usize, wholes: &[Amounts], weights: &Amounts, worth: impl Fn(i64) -> T) -> Self {
        let times = |whole: &Amounts, factors: &Amounts| {
            std::array::from_fn(|column| match whole[column] {
                of if of > 0 && column < kinds => worth(of) * T::from(factors[column]),
                _ => T::from(0),
            })
        };
        let unit = wholes.iter().map(|whole| times(whole, &[1; KINDS_MAX])).collect();
        let weighted = wholes.iter().map(|whole| times(whole, weights)).collect();
        Self { kinds, unit, weighted }
    }

    /// What would be left of a host, as one number: for the sum and for the largest in units of
    /// one ÷ the common denominator, for squares in units of its square.
    #[inline]
    pub fn left(&self, norm: Norm, asked: &Amounts, columns: &Columns, row: usize) -> T {
        let host_type = columns.host_type(row).row();
        let (unit, weighted) = (&self.unit[host_type], &self.weighted[host_type]);
        let left = |column: usize| T::from(columns.free(row, column) - asked[column]);
        let share = |column: usize| left(column) * weighted[column].clone();
        let (nothing, all) = (T::from(0), 0..self.kinds);
        match norm {
            Norm::L1 => all.fold(nothing, |sum, column| sum + share(column)),
            Norm::L2 => all.fold(nothing, |sum, column| {
                sum + share(column) * (left(column) * unit[column].clone())
            }),
            Norm::Linf => all.fold(nothing, |most, column| most.max(share(column))),
        }
    }

    /// The dot product of what is asked and what is free, in units of one ÷ the square of the
    /// common denominator.
    #[inline]
    pub fn alignment(&self, asked: &Amounts, columns: &Columns, row: usize) -> T {
        let host_type = columns.host_type(row).row();
        let (unit, weighted) = (&self.unit[host_type], &self.weighted[host_type]);
        (0..self.kinds).fold(T::from(0), |sum, column| {
            let asked = T::from(asked[column]) * weighted[column].clone();
            sum + asked * (T::from(columns.free(row, column)) * unit[column].clone())
        })
    }

    /// The largest share left less the smallest, of the resources that the host has. Weights do
    /// not count.
    #[inline]
    pub fn imbalance(&self, asked: &Amounts, columns: &Columns, row: usize) -> T {
        let unit = &self.unit[columns.host_type(row).row()];
        let zero = T::from(0);
        let mut ends: Option<(T, T)> = None;
        for column in (0..self.kinds).filter(|column| unit[*column] > zero) {
            let left = columns.free(row, column) - asked[column];
            let share = T::from(left) * unit[column].clone();
            ends = Some(match ends {
                None => (share.clone(), share),
                Some((least, most)) => (least.min(share.clone()), most.max(share)),
            });
        }
        ends.map_or(zero, |(least, most)| most - least)
    }
}

/// What amounts are shares of, by host type.
pub(super) fn wholes(scenario: &Scenario, of: ShareOf) -> Vec<Amounts> {
    let effective = |t: &crate::scenario::HostType| scenario.models[t.model.row()].effective;
    let types: Vec<Amounts> = scenario.host_types.iter().map(effective).collect();
    let most = |column: usize| types.iter().map(|amounts| amounts[column]).max().unwrap_or(0);
    match of {
        ShareOf::Host => types,
        ShareOf::Fleet => vec![std::array::from_fn(most); types.len()],
    }
}

fn without_common_factor(weights: &Amounts, kinds: usize) -> Amounts {
    let factor = weights[..kinds].iter().fold(0, |factor, weight| common_factor(factor, *weight));
    std::array::from_fn(|column| if column < kinds { weights[column] / factor.max(1) } else { 0 })
}

/// The least common multiple of all that are above 0.
fn common_multiple<'a>(amounts: impl Iterator<Item = &'a i64>) -> BigInt {
    let mut multiple = BigInt::from(1);
    for amount in amounts.filter(|amount| **amount > 0) {
        let rest = i64::try_from(&multiple % amount).expect("it is below the amount");
        multiple *= amount / common_factor(rest, *amount);
    }
    multiple
}

fn common_factor(mut a: i64, mut b: i64) -> i64 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}
