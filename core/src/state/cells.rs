//! NUMA cells: how CPU and memory lie inside hosts whose model has cells, and who has which.
//!
//! A host with N cells has N cells with an N-th of its CPU and memory each. A VM that asks for k
//! cells takes k distinct ones, with a k-th of its CPU and memory in each; one that asks for none
//! takes one, or, if it is larger than an empty cell, the fewest that an empty host needs for it,
//! as much in each (rounded up). It gets the cells that fit best: of those with room the one with
//! least CPU left, then least memory, ties to the lowest. A scenario whose models have no cells
//! pays nothing for them.

use super::layouts::{LayoutId, Layouts};
use super::{Ask, HostId, State, VmId, push_snugly};
use crate::resources::{Amounts, Builtin, CELLS_MAX, Kinds};
use crate::scenario::{HostTypeId, Scenario};

/// Some cells of one host: bit c stands for cell c.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CellSet(u16);

impl CellSet {
    /// The cells, ascending.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        (0..CELLS_MAX).filter(move |cell| self.0 >> cell & 1 == 1)
    }

    /// How many there are.
    pub fn count(self) -> usize {
        self.0.count_ones() as usize
    }
}

/// What a VM takes of a host's cells: so many, so much of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CellNeed {
    /// How many cells; 0: the host has none, and that will do.
    pub count: usize,
    /// CPU and memory in each.
    pub each: [i64; 2],
}

impl CellNeed {
    /// Whether a cell with so much left will do for one of them.
    #[inline]
    pub fn fits_in(self, [cpu, memory]: [i64; 2]) -> bool {
        self.each[0] <= cpu && self.each[1] <= memory
    }

    /// Whether a host whose cells have so much left has room, CPU and memory by turns.
    #[inline]
    pub fn fits(self, parts: &[i64]) -> bool {
        let (cells, _) = parts.as_chunks::<2>();
        self.count == 0 || cells.iter().filter(|cell| self.fits_in(**cell)).count() >= self.count
    }

    /// How much more CPU and memory the cells that lack least would have to have left, in sum;
    /// `None`: the host has too few cells.
    pub fn missing(self, parts: &[i64]) -> Option<[i64; 2]> {
        let (cells, _) = parts.as_chunks::<2>();
        let lack = |cell: &[i64; 2]| -> [i64; 2] {
            std::array::from_fn(|kind| (self.each[kind] - cell[kind]).max(0))
        };
        let mut lacks: Vec<[i64; 2]> = cells.iter().map(lack).collect();
        // By the sum of the shares that are missing, brought to one denominator.
        let [cpu, memory] = self.each.map(|each| i128::from(each.max(1)));
        lacks.sort_by_key(|lack| i128::from(lack[0]) * memory + i128::from(lack[1]) * cpu);
        let least = lacks.get(..self.count)?;
        Some(least.iter().fold([0, 0], |sum, lack| [sum[0] + lack[0], sum[1] + lack[1]]))
    }
}

/// An empty host's cells: how many, and what each has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Grid {
    count: usize,
    each: [i64; 2],
}

/// All cells.
#[derive(Clone, Debug)]
pub struct Cells {
    /// The columns of CPU and memory.
    columns: [Option<usize>; 2],
    /// By host type; empty: no host has cells.
    grids: Vec<Grid>,
    /// By host: where its cells begin in `left`; its last entry is where they end.
    begin: Vec<u32>,
    /// CPU and memory left in each cell, host by host.
    left: Vec<[i64; 2]>,
    /// By VM row, of VMs on hosts with cells: theirs.
    of_vm: Vec<CellSet>,
}

impl Cells {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let columns = columns(&scenario.kinds);
        let model = |host_type: &crate::scenario::HostType| {
            let model = &scenario.models[host_type.model.row()];
            let count = usize::from(model.cells);
            let part = |amount: i64| if count == 0 { 0 } else { amount / count as i64 };
            Grid { count, each: pair(columns, &model.effective).map(part) }
        };
        let mut grids: Vec<Grid> = scenario.host_types.iter().map(model).collect();
        if grids.iter().all(|grid| grid.count == 0) {
            grids.clear();
        }
        Self { columns, grids, begin: vec![0], left: Vec::new(), of_vm: Vec::new() }
    }

    /// Whether any host has cells.
    #[inline]
    pub fn are_used(&self) -> bool {
        !self.grids.is_empty()
    }

    /// CPU and memory, as they stand in amounts.
    pub fn pair(&self, column: usize) -> Option<usize> {
        self.columns.iter().position(|of| *of == Some(column))
    }

    /// Whether a column is of CPU or memory.
    pub fn has_column(&self, column: usize) -> bool {
        self.columns.contains(&Some(column))
    }

    /// CPU and memory left in each cell of a host.
    pub fn left(&self, host: HostId) -> &[[i64; 2]] {
        match self.begin.get(host.row()..host.row() + 2) {
            Some(ends) => &self.left[ends[0] as usize..ends[1] as usize],
            None => &[],
        }
    }

    /// The cells of a VM on a host that has some.
    pub fn of(&self, vm: VmId) -> CellSet {
        self.of_vm.get(vm.row()).copied().unwrap_or_default()
    }

    /// What an ask that declares so many cells (0: none) takes on hosts of a type. More cells
    /// than there are is more than any host has.
    pub fn need(&self, host_type: HostTypeId, amounts: &Amounts, declared: u8) -> CellNeed {
        let grid = self.grids.get(host_type.row()).copied().unwrap_or_default();
        let asked = pair(self.columns, amounts);
        let part = |count: usize| asked.map(|amount| ceil(amount, count as i64));
        match (grid.count, usize::from(declared)) {
            (0, 0 | 1) => CellNeed::default(),
            (cells, declared) if declared > cells => CellNeed { count: usize::MAX, each: [0; 2] },
            (_, 0) => {
                let by = |kind: usize| match (asked[kind], grid.each[kind]) {
                    (0, _) => 1,
                    (_, 0) => i64::MAX,
                    (asked, each) => ceil(asked, each),
                };
                let count = usize::try_from(by(0).max(by(1))).unwrap_or(usize::MAX);
                match count > grid.count {
                    true => CellNeed { count: usize::MAX, each: [0; 2] },
                    false => CellNeed { count, each: part(count) },
                }
            }
            (_, count) => CellNeed { count, each: part(count) },
        }
    }

    /// The cells with so much left that fit best, as many as are needed; which must be there.
    pub fn best_fit(left: &[[i64; 2]], need: CellNeed) -> CellSet {
        let mut set = CellSet::default();
        for _ in 0..need.count {
            let rest = (0..left.len()).filter(|cell| set.0 >> cell & 1 == 0);
            let best = rest.filter(|cell| need.fits_in(left[*cell])).min_by_key(|cell| left[*cell]);
            set.0 |= 1 << best.expect("the filter found as many");
        }
        set
    }

    /// A host goes into service; its layout.
    fn add_host(&mut self, host_type: HostTypeId, layouts: &mut Layouts) -> LayoutId {
        let grid = self.grids[host_type.row()];
        (0..grid.count).for_each(|_| push_snugly(&mut self.left, grid.each));
        let end = u32::try_from(self.left.len()).expect("hosts and their cells are bounded");
        push_snugly(&mut self.begin, end);
        layouts.hold([grid.each; CELLS_MAX][..grid.count].as_flattened())
    }

    fn change(&mut self, host: HostId, set: CellSet, each: [i64; 2], sign: i64) {
        let begin = self.begin[host.row()] as usize;
        for cell in set.iter() {
            for (left, each) in self.left[begin + cell].iter_mut().zip(each) {
                *left += sign * each;
                assert!(*left >= 0, "a cell has room for who takes it");
            }
        }
    }

    /// What is left of each cell, ascending.
    fn layout(&self, host: HostId, layouts: &mut Layouts) -> LayoutId {
        let left = self.left(host);
        let mut parts = [[0; 2]; CELLS_MAX];
        let parts = &mut parts[..left.len()];
        parts.copy_from_slice(left);
        parts.sort_unstable();
        layouts.hold(parts.as_flattened())
    }

    /// The cells of a VM, whatever they are of, are these from now on.
    pub(super) fn name(&mut self, vm: VmId, set: CellSet) {
        if set == self.of(vm) {
            return;
        }
        while self.of_vm.len() <= vm.row() {
            push_snugly(&mut self.of_vm, CellSet::default());
        }
        self.of_vm[vm.row()] = set;
    }
}

impl State {
    /// A host with cells goes into service.
    pub(super) fn add_cells(&mut self, host: HostId) {
        if self.cells.are_used() {
            let layout = self.cells.add_host(self.hosts.host_type(host), &mut self.layouts);
            self.hosts.set_cells(host, layout);
        }
    }

    /// A VM takes its part of a host's cells: of these, or of those that fit best (`None`).
    #[inline(always)]
    pub(super) fn enter_cells(&mut self, id: VmId, ask: Ask, host: HostId, set: Option<CellSet>) {
        if self.cells.are_used() {
            self.take_cells(id, ask, host, set);
        }
    }

    #[inline(never)]
    fn take_cells(&mut self, id: VmId, ask: Ask, host: HostId, set: Option<CellSet>) {
        let need = self.cell_need(ask, host);
        let best = || Cells::best_fit(self.cells.left(host), need);
        let set = set.unwrap_or_else(best);
        self.cells.name(id, set);
        self.cells.change(host, set, need.each, -1);
        self.relay(host);
    }

    /// A VM gives them back.
    #[inline(always)]
    pub(super) fn leave_cells(&mut self, id: VmId, ask: Ask, host: HostId) {
        if self.cells.are_used() {
            self.give_cells(id, ask, host);
        }
    }

    #[inline(never)]
    fn give_cells(&mut self, id: VmId, ask: Ask, host: HostId) {
        let need = self.cell_need(ask, host);
        self.cells.change(host, self.cells.of(id), need.each, 1);
        self.relay(host);
    }

    fn cell_need(&self, ask: Ask, host: HostId) -> CellNeed {
        let amounts = &self.shapes.get(ask.shape).amounts;
        let declared = self.shapes.predicate(ask.shape).cells;
        self.cells.need(self.hosts.host_type(host), amounts, declared)
    }

    /// What is free in a host's cells lies in another way. The new layout is held before the old
    /// one is let go.
    fn relay(&mut self, host: HostId) {
        let (old, new) = (self.hosts.cells(host), self.cells.layout(host, &mut self.layouts));
        self.hosts.set_cells(host, new);
        self.layouts.release(old);
    }
}

/// The columns of CPU and memory, which lie in cells: the builtin kinds.
fn columns(kinds: &Kinds) -> [Option<usize>; 2] {
    [Builtin::Cpu, Builtin::Memory].map(|kind| {
        (0..kinds.len()).find(|column| {
            kinds.name(*column) == kind.name() && kinds.unit(*column) == kind.unit() //
        })
    })
}

fn pair(columns: [Option<usize>; 2], amounts: &Amounts) -> [i64; 2] {
    columns.map(|column| column.map_or(0, |column| amounts[column]))
}

fn ceil(amount: i64, by: i64) -> i64 {
    amount / by + i64::from(amount % by > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(count: usize, each: [i64; 2]) -> Cells {
        Cells {
            columns: [Some(0), Some(1)],
            grids: vec![Grid { count, each }, Grid::default()],
            begin: vec![0],
            left: Vec::new(),
            of_vm: Vec::new(),
        }
    }

    #[track_caller]
    fn check(asked: [i64; 2], declared: u8, count: usize, each: [i64; 2]) {
        let mut amounts = Amounts::default();
        amounts[..2].copy_from_slice(&asked);
        let need = cells(4, [10, 100]).need(HostTypeId::from_row(0), &amounts, declared);
        assert_eq!(need, CellNeed { count, each }, "{asked:?}, {declared} declared");
    }

    #[test]
    fn a_need_is_as_many_cells_as_are_declared_or_the_fewest() {
        check([4, 40], 0, 1, [4, 40]);
        check([10, 100], 0, 1, [10, 100]);
        check([11, 100], 0, 2, [6, 50]);
        check([4, 201], 0, 3, [2, 67]);
        check([40, 400], 0, 4, [10, 100]);
        check([41, 1], 0, usize::MAX, [0, 0]);
        check([0, 0], 0, 1, [0, 0]);
        check([4, 40], 2, 2, [2, 20]);
        check([12, 40], 1, 1, [12, 40]);
        check([5, 5], 5, usize::MAX, [0, 0]);
    }

    #[test]
    fn a_host_without_cells_will_do_for_one() {
        let count = |declared| {
            let need = cells(4, [10, 100]).need(HostTypeId::from_row(1), &[3; 8], declared);
            need.count
        };
        assert_eq!([0, 1, 2].map(count), [0, 0, usize::MAX]);
    }

    #[test]
    fn the_fullest_cells_with_room_are_taken() {
        let left = [[8, 50], [5, 60], [5, 20], [5, 20], [2, 90]];
        let best = |count, each| {
            let set = Cells::best_fit(&left, CellNeed { count, each });
            set.iter().collect::<Vec<_>>()
        };
        assert_eq!(best(1, [3, 10]), [2]);
        assert_eq!(best(2, [3, 10]), [2, 3]);
        assert_eq!(best(1, [3, 30]), [1]);
        assert_eq!(best(2, [3, 30]), [0, 1]);
        assert_eq!(best(1, [1, 80]), [4]);
        let need = CellNeed { count: 3, each: [3, 30] };
        assert!(!need.fits(left.as_flattened()));
        assert!(CellNeed { count: 2, ..need }.fits(left.as_flattened()));
    }
}
