//! What the integration tests share: small scenarios as values, and random ones.
#![allow(dead_code, unreachable_pub)]

use fleetcast_core::expression::Expression;
use fleetcast_core::resources::{Amounts, Kinds};
use fleetcast_core::scenario::*;
use fleetcast_core::time::Calendar;

/// A scenario with these resources and one pool with one rack, and nothing else.
pub fn bare(kinds: &[&str]) -> Scenario {
    Scenario {
        name: "test".into(),
        question: String::new(),
        calendar: Calendar { start: jiff::civil::date(2025, 1, 6).at(0, 0, 0, 0) },
        duration_ms: 1_000_000,
        seed: 1,
        kinds: Kinds::new(kinds.iter().map(|kind| ((*kind).into(), "units".into())).collect()),
        labels: Vec::new(),
        taints: Vec::new(),
        models: Vec::new(),
        pools: vec![Pool { name: "pool".into(), racks: vec![RackId::from_row(0)] }],
        zones: vec!["z1".into()],
        racks: vec![Rack { name: "pool-z1-r1".into(), zone: ZoneId::from_row(0) }],
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

/// An expression over the first column: `free`, `capacity`, `asked` and `vms`.
pub fn formula(text: &str) -> Formula {
    let known = [
        ("free", Variable::Free(0)),
        ("capacity", Variable::Capacity(0)),
        ("asked", Variable::Asked(0)),
        ("vms", Variable::Vms),
    ];
    let row_of = |name: &str| known.iter().position(|(known, _)| *known == name);
    let expression = Expression::parse(text, &row_of).expect("it is an expression");
    Formula { expression, variables: known.map(|(_, variable)| variable).to_vec() }
}

/// A policy that adds up these scores.
pub fn scores(parts: Vec<(Score, f64)>, ties: Ties, filters: &[&str]) -> Policy {
    let weighted = |(score, weight)| Weighted { score, weight, is_normalised: true };
    Policy::Compose(Compose {
        filters: filters.iter().map(|text| formula(text)).collect(),
        order: Order::Scores(parts.into_iter().map(weighted).collect()),
        measure: Measure::plain(ShareOf::Host),
        ties,
    })
}

/// Adds `count` hosts of a new model with these amounts.
pub fn add_hosts(scenario: &mut Scenario, amounts: &[i64], count: usize) -> HostTypeId {
    let effective = padded(amounts);
    scenario.models.push(HostModel {
        name: format!("model {}", scenario.models.len()),
        total: effective,
        reserved: [0; 8],
        effective,
        price_cents: 0,
        lead_time: Distribution::Constant(0),
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
    let host_type = HostTypeId::from_row(scenario.host_types.len() - 1);
    for _ in 0..count {
        let racks = &scenario.pools[0].racks;
        let rack = racks[scenario.hosts.len() % racks.len()];
        scenario.hosts.push(HostSpec { name: None, host_type, rack, age_ms: 0 });
    }
    host_type
}

/// Adds a flavor.
pub fn add_flavor(scenario: &mut Scenario, amounts: &[i64]) -> FlavorId {
    let name = format!("flavor {}", scenario.flavors.len());
    scenario.flavors.push(Flavor { name, amounts: padded(amounts), cells: 0, memory_use: None });
    FlavorId::from_row(scenario.flavors.len() - 1)
}

/// A demand of all flavors alike that arrives as said and is refused when nothing fits.
pub fn demand(
    scenario: &Scenario,
    name: &str,
    arrivals: Arrivals,
    lifetime: Distribution,
) -> Demand {
    Demand {
        name: name.into(),
        arrivals,
        mix: (0..scenario.flavors.len()).map(|row| (FlavorId::from_row(row), 1.0)).collect(),
        lifetime,
        boot: Distribution::Constant(0),
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
    }
}

/// A constant rate.
pub fn rate(per_ms: f64) -> Arrivals {
    let season = Season { hourly: [1.0; 24], daily: [1.0; 7], events: Vec::new(), hours: None };
    Arrivals::Rate { per_ms: Curve::Constant(per_ms), season }
}

/// Amounts with zeros behind.
pub fn padded(amounts: &[i64]) -> Amounts {
    let mut padded = Amounts::default();
    padded[..amounts.len()].copy_from_slice(amounts);
    padded
}
