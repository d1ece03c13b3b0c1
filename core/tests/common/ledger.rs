//! Fleets in which VMs lose their hosts, and a plain account of what becomes of each request.

#![allow(dead_code, unreachable_pub)]

use crate::fleets::{DURATION_MS, Fleet, fleets};
use fleetcast_core::fact::Fact;
use fleetcast_core::migration::{Link, WhenStuck};
use fleetcast_core::observe::Observer;
use fleetcast_core::resources::Amounts;
use fleetcast_core::scenario::failures::{Burst, Domain, Outage, Replacement, WhenDown};
use fleetcast_core::scenario::*;
use fleetcast_core::state::{HostStatus, State};
use fleetcast_core::time::Time;
use proptest::prelude::*;
use proptest::strategy::Strategy as _;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Fleets in which hosts, racks and zones fail, with priorities and migrations.
pub fn failing() -> impl proptest::strategy::Strategy<Value = Fleet> {
    let rates = (0.0..3.0f64, 0.0..1.0f64, 0.0..0.5f64, 0.0..1.0f64);
    let times = (0..500u64, 0..3_000u64, 0..2_000u64, 1..10_000u64, 1..5_000u64);
    let rules = (prop::collection::vec(0..3u8, 8), 1..4u32, prop::option::of(0..3u32));
    let listed = prop::collection::vec((0..DURATION_MS, 0..3u8, 0..40u32, 1..9_000u64), 0..4);
    let others = (any::<bool>(), 1..8_000u64, prop::collection::vec(-1..3i32, 8));
    (fleets(), rates, times, rules, listed, others).prop_map(
        |(fleet, rates, times, rules, listed, others)| {
            let mut scenario = Scenario::clone(&fleet.scenario);
            let (when_down, builds_per_host, spares) = rules;
            let rule = [WhenDown::Evacuate, WhenDown::Restart, WhenDown::Lose];
            let (racks, zones) = (scenario.racks.len(), scenario.zones.len());
            let run = DURATION_MS as f64;
            let outage = |(at_ms, what, row, ms): (u64, u8, u32, u64)| Outage {
                at_ms,
                what: match what {
                    0 => Domain::Rack(RackId::from_row(row as usize % racks)),
                    1 => Domain::Zone(ZoneId::from_row(row as usize % zones)),
                    _ => Domain::Host(row),
                },
                lasts_ms: (ms % 2 == 0).then_some(ms),
            };
            let mut outages: Vec<Outage> = listed.into_iter().map(outage).collect();
            outages.sort_by_key(|outage| outage.at_ms);
            let mean = |ms: u64| Distribution::Exponential { mean_ms: ms as f64 + 1.0 };
            scenario.failures = Some(Box::new(Failures {
                hosts_per_ms: vec![rates.0 / run; scenario.models.len()],
                racks_per_ms: rates.1 / run,
                zones_per_ms: rates.2 / run,
                burst: (rates.3 > 0.5).then_some(Burst { share: rates.3, others: 1.5 }),
                outages,
                report_every_ms: times.0,
                down_after_ms: times.1,
                decision: mean(times.2),
                when_down: when_down.iter().map(|row| rule[usize::from(*row)]).collect(),
                builds_per_host,
                repair: mean(times.3),
                rack_repair: mean(times.4),
                zone_repair: Distribution::Constant(times.4),
                replacement: spares.map(|spares| Replacement { spares, swap: mean(times.4) }),
            }));
            let (preemption, every_ms, priorities) = others;
            scenario.placement.preemption = preemption;
            for (demand, priority) in scenario.demands.iter_mut().zip(priorities) {
                demand.priority = priority;
                demand.when_preempted = WhenPreempted::Wait { ms_max: u64::MAX };
            }
            scenario.defrag = Defrag {
                every_ms: Some(every_ms),
                by: vec![0],
                limits: PlanLimits { migrations_max: 9, moves_per_vm: 2 },
                concurrent_max: 4,
                per_host_max: 2,
                link: Link {
                    bandwidth_mib_s: 2.0,
                    dirty_mib_s: 1.0,
                    downtime_max_ms: 1_000.0,
                    rounds_max: 3,
                    when_stuck: WhenStuck::Force,
                    timeout_s_per_gib: None,
                },
            };
            Fleet { scenario: Arc::new(scenario), files: fleet.files }
        },
    )
}

/// Where a request is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Where {
    Arrived,
    Waits,
    Runs,
    PushedOut,
    Down { since: u64 },
    Gone,
}

/// A plain account of the run.
#[derive(Default)]
pub struct Ledger {
    pub lives: BTreeMap<u64, Where>,
    down: BTreeMap<usize, ()>,
    pub failed: u64,
}

impl Ledger {
    fn goes(&mut self, request: u64, step: impl FnOnce(Where) -> Option<Where>) {
        let was = self.lives[&request];
        let is = step(was).unwrap_or_else(|| panic!("q{request} was {was:?}"));
        self.lives.insert(request, is);
    }
}

impl Observer for Ledger {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, state: &State) {
        use Where::*;
        let ms = now.ms();
        match *fact {
            Fact::Requested { request, .. } => {
                self.lives.insert(request.0, Arrived);
            }
            Fact::Placed { request, .. } => {
                self.goes(request.0, |was| matches!(was, Arrived | Waits).then_some(Runs));
            }
            Fact::Waiting { request, .. } => {
                self.goes(request.0, |was| matches!(was, Arrived | PushedOut).then_some(Waits));
            }
            Fact::Refused { request, .. }
            | Fact::Lost { request, .. }
            | Fact::Withdrawn { request, .. } => {
                let may = |was| matches!(was, Arrived | Waits | PushedOut);
                self.goes(request.0, |was| may(was).then_some(Gone));
            }
            Fact::Departed { request, .. } => {
                self.goes(request.0, |was| matches!(was, Runs).then_some(Gone));
            }
            Fact::Preempted { request, .. } | Fact::Evicted { request, .. } => {
                self.goes(request.0, |was| matches!(was, Runs).then_some(PushedOut));
            }
            Fact::Resumed { request, .. } => {
                self.goes(request.0, |was| matches!(was, PushedOut | Waits).then_some(Runs));
            }
            Fact::HostFailed { host, .. } => {
                self.failed += 1;
                assert_eq!(state.hosts.vm_count(host), 0, "a host that is down has no VMs");
                assert!(state.hosts.status(host) != HostStatus::Up);
                if state.hosts.status(host) == HostStatus::Down {
                    assert!(self.down.insert(host.row(), ()).is_none(), "{host} failed twice");
                }
            }
            Fact::HostBack { host, .. } => {
                assert!(self.down.remove(&host.row()).is_some());
                assert_eq!(state.hosts.status(host), HostStatus::Up);
            }
            Fact::VmDown { request, .. } => {
                self.goes(request.0, |was| matches!(was, Runs).then_some(Down { since: ms }));
            }
            Fact::VmStuck { request, .. } => self.goes(request.0, |was| match was {
                Down { .. } => Some(was),
                _ => None,
            }),
            Fact::VmBack { request, host, down_ms, .. } => {
                assert_eq!(state.hosts.status(host), HostStatus::Up);
                self.goes(request.0, |was| match was {
                    Down { since } if since + down_ms == ms => Some(Runs),
                    _ => None,
                });
            }
            Fact::VmGone { request, down_ms, .. } => self.goes(request.0, |was| match was {
                Down { since } if since + down_ms == ms => Some(Gone),
                _ => None,
            }),
            Fact::Ended => {
                let count = |is: fn(&Where) -> bool| self.lives.values().filter(|l| is(l)).count();
                assert_eq!(count(|at| matches!(at, Runs)), state.vms.alive());
                assert_eq!(count(|at| matches!(at, Waits)) as u64, state.waiting);
                assert_eq!(count(|at| matches!(at, Arrived | PushedOut)), 0, "all is told");
            }
            _ => {}
        }
        if !matches!(fact, Fact::Requested { .. }) {
            books_are_right(state, &self.down);
        }
    }
}

/// What is free against the list of VMs, and the totals against the hosts in service.
fn books_are_right(state: &State, down: &BTreeMap<usize, ()>) {
    let kinds = state.hosts.kinds();
    let mut used = vec![Amounts::default(); state.hosts.rows()];
    for (id, vm) in state.vms.iter() {
        let amounts = &state.shapes.get(vm.ask.shape).amounts;
        for host in [Some(vm.host), state.moves.target(id)].into_iter().flatten() {
            assert!(state.hosts.status(host).is_in_service(), "{id} is on {host}");
            used[host.row()].iter_mut().zip(amounts).for_each(|(sum, amount)| *sum += amount);
        }
    }
    let (mut hosts, mut capacity, mut taken) = (0, Amounts::default(), Amounts::default());
    for host in state.hosts.ids() {
        assert_eq!(state.hosts.status(host) == HostStatus::Down, down.contains_key(&host.row()));
        let is_in_service = state.hosts.status(host).is_in_service();
        hosts += u32::from(is_in_service);
        for column in 0..kinds {
            let (free, all) = (state.hosts.free(host, column), state.hosts.effective(host)[column]);
            let used = used[host.row()][column];
            assert!(free >= 0, "{host} is over its capacity");
            assert_eq!(free + used, all, "column {column} of {host}");
            capacity[column] += if is_in_service { all } else { 0 };
            taken[column] += used;
        }
    }
    let total = state.hosts.total();
    assert_eq!((total.hosts, total.down as usize), (hosts, down.len()));
    assert_eq!((total.capacity, total.used), (capacity, taken));
}
