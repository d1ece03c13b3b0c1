//! The screen: what classes have, rounded down to 8 bits, so that many are looked at at once.
//!
//! Who does not pass has no room; who passes is looked at closely. Rows lie in blocks of 64, a
//! byte each, which compilers turn into vector instructions by themselves.

use super::{HostId, push_snugly};
use crate::resources::{Amounts, KINDS_MAX};

/// Rows in a block: the bits of a `u64`.
pub const LANES: usize = 64;

type Lanes = [u8; LANES];

/// What the rows of classes have, in blocks.
#[derive(Clone, Debug)]
pub struct Screen {
    /// By kind: amounts are divided by 2 to the power of this.
    shifts: Vec<u32>,
    /// By block: what is free in each row, kind by kind.
    lanes: Vec<Lanes>,
    /// By block: the rows that have members, a bit each.
    filled: Vec<u64>,
    /// By row: the lowest index, of any host if it has no members.
    first: Vec<HostId>,
}

/// An ask as the screen sees it.
#[derive(Clone, Copy, Debug)]
pub struct Rounded([u8; KINDS_MAX]);

impl Screen {
    /// Of no rows yet; `most` is the most that a row can have of each kind.
    pub(super) fn new(most: &[i64]) -> Self {
        let shift = |most: &i64| (i64::BITS - most.leading_zeros()).saturating_sub(u8::BITS);
        let shifts = most.iter().map(shift).collect();
        Self { shifts, lanes: Vec::new(), filled: Vec::new(), first: Vec::new() }
    }

    /// How many blocks of rows there are.
    pub fn blocks(&self) -> usize {
        self.filled.len()
    }

    /// The lowest index in a row; `None` if it has no members.
    #[inline]
    pub fn first(&self, row: usize) -> Option<HostId> {
        let is_filled = self.filled[row / LANES] >> (row % LANES) & 1 == 1;
        is_filled.then(|| self.first[row])
    }

    pub(super) fn set_first(&mut self, row: usize, first: Option<HostId>) {
        let (filled, bit) = (&mut self.filled[row / LANES], 1 << (row % LANES));
        match first {
            Some(first) => {
                *filled |= bit;
                self.first[row] = first;
            }
            None => *filled &= !bit,
        }
    }

    /// What a row has from now on; a new row has no members.
    pub(super) fn set_free(&mut self, row: usize, free: &Amounts) {
        let (block, kinds) = (row / LANES, self.shifts.len());
        while self.blocks() <= block {
            push_snugly(&mut self.filled, 0);
            (0..kinds).for_each(|_| push_snugly(&mut self.lanes, [0; LANES]));
            (0..LANES).for_each(|_| push_snugly(&mut self.first, HostId::from_row(0)));
        }
        for (column, shift) in self.shifts.iter().enumerate() {
            self.lanes[block * kinds + column][row % LANES] = rounded(free[column], *shift);
        }
    }

    /// An ask, to be held against blocks.
    pub fn rounded(&self, asked: &Amounts) -> Rounded {
        let mut lanes = [0; KINDS_MAX];
        for (column, shift) in self.shifts.iter().enumerate() {
            lanes[column] = rounded(asked[column], *shift);
        }
        Rounded(lanes)
    }

    /// Which rows of a block have members and perhaps room: bit n stands for row n of the block.
    #[inline]
    pub fn passing(&self, block: usize, asked: &Rounded) -> u64 {
        let kinds = self.shifts.len();
        let mut passes = [1u8; LANES];
        for (free, asked) in self.lanes[block * kinds..][..kinds].iter().zip(&asked.0) {
            for (pass, free) in passes.iter_mut().zip(free) {
                *pass &= u8::from(free >= asked);
            }
        }
        let mut bits = 0;
        for (byte, eight) in passes.as_chunks::<8>().0.iter().enumerate() {
            // Eight bytes of 0 or 1 become eight bits.
            let eight = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
            bits |= eight << (8 * byte);
        }
        bits & self.filled[block]
    }
}

/// Rounded down, less than nothing to nothing, and never more than can be free: so what is enough
/// passes.
fn rounded(amount: i64, shift: u32) -> u8 {
    u8::try_from(amount.max(0) >> shift).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(most: i64, free: i64, asked: i64, expected: bool) {
        let mut screen = Screen::new(&[most]);
        let amounts = |amount| [amount, 0, 0, 0, 0, 0, 0, 0];
        screen.set_free(0, &amounts(free));
        screen.set_free(70, &amounts(free));
        screen.set_first(70, Some(HostId::from_row(9)));
        let asked = screen.rounded(&amounts(asked));
        assert_eq!(screen.passing(1, &asked) == 1 << 6, expected);
        assert_eq!(screen.passing(0, &asked), 0);
        assert_eq!((screen.first(0), screen.first(70)), (None, Some(HostId::from_row(9))));
        screen.set_first(70, None);
        assert_eq!(screen.passing(1, &asked), 0);
    }

    #[test]
    fn who_has_room_passes_and_who_has_far_too_little_does_not() {
        check(100, 50, 50, true);
        check(100, 50, 51, false);
        check(100, 0, 0, true);
        check(100, -1, 0, true);
        check(255, 255, i64::MAX, true);
        check(256, 256, i64::MAX, false);
        check(256, 3, 4, false);
        check(256, 2, 3, true);
        check(1 << 50, 1 << 49, 1 << 49, true);
        check(1 << 50, (1 << 49) - 1, 1 << 49, false);
    }
}
