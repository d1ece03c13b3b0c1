//! Decisions over classes of hosts against the scan over all hosts, on fleets that are churned.
//!
//! A step is one departure and one arrival. First it is asserted that both decide the same, then
//! both are timed; ratios are printed at the end.

use criterion::{Criterion, criterion_group, criterion_main};
use fleetcast_benches::{add_hosts, add_model, bare};
use fleetcast_core::dice::{self, Stream};
use fleetcast_core::placement::Placer;
use fleetcast_core::resources::{Amounts, Kinds};
use fleetcast_core::scenario::*;
use fleetcast_core::state::{Ask, HostId, HostStatus, Search, State, Vm, VmId};
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
    /// What flavors ask for, held for good; none where all sizes are distinct.
    flavors: Vec<Ask>,
}

const BEST: Policy = Policy::BestFit(FitBy::Shares);
const WORST: Policy = Policy::WorstFit(FitBy::Shares);
const HOST: i64 = 64_000;

fn kubernetes(fit: FitScore, fit_weight: i64, balance_weight: i64) -> Policy {
    let resources =
        (0..2).map(|column| KubernetesResource { column, weight: 1, is_extended: false });
    let resources = resources.collect();
    Policy::Kubernetes(KubernetesProfile {
        fit_weight,
        balance_weight,
        fit,
        resources,
        sampling: None,
        wishes: WishWeights::DEFAULT,
    })
}

fn nova() -> Policy {
    let weigher = |column| NovaWeigher { column, multiplier: 1.0, is_overcommitted: column == 0 };
    Policy::Nova((0..2).map(weigher).collect())
}

fn nomad() -> Policy {
    let algorithm = NomadAlgorithm::Binpack;
    Policy::Nomad(NomadRule { algorithm, walk: NomadWalk::All, cpu: Some(0), memory: Some(1) })
}

/// Policies that leave room for large VMs when a fleet is filled, and such that do not.
fn policies() -> Vec<(&'static str, Policy, i64)> {
    const LARGE: i64 = 24;
    const SMALL: i64 = 6;
    vec![
        ("first-fit", Policy::FirstFit, LARGE),
        ("best-fit", BEST, LARGE),
        ("worst-fit", WORST, SMALL),
        ("kubernetes, most allocated", kubernetes(FitScore::Most, 1, 0), LARGE),
        ("kubernetes, least allocated", kubernetes(FitScore::Least, 1, 0), SMALL),
        ("kubernetes, balanced", kubernetes(FitScore::Least, 0, 1), SMALL),
        ("nova", nova(), SMALL),
        ("nomad, binpack", nomad(), LARGE),
    ]
}

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
    fn new(
        (hosts, kinds): (usize, usize),
        sizes: Sizes,
        (policy, most): (Policy, i64),
        churn: usize,
    ) -> Self {
        let scenario = scenario(hosts, kinds, policy);
        let mut state = State::new(&scenario);
        for spec in &scenario.hosts {
            state.add_host(spec.host_type, spec.rack, 0);
        }
        let mut dice = dice::stream(1, "churn");
        let mut flavor = |_| {
            let amounts = size(&mut dice, kinds, 1, most);
            state.ask(&amounts, None, &[])
        };
        let flavors = match sizes {
            Sizes::Flavors(count) => (0..count).map(&mut flavor).collect(),
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

    /// What comes next; held.
    fn draw(&mut self) -> Ask {
        match self.flavors.len() {
            0 => {
                let amounts = size(&mut self.dice, self.kinds, 1_000, 24);
                self.state.ask(&amounts, None, &[])
            }
            count => self.state.ask_again(self.flavors[self.dice.random_range(0..count)]),
        }
    }

    /// Whether there was room.
    fn arrive(&mut self) -> bool {
        let ask = self.draw();
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
    fn decisions(&mut self, asks: &[Ask]) -> Vec<Option<HostId>> {
        let mut decide = |ask: &Ask| self.placer.decide(&self.state, *ask, &mut self.dice).ok();
        asks.iter().map(&mut decide).collect()
    }

    fn check(&mut self) {
        for _ in 0..10 {
            let asks: Vec<Ask> = (0..20).map(|_| self.draw()).collect();
            self.state.search(Search::Hosts);
            let by_scan = self.decisions(&asks);
            self.state.search(Search::Sooner);
            assert_eq!(self.decisions(&asks), by_scan, "both decide the same");
            assert!(by_scan.iter().all(Option::is_some), "every placement succeeds");
            asks.iter().for_each(|ask| self.state.forget(*ask));
            (0..20).for_each(|_| assert!(self.step(), "every placement succeeds"));
        }
    }

    /// Ns a step: the median over short batches, which others on the machine rarely disturb; not a
    /// number if the command line leaves this one out.
    fn time(&mut self, criterion: &mut Criterion, name: &str, search: Search) -> f64 {
        const BATCH: Duration = Duration::from_micros(200);
        self.state.search(search);
        let mut batches = Vec::new();
        criterion.bench_function(name, |b| {
            b.iter_custom(|count| {
                let begin = Instant::now();
                let (mut since, mut steps) = (begin, 0);
                for _ in 0..count {
                    assert!(self.step(), "every placement succeeds");
                    steps += 1;
                    let now = Instant::now();
                    if now - since >= BATCH {
                        batches.push((now - since).as_nanos() as f64 / f64::from(steps));
                        (since, steps) = (now, 0);
                    }
                }
                begin.elapsed()
            });
        });
        batches.sort_by(f64::total_cmp);
        batches.get(batches.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

fn compare(criterion: &mut Criterion, name: &str, fleet: &mut Fleet) -> String {
    fleet.check();
    let scan = fleet.time(criterion, &format!("{name}/scan"), Search::Hosts);
    let index = fleet.time(criterion, &format!("{name}/index"), Search::Sooner);
    let full = 100.0 * fleet.fullness();
    let classes = fleet.state.classes().map_or(0, |classes| classes.filled());
    format!(
        "{name}: {full:.0}% full, {classes} classes: scan {scan:.0} ns, index {index:.0} ns a step: \
         scan ÷ index {:.1}, index ÷ scan {:.2}",
        scan / index,
        index / scan,
    )
}

fn steps(criterion: &mut Criterion) {
    let mut lines = Vec::new();
    for (name, policy, most) in policies() {
        let sizes = Sizes::Flavors(20);
        let mut fleet = Fleet::new((100_000, 2), sizes, (policy, most), 200_000);
        let name = format!("{name}, 100,000 hosts, 2 kinds, 20 flavors");
        lines.push(compare(criterion, &name, &mut fleet));
    }
    for (name, policy, most) in &policies()[..2] {
        let [small, large] = [10_000, 1_000_000].map(|hosts| {
            let policy = (policy.clone(), *most);
            let mut fleet = Fleet::new((hosts, 2), Sizes::Flavors(20), policy, 200_000);
            let name = format!("{name}, {hosts} hosts/index");
            fleet.time(criterion, &name, Search::Sooner)
        });
        lines.push(format!(
            "{name}: {small:.0} ns a step at 10,000 hosts, {large:.0} at 1,000,000: {:.1}",
            large / small
        ));
    }
    for (name, policy, most) in &policies()[..2] {
        for (hosts, sizes, what) in [
            (20_000, Sizes::Flavors(400), "400 flavors"),
            (20_000, Sizes::AllDistinct, "all sizes distinct"),
            (600, Sizes::AllDistinct, "all sizes distinct"),
        ] {
            let mut fleet = Fleet::new((hosts, 4), sizes, (policy.clone(), *most), 2_000);
            let name = format!("{name}, {hosts} hosts, 4 kinds, {what}");
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
        let mut fleet = Fleet::new((HOSTS, 2), Sizes::Flavors(20), (Policy::FirstFit, 24), 10_000);
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
