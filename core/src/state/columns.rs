//! Columns: what placement scans, one row a host (or a class of hosts that are all alike).

use super::layouts::LayoutId;
use super::push_snugly;
use crate::resources::{Amounts, KINDS_MAX};
use crate::scenario::HostTypeId;

/// What hosts that have as much free must share to be alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Likeness {
    /// What they are.
    pub host_type: HostTypeId,
    /// How what is free lies on devices.
    pub layout: LayoutId,
    /// How it lies in NUMA cells.
    pub cells: LayoutId,
}

/// Rows of what scorers may look at.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    /// What is free, one column a kind.
    free: [Vec<i64>; KINDS_MAX],
    host_type: Vec<HostTypeId>,
    /// Shorter than the others, or empty, where the rows to come have the plain layout.
    layout: Vec<LayoutId>,
    /// The same of NUMA cells.
    cells: Vec<LayoutId>,
    kinds: usize,
}

impl Columns {
    pub(super) fn new(kinds: usize) -> Self {
        Self { kinds, ..Self::default() }
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.host_type.len()
    }

    /// How many kinds of resource there are.
    pub fn kinds(&self) -> usize {
        self.kinds
    }

    /// What is free of one kind, by row.
    pub fn free_column(&self, column: usize) -> &[i64] {
        &self.free[column]
    }

    /// What is free of one kind in a row.
    #[inline]
    pub fn free(&self, row: usize, column: usize) -> i64 {
        self.free[column][row]
    }

    /// The type of a row.
    #[inline]
    pub fn host_type(&self, row: usize) -> HostTypeId {
        self.host_type[row]
    }

    /// How what is free lies inside a row's host.
    #[inline]
    pub fn layout(&self, row: usize) -> LayoutId {
        self.layout.get(row).copied().unwrap_or(LayoutId::PLAIN)
    }

    /// The same from now on.
    pub(super) fn set_layout(&mut self, row: usize, layout: LayoutId) {
        set(&mut self.layout, row, layout);
    }

    /// How CPU and memory lie in the NUMA cells of a row's host.
    #[inline]
    pub fn cells(&self, row: usize) -> LayoutId {
        self.cells.get(row).copied().unwrap_or(LayoutId::PLAIN)
    }

    /// The same from now on.
    pub(super) fn set_cells(&mut self, row: usize, cells: LayoutId) {
        set(&mut self.cells, row, cells);
    }

    /// What a row is beside what is free there.
    #[inline]
    pub fn likeness(&self, row: usize) -> Likeness {
        Likeness {
            host_type: self.host_type(row),
            layout: self.layout(row),
            cells: self.cells(row),
        }
    }

    /// Whether a row has room. An amount of 0 fits even where less than nothing is free.
    #[inline]
    pub fn has_room(&self, row: usize, amounts: &Amounts) -> bool {
        (0..self.kinds).all(|column| {
            let asked = amounts[column];
            asked <= self.free[column][row] || asked == 0
        })
    }

    pub(super) fn push(&mut self, host_type: HostTypeId, free: &Amounts) {
        for column in 0..self.kinds {
            push_snugly(&mut self.free[column], free[column]);
        }
        push_snugly(&mut self.host_type, host_type);
    }

    /// What is free in a row, all kinds.
    #[inline]
    pub fn amounts(&self, row: usize) -> Amounts {
        std::array::from_fn(|column| match column < self.kinds {
            true => self.free[column][row],
            false => 0,
        })
    }

    pub(super) fn set(&mut self, row: usize, host_type: HostTypeId, free: &Amounts) {
        for column in 0..self.kinds {
            self.free[column][row] = free[column];
        }
        self.host_type[row] = host_type;
    }

    /// Whether a row is just this.
    #[inline]
    pub(super) fn is(&self, row: usize, host_type: HostTypeId, free: &Amounts) -> bool {
        self.host_type[row] == host_type
            && (0..self.kinds).all(|column| self.free[column][row] == free[column])
    }

    /// Adds amounts to a row, with a sign.
    #[inline(always)]
    pub(super) fn add(&mut self, row: usize, amounts: &Amounts, sign: i64) {
        for column in 0..self.kinds {
            self.free[column][row] += sign * amounts[column];
        }
    }
}

fn set(column: &mut Vec<LayoutId>, row: usize, layout: LayoutId) {
    if column.get(row).copied().unwrap_or(LayoutId::PLAIN) == layout {
        return;
    }
    while column.len() <= row {
        push_snugly(column, LayoutId::PLAIN);
    }
    column[row] = layout;
}
