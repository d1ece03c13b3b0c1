//! What each host draws, kept up to date: a fact changes one host, or two.

use crate::fact::{Fact, PoolFact};
use crate::resources::Builtin;
use crate::scenario::energy::Power;
use crate::scenario::{HostTypeId, Scenario};
use crate::state::{HostId, HostStatus, State};
use std::collections::BTreeSet;

/// What hosts draw. A host out of service draws nothing; one in service by the CPU that it has
/// given out, room kept for VMs on their way to it included.
#[derive(Debug)]
pub struct FleetPower {
    cpu: Option<usize>,
    busy: f64,
    switches_off: bool,
    by_type: Vec<Option<Power>>,
    /// By host, mW.
    drawn: Vec<u32>,
    /// Hosts that keep room for VMs which host rollouts are to move there. That is given back
    /// without a fact of its own when such a VM ends before it has set out.
    kept: BTreeSet<HostId>,
}

impl FleetPower {
    /// `None` where it is not known what any host draws.
    pub fn new(scenario: &Scenario) -> Option<Self> {
        let types = scenario.host_types.iter();
        scenario.draws_power().then(|| Self {
            cpu: scenario.kinds.column(Builtin::Cpu.name()),
            busy: scenario.energy.busy,
            switches_off: scenario.energy.switches_off,
            by_type: types.map(|t| scenario.models[t.model.row()].upkeep.power.clone()).collect(),
            drawn: Vec::new(),
            kept: BTreeSet::new(),
        })
    }

    /// What a host draws now, mW.
    pub fn of(&self, host: HostId, state: &State) -> u32 {
        let hosts = &state.hosts;
        let host_type = hosts.host_type(host);
        let Some(power) = &self.by_type[host_type.row()] else { return 0 };
        let is_on = match hosts.status(host) {
            HostStatus::Retired | HostStatus::Down => false,
            _ => !self.switches_off || hosts.vm_count(host) > 0,
        };
        if !is_on {
            return 0;
        }
        let share = self.cpu.map_or(0.0, |column| {
            let all = hosts.effective_of(host_type)[column];
            let given_out = all - hosts.free(host, column);
            if all > 0 { given_out as f64 / all as f64 } else { 0.0 }
        });
        power.milliwatts(share * self.busy)
    }

    /// Looks at the hosts that a fact is about; `changed` hears by how many mW more or less they
    /// draw now.
    pub fn hear(
        &mut self,
        fact: &Fact<'_>,
        state: &State,
        mut changed: impl FnMut(HostTypeId, i64),
    ) {
        match *fact {
            Fact::HostAdded { host, .. }
            | Fact::HostRetired { host }
            | Fact::Placed { host, .. }
            | Fact::Departed { host, .. }
            | Fact::Preempted { host, .. }
            | Fact::Resumed { host, .. }
            | Fact::HostFailed { host, .. }
            | Fact::HostBack { host, .. }
            | Fact::VmDown { host, .. }
            | Fact::VmBack { host, .. }
            | Fact::Evicted { host, .. } => self.look(host, state, &mut changed),
            Fact::MigrationStarted { from, to, .. }
            | Fact::MigrationEnded { from, to, .. }
            | Fact::Pools(
                PoolFact::CopyStarted { from, to, .. }
                | PoolFact::CutOver { from, to, .. }
                | PoolFact::CopyDropped { from, to, .. },
            ) => {
                self.look(from, state, &mut changed);
                self.look(to, state, &mut changed);
            }
            Fact::Requested { .. } => return,
            _ => {}
        }
        if !self.kept.is_empty() {
            self.look_at_kept(state, &mut changed);
        }
        if matches!(fact, Fact::HostRollout { .. }) {
            let is_draining = |vm| {
                let from = state.vms.get(vm).host;
                state.hosts.status(from) == HostStatus::Draining
            };
            let moves = state.moves.iter().filter(|(vm, _)| is_draining(*vm));
            self.kept = moves.map(|(_, to)| to).collect();
            self.look_at_kept(state, &mut changed);
        }
    }

    fn look(&mut self, host: HostId, state: &State, changed: &mut impl FnMut(HostTypeId, i64)) {
        let now = self.of(host, state);
        if self.drawn.len() <= host.row() {
            self.drawn.resize(host.row() + 1, 0);
        }
        let before = std::mem::replace(&mut self.drawn[host.row()], now);
        if now != before {
            changed(state.hosts.host_type(host), i64::from(now) - i64::from(before));
        }
    }

    #[cold]
    fn look_at_kept(&mut self, state: &State, changed: &mut impl FnMut(HostTypeId, i64)) {
        let kept = std::mem::take(&mut self.kept);
        kept.iter().for_each(|host| self.look(*host, state, changed));
        self.kept = kept;
    }
}
