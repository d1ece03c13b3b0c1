//! History: what some policies remember of each host, kept only for those that ask for it.

use super::{HostId, VmId, push_snugly};
use crate::scenario::{Policy, Scenario, Score, Variable};
use crate::time::Time;
use std::collections::BTreeMap;

/// When hosts were used last, and when their VMs will end.
#[derive(Clone, Debug)]
pub struct History {
    keeps_use: bool,
    keeps_ends: bool,
    placed: u64,
    /// By host: the number of its latest placement, from 1 on; 0: none yet.
    used: Vec<u64>,
    /// By host: the ends of its VMs, each with how many end then.
    ends: Vec<BTreeMap<Time, u32>>,
    /// By VM row.
    end_of: Vec<Time>,
    scan_start: u64,
}

impl History {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let policy = &scenario.placement.policy;
        let keeps_ends = match policy {
            Policy::GreedyExtension(_) | Policy::LifetimeBucket { .. } => true,
            Policy::Compose(compose) => {
                compose.scores().any(|score| *score == Score::Extension)
                    || compose.formulas().any(|f| f.uses().any(|v| v == Variable::Extension))
            }
            _ => false,
        };
        Self {
            keeps_use: matches!(policy, Policy::MoveToFront),
            keeps_ends,
            placed: 0,
            used: Vec::new(),
            ends: Vec::new(),
            end_of: Vec::new(),
            scan_start: 0,
        }
    }

    /// Where the next search starts, of a policy that goes on where it stopped: a place in its
    /// own order of hosts. Kept for `kubernetes` with sampling.
    pub fn scan_start(&self) -> u64 {
        self.scan_start
    }

    /// A search has stopped here.
    pub fn set_scan_start(&mut self, place: u64) {
        self.scan_start = place;
    }

    /// How many VMs had been placed in all when this host got its latest; 0: it never had one.
    /// Kept for `move-to-front`.
    pub fn used_at(&self, host: HostId) -> u64 {
        self.used.get(host.row()).copied().unwrap_or(0)
    }

    /// When the last of a host's VMs will end; `None` for an empty host. Kept for the policies
    /// that go by lifetimes.
    pub fn ends(&self, host: HostId) -> Option<Time> {
        self.ends.get(host.row())?.last_key_value().map(|(end, _)| *end)
    }

    /// When a VM is believed to end. Kept as [`Self::ends`] is.
    pub fn end_of(&self, vm: VmId) -> Option<Time> {
        self.end_of.get(vm.row()).copied()
    }

    #[inline(always)]
    pub(super) fn start(&mut self, vm: VmId, host: HostId, end: Time) {
        if self.keeps_use || self.keeps_ends {
            self.note_start(vm, host, end);
        }
    }

    #[inline(never)]
    fn note_start(&mut self, vm: VmId, host: HostId, end: Time) {
        if self.keeps_use {
            self.placed += 1;
            *row(&mut self.used, host.row(), 0) = self.placed;
        }
        if self.keeps_ends {
            *row(&mut self.ends, host.row(), BTreeMap::new()).entry(end).or_default() += 1;
            *row(&mut self.end_of, vm.row(), Time::ZERO) = end;
        }
    }

    /// What a start on a host overwrites, for [`Self::undo`].
    pub(crate) fn before(&self, host: HostId) -> (u64, u64) {
        (self.placed, self.used_at(host))
    }

    /// A VM that has started on a host, and ended since, never did: of all that started later the
    /// same has been said before.
    pub(crate) fn undo(&mut self, host: HostId, (placed, used): (u64, u64)) {
        if self.keeps_use {
            self.placed = placed;
            self.used[host.row()] = used;
        }
    }

    /// A VM has moved: its end is another host's.
    pub(super) fn moved(&mut self, vm: VmId, from: HostId, to: HostId) {
        self.end(vm, from);
        if self.keeps_ends {
            let end = self.end_of[vm.row()];
            *row(&mut self.ends, to.row(), BTreeMap::new()).entry(end).or_default() += 1;
        }
    }

    #[inline(always)]
    pub(super) fn end(&mut self, vm: VmId, host: HostId) {
        if self.keeps_ends {
            self.note_end(vm, host);
        }
    }

    #[inline(never)]
    fn note_end(&mut self, vm: VmId, host: HostId) {
        let (end, ends) = (self.end_of[vm.row()], &mut self.ends[host.row()]);
        let count = ends.get_mut(&end).expect("the VM was counted when it started");
        *count -= 1;
        if *count == 0 {
            ends.remove(&end);
        }
    }

    /// A VM alive is believed to end at another time than so far.
    pub(super) fn put_off(&mut self, vm: VmId, host: HostId, end: Time) {
        if self.keeps_ends {
            self.end(vm, host);
            *self.ends[host.row()].entry(end).or_default() += 1;
            self.end_of[vm.row()] = end;
        }
    }
}

/// A row of a column that grows as rows are named.
fn row<T: Clone>(column: &mut Vec<T>, row: usize, empty: T) -> &mut T {
    while column.len() <= row {
        push_snugly(column, empty.clone());
    }
    &mut column[row]
}
