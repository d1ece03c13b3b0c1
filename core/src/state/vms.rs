//! VMs alive: a slab whose rows are used again, 40 bytes a VM.

use super::{Ask, HostId, push_snugly};
use crate::scenario::{DemandId, id};
use crate::time::Time;

id!(/** A VM: its row in [`Vms`], used again after its end. */ VmId, "vm", u32);

/// A VM alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vm {
    /// Number of the request it was made for.
    pub request: u64,
    /// When it was placed.
    pub placed: Time,
    /// Where it runs.
    pub host: HostId,
    /// What it takes, and its group.
    pub ask: Ask,
    /// Where its request came from.
    pub demand: DemandId,
}

/// All VMs alive.
#[derive(Clone, Debug, Default)]
pub struct Vms {
    rows: Vec<Option<Vm>>,
    /// Rows without a VM, to be used again, the last freed first.
    vacant: Vec<VmId>,
    /// Rows without a VM that are not to be used again yet.
    left: usize,
}

impl Vms {
    /// How many VMs are alive.
    pub fn alive(&self) -> usize {
        self.rows.len() - self.vacant.len() - self.left
    }

    /// A VM that is alive.
    ///
    /// # Panics
    /// If it is not.
    #[inline]
    pub fn get(&self, vm: VmId) -> &Vm {
        self.rows[vm.row()].as_ref().expect("the VM is alive")
    }

    /// A VM, if it is alive.
    #[inline]
    pub fn find(&self, vm: VmId) -> Option<&Vm> {
        self.rows.get(vm.row())?.as_ref()
    }

    /// All VMs alive, by row.
    pub fn iter(&self) -> impl Iterator<Item = (VmId, &Vm)> {
        let rows = self.rows.iter().enumerate();
        rows.filter_map(|(row, vm)| Some((VmId::from_row(row), vm.as_ref()?)))
    }

    #[inline(always)]
    pub(crate) fn add(&mut self, vm: Vm) -> VmId {
        if let Some(id) = self.vacant.pop() {
            self.rows[id.row()] = Some(vm);
            return id;
        }
        push_snugly(&mut self.rows, Some(vm));
        VmId::from_row(self.rows.len() - 1)
    }

    /// The VM is gone; its row is not used again until [`Self::vacate`].
    #[inline]
    pub(super) fn remove(&mut self, id: VmId) -> Vm {
        let vm = self.rows[id.row()].take().expect("the VM is alive");
        self.left += 1;
        vm
    }

    /// The row of a VM that was removed can be used again.
    #[inline]
    pub(crate) fn vacate(&mut self, id: VmId) {
        self.left -= 1;
        self.vacant.push(id);
    }

    /// What a VM asks for from now on; what it asked for.
    pub(super) fn set_ask(&mut self, id: VmId, ask: Ask) -> Ask {
        let vm = self.rows[id.row()].as_mut().expect("the VM is alive");
        std::mem::replace(&mut vm.ask, ask)
    }

    /// Where a VM is from now on; where it was.
    pub(super) fn set_host(&mut self, id: VmId, host: HostId) -> HostId {
        let vm = self.rows[id.row()].as_mut().expect("the VM is alive");
        std::mem::replace(&mut vm.host, host)
    }
}
