//! The screen: what classes have, rounded down to 31 bits, so that many are looked at at once.
//!
//! Who does not pass has no room; who passes is looked at closely. Rows lie in blocks of 64, a
//! lane each, which compilers turn into vector instructions by themselves.

use super::HostId;
use crate::resources::{Amounts, KINDS_MAX};

/// Rows in a block: the bits of a `u64`.
pub const LANES: usize = 64;

/// A row without members.
const NOBODY: i32 = i32::MAX;

type Lanes = [i32; LANES];

/// What the rows of classes have, in blocks.
#[derive(Clone, Debug)]
pub struct Screen {
    /// By kind: amounts are divided by 2 to the power of this.
    shifts: Vec<u32>,
    /// By block: the first member of each row, then what is free, kind by kind.
    lanes: Vec<Lanes>,
}

/// An ask as the screen sees it.
#[derive(Clone, Copy, Debug)]
pub struct Rounded {
    lanes: [i32; KINDS_MAX],
    is_exact: bool,
}

impl Rounded {
    /// Whether who passes has room: nothing had to be rounded.
    pub fn is_exact(&self) -> bool {
        self.is_exact
    }
}

impl Screen {
    /// Of no rows yet; `most` is the most that a row can have of each kind.
    pub(super) fn new(most: &[i64]) -> Self {
        let shift = |most: &i64| (i64::BITS - most.leading_zeros()).saturating_sub(31);
        Self { shifts: most.iter().map(shift).collect(), lanes: Vec::new() }
    }

    fn stride(&self) -> usize {
        1 + self.shifts.len()
    }

    /// How many blocks of rows there are.
    pub fn blocks(&self) -> usize {
        self.lanes.len() / self.stride()
    }

    /// The lowest index in a row; `None` if it has no members.
    #[inline]
    pub fn first(&self, row: usize) -> Option<HostId> {
        let first = self.lanes[row / LANES * self.stride()][row % LANES];
        (first != NOBODY).then(|| HostId::from_row(first as usize))
    }

    pub(super) fn set_first(&mut self, row: usize, first: Option<HostId>) {
        let stride = self.stride();
        self.lanes[row / LANES * stride][row % LANES] = first.map_or(NOBODY, lane_of);
    }

    /// What a row has from now on; a new row has no members.
    pub(super) fn set_free(&mut self, row: usize, free: &Amounts) {
        let (block, stride) = (row / LANES, self.stride());
        if block == self.blocks() {
            self.lanes.resize((block + 1) * stride, [NOBODY; LANES]);
        }
        for (column, shift) in self.shifts.iter().enumerate() {
            self.lanes[block * stride + 1 + column][row % LANES] = rounded(free[column], *shift);
        }
    }

    /// An ask, to be held against blocks.
    pub fn rounded(&self, asked: &Amounts) -> Rounded {
        let mut lanes = [i32::MIN; KINDS_MAX];
        let mut is_exact = true;
        for (column, shift) in self.shifts.iter().enumerate() {
            // Nothing asked fits even where less than nothing is free.
            if asked[column] > 0 {
                lanes[column] = rounded(asked[column], *shift);
                is_exact &= i64::from(lanes[column]) == asked[column];
            }
            is_exact &= *shift == 0;
        }
        Rounded { lanes, is_exact }
    }

    /// Which rows of a block have a member before `bound` (`None`: any) and perhaps room: bit n
    /// stands for row n of the block.
    #[inline]
    pub fn passing(&self, block: usize, asked: &Rounded, bound: Option<HostId>) -> u64 {
        let stride = self.stride();
        let bound = bound.map_or(NOBODY, lane_of);
        let lanes = &self.lanes[block * stride..][..stride];
        let mut passes = [0u8; LANES];
        for (pass, first) in passes.iter_mut().zip(&lanes[0]) {
            *pass = u8::from(*first < bound);
        }
        for (free, asked) in lanes[1..].iter().zip(&asked.lanes) {
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
        bits
    }
}

fn lane_of(host: HostId) -> i32 {
    i32::try_from(host.row()).expect("a fleet has fewer than 2^31 hosts")
}

/// Rounded down, and never out of 31 bits: what is more than can ever be free stays more.
fn rounded(amount: i64, shift: u32) -> i32 {
    i32::try_from(amount.max(-1) >> shift).unwrap_or(i32::MAX)
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
        assert_eq!(screen.passing(1, &asked, None) == 1 << 6, expected);
        assert_eq!(screen.passing(1, &asked, Some(HostId::from_row(9))), 0);
        assert_eq!(screen.passing(0, &asked, None), 0);
    }

    #[test]
    fn who_has_room_passes_and_who_has_far_too_little_does_not() {
        check(100, 50, 50, true);
        check(100, 50, 51, false);
        check(100, 0, 0, true);
        check(100, -1, 0, true);
        check(100, -1, 1, false);
        check(1 << 50, 1 << 49, 1 << 49, true);
        check(1 << 50, (1 << 49) - 1, 1 << 49, false);
        check(1 << 50, 1 << 50, i64::MAX, false);
        check(100, 100, i64::MAX, false);
        check(i64::from(i32::MAX), i64::from(i32::MAX), i64::from(i32::MAX), true);
        check(i64::from(i32::MAX), i64::from(i32::MAX), 1 << 40, true);
        let is_exact = |most: i64, asked: i64| {
            Screen::new(&[most]).rounded(&[asked, 0, 0, 0, 0, 0, 0, 0]).is_exact()
        };
        assert!(is_exact(i64::from(i32::MAX), i64::from(i32::MAX)));
        assert!(!is_exact(i64::from(i32::MAX), 1 << 31) && !is_exact(1 << 31, 1));
    }
}
