//! The scan over all hosts judges decisions over classes of hosts: they are the same, always.

mod common;
#[path = "common/fleets.rs"]
mod fleets;

use common::{add_flavor, add_hosts, bare};
use fleetcast_core::dice::{self, Stream};
use fleetcast_core::observe::{Fingerprint, Transcript};
use fleetcast_core::placement::{Placer, filters};
use fleetcast_core::read::{Input, read};
use fleetcast_core::resources::Kinds;
use fleetcast_core::scenario::*;
use fleetcast_core::simulation::Simulation;
use fleetcast_core::source::Files;
use fleetcast_core::state::{
    Ask, CLASSES_FROM, GroupKey, HostId, HostStatus, Predicate, Search, State, Vm, VmId,
};
use fleetcast_core::time::Time;
use fleets::fleets;
use proptest::prelude::*;
use rand::RngExt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn composed(score: Score, expression: &str, ties: Ties, filters: &[&str]) -> Policy {
    let expression = Score::Expression(common::formula(expression));
    common::scores(vec![(score, 2.0), (expression, 1.0)], ties, filters)
}

fn policies(kinds: usize) -> Vec<Policy> {
    let by = || FitBy::Columns((0..kinds).rev().collect());
    vec![
        Policy::FirstFit,
        Policy::LastFit,
        Policy::NextFit,
        Policy::RoundRobin,
        Policy::Random,
        Policy::PowerOfD { draws: 3, prefers_most: true, measure: Measure::plain(ShareOf::Host) },
        Policy::Cosine(ShareOf::Fleet),
        Policy::Epvm { base: None },
        Policy::BalanceFit,
        Policy::DotProduct { wants_most: true, measure: Measure::plain(ShareOf::Fleet) },
        Policy::BestFit(FitBy::Shares),
        Policy::WorstFit(FitBy::Shares),
        Policy::BestFit(by()),
        Policy::WorstFit(by()),
        Policy::Kubernetes(KubernetesProfile {
            fit_weight: 1,
            balance_weight: 1,
            fit: FitScore::Least,
            sampling: None,
            resources: (0..kinds)
                .map(|column| KubernetesResource { column, weight: 1, is_extended: column > 1 })
                .collect(),
            wishes: WishWeights::DEFAULT,
        }),
        Policy::Nova(
            (0..kinds)
                .map(|column| NovaWeigher {
                    column,
                    multiplier: if column > 1 { -0.7 } else { 1.0 },
                    is_overcommitted: column == 0,
                })
                .collect(),
        ),
        fgd(kinds, Ties::LowestIndex),
        fgd(kinds, Ties::Random),
        Policy::Nomad(NomadRule {
            algorithm: NomadAlgorithm::Binpack,
            walk: NomadWalk::All,
            cpu: Some(0),
            memory: (kinds > 1).then_some(1),
        }),
        composed(Score::BestFit(Norm::L2), "free / capacity", Ties::LowestIndex, &[]),
        composed(Score::BalanceFit, "-free * asked", Ties::Random, &[]),
        composed(Score::NonEmpty, "free - vms", Ties::Random, &["vms < 3"]),
        composed(
            Score::WorstFit(Norm::L1),
            "free",
            Ties::Random,
            &["2 * floor(free / 2) >= asked"],
        ),
        Policy::Compose(Compose {
            ties: Ties::Random,
            ..Compose::of_rules(
                vec![Rule { score: Score::BestFit(Norm::L1), quantum: Some(0.5) }],
                Measure::plain(ShareOf::Host),
            )
        }),
    ]
}

/// Fragmentation gradient descent; a fourth kind is GPUs.
fn fgd(kinds: usize, ties: Ties) -> Policy {
    let typical = [(1, 200, 0.25), (2, 500, 0.3), (1, 1_000, 0.3), (0, 0, 0.05), (3, 2_000, 0.1)];
    let typical = typical.into_iter().enumerate().map(|(row, (cpu, gpu, share))| Typical {
        cpu,
        gpu,
        share,
        pool: (row == 1).then_some(PoolId::from_row(0)),
        labels: if row == 2 { vec![LabelId::from_row(0)] } else { Vec::new() },
    });
    let gpu = (kinds == 4).then_some(3);
    Policy::Fgd(FgdRule { gpu, cpu: Some(0), typical: typical.collect(), ties })
}

/// A small fleet of few sizes, so that many hosts are alike: some models, pools, labels, racks
/// and zones. Now and then capacities are huge, or a host has none of a kind.
fn random_scenario(dice: &mut Stream) -> Scenario {
    let kinds = dice.random_range(1..=4usize);
    let mut scenario = bare(&["cpu", "memory", "disk", "gpu"][..kinds]);
    let unit = [1, 1, 1, 1_000_003, 1 << 33][dice.random_range(0..5usize)];
    let has_devices = kinds == 4;
    if has_devices {
        let names = ["cpu", "memory", "disk"].map(|name| (name.to_owned(), "units".to_owned()));
        let gpu = ("gpu".to_owned(), "milli-GPU".to_owned());
        scenario.kinds = Kinds::new(names.into_iter().chain([gpu]).collect());
    }
    scenario.labels = vec!["a=1".into(), "b=1".into()];
    let taint = |(name, is_hard): (&str, bool)| Taint { name: name.into(), is_hard };
    scenario.taints = [("x=1", true), ("y=1", false)].map(taint).to_vec();
    // Someone may be exclusive, someone has a quota, in a third of the fleets.
    if dice.random_range(0..3u8) == 0 {
        let mut rules = TenantRules::NONE;
        rules.quota[0] = dice.random_range(5..40) * unit;
        rules.vms_max = dice.random_range(3..20);
        let is_exclusive = dice.random_range(0..2u8) == 0;
        scenario.tenant_rules = vec![rules, TenantRules { is_exclusive, ..TenantRules::NONE }];
    }
    scenario.zones = vec!["z1".into(), "z2".into()];
    scenario.racks = (0..4)
        .map(|row| Rack { name: format!("r{row}"), zone: ZoneId::from_row(row % 2) })
        .collect();
    let racks: Vec<RackId> = (0..4).map(RackId::from_row).collect();
    scenario.pools =
        (0..2).map(|row| Pool { name: format!("p{row}"), racks: racks.clone() }).collect();
    for _ in 0..dice.random_range(1..=3usize) {
        let mut amounts: Vec<i64> = (0..kinds).map(|_| dice.random_range(0..=9) * unit).collect();
        amounts[0] = dice.random_range(2..=9) * unit;
        if has_devices {
            amounts[3] = dice.random_range(0..=4) * 1_000;
        }
        let host_type = add_hosts(&mut scenario, &amounts, 0);
        let host_type = &mut scenario.host_types[host_type.row()];
        host_type.pool = PoolId::from_row(dice.random_range(0..2usize));
        host_type.labels = some_labels(dice, 0.6);
        host_type.taints = some_taints(dice, 0.2);
    }
    for _ in 0..dice.random_range(1..=4usize) {
        let mut amounts: Vec<i64> = (0..kinds).map(|_| dice.random_range(0..=3) * unit).collect();
        amounts[0] += i64::from(dice.random_range(0..4u8) == 0);
        if has_devices {
            amounts[3] = [0, 200, 300, 500, 700, 1_000, 2_000][dice.random_range(0..7usize)];
        }
        add_flavor(&mut scenario, &amounts);
    }
    for _ in 0..2 {
        let mut demand =
            common::demand(&scenario, "d", common::rate(1.0), Distribution::Constant(1));
        demand.group = Some(some_group(dice));
        scenario.demands.push(demand);
    }
    scenario
}

fn some_group(dice: &mut Stream) -> GroupRule {
    let mut bound = || [u32::MAX, 1, 2, 3][dice.random_range(0..4usize)];
    let (per_host_max, per_rack_max, per_zone_max) = (bound(), bound(), bound());
    let mut rule = GroupRule { per_host_max, per_rack_max, per_zone_max, ..GroupRule::NONE };
    let one_in = |dice: &mut Stream, n: u8| dice.random_range(0..n) == 0;
    for level in Level::ALL {
        if one_in(dice, 8) {
            rule.together = Some(level);
        }
        if one_in(dice, 5) {
            rule.skew_max[level.row()] = dice.random_range(1..4);
        }
        if one_in(dice, 4) {
            rule.near[level.row()] = dice.random_range(-3..4);
        }
        if one_in(dice, 6) {
            let (max, weight) = (dice.random_range(1..3), dice.random_range(1..4));
            rule.soft_skew[level.row()] = Some(SoftSkew { max, weight });
        }
    }
    rule
}

fn some_labels(dice: &mut Stream, share: f64) -> Vec<LabelId> {
    (0..2).filter(|_| dice.random::<f64>() < share).map(LabelId::from_row).collect()
}

fn some_taints(dice: &mut Stream, share: f64) -> Vec<TaintId> {
    (0..2).filter(|_| dice.random::<f64>() < share).map(TaintId::from_row).collect()
}

/// Mostly none.
fn some_rules(dice: &mut Stream) -> HostRules {
    let mut rules = HostRules { tolerates: some_taints(dice, 0.5), ..HostRules::default() };
    if dice.random_range(0..4u8) == 0 {
        rules.requires = Selector(vec![some_labels(dice, 0.9)]);
    }
    if dice.random_range(0..8u8) == 0 {
        rules.forbids = some_labels(dice, 0.5);
    }
    for _ in 0..dice.random_range(0..3usize) {
        let selector = Selector(vec![some_labels(dice, 0.7)]);
        rules.prefers.push(Preference { selector, weight: dice.random_range(1..5) });
    }
    rules.is_exclusive = false;
    rules
}

/// One fleet twice: decided by scan, and by classes.
struct Twins {
    scan: State,
    index: State,
    placer: Placer,
    scan_dice: Stream,
    index_dice: Stream,
    vms: Vec<VmId>,
}

impl Twins {
    fn new(scenario: &Scenario, search: Search) -> Self {
        let (mut scan, mut index) = (State::new(scenario), State::new(scenario));
        scan.search(Search::Hosts);
        index.search(search);
        Self {
            scan,
            index,
            placer: Placer::new(scenario),
            scan_dice: dice::stream(1, "placement"),
            index_dice: dice::stream(1, "placement"),
            vms: Vec::new(),
        }
    }

    fn both(&mut self) -> [&mut State; 2] {
        [&mut self.scan, &mut self.index]
    }

    /// The same act on both comes to the same.
    fn same<T: PartialEq + std::fmt::Debug>(&mut self, act: impl Fn(&mut State) -> T) -> T {
        let [scan, index] = self.both().map(act);
        assert_eq!(scan, index);
        scan
    }

    /// Whether it was placed.
    fn arrive(&mut self, ask: Ask) -> bool {
        let by_scan = self.placer.decide(&self.scan, ask, &mut self.scan_dice);
        let by_index = self.placer.decide(&self.index, ask, &mut self.index_dice);
        assert_eq!(by_scan, by_index);
        self.same(|state| filters::tally(state, ask));
        self.same(|state| filters::slots(state, ask));
        match by_scan {
            Ok(host) => {
                let (placed, demand) = (Time::ZERO, DemandId::from_row(0));
                let devices = self.placer.device(&self.scan, ask, host);
                let vm = Vm { request: 0, placed, host, ask, demand };
                let vm = self.same(|state| {
                    let id = state.start_on(vm, Time::from_ms(u64::MAX), devices);
                    (id, state.devices.of(id))
                });
                let vm = vm.0;
                self.vms.push(vm);
            }
            Err(_) => self.same(|state| state.forget(ask)),
        }
        by_scan.is_ok()
    }

    fn depart(&mut self, position: usize) {
        let id = self.vms.swap_remove(position);
        let vm = self.same(|state| state.end(id));
        self.same(|state| state.forget(vm.ask));
    }
}

/// So many steps of a random fleet's life: hosts come and are cordoned, VMs come and go. Returns
/// how many were placed and refused.
fn live(case: u64) -> [usize; 2] {
    let dice = &mut dice::stream(case, "index");
    let mut scenario = random_scenario(dice);
    let policies = policies(scenario.kinds.len());
    scenario.placement.policy = policies[case as usize % policies.len()].clone();
    let mut twins = Twins::new(&scenario, Search::Classes);
    let add = |twins: &mut Twins, dice: &mut Stream| {
        let host_type = HostTypeId::from_row(dice.random_range(0..scenario.host_types.len()));
        let rack = RackId::from_row(dice.random_range(0..4usize));
        twins.same(|state| state.add_host(host_type, rack, 0));
    };
    for _ in 0..dice.random_range(1..=60usize) {
        add(&mut twins, dice);
    }
    // The state keeps a census only where a demand's groups are spread.
    let rules: Vec<GroupRule> = scenario.demands.iter().filter_map(|demand| demand.group).collect();
    let mut counts = [0, 0];
    for _ in 0..80 {
        match dice.random_range(0..100u8) {
            0..60 => {
                let flavor = &scenario.flavors[dice.random_range(0..scenario.flavors.len())];
                let pool = [None, Some(PoolId::from_row(0))][dice.random_range(0..8usize) / 7];
                let labels = some_labels(dice, 0.15);
                let rules_of_hosts = some_rules(dice);
                let tenant = TenantId::from_row(dice.random_range(0..3usize));
                let mut ask = twins.same(|state| {
                    let (labels, rules) = (labels.clone(), rules_of_hosts.clone());
                    let predicate =
                        state.predicate(Predicate { pool, labels, rules, cells: 0, image: None });
                    state.ask_of(&flavor.amounts, predicate, tenant)
                });
                if dice.random_range(0..4u8) == 0 {
                    let group = dice.random_range(0..2usize);
                    let key = GroupKey::Number(DemandId::from_row(0), group as u64);
                    ask = twins.same(|state| state.ask_in_group(ask, key.clone(), rules[group]));
                }
                let is_placed = twins.arrive(ask);
                counts[usize::from(!is_placed)] += 1;
            }
            60..94 if !twins.vms.is_empty() => {
                let position = dice.random_range(0..twins.vms.len());
                twins.depart(position);
            }
            94..97 => {
                let host = HostId::from_row(dice.random_range(0..twins.scan.hosts.rows()));
                if twins.scan.hosts.status(host) == HostStatus::Up {
                    twins.same(|state| state.cordon(host));
                }
            }
            97 => {
                // A rack fails.
                let rack = RackId::from_row(dice.random_range(0..4usize));
                for host in twins.scan.hosts.ids() {
                    let is_hit = twins.scan.hosts.rack(host) == rack;
                    if is_hit && twins.scan.hosts.status(host) == HostStatus::Up {
                        twins.same(|state| state.cordon(host));
                    }
                }
            }
            98 if case.is_multiple_of(16) => {
                let search = [Search::Sooner, Search::Classes][dice.random_range(0..2usize)];
                twins.index.search(search);
            }
            _ => add(&mut twins, dice),
        }
    }
    counts
}

#[test]
fn ten_thousand_random_fleets_get_the_decisions_of_the_scan() {
    let mut sums = [0, 0];
    for case in 0..10_000 {
        let counts = live(case);
        sums = [sums[0] + counts[0], sums[1] + counts[1]];
    }
    println!("10,000 fleets: {} placed, {} refused", sums[0], sums[1]);
    assert!(sums[0] > 100_000 && sums[1] > 10_000, "both come often: {sums:?}");
}

/// All sizes are different, and hosts come one after another.
#[test]
fn classes_come_with_the_hosts_and_stay() {
    for policy in policies(2) {
        let mut scenario = bare(&["cpu", "memory"]);
        scenario.placement.policy = policy;
        let host_type = add_hosts(&mut scenario, &[100_000, 100_000], 0);
        let mut twins = Twins::new(&scenario, Search::Sooner);
        let dice = &mut dice::stream(1, "index");
        for step in 0..1_200 {
            if twins.scan.hosts.rows() < 600 {
                twins.same(|state| state.add_host(host_type, RackId::from_row(0), 0));
            }
            assert_eq!(twins.index.classes().is_some(), step + 1 >= CLASSES_FROM);
            assert!(twins.scan.classes().is_none());
            let amount = dice.random_range(10_000..60_000);
            let amounts = common::padded(&[amount, amount]);
            let ask = twins.same(|state| state.ask(&amounts, None, &[]));
            twins.arrive(ask);
            if step > 900 || step % 4 == 0 {
                let position = dice.random_range(0..twins.vms.len());
                twins.depart(position);
            }
        }
    }
}

/// So many hosts that a draw is not found by going through all of them.
#[test]
fn the_host_that_is_drawn_is_that_of_the_scan() {
    for draws in [0, 2] {
        let mut scenario = bare(&["cpu"]);
        let measure = Measure::plain(ShareOf::Host);
        scenario.placement.policy = match draws {
            0 => Policy::Random,
            _ => Policy::PowerOfD { draws, prefers_most: false, measure },
        };
        let host_type = add_hosts(&mut scenario, &[9], 0);
        let mut twins = Twins::new(&scenario, Search::Classes);
        for _ in 0..5_000 {
            twins.same(|state| state.add_host(host_type, RackId::from_row(0), 0));
        }
        let dice = &mut dice::stream(1, "index");
        let mut arrivals = |twins: &mut Twins, count, most| {
            let arrive = |_: &i32| {
                let amounts = common::padded(&[dice.random_range(1..=most)]);
                let ask = twins.same(|state| state.ask(&amounts, None, &[]));
                twins.arrive(ask)
            };
            (0..count).filter(arrive).count()
        };
        // Up to the last hosts that have room for anybody.
        assert_eq!(arrivals(&mut twins, 500, 9), 500);
        for host in (0..5_000).filter(|row| row % 700 > 2).map(HostId::from_row) {
            twins.same(|state| state.cordon(host));
        }
        let placed = arrivals(&mut twins, 100, 4);
        assert!((20..100).contains(&placed), "{placed}");
    }
}

fn run(scenario: &Arc<Scenario>, files: &dyn Files, search: Search) -> (Transcript, String) {
    let mut simulation = Simulation::new(Arc::clone(scenario), files).expect("the files are there");
    simulation.search(search);
    let mut observers = (Transcript::default(), Fingerprint::new());
    simulation.advance(simulation.end(), &mut observers).expect("the trace can be read");
    let (transcript, print) = observers;
    (transcript, print.hex())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn whole_runs_tell_the_same_story(fleet in fleets()) {
        let by_scan = run(&fleet.scenario, &fleet.files, Search::Hosts);
        prop_assert_eq!(run(&fleet.scenario, &fleet.files, Search::Classes), by_scan);
    }
}

struct Beside(PathBuf);

impl Files for Beside {
    fn open(&self, name: &str) -> Result<Box<dyn Read>, String> {
        let file = File::open(self.0.join(name)).map_err(|error| error.to_string())?;
        Ok(Box::new(std::io::BufReader::new(file)))
    }
}

#[test]
fn a_real_trace_gets_the_decisions_of_the_scan() {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let text = std::fs::read_to_string(scenarios.join("azure-packing.toml")).unwrap();
    let beside = Beside(scenarios);
    let input = Input { file: "azure-packing.toml", text: &text, overrides: &[] };
    let mut scenario = read(&input, &beside).unwrap().scenario;
    let spec = scenario.hosts[0].clone();
    scenario.hosts.resize(943, spec);
    let shares = FitBy::Shares;
    for policy in
        [Policy::FirstFit, Policy::BestFit(shares.clone()), Policy::WorstFit(shares.clone())]
    {
        scenario.placement.policy = policy;
        let scenario = Arc::new(scenario.clone());
        let print = |search| {
            let mut simulation = Simulation::new(Arc::clone(&scenario), &beside).unwrap();
            simulation.search(search);
            let mut print = Fingerprint::new();
            simulation.advance(simulation.end(), &mut print).unwrap();
            print.hex()
        };
        let name = scenario.placement.policy.name();
        assert_eq!(print(Search::Classes), print(Search::Hosts), "{name}");
    }
}
