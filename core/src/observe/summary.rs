//! The summary: counts, extremes and time averages of a run, in bounded memory.

use super::desks::Provisioning;
use super::jobs::Jobs;
use super::memory::Memory;
use super::pool_moves::PoolMoves;
use super::rollouts::Rollouts;
use super::{Durations, Energy, Observer, Outages, RolledHosts, Traffic, times};
use crate::fact::{Fact, Reason};
use crate::resources::{Amounts, KINDS_MAX};
use crate::scenario::{DemandId, HostTypeId, Scenario, ServiceId, TenantId};
use crate::state::{Shape, ShapeId, State};
use crate::stranding::{self, Mix};
use crate::time::Time;
use crate::{bounds, loss};
use std::collections::BTreeMap;

/// What a run comes to, in numbers.
#[derive(Debug)]
pub struct Summary {
    kinds: usize,
    /// Until when the averages reach.
    pub now: Time,
    /// Hosts in service at time 0, once it is over.
    pub hosts_at_start: u64,
    /// Hosts in service.
    pub hosts: Level,
    /// Hosts with a VM on them.
    pub hosts_used: Level,
    /// VMs alive.
    pub alive: Level,
    /// Requests waiting.
    pub waiting: Level,
    /// Taken, by column.
    pub used: [Level; KINDS_MAX],
    /// Capacity, by column.
    pub capacity: [Level; KINDS_MAX],
    /// The highest share taken at any instant, by column, as `(taken, capacity)`.
    pub fullest: [(i64, i64); KINDS_MAX],
    /// All requests.
    pub total: Counts,
    /// By demand.
    pub by_demand: Vec<Counts>,
    /// By tenant.
    pub by_tenant: Vec<Counts>,
    /// Refusals by reason.
    pub refused_by: BTreeMap<Reason, u64>,
    /// Waits by the reason they began with.
    pub waited_by: BTreeMap<Reason, u64>,
    /// From request to ready.
    pub ready: Durations,
    /// The same by demand, where an expectation names one; else empty.
    pub ready_by_demand: Vec<Durations>,
    /// What came of desks; `None` where there are none.
    pub provisioning: Option<Box<Provisioning>>,
    /// First refusal or wait, and why.
    pub first_full: Option<(Time, Reason)>,
    /// VMs pushed out, and what became of them.
    pub pushed_out: PushedOut,
    /// Instances of services that waited for their first room until they were not wanted any more.
    pub withdrawn: u64,
    /// Rollouts.
    pub rollouts: Rollouts,
    /// Batch work; `None` where there is none.
    pub jobs: Option<Box<Jobs>>,
    /// What VMs need of their memory, if that is said.
    pub memory: Option<Box<Memory>>,
    /// New images for hosts; `None` where nothing is rolled out on hosts.
    pub rolled_hosts: Option<Box<RolledHosts>>,
    /// Live migrations.
    pub migrations: Migrations,
    /// What went from pool to pool; `None` where nothing does.
    pub pool_moves: Option<Box<PoolMoves>>,
    /// Energy, and lives of hosts; `None` where neither costs anything.
    pub energy: Option<Box<Energy>>,
    /// Hosts that fail, and what that costs their VMs.
    pub outages: Outages,
    /// What the fleet survives at the end, as in [`loss::survives`]; `None` where nobody asks.
    pub survives: Option<u8>,
    /// To find out; `None` where nobody asks.
    surveyed: Option<Box<Scenario>>,
    /// What users asked of services, by service; none of those without traffic.
    pub traffic: BTreeMap<ServiceId, Traffic>,
    /// Orders placed.
    pub orders: Vec<OrderPlaced>,
    /// The most that a host of the scenario can give out, by column.
    pub largest: Amounts,
    /// What is asked for.
    mix: Mix,
    /// The fleet when a request first found no room.
    pub full: Option<Snapshot>,
    /// The fleet at the end.
    pub end: Option<Snapshot>,
}

/// VMs pushed out by requests of higher priority. Those neither resumed nor lost wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PushedOut {
    /// How many were.
    pub preempted: u64,
    /// That found a host again.
    pub resumed: u64,
    /// Ended for good.
    pub lost: u64,
}

/// Live migrations and what they came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Migrations {
    /// How often somebody looked.
    pub plans: u64,
    /// That set out.
    pub started: u64,
    /// That arrived.
    pub moved: u64,
    /// That ended where they were.
    pub failed: u64,
    /// Hosts that had no VM any more when one arrived elsewhere.
    pub hosts_emptied: u64,
    /// For how long all VMs together stood still, ms.
    pub downtime_ms: u64,
    /// Copied, MiB.
    pub sent_mib: u64,
}

/// What is worth a pass over all hosts and VMs at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// When.
    pub at: Time,
    /// What is free, and what of it the requests so far could use.
    pub stranding: stranding::Account,
    /// Hosts that no policy does without for the VMs alive: [`bounds::l2`], the most over columns.
    pub hosts_bound: u64,
}

/// One order as it was placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderPlaced {
    /// When.
    pub at: Time,
    /// From then to service, ms.
    pub lead_ms: u64,
    /// What.
    pub host_type: HostTypeId,
    /// How many.
    pub hosts: u32,
}

/// Requests and what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// That arrived.
    pub requests: u64,
    /// That found a host.
    pub placed: u64,
    /// Refused for good.
    pub refused: u64,
}

/// A level over time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// Now.
    pub value: i64,
    /// The highest at any instant.
    pub peak: i64,
    /// Each change × when it came, ms.
    moment: i128,
}

impl Level {
    #[inline(always)]
    pub(super) fn set(&mut self, now: Time, value: i64) {
        if value != self.value {
            self.moment += times(value - self.value, now.ms());
            self.value = value;
            self.peak = self.peak.max(value);
        }
    }

    /// Value × ms from the start to `now`: each change counts from when it came.
    pub fn area(&self, now: Time) -> i128 {
        times(self.value, now.ms()) - self.moment
    }

    /// Averaged over time from the start to `now`.
    pub fn mean(&self, now: Time) -> f64 {
        match now.ms() {
            0 => self.value as f64,
            ms => self.area(now) as f64 / ms as f64,
        }
    }
}

impl Summary {
    /// Of nothing yet.
    pub fn new(scenario: &Scenario) -> Self {
        Self {
            kinds: scenario.kinds.len(),
            now: Time::ZERO,
            hosts_at_start: 0,
            hosts: Level::default(),
            hosts_used: Level::default(),
            alive: Level::default(),
            waiting: Level::default(),
            used: Default::default(),
            capacity: Default::default(),
            fullest: [(0, 0); KINDS_MAX],
            total: Counts::default(),
            by_demand: vec![Counts::default(); scenario.demands.len()],
            by_tenant: vec![Counts::default(); scenario.tenants.len()],
            refused_by: BTreeMap::new(),
            waited_by: BTreeMap::new(),
            ready: Durations::default(),
            ready_by_demand: ready_by_demand(scenario),
            provisioning: Provisioning::new(scenario).map(Box::new),
            first_full: None,
            pushed_out: PushedOut::default(),
            withdrawn: 0,
            rollouts: Rollouts::new(),
            jobs: Jobs::new(scenario).map(Box::new),
            memory: Memory::new(scenario).map(Box::new),
            rolled_hosts: (!scenario.host_rollouts.list.is_empty()).then(Box::default),
            migrations: Migrations::default(),
            pool_moves: PoolMoves::new(scenario),
            energy: Energy::new(scenario).map(Box::new),
            outages: Outages::new(scenario),
            survives: None,
            surveyed: asks_for_survival(scenario).then(|| Box::new(scenario.clone())),
            traffic: BTreeMap::new(),
            orders: Vec::new(),
            largest: scenario.largest_host(),
            mix: Mix::default(),
            full: None,
            end: None,
        }
    }

    fn snapshot(&self, now: Time, state: &State) -> Snapshot {
        let mut alive: Vec<u64> = Vec::new();
        for (_, vm) in state.vms.iter() {
            let row = vm.ask.shape.row();
            if alive.len() <= row {
                alive.resize(row + 1, 0);
            }
            alive[row] += 1;
        }
        let bound = |column: usize| {
            let shapes = alive.iter().enumerate().filter(|(_, number)| **number > 0);
            let sizes = shapes.map(|(row, number)| {
                (state.shapes.get(ShapeId::from_row(row)).amounts[column], *number)
            });
            let capacity = self.largest[column];
            if capacity > 0 { bounds::l2(capacity, &sizes.collect()) } else { 0 }
        };
        Snapshot {
            at: now,
            stranding: stranding::account(state, &self.mix.wanted()),
            hosts_bound: (0..self.kinds).map(bound).max().unwrap_or(0),
        }
    }

    fn note_levels(&mut self, now: Time, state: &State) {
        let total = state.hosts.total();
        self.hosts.set(now, total.hosts.into());
        self.waiting.set(now, state.waiting as i64);
        for column in 0..self.kinds {
            self.capacity[column].set(now, total.capacity[column]);
        }
        self.note_vms(now, state, true);
    }

    /// One VM more (maybe), or less: capacity is as it was.
    #[inline(always)]
    fn note_vms(&mut self, now: Time, state: &State, may_be_fuller: bool) {
        self.now = now;
        let total = state.hosts.total();
        debug_assert_eq!(self.hosts.value, i64::from(total.hosts), "each change of it is told");
        self.hosts_used.set(now, total.hosts_used.into());
        self.alive.set(now, state.vms.alive() as i64);
        for column in 0..self.kinds {
            self.used[column].set(now, total.used[column]);
        }
        if may_be_fuller {
            self.note_fullest(&total.used, &total.capacity);
        }
    }

    #[inline(always)]
    fn note_fullest(&mut self, used: &Amounts, capacity: &Amounts) {
        for column in 0..self.kinds {
            let (used, capacity) = (used[column], capacity[column]);
            debug_assert_eq!(self.capacity[column].value, capacity, "each change of it is told");
            let (most, of) = self.fullest[column];
            // A larger share, without dividing: used ÷ capacity > most ÷ of.
            let is_fuller = match capacity == of {
                true => used > most,
                false => times(used, of.max(1) as u64) > times(most, capacity.max(0) as u64),
            };
            if is_fuller {
                self.fullest[column] = (used, capacity);
            }
        }
    }
}

fn ready_by_demand(scenario: &Scenario) -> Vec<Durations> {
    let is_named = scenario.expectations.iter().any(|expectation| expectation.demand.is_some());
    vec![Durations::default(); if is_named { scenario.demands.len() } else { 0 }]
}

fn asks_for_survival(scenario: &Scenario) -> bool {
    scenario.expectations.iter().any(|expected| expected.metric == "survives")
}

impl Observer for Summary {
    /// Where a fact is told its kind is known: what is common is decided there and then.
    #[inline(always)]
    fn hear(&mut self, now: Time, fact: &Fact<'_>, state: &State) {
        match *fact {
            // It has only just arrived, and has changed nothing yet.
            Fact::Requested { demand, tenant, ask, .. } => {
                self.now = now;
                self.note_request(demand, tenant, state.shapes.get(ask.shape));
                if self.provisioning.is_some() {
                    self.note_provisioning(now, fact);
                }
            }
            Fact::Placed { demand, tenant, waited_ms, boot_ms, .. } => {
                self.waiting.set(now, state.waiting as i64);
                self.note_vms(now, state, true);
                self.note_placed(demand, tenant, waited_ms + boot_ms);
                self.note_pool_moves(now, fact, state);
                self.note_memory(now, fact);
                self.note_energy(now, fact, state);
            }
            Fact::Departed { .. } => {
                self.note_vms(now, state, false);
                self.note_pool_moves(now, fact, state);
                self.note_memory(now, fact);
                self.note_energy(now, fact, state);
            }
            _ => self.hear_rest(now, fact, state),
        }
    }
}

impl Summary {
    #[inline(always)]
    fn note_request(&mut self, demand: DemandId, tenant: TenantId, shape: &Shape) {
        self.mix.add(shape);
        self.total.requests += 1;
        self.by_demand[demand.row()].requests += 1;
        self.by_tenant[tenant.row()].requests += 1;
    }

    #[inline]
    fn note_placed(&mut self, demand: DemandId, tenant: TenantId, ready_ms: u64) {
        self.total.placed += 1;
        self.by_demand[demand.row()].placed += 1;
        self.by_tenant[tenant.row()].placed += 1;
        // Where hosts fetch images it is not known yet.
        if self.provisioning.is_none() {
            self.note_ready(demand, ready_ms);
        }
    }

    fn note_ready(&mut self, demand: DemandId, ready_ms: u64) {
        self.ready.add(ready_ms);
        if let Some(ready) = self.ready_by_demand.get_mut(demand.row()) {
            ready.add(ready_ms);
        }
    }

    #[inline]
    fn note_pool_moves(&mut self, now: Time, fact: &Fact<'_>, state: &State) {
        if let Some(pool_moves) = &mut self.pool_moves {
            pool_moves.hear(now, fact, state);
        }
    }

    #[inline]
    fn note_memory(&mut self, now: Time, fact: &Fact<'_>) {
        if let Some(memory) = &mut self.memory {
            memory.hear(now, fact);
        }
    }

    #[inline]
    fn note_energy(&mut self, now: Time, fact: &Fact<'_>, state: &State) {
        if let Some(energy) = &mut self.energy {
            energy.hear(now, fact, state);
        }
    }

    /// A request has found no room.
    fn note_full(&mut self, now: Time, reason: Reason, state: &State) {
        self.first_full.get_or_insert((now, reason));
        if self.full.is_none() {
            self.full = Some(self.snapshot(now, state));
        }
    }

    #[cold]
    fn note_provisioning(&mut self, now: Time, fact: &Fact<'_>) {
        if let Some(provisioning) = &mut self.provisioning {
            provisioning.hear(now, fact);
        }
        if let Fact::Provisioned { demand, stages, .. } = fact {
            self.note_ready(*demand, stages.total_ms());
        }
    }

    fn note_job(&mut self, now: Time, fact: &Fact<'_>, state: &State) {
        if let Some(jobs) = &mut self.jobs {
            jobs.hear(now, fact, state);
        }
    }

    #[inline(never)]
    fn hear_rest(&mut self, now: Time, fact: &Fact<'_>, state: &State) {
        self.note_levels(now, state);
        self.note_pool_moves(now, fact, state);
        self.note_memory(now, fact);
        self.note_energy(now, fact, state);
        if let Some(rolled) = &mut self.rolled_hosts {
            rolled.hear(now, fact, state);
            if rolled.hear_evicted(now, fact) {
                return;
            }
        }
        match *fact {
            Fact::HostAdded { .. } if now == Time::ZERO => self.hosts_at_start += 1,
            Fact::HostAdded { .. }
            | Fact::Pools(_)
            | Fact::Memory(_)
            | Fact::HostCordoned { .. }
            | Fact::HostRetired { .. }
            | Fact::Delivered { .. }
            | Fact::Requested { .. }
            | Fact::Placed { .. }
            | Fact::Departed { .. }
            | Fact::InstanceReady { .. }
            | Fact::InstanceAvailable { .. }
            | Fact::InstanceFailed { .. }
            | Fact::InstanceTerminating { .. }
            | Fact::Evicted { .. }
            | Fact::HostRollout { .. } => {}
            Fact::RolloutStarted { .. }
            | Fact::RolloutScaled { .. }
            | Fact::RolloutRouted { .. }
            | Fact::RolloutServes { .. }
            | Fact::RolloutCheckFailed { .. }
            | Fact::RolloutStep { .. }
            | Fact::RolloutWaits { .. }
            | Fact::RolloutOverdue { .. }
            | Fact::RolledBack { .. }
            | Fact::RolloutStands { .. }
            | Fact::RolloutEnded { .. }
            | Fact::RolloutReleased { .. } => self.rollouts.hear(now, fact, state),
            Fact::JobSubmitted { .. }
            | Fact::JobStarted { .. }
            | Fact::JobEnded { .. }
            | Fact::JobInterrupted { .. }
            | Fact::JobPreempted { .. }
            | Fact::JobRefused { .. }
            | Fact::Offers(_) => self.note_job(now, fact, state),
            Fact::Withdrawn { is_again, .. } => self.withdrawn += u64::from(!is_again),
            Fact::TrafficServed { service, .. }
            | Fact::Autoscaled { service, .. }
            | Fact::ScaledOut { service, .. } => {
                self.traffic.entry(service).or_default().hear(fact)
            }
            Fact::Ended => {
                self.note_job(now, fact, state);
                self.outages.hear(now, fact, state);
                let surveyed = self.surveyed.as_deref();
                self.survives = surveyed.map(|scenario| loss::survives(scenario, state, now));
                self.note_provisioning(now, fact);
                self.end = Some(self.snapshot(now, state));
                self.rollouts.hear(now, fact, state);
            }
            Fact::Ordered { host_type, hosts, lead_ms, .. } => {
                self.orders.push(OrderPlaced { at: now, lead_ms, host_type, hosts });
            }
            Fact::Waiting { reason, .. } => {
                *self.waited_by.entry(reason).or_default() += 1;
                self.note_full(now, reason, state);
            }
            Fact::Refused { demand, tenant, reason, .. } => {
                self.total.refused += 1;
                self.by_demand[demand.row()].refused += 1;
                self.by_tenant[tenant.row()].refused += 1;
                *self.refused_by.entry(reason).or_default() += 1;
                self.note_full(now, reason, state);
            }
            Fact::Approved { .. }
            | Fact::TakenUp { .. }
            | Fact::HandedOff { .. }
            | Fact::PullStarted { .. }
            | Fact::Pulled { .. }
            | Fact::BootTried { .. }
            | Fact::BootGivenUp { .. }
            | Fact::Provisioned { .. } => self.note_provisioning(now, fact),
            Fact::Preempted { reason, .. } => {
                self.pushed_out.preempted += 1;
                self.note_full(now, reason, state);
            }
            Fact::Resumed { .. } => self.pushed_out.resumed += 1,
            Fact::Lost { .. } => self.pushed_out.lost += 1,
            Fact::MovesPlanned { .. } => self.migrations.plans += 1,
            Fact::MigrationStarted { .. } => self.migrations.started += 1,
            Fact::MigrationEnded { from, has_moved, downtime_ms, sent_mib, .. } => {
                let is_empty = state.hosts.vm_count(from) == 0;
                self.migrations.moved += u64::from(has_moved);
                self.migrations.failed += u64::from(!has_moved);
                self.migrations.hosts_emptied += u64::from(has_moved && is_empty);
                self.migrations.downtime_ms += downtime_ms;
                self.migrations.sent_mib += sent_mib;
            }
            Fact::HostFailed { .. }
            | Fact::HostBack { .. }
            | Fact::VmDown { .. }
            | Fact::VmStuck { .. }
            | Fact::VmBack { .. }
            | Fact::VmLate { .. }
            | Fact::VmGone { .. } => self.outages.hear(now, fact, state),
        }
    }
}
