//! Moves: VMs on their way from one host to another take room on both.
//!
//! The one place where a VM changes its host. [`State::lift`] and [`State::put`] are for trials
//! (who would fit if this one were elsewhere), the other two for what really happens.

use super::{Ask, HostId, Spot, State, VmId, push_snugly};
use std::collections::BTreeMap;

/// VMs on the move, and where to.
#[derive(Clone, Debug, Default)]
pub struct Moves {
    /// Where to, and onto which devices and cells there.
    by_vm: BTreeMap<VmId, (HostId, Spot)>,
}

impl Moves {
    /// How many VMs are on the move.
    pub fn under_way(&self) -> usize {
        self.by_vm.len()
    }

    /// Whether no VM is on the move.
    pub fn is_empty(&self) -> bool {
        self.by_vm.is_empty()
    }

    /// The VMs on the move, and where to.
    pub fn iter(&self) -> impl Iterator<Item = (VmId, HostId)> {
        self.by_vm.iter().map(|(vm, (to, _))| (*vm, *to))
    }

    /// Where a VM is on its way to; `None` if it stays where it is.
    #[inline]
    pub fn target(&self, vm: VmId) -> Option<HostId> {
        if self.by_vm.is_empty() { None } else { self.by_vm.get(&vm).map(|(to, _)| *to) }
    }
}

/// The VMs of each host, in the order in which they came. Kept only for scenarios in which VMs
/// are pushed out, or hosts fail: 4 bytes a VM.
#[derive(Clone, Debug, Default)]
pub struct Residents {
    by_host: Vec<Vec<VmId>>,
}

impl Residents {
    /// The VMs that run on a host; not those on their way to it.
    pub fn on(&self, host: HostId) -> &[VmId] {
        self.by_host.get(host.row()).map_or(&[], Vec::as_slice)
    }

    pub(super) fn enter(&mut self, host: HostId, vm: VmId) {
        while self.by_host.len() <= host.row() {
            push_snugly(&mut self.by_host, Vec::new());
        }
        self.by_host[host.row()].push(vm);
    }

    pub(super) fn leave(&mut self, host: HostId, vm: VmId) {
        let list = &mut self.by_host[host.row()];
        let place = list.iter().position(|other| *other == vm).expect("the VM is on its host");
        list.remove(place);
    }

    /// The last that came to a host stands at this row among its VMs.
    fn rank_last(&mut self, host: HostId, row: usize) {
        self.by_host[host.row()][row..].rotate_right(1);
    }
}

impl State {
    /// Takes a VM off its host on trial: its room and its place in its group are free until
    /// [`Self::put`]. Where it lay there.
    pub fn lift(&mut self, id: VmId) -> Spot {
        let vm = *self.vms.get(id);
        self.leave(id, vm.ask, vm.host);
        self.changed(vm.host);
        self.spot(id)
    }

    /// Puts a VM that was lifted on a host: back, where it lay, or elsewhere, where the usual rule
    /// puts it.
    pub fn put(&mut self, id: VmId, host: HostId, spot: Spot) {
        let vm = *self.vms.get(id);
        self.enter(id, vm.ask, host, spot);
        self.changed(host);
        self.now_on(id, host);
    }

    /// Puts a VM that was lifted back, where it lay, and at its old row among the host's residents.
    ///
    /// # Panics
    /// If it was not moved, or there are fewer residents, or no account of them is kept.
    pub fn put_back(&mut self, id: VmId, host: HostId, spot: Spot, row: usize) {
        self.put(id, host, spot);
        let residents = self.residents.as_mut().expect("there is an account of residents");
        residents.rank_last(host, row);
    }

    /// A VM sets out for another host, which has room for it; until it is there it takes room on
    /// both.
    ///
    /// # Panics
    /// If it is on the move already, or would stay where it is.
    pub fn begin_move(&mut self, id: VmId, to: HostId) {
        let vm = *self.vms.get(id);
        assert!(vm.host != to, "a VM moves to another host");
        let here = self.spot(id);
        self.enter(id, vm.ask, to, Spot::default());
        // It is one VM of its tenant's, though on two hosts.
        self.count(vm.ask, -1);
        let there = self.spot(id);
        self.name_spot(id, here);
        let before = self.moves.by_vm.insert(id, (to, there));
        assert!(before.is_none(), "a VM is on one move at a time");
        self.changed(to);
    }

    /// A VM has arrived at the host that it was on its way to (or, without success, is where it
    /// was) and gives back the room on the other; which that is.
    ///
    /// # Panics
    /// If it is not on the move.
    pub fn end_move(&mut self, id: VmId, has_arrived: bool) -> HostId {
        let (to, there) = self.moves.by_vm.remove(&id).expect("the VM is on the move");
        let vm = *self.vms.get(id);
        let here = self.spot(id);
        let (left, stays) = if has_arrived { (vm.host, there) } else { (to, here) };
        if !has_arrived {
            self.name_spot(id, there);
        }
        self.leave(id, vm.ask, left);
        self.count(vm.ask, 1);
        self.name_spot(id, stays);
        self.changed(left);
        if has_arrived {
            self.now_on(id, to);
        }
        left
    }

    /// A VM of this ask counts once more for its tenant's quotas, or (with the sign −1) once less.
    pub(crate) fn count(&mut self, ask: Ask, sign: i64) {
        self.tenancy.count(ask.tenant, &self.shapes.get(ask.shape).amounts, sign);
    }

    fn now_on(&mut self, id: VmId, host: HostId) {
        let from = self.vms.set_host(id, host);
        if from != host {
            self.history.moved(id, from, host);
            if let Some(residents) = &mut self.residents {
                residents.leave(from, id);
                residents.enter(host, id);
            }
        }
    }

    /// A VM takes its room on a host.
    #[inline(always)]
    pub(super) fn enter(&mut self, id: VmId, ask: Ask, host: HostId, spot: Spot) {
        let is_exclusive = self.is_exclusive(ask);
        let amounts = &self.shapes.get(ask.shape).amounts;
        self.hosts.take(host, amounts);
        self.tenancy.start(host, ask.tenant, amounts, is_exclusive);
        if let Some(amount) = self.devices.column().map(|column| amounts[column])
            && amount > 0
        {
            let set = spot.devices.unwrap_or_else(|| self.devices.usual(host, amount));
            let layout = self.devices.take(id, host, (amount, set), &mut self.layouts);
            self.lies(host, layout);
        }
        self.enter_cells(id, ask, host, spot.cells);
        if let Some(group) = ask.group {
            self.groups.enter(group, host, self.hosts.rack(host), self.hosts.zone(host));
        }
    }

    /// A VM gives its room on a host back.
    #[inline(always)]
    pub(super) fn leave(&mut self, id: VmId, ask: Ask, host: HostId) {
        let is_exclusive = self.is_exclusive(ask);
        let amounts = &self.shapes.get(ask.shape).amounts;
        self.hosts.give(host, amounts);
        self.tenancy.end(host, ask.tenant, amounts, is_exclusive);
        if let Some(amount) = self.devices.column().map(|column| amounts[column])
            && amount > 0
        {
            let layout = self.devices.give(id, host, amount, &mut self.layouts);
            self.lies(host, layout);
        }
        self.leave_cells(id, ask, host);
        if let Some(group) = ask.group {
            self.groups.leave(group, host, self.hosts.rack(host), self.hosts.zone(host));
        }
    }
}
