//! What the benchmarks share: scenarios as values, and the same events for everyone.

use fleetcast_core::demand::{Request, Requests};
use fleetcast_core::dice;
use fleetcast_core::resources::{Amounts, Kinds};
use fleetcast_core::scenario::*;
use fleetcast_core::source::NoFiles;
use fleetcast_core::time::{Calendar, DAY_MS, MONTH_MS, SECOND_MS};

/// A scenario of cpu and memory with one pool in one rack, and nothing in it yet.
pub fn bare(name: &str, duration_ms: u64) -> Scenario {
    let kind = |name: &str, unit: &str| (name.to_owned(), unit.to_owned());
    Scenario {
        name: name.to_owned(),
        question: String::new(),
        calendar: Calendar { start: jiff::civil::date(2025, 1, 6).at(0, 0, 0, 0) },
        duration_ms,
        seed: 1,
        kinds: Kinds::new(vec![kind("cpu", "milli-vCPU"), kind("memory", "MiB")]),
        labels: Vec::new(),
        taints: Vec::new(),
        models: Vec::new(),
        pools: vec![Pool { name: "kvm".into(), racks: vec![RackId::from_row(0)] }],
        zones: vec!["z1".into()],
        racks: vec![Rack { name: "kvm-z1-r1".into(), zone: ZoneId::from_row(0) }],
        host_types: Vec::new(),
        hosts: Vec::new(),
        growth: Vec::new(),
        procurement: Vec::new(),
        orders: Vec::new(),
        flavors: Vec::new(),
        desks: Vec::new(),
        distribution: None,
        tenants: vec!["default".into()],
        tenant_rules: Vec::new(),
        demands: Vec::new(),
        images: Vec::new(),
        dependencies: Vec::new(),
        services: Vec::new(),
        rollouts: Vec::new(),
        batch: None,
        host_rollouts: Default::default(),
        pool_migrations: Vec::new(),
        hand_overs: Vec::new(),
        placement: Placement {
            policy: Policy::FirstFit,
            preemption: false,
            prefers_warm: false,
            predictions: None,
        },
        defrag: Defrag::default(),
        failures: None,
        energy: Default::default(),
        uncertain: Vec::new(),
        expectations: Vec::new(),
        notes: Vec::new(),
    }
}

/// A machine that can give out so many vCPU and GiB.
pub fn add_model(scenario: &mut Scenario, vcpu: i64, gib: i64) -> HostTypeId {
    let effective = amounts(vcpu, gib);
    scenario.models.push(HostModel {
        name: format!("m{}", scenario.models.len()),
        total: effective,
        reserved: [0; 8],
        effective,
        price_cents: 0,
        lead_time: Distribution::Constant(70 * DAY_MS),
        retire_after_ms: None,
        cells: 0,
        upkeep: Default::default(),
    });
    let model = ModelId::from_row(scenario.models.len() - 1);
    scenario.host_types.push(HostType {
        model,
        pool: PoolId::from_row(0),
        labels: Vec::new(),
        taints: Vec::new(),
    });
    HostTypeId::from_row(scenario.host_types.len() - 1)
}

/// So many more hosts at time 0.
pub fn add_hosts(scenario: &mut Scenario, host_type: HostTypeId, count: usize) {
    let spec = HostSpec { name: None, host_type, rack: RackId::from_row(0), age_ms: 0 };
    scenario.hosts.reserve_exact(count);
    scenario.hosts.extend(std::iter::repeat_n(spec, count));
}

/// A demand for flavors of so many vCPU and GiB, each with its weight.
pub fn add_demand(
    scenario: &mut Scenario,
    arrivals: Arrivals,
    lifetime: Distribution,
    flavors: &[(i64, i64, f64)],
) {
    let mut mix = Vec::new();
    for &(vcpu, gib, weight) in flavors {
        mix.push((FlavorId::from_row(scenario.flavors.len()), weight));
        let name = format!("f{}", scenario.flavors.len());
        scenario.flavors.push(Flavor {
            name,
            amounts: amounts(vcpu, gib),
            cells: 0,
            memory_use: None,
        });
    }
    scenario.demands.push(Demand {
        name: format!("demand {}", scenario.demands.len()),
        arrivals,
        mix,
        lifetime,
        boot: Distribution::Constant(10 * SECOND_MS),
        tenant: TenantId::from_row(0),
        pool: None,
        labels: Vec::new(),
        rules: HostRules::default(),
        group: None,
        image: None,
        stops: Vec::new(),
        when_full: WhenFull::Refuse,
        priority: 0,
        preempts: true,
        when_preempted: WhenPreempted::End,
    });
}

/// Arrivals at random at one rate.
pub fn rate(per_ms: f64) -> Arrivals {
    let season = Season { hourly: [1.0; 24], daily: [1.0; 7], events: Vec::new(), hours: None };
    Arrivals::Rate { per_ms: Curve::Constant(per_ms), season }
}

fn amounts(vcpu: i64, gib: i64) -> Amounts {
    let mut amounts = Amounts::default();
    (amounts[0], amounts[1]) = (vcpu * 1_000, gib * 1_024);
    amounts
}

/// One host with room for everybody: about `requests` arrivals, one a second, and `alive` VMs at
/// a time once the first lives have ended.
pub fn endless_host(requests: u64, alive: u64) -> Scenario {
    let mut scenario = bare("endless host", requests * SECOND_MS);
    let host_type = add_model(&mut scenario, 1 << 30, 1 << 30);
    add_hosts(&mut scenario, host_type, 1);
    let lifetime = Distribution::Exponential { mean_ms: (alive * SECOND_MS) as f64 };
    add_demand(&mut scenario, rate(1.0 / SECOND_MS as f64), lifetime, &[(2, 8, 1.0)]);
    scenario
}

/// A fleet of two machines, half and half, and a demand of three flavors.
pub fn fleet(hosts: usize, policy: Policy) -> Scenario {
    let mut scenario = bare("fleet", DAY_MS);
    scenario.placement.policy = policy;
    for (vcpu, gib, count) in [(64, 128, hosts / 2), (128, 256, hosts - hosts / 2)] {
        let host_type = add_model(&mut scenario, vcpu, gib);
        add_hosts(&mut scenario, host_type, count);
    }
    let lifetime = Distribution::Exponential { mean_ms: DAY_MS as f64 };
    let flavors = [(2, 8, 0.5), (4, 16, 0.3), (8, 36, 0.2)];
    add_demand(&mut scenario, rate(0.0), lifetime, &flavors);
    scenario
}

/// Growth like MercadoLibre's, as in `scenarios/mercadolibre.toml`: 1,000 to 12,000 VMs in three
/// years, with orders of 40 hosts at 70%.
pub fn growth() -> Scenario {
    let over_ms = 36 * MONTH_MS;
    let mut scenario = bare("1,000 to 12,000 VMs", over_ms);
    let host_type = add_model(&mut scenario, 64, 92);
    add_hosts(&mut scenario, host_type, 100);
    let small = [(1, 2, 0.4), (2, 4, 0.3), (4, 8, 0.2), (8, 16, 0.1)];
    let large = [(4, 8, 0.2), (8, 16, 0.4), (8, 32, 0.4)];
    for (from, to, days, flavors) in
        [(950.0, 7_000.0, 90, &small[..]), (50.0, 5_000.0, 365, &large[..])]
    {
        let alive = Arrivals::Alive(Curve::Exponential { from, to, over_ms });
        let lifetime = Distribution::Exponential { mean_ms: (days * DAY_MS) as f64 };
        add_demand(&mut scenario, alive, lifetime, flavors);
    }
    for demand in &mut scenario.demands {
        demand.when_full = WhenFull::Wait { ms_max: u64::MAX };
    }
    scenario.procurement.push(Procurement {
        host_type,
        trigger: 0.7,
        batch: 40,
        hosts_max: None,
        lead_time: Distribution::Constant(70 * DAY_MS),
        review_ms: DAY_MS,
    });
    scenario
}

/// Arrival and lifetime of each request of a scenario without files, in ms, in order.
pub fn lives(scenario: &Scenario) -> Vec<(u64, u64)> {
    let mut requests = Requests::new(scenario, &NoFiles).expect("it has no files to miss");
    let (mut lives, mut request) = (Vec::new(), Request::default());
    while requests.next_into(&mut request).expect("it has no files to miss") {
        lives.push((request.at.ms(), request.stay_ms));
    }
    lives
}

/// So many draws of an exponential distribution, each at least 1 ms.
pub fn exponential_ms(mean_ms: f64, count: usize) -> Vec<u64> {
    let mut dice = dice::stream(1, "benches");
    let distribution = Distribution::Exponential { mean_ms };
    (0..count).map(|_| distribution.draw(&mut dice)).collect()
}
