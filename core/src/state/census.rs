//! Census: how many hosts of each type stand in each rack. Kept only where groups are spread, for
//! whom a place counts if it has a host that could take them.

use crate::scenario::{GroupRule, HostTypeId, RackId, Scenario};
use std::collections::BTreeMap;

/// Hosts in service by rack and type.
#[derive(Clone, Debug)]
pub struct Census {
    is_kept: bool,
    /// By rack.
    hosts: Vec<BTreeMap<HostTypeId, u32>>,
}

impl Census {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let rules = scenario.demands.iter().filter_map(|demand| demand.group);
        let is_kept = rules.into_iter().any(|rule: GroupRule| rule.is_spread());
        let racks = if is_kept { scenario.racks.len() } else { 0 };
        Self { is_kept, hosts: vec![BTreeMap::new(); racks] }
    }

    /// How many hosts of some types are in service in each rack that has any, in order of racks.
    pub fn racks(
        &self,
        is_meant: impl Fn(HostTypeId) -> bool,
    ) -> impl Iterator<Item = (RackId, u32)> {
        let hosts = self.hosts.iter().enumerate();
        let count = move |(row, types): (usize, &BTreeMap<HostTypeId, u32>)| {
            let meant = types.iter().filter(|(host_type, _)| is_meant(**host_type));
            (RackId::from_row(row), meant.map(|(_, count)| *count).sum())
        };
        hosts.map(count).filter(|(_, count)| *count > 0)
    }

    pub(super) fn add(&mut self, rack: RackId, host_type: HostTypeId) {
        if self.is_kept {
            *self.hosts[rack.row()].entry(host_type).or_default() += 1;
        }
    }

    pub(super) fn remove(&mut self, rack: RackId, host_type: HostTypeId) {
        if self.is_kept
            && let Some(count) = self.hosts[rack.row()].get_mut(&host_type)
        {
            *count -= 1;
            if *count == 0 {
                self.hosts[rack.row()].remove(&host_type);
            }
        }
    }
}
