//! Decisions over classes of hosts against the scan over all hosts, on fleets that are churned.
//!
//! A step is one departure and one arrival. First it is asserted that both decide the same, then
//! both are timed; ratios are printed at the end.

use criterion::{Criterion, criterion_group, criterion_main};
use fleetcast_benches::{add_hosts, add_model, bare};
use fleetcast_core::dice::{self, Stream};
use fleetcast_core::placement::Placer;
use fleetcast_core::resources::{Amounts, Kinds};
use fleetcast_core::scenario::{DemandId, FitBy, HostTypeId, Policy, Scenario};
use fleetcast_core::state::{HostId, HostStatus, Search, State, Vm, VmId};
use fleetcast_core::time::Time;
use rand::RngExt;
use std::time::{Duration, Instant};

/// What is asked for.
#[derive(Clone, Copy, Debug)]
enum Sizes {
    Flavors(usize),
    AllDistinct,
}

/// A fleet under way.
struct Fleet {
    state: State,
    placer: Placer,
    vms: Vec<VmId>,
    dice: Stream,
    kinds: usize,
    flavors: Vec<Amounts>,
}

const BEST: Policy = Policy::BestFit(FitBy::Shares);
const WORST: Policy = Policy::WorstFit(FitBy::Shares);
const HOST: i64 = 64_000;

fn scenario(hosts: usize, kinds: usize, policy: Policy) -> Scenario {
    let mut scenario = bare("churn", 1);
    let names = ["cpu", "memory", "disk", "gpu"];
    let named = names[..kinds].iter().map(|name| ((*name).to_owned(), "units".to_owned()));
    scenario.kinds = Kinds::new(named.collect());
    let host_type = add_model(&mut scenario, 64, 64);
    scenario.models[0].effective = std::array::from_fn(|n| if n < kinds { HOST } else { 0 });
    add_hosts(&mut scenario, host_type, hosts);
    scenario.placement.policy = policy;
    scenario
}

/// 2 to `most` parts of 64 of the first kind, and about as much of the others.
fn size(dice: &mut Stream, kinds: usize, unit: i64, most: i64) -> Amounts {
    let parts = 64 * unit;
    let first = dice.random_range(2 * unit..=most * unit);
    let mut amounts = Amounts::default();
    for amount in &mut amounts[..kinds] {
        let share = dice.random_range(first * 6 / 10..=first);
        *amount = (share * HOST / parts).max(1);
    }
    amounts[0] = first * HOST / parts;
    amounts
}

impl Fleet {
    /// Filled by the policy to 87% of the first kind, then churned.
    fn new(hosts: usize, kinds: usize, sizes: Sizes, policy: Policy, churn: usize) -> Self {
        let scenario = scenario(hosts, kinds, policy);
        let mut state = State::new(&scenario);
        for spec in &scenario.hosts {
            state.add_host(spec.host_type, spec.rack, 0);
        }
        let mut dice = dice::stream(1, "churn");
        // Worst-fit leaves every host the same, and no room for large VMs on any.
        let most = if scenario.placement.policy == WORST { 6 } else { 24 };
        let flavors = match sizes {
            Sizes::Flavors(count) => (0..count).map(|_| size(&mut dice, kinds, 1, most)).collect(),
            Sizes::AllDistinct => Vec::new(),
        };
        let placer = Placer::new(&scenario);
        let mut fleet = Self { state, placer, vms: Vec::new(), dice, kinds, flavors };
        while fleet.fullness() < 0.87 {
            assert!(fleet.arrive(), "there is room while a fleet is filled");
        }
        for _ in 0..churn {
            fleet.step();
        }
        fleet
    }

    fn fullness(&self) -> f64 {
        let total = self.state.hosts.total();
        total.used[0] as f64 / total.capacity[0] as f64
    }

    fn draw(&mut self) -> Amounts {
        match self.flavors.len() {
            0 => size(&mut self.dice, self.kinds, 1_000, 24),
            count => self.flavors[self.dice.random_range(0..count)],
        }
    }

    /// Whether there was room.
    fn arrive(&mut self) -> bool {
        let amounts = self.draw();
        let ask = self.state.ask(&amounts, None, &[]);
        let decision = self.placer.decide(&self.state, ask, &mut self.dice);
        match decision {
            Ok(host) => {
                let (placed, demand) = (Time::ZERO, DemandId::from_row(0));
                let vm = self.state.start(Vm { request: 0, placed, host, ask, demand });
                self.vms.push(vm);
            }
            Err(_) => self.state.forget(ask),
        }
        decision.is_ok()
    }

    fn step(&mut self) -> bool {
        let position = self.dice.random_range(0..self.vms.len());
        let vm = self.state.end(self.vms.swap_remove(position));
        self.state.forget(vm.ask);
        self.arrive()
    }

    /// Decisions on the state as it is.
    fn decisions(&mut self, asks: &[Amounts]) -> Vec<Option<HostId>> {
        let mut decide = |amounts: &Amounts| {
            let ask = self.state.ask(amounts, None, &[]);
            let decision = self.placer.decide(&self.state, ask, &mut self.dice).ok();
            self.state.forget(ask);
            decision
        };
        asks.iter().map(&mut decide).collect()
    }

    fn check(&mut self) {
        for _ in 0..10 {
            let asks: Vec<Amounts> = (0..20).map(|_| self.draw()).collect();
            self.state.search(Search::Hosts);
            let by_scan = self.decisions(&asks);
            self.state.search(Search::Classes);
            assert_eq!(self.decisions(&asks), by_scan, "both decide the same");
            self.state.search(Search::Sooner);
            assert!(by_scan.iter().all(Option::is_some), "every placement succeeds");
            (0..20).for_each(|_| assert!(self.step(), "every placement succeeds"));
        }
    }

    /// Ns a step, the least of some samples.
    fn time(&mut self, criterion: &mut Criterion, name: &str, search: Search) -> f64 {
        self.state.search(search);
        let mut least = f64::MAX;
        criterion.bench_function(name, |b| {
            b.iter_custom(|count| {
                let begin = Instant::now();
                for _ in 0..count {
                    assert!(self.step(), "every placement succeeds");
                }
                let took = begin.elapsed();
                if count >= 10 {
                    least = least.min(took.as_nanos() as f64 / count as f64);
                }
                took
            });
        });
        least
    }
}

fn compare(criterion: &mut Criterion, name: &str, fleet: &mut Fleet) -> String {
    fleet.check();
    let scan = fleet.time(criterion, &format!("{name}/scan"), Search::Hosts);
    let index = fleet.time(criterion, &format!("{name}/index"), Search::Sooner);
    let full = 100.0 * fleet.fullness();
    let classes = fleet
        .state
        .classes()
        .map_or("all hosts".into(), |classes| format!("{} classes", classes.filled()));
    format!(
        "{name}: {full:.0}% full, {classes}: scan {scan:.0} ns, index {index:.0} ns a step: \
         scan ÷ index {:.1}",
        scan / index
    )
}

fn steps(criterion: &mut Criterion) {
    let mut lines = Vec::new();
    for (name, policy) in
        [("first-fit", Policy::FirstFit), ("best-fit", BEST), ("worst-fit", WORST)]
    {
        let mut fleet = Fleet::new(100_000, 2, Sizes::Flavors(20), policy, 200_000);
        let name = format!("{name}, 100,000 hosts, 2 kinds, 20 flavors");
        lines.push(compare(criterion, &name, &mut fleet));
    }
    for (name, policy) in [("first-fit", Policy::FirstFit), ("best-fit", BEST)] {
        let [small, large] = [10_000, 1_000_000].map(|hosts| {
            let mut fleet = Fleet::new(hosts, 2, Sizes::Flavors(20), policy.clone(), 200_000);
            let name = format!("{name}, {hosts} hosts/index");
            fleet.time(criterion, &name, Search::Sooner)
        });
        lines.push(format!(
            "{name}: {small:.0} ns a step at 10,000 hosts, {large:.0} at 1,000,000: {:.1}",
            large / small
        ));
    }
    for (name, policy) in [("first-fit", Policy::FirstFit), ("best-fit", BEST)] {
        for (sizes, what) in
            [(Sizes::Flavors(400), "400 flavors"), (Sizes::AllDistinct, "all sizes distinct")]
        {
            let mut fleet = Fleet::new(20_000, 4, sizes, policy.clone(), 2_000);
            let name = format!("{name}, 20,000 hosts, 4 kinds, {what}");
            lines.push(compare(criterion, &name, &mut fleet));
        }
    }
    lines.push(mass_failure());
    println!();
    lines.iter().for_each(|line| println!("{line}"));
}

/// A fifth of the hosts fails at once, and as many come, which get the next 2,000 VMs.
fn mass_failure() -> String {
    const HOSTS: usize = 20_000;
    let [scan, index] = [Search::Hosts, Search::Sooner].map(|search| {
        let mut fleet = Fleet::new(HOSTS, 2, Sizes::Flavors(20), Policy::FirstFit, 10_000);
        fleet.state.search(search);
        let begin = Instant::now();
        for host in (0..HOSTS).step_by(5).map(HostId::from_row) {
            assert_eq!(fleet.state.hosts.status(host), HostStatus::Up);
            fleet.state.cordon(host);
        }
        for _ in (0..HOSTS).step_by(5) {
            let rack = fleet.state.hosts.rack(HostId::from_row(0));
            fleet.state.add_host(HostTypeId::from_row(0), rack, 0);
        }
        (0..2_000).for_each(|_| assert!(fleet.step(), "every placement succeeds"));
        begin.elapsed()
    });
    let ratio = index.as_secs_f64() / scan.as_secs_f64();
    format!("mass failure, first-fit, {HOSTS} hosts: index ÷ scan {ratio:.2}")
}

fn settings() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
}

criterion_group!(name = benches; config = settings(); targets = steps);
criterion_main!(benches);
