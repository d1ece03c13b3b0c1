//! Shares: `Σ_r (free_r − d_r) / effective_r`, compared exactly.
//!
//! All shares of a scenario's hosts get one common denominator (the least common multiple of
//! their capacities), so that a sum of fractions is a sum of integers. Capacities are round
//! numbers: it almost always fits 64 bits. Resources that a host does not have are left out.

use crate::resources::Amounts;
use crate::scenario::Scenario;
use crate::state::Columns;
use num_rational::BigRational;

/// The common denominator, in the narrowest integers that hold it.
#[derive(Debug)]
pub enum Shares {
    /// Sums fit `i64`.
    Narrow(Scale<i64>),
    /// Sums fit `i128`.
    Wide(Scale<i128>),
    /// They do not: fractions of big integers, exact and slow.
    Big(Vec<Amounts>),
}

/// The weight of one unit of each resource: common denominator ÷ effective capacity.
#[derive(Debug)]
pub struct Scale<T> {
    kinds: usize,
    /// By host type, by column; 0 for a resource that the type does not have.
    unit: Vec<[T; crate::resources::KINDS_MAX]>,
}

impl Shares {
    /// The denominator over all host types of a scenario.
    pub fn new(scenario: &Scenario) -> Self {
        let effective = |t: &crate::scenario::HostType| scenario.models[t.model.row()].effective;
        let types: Vec<Amounts> = scenario.host_types.iter().map(effective).collect();
        let kinds = scenario.kinds.len();
        match common_multiple(types.iter().flat_map(|amounts| &amounts[..kinds])) {
            // A sum has at most 8 terms, each at most the denominator: 4 bits of room.
            Some(multiple) if multiple < 1 << 59 => {
                Self::Narrow(Scale::new(kinds, &types, |of| multiple as i64 / of))
            }
            Some(multiple) if multiple < 1 << 123 => {
                Self::Wide(Scale::new(kinds, &types, |of| multiple as i128 / i128::from(of)))
            }
            _ => Self::Big(types),
        }
    }
}

impl<T: Copy + Default> Scale<T> {
    fn new(kinds: usize, types: &[Amounts], weight: impl Fn(i64) -> T) -> Self {
        let unit = |effective: &Amounts| {
            std::array::from_fn(|column| match effective[column] {
                of if of > 0 && column < kinds => weight(of),
                _ => T::default(),
            })
        };
        Self { kinds, unit: types.iter().map(unit).collect() }
    }
}

impl<T> Scale<T>
where
    T: Copy + From<i64> + std::ops::Mul<Output = T> + std::ops::Add<Output = T>,
{
    /// What would be left of a host, in units of one ÷ the common denominator.
    #[inline]
    pub fn left(&self, asked: &Amounts, columns: &Columns, row: usize) -> T {
        let unit = &self.unit[columns.host_type(row).row()];
        let mut sum = T::from(0);
        for column in 0..self.kinds {
            let left = columns.free(row, column) - asked[column];
            sum = sum + T::from(left) * unit[column];
        }
        sum
    }
}

/// The same as a fraction, whatever its size. `effective` is by host type.
pub fn left_big(
    effective: &[Amounts],
    asked: &Amounts,
    columns: &Columns,
    row: usize,
) -> BigRational {
    let effective = &effective[columns.host_type(row).row()];
    let kinds = (0..columns.kinds()).filter(|column| effective[*column] > 0);
    kinds
        .map(|column| {
            let left = columns.free(row, column) - asked[column];
            BigRational::new(left.into(), effective[column].into())
        })
        .sum()
}

/// The least common multiple of all that are above 0; `None` past 127 bits.
fn common_multiple<'a>(amounts: impl Iterator<Item = &'a i64>) -> Option<u128> {
    let mut multiple: u128 = 1;
    for amount in amounts.filter(|amount| **amount > 0) {
        let amount = u128::from(amount.unsigned_abs());
        let (mut a, mut b) = (multiple, amount);
        while b > 0 {
            (a, b) = (b, a % b);
        }
        multiple = (multiple / a).checked_mul(amount)?;
    }
    Some(multiple)
}
