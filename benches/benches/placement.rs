//! Placements a second by policy and size of the fleet, and a whole growth run.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fleetcast_benches::{fleet, growth};
use fleetcast_core::dice;
use fleetcast_core::placement::Placer;
use fleetcast_core::scenario::{DemandId, FitBy, Policy, Scenario};
use fleetcast_core::simulation;
use fleetcast_core::source::NoFiles;
use fleetcast_core::state::{Ask, HostId, State, Vm, VmId};
use fleetcast_core::time::Time;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

const POLICIES: [Policy; 6] = [
    Policy::FirstFit,
    Policy::NextFit,
    Policy::RoundRobin,
    Policy::Random,
    Policy::BestFit(FitBy::Shares),
    Policy::WorstFit(FitBy::Shares),
];

/// A fleet with VMs on it, the oldest first.
struct Filled {
    state: State,
    asks: Vec<Ask>,
    vms: VecDeque<VmId>,
}

/// Each host between half and nine tenths full.
fn fill(scenario: &Scenario) -> Filled {
    let mut state = State::new(scenario);
    let asks: Vec<Ask> =
        scenario.flavors.iter().map(|flavor| state.ask(&flavor.amounts, None, &[])).collect();
    let mut vms = VecDeque::new();
    for (row, spec) in scenario.hosts.iter().enumerate() {
        let host = state.add_host(spec.host_type, spec.rack, 0);
        let memory = 1;
        let spare_mib = state.hosts.free(host, memory) / 10 * (1 + row as i64 * 7 % 5);
        while state.hosts.free(host, memory) > spare_mib + 36 * 1024 {
            let ask = asks[(row + vms.len()) % asks.len()];
            vms.push_back(start(&mut state, ask, host));
        }
    }
    Filled { state, asks, vms }
}

fn start(state: &mut State, ask: Ask, host: HostId) -> VmId {
    let (placed, demand) = (Time::ZERO, DemandId::from_row(0));
    state.ask_again(ask);
    state.start(Vm { request: 0, placed, host, ask, demand })
}

/// Places one VM after another, and ends the oldest for each.
fn policies(criterion: &mut Criterion) {
    for (name, hosts, count) in
        [("small", 100, 2_000), ("medium", 2_000, 200), ("large", 50_000, 10)]
    {
        let mut group = criterion.benchmark_group(format!("placement, {name}: {hosts} hosts"));
        group.throughput(Throughput::Elements(count));
        group.sample_size(10).warm_up_time(Duration::from_millis(300));
        group.measurement_time(Duration::from_secs(1));
        for policy in POLICIES {
            let scenario = fleet(hosts, policy);
            let placer = Placer::new(&scenario);
            let mut dice = dice::stream(1, "placement");
            let Filled { mut state, asks, mut vms } = fill(&scenario);
            let mut place_all = || {
                for ask in asks.iter().cycle().take(count as usize) {
                    let host = placer.decide(&state, *ask, &mut dice).expect("there is room");
                    vms.push_back(start(&mut state, *ask, host));
                    let ended = state.end(vms.pop_front().expect("one was just added"));
                    state.forget(ended.ask);
                }
                vms.len()
            };
            assert!(place_all() > hosts, "every host has a VM and some");
            group.bench_function(scenario.placement.policy.name(), |b| b.iter(&mut place_all));
        }
        group.finish();
    }
}

fn growth_runs(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("growth from 1,000 to 12,000 VMs");
    group.sample_size(10).warm_up_time(Duration::from_millis(500));
    group.measurement_time(Duration::from_secs(3));
    for policy in POLICIES {
        let mut scenario = growth();
        scenario.placement.policy = policy;
        let scenario = Arc::new(scenario);
        let run = || simulation::run(&scenario, &NoFiles).expect("it has no files to miss");
        let report = run();
        assert_eq!((report.placed, report.refused), (report.requests, 0));
        assert_eq!(report.alive, 12_000);
        group.throughput(Throughput::Elements(report.requests));
        group.bench_function(&report.policy, |b| b.iter(run));
    }
    group.finish();
}

criterion_group!(benches, policies, growth_runs);
criterion_main!(benches);
