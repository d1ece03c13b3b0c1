//! Random fleets, small enough to be judged fact by fact: every kind of host, demand, limit, plan
//! and order that a scenario can have.

#![allow(unreachable_pub)]

use crate::common::{bare, padded};
use fleetcast_core::resources::Kinds;
use fleetcast_core::scenario::*;
use fleetcast_core::source::MemoryFiles;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::strategy::Strategy;
use std::sync::Arc;

/// A scenario and the files it names.
#[derive(Clone, Debug)]
pub struct Fleet {
    pub scenario: Arc<Scenario>,
    pub files: MemoryFiles,
}

pub const DURATION_MS: u64 = 40_000;
const KINDS: [&str; 4] = ["cpu", "memory", "disk", "gpu"];

/// Any fleet with any policy.
pub fn fleets() -> impl Strategy<Value = Fleet> {
    let seeds = (any::<u16>(), vec(tenants(), 3));
    (places(), hardware(), demand_side(), 1..=4usize, policies(), seeds).prop_map(
        |(places, hardware, demand_side, kinds, policy, (seed, tenants))| {
            let mut fleet = build(places, hardware, demand_side, kinds, policy, seed.into());
            let scenario = Arc::make_mut(&mut fleet.scenario);
            let unit = scenario.flavors.iter().flat_map(|flavor| flavor.amounts).max();
            let unit = unit.unwrap_or(1).max(1);
            scenario.tenant_rules = tenants.iter().map(|rules| rules.of(kinds, unit)).collect();
            fleet
        },
    )
}

/// What a tenant is held to; quotas in the size of the largest flavor.
#[derive(Clone, Debug)]
struct Held {
    quota: Vec<Option<i64>>,
    vms_max: Option<u64>,
    is_exclusive: bool,
}

impl Held {
    fn of(&self, kinds: usize, unit: i64) -> TenantRules {
        let mut rules = TenantRules::NONE;
        for (column, quota) in self.quota[..kinds].iter().enumerate() {
            rules.quota[column] = quota.map_or(i64::MAX, |quota| quota * unit);
        }
        rules.vms_max = self.vms_max.unwrap_or(u64::MAX);
        rules.is_exclusive = self.is_exclusive;
        rules
    }
}

/// Mostly nothing.
fn tenants() -> impl Strategy<Value = Held> {
    let quota = vec(option::weighted(0.1, 1..30i64), 4);
    let vms_max = option::weighted(0.1, 0..30u64);
    (quota, vms_max, prop::bool::weighted(0.05)).prop_map(|(quota, vms_max, is_exclusive)| Held {
        quota,
        vms_max,
        is_exclusive,
    })
}

/// Racks by zone, for each pool.
type Places = Vec<Vec<usize>>;

fn places() -> impl Strategy<Value = Places> {
    vec(vec(0..3usize, 1..=4), 1..=3)
}

#[derive(Clone, Debug)]
struct Hardware {
    models: Vec<Model>,
    /// Model, pool, labels, taints.
    types: Vec<(usize, usize, u8, u8)>,
    /// Type, rack, age.
    hosts: Vec<(usize, usize, u64)>,
    growth: Vec<(usize, Curve)>,
    procurement: Vec<Buying>,
    /// Capacities in units of this.
    unit: i64,
}

#[derive(Clone, Debug)]
struct Model {
    amounts: Vec<i64>,
    /// Units less than a multiple, so that capacities are not always round numbers.
    odd: i64,
    retire_after_ms: Option<u64>,
}

#[derive(Clone, Debug)]
struct Buying {
    host_type: usize,
    trigger: f64,
    batch: u32,
    hosts_max: Option<u32>,
    lead_time: Distribution,
    review_ms: u64,
}

fn hardware() -> impl Strategy<Value = Hardware> {
    let ages = prop_oneof![3 => Just(None), 1 => (2_000..DURATION_MS).prop_map(Some)];
    let model = (4..=16i64, vec(0..=16i64, 3), 0..7i64, ages).prop_map(
        |(first, mut rest, odd, retire_after_ms)| {
            rest.insert(0, first);
            Model { amounts: rest, odd, retire_after_ms }
        },
    );
    let buying = (
        0..4usize,
        prop_oneof![Just(0.5), Just(0.7), Just(0.85), 0.1..1.5f64],
        1..4u32,
        option::of(1..40u32),
        durations(),
        1_000..5_000u64,
    )
        .prop_map(|(host_type, trigger, batch, hosts_max, lead_time, review_ms)| {
            // A share of the demand is bought for, or the fleet would grow without end.
            let hosts_max = hosts_max.or(Some(60));
            Buying { host_type, trigger, batch, hosts_max, lead_time, review_ms }
        });
    let host = (0..4usize, 0..4usize, prop_oneof![Just(0), 0..DURATION_MS]);
    (
        vec(model, 1..=3),
        vec((0..3usize, 0..3usize, 0..8u8, prop_oneof![3 => Just(0u8), 1 => 0..4u8]), 1..=4),
        vec(host, 1..=40),
        vec((0..4usize, curves(20.0)), 0..=2),
        vec(buying, 0..=2),
        prop_oneof![3 => Just(1), 1 => Just(1_000), 1 => Just(1_000_003)],
    )
        .prop_map(|(models, types, hosts, growth, procurement, unit)| Hardware {
            models,
            types,
            hosts,
            growth,
            procurement,
            unit,
        })
}

/// A curve of so much at most.
fn curves(most: f64) -> impl Strategy<Value = Curve> {
    let value = move || (1.0..most).prop_map(f64::round);
    let over = || 1_000..2 * DURATION_MS;
    let step = (value(), 1_000..DURATION_MS / 4, 0..1_000u64);
    prop_oneof![
        value().prop_map(Curve::Constant),
        (value(), value(), over()).prop_map(|(from, to, over_ms)| Curve::Linear {
            from,
            to,
            over_ms
        }),
        (value(), value(), over()).prop_map(|(from, to, over_ms)| Curve::Exponential {
            from,
            to,
            over_ms
        }),
        (value(), value(), over()).prop_map(|(from, to, over_ms)| {
            Curve::Logistic { from, to, over_ms, ceiling: 1.05 * from.max(to) }
        }),
        vec(step, 1..5).prop_map(|steps| {
            let mut at_ms = 0;
            let step = |(value, gap_ms, ramp_ms)| {
                let step = Step { at_ms, value, ramp_ms };
                at_ms += gap_ms;
                step
            };
            Curve::Steps(steps.into_iter().map(step).collect())
        }),
    ]
}

fn durations() -> impl Strategy<Value = Distribution> {
    let simple = prop_oneof![
        (0..15_000u64).prop_map(Distribution::Constant),
        (10.0..8_000.0f64).prop_map(|mean_ms| Distribution::Exponential { mean_ms }),
        (4.0..9.0f64, 0.0..1.5f64).prop_map(|(mu, sigma)| Distribution::Lognormal { mu, sigma }),
        (0.5..3.0f64, 100.0..8_000.0f64)
            .prop_map(|(shape, scale_ms)| Distribution::Weibull { shape, scale_ms }),
        vec(1..20_000u64, 1..5).prop_map(Distribution::Sample),
    ];
    let mixture = vec((0.1..3.0f64, simple.clone()), 1..4).prop_map(Distribution::Mixture);
    prop_oneof![5 => simple, 1 => mixture]
}

/// Long enough that a few hundred VMs are a run.
fn lifetimes() -> impl Strategy<Value = Distribution> {
    let simple = prop_oneof![
        (1_000..15_000u64).prop_map(Distribution::Constant),
        (800.0..8_000.0f64).prop_map(|mean_ms| Distribution::Exponential { mean_ms }),
        (7.0..9.0f64, 0.0..1.2f64).prop_map(|(mu, sigma)| Distribution::Lognormal { mu, sigma }),
        (0.8..3.0f64, 1_000.0..8_000.0f64)
            .prop_map(|(shape, scale_ms)| Distribution::Weibull { shape, scale_ms }),
        vec(500..20_000u64, 1..5).prop_map(Distribution::Sample),
    ];
    let mixture = vec((0.1..3.0f64, simple.clone()), 1..4).prop_map(Distribution::Mixture);
    prop_oneof![5 => simple, 1 => mixture, 1 => Just(Distribution::Constant(u64::MAX))]
}

#[derive(Clone, Debug)]
struct DemandSide {
    flavors: Vec<Vec<i64>>,
    demands: Vec<Source>,
}

#[derive(Clone, Debug)]
struct Source {
    arrivals: How,
    mix: Vec<(usize, f64)>,
    lifetime: Distribution,
    boot: Distribution,
    tenant: usize,
    pool: Option<usize>,
    labels: u8,
    rules: HostRules,
    group: Option<GroupRule>,
    when_full: WhenFull,
}

#[derive(Clone, Debug)]
enum How {
    Alive(Curve),
    Rate(Curve, bool),
    Trace { rows: Vec<RandomRow>, is_sorted: bool, all_end: bool },
}

#[derive(Clone, Debug)]
struct RandomRow {
    arrival_ms: u64,
    lifetime_ms: Option<u64>,
    amounts: Vec<i64>,
    flavor: Option<usize>,
    tenant: Option<usize>,
    pool: Option<usize>,
    group: Option<u8>,
    is_named: bool,
}

fn demand_side() -> impl Strategy<Value = DemandSide> {
    let row = (
        // Few instants, so that many rows share one.
        (0..DURATION_MS / 250).prop_map(|n| n * 250),
        option::weighted(0.9, prop_oneof![1 => Just(0), 9 => 1..12_000u64]),
        vec(0..=5i64, 4),
        option::weighted(0.3, 0..3usize),
        option::of(0..3usize),
        option::weighted(0.2, 0..3usize),
        option::of(0..4u8),
        prop::bool::weighted(0.2),
    )
        .prop_map(
            |(arrival_ms, lifetime_ms, amounts, flavor, tenant, pool, group, is_named)| RandomRow {
                arrival_ms,
                lifetime_ms,
                amounts,
                flavor,
                tenant,
                pool,
                group,
                is_named,
            },
        );
    let how = prop_oneof![
        curves(25.0).prop_map(How::Alive),
        (curves(6.0), any::<bool>()).prop_map(|(curve, has_event)| How::Rate(curve, has_event)),
        (vec(row, 1..80), any::<bool>(), any::<bool>())
            .prop_map(|(rows, is_sorted, all_end)| How::Trace { rows, is_sorted, all_end }),
    ];
    let bound = |most: u32| prop_oneof![Just(u32::MAX), 1..most];
    let level = prop_oneof![Just(Level::Host), Just(Level::Rack), Just(Level::Zone)];
    let rarely = |most: u32| prop_oneof![5 => Just(u32::MAX), 1 => 1..most];
    let near = || prop_oneof![5 => Just(0i64), 1 => -5..6i64];
    let soft = || {
        let soft = (1..4u32, 1..4i64).prop_map(|(max, weight)| SoftSkew { max, weight });
        option::weighted(0.15, soft)
    };
    let more = (
        option::weighted(0.15, level),
        [rarely(4), rarely(4), rarely(4)],
        [near(), near(), near()],
        [soft(), soft(), soft()],
    );
    let group = (option::of(1..8u32), bound(3), bound(4), bound(6), more).prop_map(
        |(size, per_host_max, per_rack_max, per_zone_max, more)| {
            let (together, skew_max, near, soft_skew) = more;
            let limits =
                GroupRule { size, per_host_max, per_rack_max, per_zone_max, ..GroupRule::NONE };
            GroupRule { together, skew_max, near, soft_skew, ..limits }
        },
    );
    let when_full = prop_oneof![
        Just(WhenFull::Refuse),
        Just(WhenFull::Wait { ms_max: u64::MAX }),
        prop_oneof![Just(0), 1..10_000u64].prop_map(|ms_max| WhenFull::Wait { ms_max }),
    ];
    let source = (
        how,
        vec((0..3usize, 0.1..3.0f64), 1..4),
        lifetimes(),
        durations(),
        0..3usize,
        option::weighted(0.3, 0..3usize),
        (prop_oneof![3 => Just(0u8), 1 => 0..8u8], host_rules()),
        option::weighted(0.4, group),
        when_full,
    )
        .prop_map(
            |(arrivals, mix, lifetime, boot, tenant, pool, of_hosts, group, when_full)| {
                let (labels, rules) = of_hosts;
                Source {
                    arrivals,
                    mix,
                    lifetime,
                    boot,
                    tenant,
                    pool,
                    labels,
                    rules,
                    group,
                    when_full,
                }
            },
        );
    (vec(vec(0..=6i64, 4), 1..=3), vec(source, 1..=3))
        .prop_map(|(flavors, demands)| DemandSide { flavors, demands })
}

/// Mostly none, or a demand would seldom find a host.
fn host_rules() -> impl Strategy<Value = HostRules> {
    let any = |most| vec((1..8u8).prop_map(labels), 0..=most).prop_map(Selector);
    let rarely = |mask: std::ops::Range<u8>| prop_oneof![3 => Just(0u8), 1 => mask];
    let is_exclusive = prop::bool::weighted(0.05);
    let preference =
        (any(2), 1..5i64).prop_map(|(selector, weight)| Preference { selector, weight });
    let prefers = prop_oneof![3 => vec(preference.clone(), 0..=0), 1 => vec(preference, 1..4)];
    (prop_oneof![3 => any(0), 1 => any(2)], rarely(0..8), 0..4u8, is_exclusive, prefers).prop_map(
        |(requires, forbids, tolerates, is_exclusive, prefers)| HostRules {
            prefers,
            requires,
            is_exclusive,
            forbids: labels(forbids),
            tolerates: (0..2)
                .filter(|bit| tolerates & (1 << bit) != 0)
                .map(TaintId::from_row)
                .collect(),
        },
    )
}

/// Every policy; columns are brought into the scenario's range later.
fn policies() -> impl Strategy<Value = Policy> {
    let norm = || prop_oneof![Just(Norm::L1), Just(Norm::L2), Just(Norm::Linf)];
    let by = || {
        prop_oneof![
            Just(FitBy::Shares),
            vec(0..4usize, 1..4).prop_map(FitBy::Columns),
            (norm(), measures()).prop_map(|(norm, measure)| FitBy::Norm(norm, measure)),
        ]
    };
    let lists = prop_oneof![
        Just(Policy::FirstFit),
        Just(Policy::LastFit),
        Just(Policy::NextFit),
        Just(Policy::NextFitClosed),
        Just(Policy::RoundRobin),
        Just(Policy::MoveToFront),
        Just(Policy::Random),
    ];
    let draws = (1..5u32, any::<bool>(), measures()).prop_map(|(draws, prefers_most, measure)| {
        Policy::PowerOfD { draws, prefers_most, measure }
    });
    let dots = (measures(), any::<bool>())
        .prop_map(|(measure, wants_most)| Policy::DotProduct { measure, wants_most });
    let base = option::of(1.5..200.0f64);
    let buckets = (measures(), vec(1..5_000u64, 0..5)).prop_map(|(measure, steps)| {
        let mut bound = 0;
        let bounds_ms = steps.into_iter().map(|step| {
            bound += step;
            bound
        });
        Policy::LifetimeBucket { measure, bounds_ms: bounds_ms.collect() }
    });
    let rules = (vec(rules(), 1..4), measures())
        .prop_map(|(rules, measure)| Policy::Compose(Compose::of_rules(rules, measure)));
    let texts = prop_oneof![Just("free / capacity - 0.5 * vms"), Just("min(free, 2 * asked)")];
    let ties = prop_oneof![Just(Ties::LowestIndex), Just(Ties::Random)];
    let scores = (norm(), -2.0..2.0f64, texts, ties).prop_map(|(norm, weight, text, ties)| {
        let expression = Score::Expression(crate::common::formula(text));
        crate::common::scores(vec![(Score::BestFit(norm), weight), (expression, 1.0)], ties, &[])
    });
    prop_oneof![
        6 => lists,
        1 => scores,
        2 => by().prop_map(Policy::BestFit),
        2 => by().prop_map(Policy::WorstFit),
        1 => draws,
        1 => dots,
        1 => Just(Policy::Tetris),
        1 => measures().prop_map(Policy::NormGreedy),
        1 => measures().prop_map(|measure| Policy::Cosine(measure.of)),
        1 => base.prop_map(|base| Policy::Epvm { base }),
        1 => Just(Policy::BalanceFit),
        1 => measures().prop_map(Policy::GreedyExtension),
        1 => buckets,
        2 => rules,
        1 => (0..4usize, 0..2i64, any::<bool>()).prop_map(|(column, balance_weight, is_sampled)| {
            let resource = |column| KubernetesResource { column, weight: 1, is_extended: true };
            Policy::Kubernetes(KubernetesProfile {
                fit_weight: 1,
                balance_weight,
                fit: FitScore::Most,
                resources: vec![resource(column), resource(0)],
                wishes: WishWeights::DEFAULT,
                sampling: is_sampled
                    .then_some(KubernetesSampling { percentage: 0, interleaves_zones: true }),
            })
        }),
        1 => (0..4usize, any::<bool>()).prop_map(|(column, is_overcommitted)| {
            Policy::Nova(vec![NovaWeigher { column, multiplier: -1.0, is_overcommitted }])
        }),
        1 => any::<bool>().prop_map(|is_random| {
            // These GPUs are an amount like any other: to the gradient all hosts are alike.
            let ties = if is_random { Ties::Random } else { Ties::LowestIndex };
            let typical = Vec::new();
            Policy::Fgd(FgdRule { gpu: None, cpu: Some(0), typical, ties })
        }),
        1 => (0..4usize).prop_map(|column| {
            let (algorithm, walk) = (NomadAlgorithm::Binpack, NomadWalk::Service);
            Policy::Nomad(NomadRule { algorithm, walk, cpu: Some(column), memory: None })
        }),
    ]
}

fn measures() -> impl Strategy<Value = Measure> {
    let of = prop_oneof![Just(ShareOf::Host), Just(ShareOf::Fleet)];
    let weight = prop_oneof![2 => Just(1_000), 1 => 0..5_000i64, 1 => Just(1_000_000_000)];
    (of, vec(weight, 4)).prop_map(|(of, weights)| Measure { of, weights_milli: padded(&weights) })
}

fn rules() -> impl Strategy<Value = Rule> {
    let norm = || prop_oneof![Just(Norm::L1), Just(Norm::L2), Just(Norm::Linf)];
    let score = prop_oneof![
        norm().prop_map(Score::BestFit),
        norm().prop_map(Score::WorstFit),
        Just(Score::DotProduct),
        Just(Score::NormGreedy),
        Just(Score::Cosine),
        Just(Score::Tetris),
        Just(Score::Epvm),
        Just(Score::BalanceFit),
        option::of(0..3usize).prop_map(|row| Score::Label(row.map(LabelId::from_row))),
        Just(Score::NonEmpty),
        Just(Score::Extension),
    ];
    (score, option::of(0.01..2.0f64)).prop_map(|(score, quantum)| Rule { score, quantum })
}

fn labels(mask: u8) -> Vec<LabelId> {
    (0..3).filter(|bit| mask & (1 << bit) != 0).map(LabelId::from_row).collect()
}

fn build(
    places: Places,
    hardware: Hardware,
    demand_side: DemandSide,
    kinds: usize,
    policy: Policy,
    seed: u64,
) -> Fleet {
    let mut scenario = bare(&KINDS[..kinds]);
    let unit = hardware.unit;
    scenario.kinds =
        Kinds::new(KINDS[..kinds].iter().map(|k| ((*k).into(), "units".into())).collect());
    scenario.duration_ms = DURATION_MS;
    scenario.seed = seed;
    scenario.labels = ["a=1", "b=1", "c=1"].map(str::to_owned).to_vec();
    let taint = |(name, is_hard): (&str, bool)| Taint { name: name.into(), is_hard };
    scenario.taints = [("x=1", true), ("y=1", false)].map(taint).to_vec();
    scenario.tenants = ["default", "web", "batch"].map(str::to_owned).to_vec();
    scenario.zones = ["z1", "z2", "z3"].map(str::to_owned).to_vec();
    scenario.racks.clear();
    scenario.pools.clear();
    for (row, zones) in places.iter().enumerate() {
        let mut racks = Vec::new();
        for zone in zones {
            let name = format!("rack {}", scenario.racks.len());
            racks.push(RackId::from_row(scenario.racks.len()));
            scenario.racks.push(Rack { name, zone: ZoneId::from_row(*zone) });
        }
        scenario.pools.push(Pool { name: format!("p{row}"), racks });
    }
    for (row, model) in hardware.models.iter().enumerate() {
        let amount = |amount: &i64| (amount * unit - model.odd * i64::from(unit > 1)).max(0);
        let effective = padded(&model.amounts[..kinds].iter().map(amount).collect::<Vec<_>>());
        scenario.models.push(HostModel {
            name: format!("model {row}"),
            total: effective,
            reserved: [0; 8],
            effective,
            price_cents: 0,
            lead_time: Distribution::Constant(0),
            retire_after_ms: model.retire_after_ms,
            cells: 0,
            upkeep: Default::default(),
        });
    }
    let mut host_types: Vec<HostType> = Vec::new();
    for (model, pool, mask, taints) in hardware.types {
        let host_type = HostType {
            model: ModelId::from_row(model % scenario.models.len()),
            pool: PoolId::from_row(pool % scenario.pools.len()),
            labels: labels(mask),
            taints: (0..2).filter(|bit| taints & (1 << bit) != 0).map(TaintId::from_row).collect(),
        };
        if !host_types.contains(&host_type) {
            host_types.push(host_type);
        }
    }
    scenario.host_types = host_types;
    let types = scenario.host_types.len();
    for (host_type, rack, age_ms) in hardware.hosts {
        let host_type = HostTypeId::from_row(host_type % types);
        let racks = &scenario.pools[scenario.host_types[host_type.row()].pool.row()].racks;
        let rack = racks[rack % racks.len()];
        scenario.hosts.push(HostSpec { name: None, host_type, rack, age_ms });
    }
    for (host_type, curve) in hardware.growth {
        let host_type = HostTypeId::from_row(host_type % types);
        scenario.growth.push(Growth { host_type, curve });
    }
    for buying in hardware.procurement {
        let host_type = HostTypeId::from_row(buying.host_type % types);
        if scenario.procurement.iter().all(|other| other.host_type != host_type) {
            scenario.procurement.push(Procurement {
                host_type,
                trigger: buying.trigger,
                batch: buying.batch,
                hosts_max: buying.hosts_max,
                lead_time: buying.lead_time,
                review_ms: buying.review_ms,
            });
        }
    }
    for (row, amounts) in demand_side.flavors.iter().enumerate() {
        let amounts: Vec<i64> = amounts[..kinds].iter().map(|amount| amount * unit).collect();
        let name = format!("f{row}");
        scenario.flavors.push(Flavor {
            name,
            amounts: padded(&amounts),
            cells: 0,
            memory_use: None,
        });
    }
    let mut files = MemoryFiles::default();
    for (row, source) in demand_side.demands.into_iter().enumerate() {
        let arrivals = match source.arrivals {
            How::Alive(curve) => Arrivals::Alive(curve),
            How::Rate(curve, has_event) => rate(curve, has_event),
            How::Trace { mut rows, is_sorted, all_end } => {
                for row in rows.iter_mut().filter(|_| all_end) {
                    row.lifetime_ms.get_or_insert(4_000);
                }
                if is_sorted {
                    rows.sort_by_key(|row| row.arrival_ms);
                }
                let file = format!("trace {row}.csv");
                files.insert(file.clone(), csv(&rows, &scenario, unit).into_bytes());
                Arrivals::Trace(trace_file(file, &rows))
            }
        };
        let mut mix: Vec<(FlavorId, f64)> = Vec::new();
        for (flavor, weight) in source.mix {
            mix.push((FlavorId::from_row(flavor % scenario.flavors.len()), weight));
        }
        scenario.demands.push(Demand {
            name: format!("demand {row}"),
            arrivals,
            mix,
            lifetime: source.lifetime,
            boot: source.boot,
            tenant: TenantId::from_row(source.tenant),
            pool: source.pool.map(|pool| PoolId::from_row(pool % scenario.pools.len())),
            labels: labels(source.labels),
            rules: source.rules,
            group: source.group,
            image: None,
            stops: Vec::new(),
            when_full: source.when_full,
            priority: 0,
            preempts: true,
            when_preempted: WhenPreempted::End,
        });
    }
    let in_range = |by: FitBy| match by {
        FitBy::Columns(columns) => {
            FitBy::Columns(columns.into_iter().map(|column| column % kinds).collect())
        }
        other => other,
    };
    scenario.placement.policy = match policy {
        Policy::BestFit(by) => Policy::BestFit(in_range(by)),
        Policy::WorstFit(by) => Policy::WorstFit(in_range(by)),
        Policy::Kubernetes(mut profile) => {
            profile.resources.iter_mut().for_each(|resource| resource.column %= kinds);
            Policy::Kubernetes(profile)
        }
        Policy::Nova(mut weighers) => {
            weighers.iter_mut().for_each(|weigher| weigher.column %= kinds);
            Policy::Nova(weighers)
        }
        Policy::Nomad(rule) => {
            Policy::Nomad(NomadRule { cpu: rule.cpu.map(|column| column % kinds), ..rule })
        }
        plain => plain,
    };
    Fleet { scenario: Arc::new(scenario), files }
}

/// So many requests in 2 s; twice as many for a while.
fn rate(curve: Curve, has_event: bool) -> Arrivals {
    let slow = |value: f64| value / 2_000.0;
    let per_ms = match curve {
        Curve::Constant(value) => Curve::Constant(slow(value)),
        Curve::Linear { from, to, over_ms } => {
            Curve::Linear { from: slow(from), to: slow(to), over_ms }
        }
        Curve::Exponential { from, to, over_ms } => {
            Curve::Exponential { from: slow(from), to: slow(to), over_ms }
        }
        Curve::Logistic { from, to, over_ms, ceiling } => {
            Curve::Logistic { from: slow(from), to: slow(to), over_ms, ceiling: slow(ceiling) }
        }
        Curve::Steps(steps) => {
            let step = |step: Step| Step { value: slow(step.value), ..step };
            Curve::Steps(steps.into_iter().map(step).collect())
        }
    };
    let event = SeasonEvent { at_ms: 10_000, lasts_ms: 5_000, factor: 2.0 };
    let events = if has_event { vec![event] } else { Vec::new() };
    Arrivals::Rate {
        per_ms,
        season: Season { hourly: [1.0; 24], daily: [1.0; 7], events, hours: None },
    }
}

fn trace_file(file: String, rows: &[RandomRow]) -> TraceFile {
    let last = |row: &RandomRow| row.arrival_ms + row.lifetime_ms.unwrap_or(0);
    TraceFile {
        file,
        rows: rows.len() as u64,
        is_sorted: rows.is_sorted_by_key(|row| row.arrival_ms),
        last_ms: rows.iter().map(last).max().expect("a trace has a row"),
    }
}

fn csv(rows: &[RandomRow], scenario: &Scenario, unit: i64) -> String {
    let milli = |value: u64| format!("{}.{:03}", value / 1_000, value % 1_000);
    let mut text = String::from(
        "arrival_s,lifetime_s,vcpu,mem_mib,disk_gib,gpu,flavor,tenant,pool,group,vm_id\n",
    );
    for (number, row) in rows.iter().enumerate() {
        let amount = |column: usize| (row.amounts[column] * unit).unsigned_abs();
        let sizes = match row.flavor {
            Some(flavor) => format!(",,,,f{}", flavor % scenario.flavors.len()),
            None => {
                let (cpu, gpu) = (milli(amount(0)), milli(amount(3)));
                format!("{cpu},{},{},{gpu},", amount(1), amount(2))
            }
        };
        let name = |name: Option<String>| name.unwrap_or_default();
        text += &format!(
            "{},{},{sizes},{},{},{},{}\n",
            milli(row.arrival_ms),
            name(row.lifetime_ms.map(milli)),
            name(row.tenant.map(|tenant| scenario.tenants[tenant].clone())),
            name(row.pool.map(|pool| format!("p{}", pool % scenario.pools.len()))),
            name(row.group.map(|group| format!("g{group}"))),
            if row.is_named { format!("vm-{number}") } else { number.to_string() },
        );
    }
    text
}
