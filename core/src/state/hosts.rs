//! Hosts, as columns: a host is a row, and what placement scans lies together.

use super::census::Census;
use super::layouts::LayoutId;
use super::{Columns, push_snugly};
use crate::resources::Amounts;
use crate::scenario::{HostTypeId, PoolId, RackId, Scenario, ZoneId, id};
use crate::time::Time;

id!(/** A host: its row in [`Hosts`], given in order of entry into service and never again. */ HostId, "h", u32);

/// What a host does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostStatus {
    /// Takes VMs.
    Up,
    /// Takes no new VMs and leaves service when empty.
    Cordoned,
    /// Has left service.
    Retired,
    /// Takes no VMs for now; those on it stay or move away.
    Draining,
    /// Has failed, and is out of service until it is repaired or replaced.
    Down,
}

impl HostStatus {
    /// Whether a host is in service: what it has counts as capacity.
    #[inline]
    pub const fn is_in_service(self) -> bool {
        !matches!(self, Self::Retired | Self::Down)
    }
}

/// Totals over a set of hosts in service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Hosts in service, cordoned ones included.
    pub hosts: u32,
    /// Hosts that have failed, and come back.
    pub down: u32,
    /// Hosts in service that take no VMs for now.
    pub draining: u32,
    /// Hosts with a VM on them.
    pub hosts_used: u32,
    /// What their VMs take.
    pub used: Amounts,
    /// What they can give out.
    pub capacity: Amounts,
    /// The part of it on cordoned hosts, which goes as soon as they are empty.
    pub leaving: Amounts,
}

/// All hosts, those that left service included.
#[derive(Clone, Debug)]
pub struct Hosts {
    columns: Columns,
    vms: Vec<u32>,
    rack: Vec<RackId>,
    status: Vec<HostStatus>,
    /// Born so many ms after the start; negative before it.
    born_ms: Vec<i64>,
    /// By host type.
    effective: Vec<Amounts>,
    pool_of_type: Vec<PoolId>,
    zone_of_rack: Vec<ZoneId>,
    total: Totals,
    /// Empty where all hosts are of one pool.
    by_pool: Vec<Totals>,
    census: Census,
}

impl Hosts {
    /// No hosts yet, of the scenario's types.
    pub fn new(scenario: &Scenario) -> Self {
        let effective =
            scenario.host_types.iter().map(|t| scenario.models[t.model.row()].effective).collect();
        Self {
            columns: Columns::new(scenario.kinds.len()),
            vms: Vec::new(),
            rack: Vec::new(),
            status: Vec::new(),
            born_ms: Vec::new(),
            effective,
            pool_of_type: scenario.host_types.iter().map(|t| t.pool).collect(),
            zone_of_rack: scenario.racks.iter().map(|rack| rack.zone).collect(),
            total: Totals::default(),
            by_pool: match scenario.pools.len() {
                1 => Vec::new(),
                pools => vec![Totals::default(); pools],
            },
            census: Census::new(scenario),
        }
    }

    /// How many rows there are: hosts in service and hosts that left.
    pub fn rows(&self) -> usize {
        self.vms.len()
    }

    /// Which hosts stand where; empty where no group is spread.
    pub fn census(&self) -> &Census {
        &self.census
    }

    /// In which zone a rack is.
    pub fn zone_of(&self, rack: RackId) -> ZoneId {
        self.zone_of_rack[rack.row()]
    }

    /// All hosts, in order.
    pub fn ids(&self) -> impl Iterator<Item = HostId> + use<> {
        (0..self.rows()).map(HostId::from_row)
    }

    /// How many kinds of resource there are.
    pub fn kinds(&self) -> usize {
        self.columns.kinds()
    }

    /// What scorers may look at, by host row.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// What is free of one kind on a host.
    #[inline]
    pub fn free(&self, host: HostId, column: usize) -> i64 {
        self.columns.free(host.row(), column)
    }

    /// What an empty host of this kind could give out.
    #[inline]
    pub fn effective(&self, host: HostId) -> &Amounts {
        &self.effective[self.host_type(host).row()]
    }

    /// What an empty host of this type could give out.
    #[inline]
    pub fn effective_of(&self, host_type: HostTypeId) -> &Amounts {
        &self.effective[host_type.row()]
    }

    /// The machine, pool and labels of a host.
    #[inline]
    pub fn host_type(&self, host: HostId) -> HostTypeId {
        self.columns.host_type(host.row())
    }

    /// How what is free lies inside a host.
    #[inline]
    pub fn layout(&self, host: HostId) -> LayoutId {
        self.columns.layout(host.row())
    }

    /// The same from now on.
    pub(super) fn set_layout(&mut self, host: HostId, layout: LayoutId) {
        self.columns.set_layout(host.row(), layout);
    }

    /// How CPU and memory lie in the NUMA cells of a host.
    #[inline]
    pub fn cells(&self, host: HostId) -> LayoutId {
        self.columns.cells(host.row())
    }

    /// The same from now on.
    pub(super) fn set_cells(&mut self, host: HostId, cells: LayoutId) {
        self.columns.set_cells(host.row(), cells);
    }

    /// Where a host stands.
    pub fn rack(&self, host: HostId) -> RackId {
        self.rack[host.row()]
    }

    /// In which zone a host stands.
    pub fn zone(&self, host: HostId) -> ZoneId {
        self.zone_of_rack[self.rack(host).row()]
    }

    /// Whether a host takes VMs, or is leaving, or has left.
    #[inline]
    pub fn status(&self, host: HostId) -> HostStatus {
        self.status[host.row()]
    }

    /// What is free on a host, all kinds; `None` if it takes no VMs.
    #[inline]
    pub(super) fn takes(&self, host: HostId) -> Option<Amounts> {
        (self.status(host) == HostStatus::Up).then(|| self.columns.amounts(host.row()))
    }

    /// The most of each kind that any host could give out.
    pub(super) fn effective_max(&self) -> Amounts {
        let most = |column: usize| self.effective.iter().map(|amounts| amounts[column]).max();
        std::array::from_fn(|column| most(column).unwrap_or(0))
    }

    /// How many VMs are on a host.
    pub fn vm_count(&self, host: HostId) -> u32 {
        self.vms[host.row()]
    }

    /// When a host was born, ms after the start; negative before it.
    pub fn born_ms(&self, host: HostId) -> i64 {
        self.born_ms[host.row()]
    }

    /// How old a host is, ms.
    pub fn age_ms(&self, host: HostId, now: Time) -> u64 {
        let now_ms = i64::try_from(now.ms()).unwrap_or(i64::MAX);
        now_ms.saturating_sub(self.born_ms[host.row()]).unsigned_abs()
    }

    /// Totals over all hosts in service.
    pub fn total(&self) -> &Totals {
        &self.total
    }

    /// Totals over a pool's hosts in service.
    pub fn pool_total(&self, pool: PoolId) -> &Totals {
        self.by_pool.get(pool.row()).unwrap_or(&self.total)
    }

    #[inline(always)]
    fn totals_of(&mut self, host: HostId) -> impl Iterator<Item = &mut Totals> {
        let pool = self.pool_of_type[self.columns.host_type(host.row()).row()];
        std::iter::once(&mut self.total).chain(self.by_pool.get_mut(pool.row()))
    }

    /// A host goes into service, empty.
    pub(crate) fn add(&mut self, host_type: HostTypeId, rack: RackId, born_ms: i64) -> HostId {
        let host = HostId::from_row(self.rows());
        let effective = self.effective[host_type.row()];
        self.columns.push(host_type, &effective);
        push_snugly(&mut self.vms, 0);
        push_snugly(&mut self.rack, rack);
        push_snugly(&mut self.status, HostStatus::Up);
        push_snugly(&mut self.born_ms, born_ms);
        self.census.add(rack, host_type);
        let kinds = self.kinds();
        for totals in self.totals_of(host) {
            totals.hosts += 1;
            for column in 0..kinds {
                totals.capacity[column] += effective[column];
            }
        }
        host
    }

    /// A host takes no new VMs.
    pub(crate) fn cordon(&mut self, host: HostId) {
        self.status[host.row()] = HostStatus::Cordoned;
        let (kinds, effective) = (self.kinds(), *self.effective(host));
        for totals in self.totals_of(host) {
            for (leaving, amount) in totals.leaving.iter_mut().zip(effective).take(kinds) {
                *leaving += amount;
            }
        }
    }

    /// A cordoned host, empty, leaves service.
    pub(crate) fn retire(&mut self, host: HostId) {
        let is_ready = self.vm_count(host) == 0 && self.status(host) == HostStatus::Cordoned;
        assert!(is_ready, "a host leaves service once it is cordoned and empty");
        self.status[host.row()] = HostStatus::Retired;
        self.census.remove(self.rack(host), self.host_type(host));
        let (kinds, effective) = (self.kinds(), *self.effective(host));
        for totals in self.totals_of(host) {
            totals.hosts -= 1;
            for column in 0..kinds {
                totals.capacity[column] -= effective[column];
                totals.leaving[column] -= effective[column];
            }
        }
    }

    /// A host takes no VMs until [`Self::resume`].
    pub(super) fn drain(&mut self, host: HostId) {
        assert_eq!(self.status(host), HostStatus::Up, "only a host that takes VMs is drained");
        self.status[host.row()] = HostStatus::Draining;
        self.totals_of(host).for_each(|totals| totals.draining += 1);
    }

    /// A host that was drained takes VMs again.
    pub(super) fn resume(&mut self, host: HostId) {
        assert_eq!(self.status(host), HostStatus::Draining, "only a drained host resumes");
        self.status[host.row()] = HostStatus::Up;
        self.totals_of(host).for_each(|totals| totals.draining -= 1);
    }

    /// A drained host, empty, has failed.
    pub(super) fn fail(&mut self, host: HostId) {
        let is_ready = self.vm_count(host) == 0 && self.status(host) == HostStatus::Draining;
        assert!(is_ready, "a host goes down once it is drained and empty");
        self.status[host.row()] = HostStatus::Down;
        self.census.remove(self.rack(host), self.host_type(host));
        let (kinds, effective) = (self.kinds(), *self.effective(host));
        for totals in self.totals_of(host) {
            totals.hosts -= 1;
            totals.draining -= 1;
            totals.down += 1;
            for column in 0..kinds {
                totals.capacity[column] -= effective[column];
            }
        }
    }

    /// A host that has failed is back; as a new machine, if that is born then.
    pub(super) fn revive(&mut self, host: HostId, born_ms: Option<i64>) {
        assert_eq!(self.status(host), HostStatus::Down, "only a host that is down comes back");
        self.status[host.row()] = HostStatus::Up;
        if let Some(born_ms) = born_ms {
            self.born_ms[host.row()] = born_ms;
        }
        self.census.add(self.rack(host), self.host_type(host));
        let (kinds, effective) = (self.kinds(), *self.effective(host));
        for totals in self.totals_of(host) {
            totals.hosts += 1;
            totals.down -= 1;
            for column in 0..kinds {
                totals.capacity[column] += effective[column];
            }
        }
    }

    /// A VM takes its amounts.
    #[inline(always)]
    pub(crate) fn take(&mut self, host: HostId, amounts: &Amounts) {
        let row = host.row();
        self.columns.add(row, amounts, -1);
        self.vms[row] += 1;
        let was_empty = self.vms[row] == 1;
        for totals in self.totals_of(host) {
            totals.hosts_used += u32::from(was_empty);
            totals.used.iter_mut().zip(amounts).for_each(|(used, amount)| *used += amount);
        }
    }

    /// A VM gives its amounts back.
    #[inline(always)]
    pub(crate) fn give(&mut self, host: HostId, amounts: &Amounts) {
        let row = host.row();
        self.columns.add(row, amounts, 1);
        self.vms[row] -= 1;
        let is_empty = self.vms[row] == 0;
        for totals in self.totals_of(host) {
            totals.hosts_used -= u32::from(is_empty);
            totals.used.iter_mut().zip(amounts).for_each(|(used, amount)| *used -= amount);
        }
    }
}
