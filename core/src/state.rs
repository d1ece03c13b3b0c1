//! The state of the fleet at one instant: hosts, VMs, groups and who waits.
//!
//! Every number has one owner here, and only the simulation changes it. Policies and observers
//! look.

pub mod layouts;
pub mod census;
pub mod columns;
pub mod hosts;
pub mod members;
pub mod screen;
pub mod classes;
pub mod groups;
pub mod history;
pub mod moves;
pub mod images;
pub mod shapes;
pub mod tenancy;
pub mod vms;
pub mod devices;
pub mod cells;

pub use cells::{CellSet, Cells};
pub use classes::Classes;
pub use columns::Columns;
pub use devices::{DeviceSet, Devices};
pub use groups::{Group, GroupId, GroupKey, Groups};
pub use history::History;
pub use hosts::{HostId, HostStatus, Hosts};
pub use images::Images;
pub use layouts::{LayoutId, Layouts};
pub use members::Members;
pub use moves::{Moves, Residents};
pub use screen::Screen;
pub use shapes::{Predicate, PredicateId, Shape, ShapeId, Shapes};
pub use tenancy::Tenancy;
pub use vms::{Vm, VmId, Vms};

use crate::resources::Amounts;
use crate::scenario::{GroupRule, HostTypeId, LabelId, PoolId, RackId, Scenario, TenantId};
use crate::time::Time;

/// What is to be placed. Whoever holds one lets it go with [`State::forget`], or makes it a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// How much, of which hosts.
    pub shape: ShapeId,
    /// Whose members it is placed by.
    pub group: Option<GroupId>,
    /// Who owns it.
    pub tenant: TenantId,
}

/// Where inside its host a VM lies; `None`: where the usual rule puts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spot {
    /// Its GPUs' devices.
    pub devices: Option<DeviceSet>,
    /// Its NUMA cells.
    pub cells: Option<CellSet>,
}

impl From<Option<DeviceSet>> for Spot {
    fn from(devices: Option<DeviceSet>) -> Self {
        Self { devices, cells: None }
    }
}

/// The fleet at one instant.
#[derive(Clone, Debug)]
pub struct State {
    /// Hosts and what is free on them.
    pub hosts: Hosts,
    /// VMs alive.
    pub vms: Vms,
    /// What requests ask for, each distinct ask once.
    pub shapes: Shapes,
    /// GPUs, and who has them.
    pub devices: Devices,
    /// NUMA cells, and who has them.
    pub cells: Cells,
    /// How what is free lies inside hosts.
    pub layouts: Layouts,
    /// Groups with a member alive or waiting.
    pub groups: Groups,
    /// What tenants take, and which hosts they keep to themselves.
    pub tenancy: Tenancy,
    /// Requests waiting for room.
    pub waiting: u64,
    /// Where the latest VM was placed: next-fit and round-robin go on from here.
    pub last_placed: Option<HostId>,
    /// What some policies remember of each host.
    pub history: History,
    /// What hosts have of images; `None` where they have all.
    pub images: Option<Box<Images>>,
    /// VMs on their way to another host.
    pub moves: Moves,
    /// The VMs of each host; `None` where nobody asks for them.
    pub residents: Option<Residents>,
    /// How often something about a host, its VMs or their places has changed. Whoever tries
    /// something and leaves all as it was puts this back, too.
    pub changes: u64,
    search: Search,
    /// The hosts that take VMs, by what they are: kept where decisions go by classes.
    classes: Option<Classes>,
}

/// What a decision looks through. Decisions are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Search {
    /// All hosts, one by one: the judge.
    Hosts,
    /// Classes of hosts that are all alike.
    Classes,
    /// Classes from [`CLASSES_FROM`] hosts on.
    #[default]
    Sooner,
}

/// With fewer hosts the scan is sooner than classes, their upkeep counted. With more it is not, even
/// if no two hosts are alike: a pass over classes takes a part of the time of a pass over hosts.
pub const CLASSES_FROM: usize = 512;

impl State {
    /// A fleet without hosts.
    pub fn new(scenario: &Scenario) -> Self {
        Self {
            hosts: Hosts::new(scenario),
            vms: Vms::default(),
            shapes: Shapes::new(scenario),
            devices: Devices::new(scenario.kinds.devices()),
            cells: Cells::new(scenario),
            layouts: Layouts::default(),
            groups: Groups::default(),
            tenancy: Tenancy::new(scenario),
            waiting: 0,
            last_placed: None,
            history: History::new(scenario),
            images: Images::new(scenario).map(Box::new),
            moves: Moves::default(),
            residents: keeps_residents(scenario).then(Residents::default),
            changes: 0,
            search: Search::default(),
            classes: None,
        }
    }

    /// What decisions look through from now on.
    pub fn search(&mut self, search: Search) {
        self.search = search;
        self.classes = self.goes_by_classes().then(|| self.sorted());
    }

    /// The hosts that take VMs, by what they are; `None` where decisions look at all hosts.
    pub fn classes(&self) -> Option<&Classes> {
        self.classes.as_ref()
    }

    /// Whether nothing may be spared: who judges looks at everything.
    pub fn is_judge(&self) -> bool {
        self.search == Search::Hosts
    }

    fn goes_by_classes(&self) -> bool {
        match self.search {
            Search::Hosts => false,
            Search::Classes => true,
            Search::Sooner => self.hosts.rows() >= CLASSES_FROM,
        }
    }

    /// All hosts, sorted into classes.
    fn sorted(&self) -> Classes {
        let mut classes = Classes::new(self.hosts.kinds(), &self.hosts.effective_max());
        for host in self.hosts.ids() {
            let what = self.hosts.columns().likeness(host.row());
            classes.update(host, what, self.hosts.takes(host).as_ref());
        }
        classes
    }

    /// A host has changed: so does its class.
    #[inline]
    fn changed(&mut self, host: HostId) {
        self.changes += 1;
        if let Some(classes) = &mut self.classes {
            let free = self.hosts.takes(host);
            let what = self.hosts.columns().likeness(host.row());
            classes.update(host, what, free.as_ref());
        }
    }

    /// A host goes into service, empty, `born_ms` after the start (negative: before it).
    pub fn add_host(&mut self, host_type: HostTypeId, rack: RackId, born_ms: i64) -> HostId {
        let host = self.hosts.add(host_type, rack, born_ms);
        if let Some(column) = self.devices.column() {
            let amount = self.hosts.effective(host)[column];
            let layout = self.devices.add_host(amount, &mut self.layouts);
            self.hosts.set_layout(host, layout);
        }
        self.add_cells(host);
        self.changed(host);
        if self.classes.is_none() && self.goes_by_classes() {
            self.classes = Some(self.sorted());
        }
        host
    }

    /// A host takes no new VMs.
    pub fn cordon(&mut self, host: HostId) {
        self.hosts.cordon(host);
        self.changed(host);
    }

    /// A host takes no VMs until [`Self::resume`], and keeps those that it has.
    ///
    /// # Panics
    /// If it takes none now.
    pub fn drain(&mut self, host: HostId) {
        self.hosts.drain(host);
        self.changed(host);
    }

    /// A host that was drained takes VMs again.
    ///
    /// # Panics
    /// If it was not drained.
    pub fn resume(&mut self, host: HostId) {
        self.hosts.resume(host);
        self.changed(host);
    }

    /// A drained host without VMs has failed: it is out of service.
    pub(crate) fn fail(&mut self, host: HostId) {
        self.hosts.fail(host);
        self.changes += 1;
    }

    /// A cordoned host, empty, leaves service.
    ///
    /// # Panics
    /// If it takes VMs, or has some.
    pub(crate) fn retire(&mut self, host: HostId) {
        self.hosts.retire(host);
        self.changes += 1;
    }

    /// A host that has failed is back, as a new machine if that is born then.
    pub(crate) fn revive(&mut self, host: HostId, born_ms: Option<i64>) {
        self.hosts.revive(host, born_ms);
        self.changed(host);
    }

    /// An ask for so much on the hosts of a pool (or any) that have these labels.
    pub fn ask(&mut self, amounts: &Amounts, pool: Option<PoolId>, labels: &[LabelId]) -> Ask {
        let predicate = Predicate { pool, labels: labels.to_vec(), ..Predicate::default() };
        let predicate = self.shapes.intern(predicate);
        self.ask_of(amounts, predicate, TenantId::from_row(0))
    }

    /// A tenant's ask for so much on the hosts of a predicate.
    pub fn ask_of(&mut self, amounts: &Amounts, predicate: PredicateId, tenant: TenantId) -> Ask {
        Ask { shape: self.shapes.hold(amounts, predicate), group: None, tenant }
    }

    /// The id of a predicate, for [`Self::ask_of`].
    pub fn predicate(&mut self, predicate: Predicate) -> PredicateId {
        self.shapes.intern(predicate)
    }

    /// The same ask once more.
    #[inline]
    pub fn ask_again(&mut self, ask: Ask) -> Ask {
        self.shapes.hold_again(ask.shape);
        ask
    }

    /// The same in another pool, its place in the group too.
    pub(crate) fn ask_in_pool(&mut self, ask: Ask, pool: PoolId) -> Ask {
        let mut predicate = self.shapes.predicate(ask.shape).clone();
        predicate.pool = Some(pool);
        let predicate = self.shapes.intern(predicate);
        let amounts = self.shapes.get(ask.shape).amounts;
        if let Some(group) = ask.group {
            self.groups.hold_again(group);
        }
        Ask { shape: self.shapes.hold(&amounts, predicate), ..ask }
    }

    /// A VM alive asks for the same elsewhere from now on; what it asked for before, still held.
    pub(crate) fn ask_otherwise(&mut self, id: VmId, ask: Ask) -> Ask {
        self.vms.set_ask(id, ask)
    }

    /// The same ask once more, its place in the group too.
    pub(crate) fn ask_once_more(&mut self, ask: Ask) -> Ask {
        if let Some(group) = ask.group {
            self.groups.hold_again(group);
        }
        self.ask_again(ask)
    }

    /// Makes an ask one of a group's.
    pub fn ask_in_group(&mut self, ask: Ask, key: GroupKey, rule: GroupRule) -> Ask {
        Ask { group: Some(self.groups.hold(key, rule)), ..ask }
    }

    /// Nobody wants this any more.
    #[inline(always)]
    pub fn forget(&mut self, ask: Ask) {
        self.shapes.release(ask.shape);
        if let Some(group) = ask.group {
            self.groups.release(group);
        }
    }

    /// Whether an ask's VM wants a host without VMs of other tenants.
    #[inline]
    pub fn is_exclusive(&self, ask: Ask) -> bool {
        self.tenancy.has_exclusive()
            && (self.shapes.predicate(ask.shape).rules.is_exclusive
                || self.tenancy.rules_of(ask.tenant).is_exclusive)
    }

    /// Whether an ask's group must be spread evenly: then a member that comes can make room for
    /// another.
    #[inline]
    pub fn is_spread(&self, ask: Ask) -> bool {
        ask.group.is_some_and(|group| {
            self.groups.get(group).rule.skew_max != GroupRule::NONE.skew_max //
        })
    }

    /// A VM starts on its host, which has room for it, and stays for good.
    pub fn start(&mut self, vm: Vm) -> VmId {
        self.start_until(vm, Time::from_ms(u64::MAX))
    }

    /// A VM alive is believed to end at another time than so far.
    pub fn put_off(&mut self, id: VmId, end: Time) {
        let host = self.vms.get(id).host;
        self.history.put_off(id, host, end);
    }

    /// A VM starts on its host, which has room for it, and is believed to end at `end`.
    pub fn start_until(&mut self, vm: Vm, end: Time) -> VmId {
        self.start_on(vm, end, None)
    }

    /// The same, on these devices and cells of the host.
    #[inline(always)]
    pub fn start_on(&mut self, vm: Vm, end: Time, spot: impl Into<Spot>) -> VmId {
        let (host, ask) = (vm.host, vm.ask);
        let id = self.vms.add(vm);
        self.enter(id, ask, host, spot.into());
        self.changed(host);
        self.last_placed = Some(host);
        self.history.start(id, host, end);
        if let Some(residents) = &mut self.residents {
            residents.enter(host, id);
        }
        id
    }

    /// Where inside its host a VM alive lies.
    pub fn spot(&self, id: VmId) -> Spot {
        let devices = self.devices.of(id);
        let devices = (devices.count() > 0).then_some(devices);
        Spot { devices, cells: Some(self.cells.of(id)) }
    }

    /// A VM lies there from now on, on whichever host that is.
    fn name_spot(&mut self, id: VmId, spot: Spot) {
        self.devices.name(id, spot.devices.unwrap_or_default());
        self.cells.name(id, spot.cells.unwrap_or_default());
    }

    /// What is free on a host lies in another way from now on. The new layout is held before the
    /// old one is let go, so they never have the same id.
    fn lies(&mut self, host: HostId, layout: LayoutId) {
        let old = self.hosts.layout(host);
        self.hosts.set_layout(host, layout);
        self.layouts.release(old);
    }

    /// A VM ends, and is not on the move. Its ask is still held.
    #[inline(always)]
    pub fn end(&mut self, id: VmId) -> Vm {
        let vm = self.gone(id);
        self.vms.vacate(id);
        vm
    }

    /// A VM ends before its time. Its row is not used again until [`Vms::vacate`]: whoever still
    /// has something planned for it must not find another VM there.
    pub(crate) fn end_early(&mut self, id: VmId) -> Vm {
        self.gone(id)
    }

    #[inline(always)]
    fn gone(&mut self, id: VmId) -> Vm {
        debug_assert!(self.moves.target(id).is_none(), "a move ends before its VM does");
        let vm = self.vms.remove(id);
        let host = vm.host;
        self.history.end(id, host);
        self.leave(id, vm.ask, host);
        self.changed(host);
        if let Some(residents) = &mut self.residents {
            residents.leave(host, id);
        }
        vm
    }
}

/// Whether a run must know which VMs are on a host.
fn keeps_residents(scenario: &Scenario) -> bool {
    scenario.loses_hosts()
}

/// Adds a row. A full column gets an eighth more room: doubling would leave half of a large
/// fleet's memory empty.
fn push_snugly<T>(column: &mut Vec<T>, value: T) {
    if column.len() == column.capacity() {
        column.reserve_exact((column.len() / 8).max(16));
    }
    column.push(value);
}
