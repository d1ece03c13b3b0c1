//! The state of the fleet at one instant: hosts, VMs, groups and who waits.
//!
//! Every number has one owner here, and only the simulation changes it. Policies and observers
//! look.

pub mod columns;
pub mod hosts;
pub mod screen;
pub mod classes;
pub mod groups;
pub mod history;
pub mod moves;
pub mod shapes;
pub mod vms;

pub use classes::Classes;
pub use columns::Columns;
pub use groups::{GroupId, GroupKey, Groups};
pub use history::History;
pub use hosts::{HostId, HostStatus, Hosts};
pub use moves::{Moves, Residents};
pub use screen::Screen;
pub use shapes::{Shape, ShapeId, Shapes};
pub use vms::{Vm, VmId, Vms};

use crate::resources::Amounts;
use crate::scenario::{GroupRule, HostTypeId, LabelId, PoolId, RackId, Scenario};
use crate::time::Time;

/// What is to be placed. Whoever holds one lets it go with [`State::forget`], or makes it a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// How much, of which hosts.
    pub shape: ShapeId,
    /// With whom it must not share a place.
    pub group: Option<GroupId>,
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
    /// Groups with a member alive or waiting.
    pub groups: Groups,
    /// Requests waiting for room.
    pub waiting: u64,
    /// Where the latest VM was placed: next-fit and round-robin go on from here.
    pub last_placed: Option<HostId>,
    /// What some policies remember of each host.
    pub history: History,
    /// VMs on their way to another host.
    pub moves: Moves,
    /// The VMs of each host; `None` where nobody asks for them.
    pub residents: Option<Residents>,
    search: Search,
    /// The hosts that take VMs, by what they are: kept where decisions go by classes.
    classes: Option<Classes>,
    /// Changes of hosts until it is seen again whether classes are few.
    changes_until_classes: usize,
}

/// What a decision looks through. Decisions are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Search {
    /// All hosts, one by one: the judge.
    Hosts,
    /// Classes of hosts that are all alike.
    Classes,
    /// Classes while they are few for the hosts there are, else all hosts.
    #[default]
    Sooner,
}

/// With fewer hosts the scan is sooner than classes, their upkeep counted.
const CLASSES_FROM: usize = 256;
/// Classes are few if there are so many hosts a class on average, or more.
const HOSTS_A_CLASS: usize = 4;
/// Where they are not, so many changes a host are waited for before they are counted again.
const CHANGES_A_HOST: usize = 16;

impl State {
    /// A fleet without hosts.
    pub fn new(scenario: &Scenario) -> Self {
        Self {
            hosts: Hosts::new(scenario),
            vms: Vms::default(),
            shapes: Shapes::new(scenario),
            groups: Groups::default(),
            waiting: 0,
            last_placed: None,
            history: History::new(scenario),
            moves: Moves::default(),
            residents: scenario.placement.preemption.then(Residents::default),
            search: Search::default(),
            classes: None,
            changes_until_classes: 0,
        }
    }

    /// What decisions look through from now on.
    pub fn search(&mut self, search: Search) {
        self.search = search;
        self.classes = None;
        self.changes_until_classes = 0;
        self.keep_classes();
    }

    /// The hosts that take VMs, by what they are; `None` where decisions look at all hosts.
    pub fn classes(&self) -> Option<&Classes> {
        self.classes.as_ref()
    }

    /// Whether so many classes are worth their upkeep.
    fn are_few(&self, classes: usize) -> bool {
        match self.search {
            Search::Hosts => false,
            Search::Classes => true,
            Search::Sooner => {
                let hosts = self.hosts.rows();
                hosts >= CLASSES_FROM && classes * HOSTS_A_CLASS <= hosts
            }
        }
    }

    /// Sorts all hosts into classes, if these turn out to be few.
    fn keep_classes(&mut self) {
        if !self.are_few(0) {
            return;
        }
        let mut classes = Classes::new(self.hosts.kinds(), &self.hosts.effective_max());
        for host in self.hosts.ids() {
            classes.update(host, self.hosts.host_type(host), self.hosts.takes(host).as_ref());
            if !self.are_few(classes.filled()) {
                self.changes_until_classes = CHANGES_A_HOST * self.hosts.rows();
                return;
            }
        }
        self.classes = Some(classes);
    }

    /// A host has changed: so does its class.
    #[inline]
    fn changed(&mut self, host: HostId) {
        match &mut self.classes {
            Some(classes) => {
                let free = self.hosts.takes(host);
                classes.update(host, self.hosts.host_type(host), free.as_ref());
                let filled = classes.filled();
                if !self.are_few(filled) {
                    self.classes = None;
                    self.changes_until_classes = CHANGES_A_HOST * self.hosts.rows();
                }
            }
            None if self.changes_until_classes > 0 => self.changes_until_classes -= 1,
            None => self.keep_classes(),
        }
    }

    /// A host goes into service, empty, `born_ms` after the start (negative: before it).
    pub fn add_host(&mut self, host_type: HostTypeId, rack: RackId, born_ms: i64) -> HostId {
        let host = self.hosts.add(host_type, rack, born_ms);
        self.changed(host);
        host
    }

    /// A host takes no new VMs.
    pub fn cordon(&mut self, host: HostId) {
        self.hosts.cordon(host);
        self.changed(host);
    }

    /// An ask for so much on the hosts of a pool (or any) that have these labels.
    pub fn ask(&mut self, amounts: &Amounts, pool: Option<PoolId>, labels: &[LabelId]) -> Ask {
        let predicate = self.shapes.predicate(pool, labels);
        Ask { shape: self.shapes.hold(amounts, predicate), group: None }
    }

    /// The same ask once more.
    pub fn ask_again(&mut self, ask: Ask) -> Ask {
        self.shapes.hold_again(ask.shape);
        ask
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
    pub fn forget(&mut self, ask: Ask) {
        self.shapes.release(ask.shape);
        if let Some(group) = ask.group {
            self.groups.release(group);
        }
    }

    /// A VM starts on its host, which has room for it, and stays for good.
    pub fn start(&mut self, vm: Vm) -> VmId {
        self.start_until(vm, Time::from_ms(u64::MAX))
    }

    /// A VM starts on its host, which has room for it, and will end at `end`.
    pub fn start_until(&mut self, vm: Vm, end: Time) -> VmId {
        let host = vm.host;
        self.hosts.take(host, &self.shapes.get(vm.ask.shape).amounts);
        self.enter_group(&vm, host);
        self.changed(host);
        self.last_placed = Some(host);
        let id = self.vms.add(vm);
        self.history.start(id, host, end);
        if let Some(residents) = &mut self.residents {
            residents.enter(host, id);
        }
        id
    }

    /// A VM ends, and is not on the move. Its ask is still held.
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

    #[inline]
    fn gone(&mut self, id: VmId) -> Vm {
        debug_assert!(self.moves.target(id).is_none(), "a move ends before its VM does");
        let vm = self.vms.remove(id);
        let host = vm.host;
        self.history.end(id, host);
        self.hosts.give(host, &self.shapes.get(vm.ask.shape).amounts);
        self.leave_group(&vm, host);
        self.changed(host);
        if let Some(residents) = &mut self.residents {
            residents.leave(host, id);
        }
        vm
    }
}

/// Adds a row. A full column gets an eighth more room: doubling would leave half of a large
/// fleet's memory empty.
fn push_snugly<T>(column: &mut Vec<T>, value: T) {
    if column.len() == column.capacity() {
        column.reserve_exact((column.len() / 8).max(16));
    }
    column.push(value);
}
