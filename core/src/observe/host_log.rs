//! The log of one host: which VMs it had, and when, in bounded memory.

use super::Observer;
use crate::fact::Fact;
use crate::resources::Amounts;
use crate::scenario::DemandId;
use crate::state::{HostId, State, VmId};
use crate::time::Time;
use std::collections::BTreeMap;

/// The most stays that are kept; the first ones are.
pub const STAYS_MAX: usize = 20_000;

/// Writes down what happens to one host.
#[derive(Clone, Debug)]
pub struct HostLog {
    host: HostId,
    /// The VMs it has had, in order of their coming.
    stays: Vec<Stay>,
    here: BTreeMap<VmId, usize>,
    more: u64,
    added: Option<Time>,
    cordoned: Option<Time>,
    retired: Option<Time>,
}

/// A VM on the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stay {
    /// Number of the request it was made for.
    pub request: u64,
    /// Where that came from.
    pub demand: DemandId,
    /// What it takes.
    pub takes: Amounts,
    /// From when.
    pub from: Time,
    /// Until when; `None`: to the end of the run.
    pub until: Option<Time>,
}

impl HostLog {
    /// For the log of this host.
    pub fn new(host: HostId) -> Self {
        Self {
            host,
            stays: Vec::new(),
            here: BTreeMap::new(),
            more: 0,
            added: None,
            cordoned: None,
            retired: None,
        }
    }

    /// The host.
    pub fn host(&self) -> HostId {
        self.host
    }

    /// The VMs it has had, in order of their coming; at most [`STAYS_MAX`].
    pub fn stays(&self) -> &[Stay] {
        &self.stays
    }

    /// How many VMs came after those in [`Self::stays`].
    pub fn more(&self) -> u64 {
        self.more
    }

    /// When it went into service, took no more VMs, and left.
    pub fn milestones(&self) -> [Option<Time>; 3] {
        [self.added, self.cordoned, self.retired]
    }
}

impl Observer for HostLog {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, state: &State) {
        match *fact {
            Fact::HostAdded { host, .. } if host == self.host => self.added = Some(now),
            Fact::HostCordoned { host } if host == self.host => self.cordoned = Some(now),
            Fact::HostRetired { host } if host == self.host => self.retired = Some(now),
            Fact::Placed { request, demand, vm, host, .. }
            | Fact::Resumed { request, demand, vm, host, .. }
            | Fact::VmBack { request, demand, vm, host, .. }
                if host == self.host =>
            {
                if self.stays.len() == STAYS_MAX {
                    self.more += 1;
                    return;
                }
                let takes = state.shapes.get(state.vms.get(vm).ask.shape).amounts;
                self.here.insert(vm, self.stays.len());
                let stay = Stay { request: request.0, demand, takes, from: now, until: None };
                self.stays.push(stay);
            }
            Fact::Departed { vm, host, .. }
            | Fact::Preempted { vm, host, .. }
            | Fact::Evicted { vm, host, .. }
            | Fact::VmDown { vm, host, .. }
                if host == self.host =>
            {
                if let Some(row) = self.here.remove(&vm) {
                    self.stays[row].until = Some(now);
                }
            }
            _ => {}
        }
    }
}
