//! Outages: hosts that fail, and what that costs their VMs, in bounded memory.

use super::summary::Level;
use super::{Durations, Observer};
use crate::fact::{Cause, Fact, Reason, RequestId};
use crate::scenario::{Scenario, TenantId};
use crate::state::State;
use crate::time::Time;
use std::collections::BTreeMap;

/// What failures came to.
#[derive(Clone, Debug)]
pub struct Outages {
    is_kept: bool,
    /// Hosts that failed by themselves.
    pub own: u64,
    /// That another took with it.
    pub burst: u64,
    /// With their rack.
    pub rack: u64,
    /// With their zone.
    pub zone: u64,
    /// By the list of outages.
    pub listed: u64,
    /// Hosts that were replaced.
    pub replaced: u64,
    /// Hosts that are down.
    pub hosts_down: Level,
    /// VMs that are down and have no host.
    pub homeless: Level,
    /// How often a VM went down.
    pub vms_down: u64,
    /// How often one came up on another host.
    pub evacuated: u64,
    /// On the host that it was on.
    pub restarted: u64,
    /// VMs lost with their host.
    pub lost: u64,
    /// VMs whose time was over while they were down.
    pub over: u64,
    /// How often one found no room when it was to come up, by reason.
    pub stuck_by: BTreeMap<Reason, u64>,
    /// How long VMs were down, until they were ready again.
    pub down: Durations,
    /// For how long VMs were down, all together, ms.
    pub down_ms: u128,
    /// The same by tenant.
    pub down_ms_by_tenant: Vec<u128>,
    /// Who is down since when.
    open: BTreeMap<RequestId, (Time, TenantId)>,
    end: Time,
}

impl Outages {
    /// Of nothing yet.
    pub fn new(scenario: &Scenario) -> Self {
        Self {
            is_kept: scenario.failures.is_some(),
            own: 0,
            burst: 0,
            rack: 0,
            zone: 0,
            listed: 0,
            replaced: 0,
            hosts_down: Level::default(),
            homeless: Level::default(),
            vms_down: 0,
            evacuated: 0,
            restarted: 0,
            lost: 0,
            over: 0,
            stuck_by: BTreeMap::new(),
            down: Durations::default(),
            down_ms: 0,
            down_ms_by_tenant: vec![0; scenario.tenants.len()],
            open: BTreeMap::new(),
            end: Time::from_ms(scenario.duration_ms),
        }
    }

    /// Whether the scenario has failures.
    pub fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// How many hosts failed, whatever the cause.
    pub fn hosts_failed(&self) -> u64 {
        self.own + self.burst + self.rack + self.zone + self.listed
    }

    /// VMs down and without a host now.
    pub fn still_down(&self) -> u64 {
        self.open.len() as u64
    }

    /// A VM was down for so long, of which some was told before.
    fn count(&mut self, tenant: TenantId, ms: u64) {
        self.down_ms += u128::from(ms);
        if let Some(sum) = self.down_ms_by_tenant.get_mut(tenant.row()) {
            *sum += u128::from(ms);
        }
    }

    fn take_back(&mut self, tenant: TenantId, ms: u64) {
        self.down_ms = self.down_ms.saturating_sub(u128::from(ms));
        if let Some(sum) = self.down_ms_by_tenant.get_mut(tenant.row()) {
            *sum = sum.saturating_sub(u128::from(ms));
        }
    }
}

impl Observer for Outages {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, state: &State) {
        let to_end_ms = self.end.since_ms(now);
        match *fact {
            Fact::HostFailed { cause, .. } => {
                *match cause {
                    Cause::Own => &mut self.own,
                    Cause::Burst(_) => &mut self.burst,
                    Cause::Rack(_) => &mut self.rack,
                    Cause::Zone(_) => &mut self.zone,
                    Cause::Listed => &mut self.listed,
                } += 1;
                self.hosts_down.set(now, state.hosts.total().down.into());
            }
            Fact::HostBack { is_new, .. } => {
                self.replaced += u64::from(is_new);
                self.hosts_down.set(now, state.hosts.total().down.into());
            }
            Fact::VmDown { request, tenant, down_left_ms, .. } => {
                self.vms_down += 1;
                // What was told of its last outage had not come to pass.
                self.take_back(tenant, down_left_ms.min(to_end_ms));
                self.open.insert(request, (now, tenant));
                self.homeless.set(now, self.open.len() as i64);
            }
            Fact::VmStuck { reason, .. } => *self.stuck_by.entry(reason).or_default() += 1,
            Fact::VmBack { request, tenant, from, host, down_ms, boot_ms, .. } => {
                self.open.remove(&request);
                self.homeless.set(now, self.open.len() as i64);
                self.evacuated += u64::from(from != host);
                self.restarted += u64::from(from == host);
                self.down.add(down_ms + boot_ms);
                self.count(tenant, down_ms + boot_ms.min(to_end_ms));
            }
            Fact::VmLate { tenant, told_ms, late_ms, boot_ms, .. } => {
                self.down.lengthen(told_ms, told_ms + late_ms);
                // What lies behind the end of the run was not counted, and is not now.
                let over_ms = boot_ms.saturating_sub(to_end_ms);
                self.count(tenant, late_ms.saturating_sub(over_ms));
            }
            Fact::VmGone { request, tenant, down_ms, is_lost, .. } => {
                self.open.remove(&request);
                self.homeless.set(now, self.open.len() as i64);
                self.lost += u64::from(is_lost);
                self.over += u64::from(!is_lost);
                if !is_lost {
                    self.down.add(down_ms);
                    self.count(tenant, down_ms);
                }
            }
            Fact::Ended => {
                let open: Vec<_> = self.open.values().copied().collect();
                for (since, tenant) in open {
                    self.down.add(now.since_ms(since));
                    self.count(tenant, now.since_ms(since));
                }
            }
            _ => {}
        }
    }
}
