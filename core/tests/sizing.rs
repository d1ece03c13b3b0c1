//! Sizing: what the search finds is what counting would find, through whole runs.

mod common;

use common::{add_flavor, add_hosts, bare, demand, rate};
use fleetcast_core::relax::{self, Rule};
use fleetcast_core::report::Report;
use fleetcast_core::scenario::{
    Arrivals, Bound, Curve, Distribution, Expectation, GroupRule, HostTypeId, PlannedOrder, PoolId,
    Scenario, TenantRules, WhenFull,
};
use fleetcast_core::simulation;
use fleetcast_core::sizing::{self, Goals, Least, Offer, Probe};
use fleetcast_core::source::NoFiles;
use proptest::prelude::*;
use std::convert::Infallible;
use std::sync::Arc;

const POOL: fn() -> PoolId = || PoolId::from_row(0);

fn run(scenario: Scenario) -> Report {
    simulation::run(&Arc::new(scenario), &NoFiles).expect("no files")
}

fn probe(scenario: &Scenario, fleet: &[(HostTypeId, u32)]) -> Probe {
    // All that these scenarios ask for must be placed at once, and there is one pool.
    let goals = Goals { left_out: Vec::new(), are_implied: true, are_strict: true };
    Probe::of(&run(sizing::with_fleet(scenario, POOL(), fleet)), &goals)
}

/// A small fleet of up to three models, some flavors, and a rule or two.
fn scenarios() -> impl Strategy<Value = Scenario> {
    let models = prop::collection::vec((4..20_i64, 4..20_i64, 1..9_u64), 1..=3);
    let flavors = prop::collection::vec((1..5_i64, 1..5_i64), 1..=3);
    let group = prop::option::of((2..6_u32, 1..3_u32));
    (models, flavors, group, 1..40_u32, any::<u32>()).prop_map(
        |(models, flavors, group, load, seed)| {
            let mut scenario = bare(&["cpu", "memory"]);
            scenario.duration_ms = 40_000;
            scenario.seed = seed.into();
            for (cpu, memory, price) in models {
                add_hosts(&mut scenario, &[cpu, memory], 1);
                scenario.models.last_mut().expect("just added").price_cents = price;
            }
            for (cpu, memory) in flavors {
                add_flavor(&mut scenario, &[cpu, memory]);
            }
            let stay = Distribution::Exponential { mean_ms: 8_000.0 };
            let mut vms = demand(&scenario, "vms", rate(f64::from(load) / 20_000.0), stay);
            vms.group = group.map(|(size, per_host_max)| GroupRule {
                size: Some(size),
                per_host_max,
                ..GroupRule::NONE
            });
            scenario.demands.push(vms);
            sizing::goals(&mut scenario);
            scenario
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.min(64)))]

    #[test]
    fn the_smallest_fleet_is_that_of_counting_up(scenario in scenarios(), start in 1..60_u32) {
        let host_type = HostTypeId::from_row(0);
        let ask = |hosts| probe(&scenario, &[(host_type, hosts)]);
        let counted = (1..=60).find(|hosts| ask(*hosts).holds);
        let said = sizing::least(start, 60, |hosts| Ok::<_, Infallible>(ask(hosts))).expect("it cannot fail");
        match (said, counted) {
            (Least::Hosts(found), Some(counted)) => {
                prop_assert_eq!(found.hosts, counted);
                prop_assert!(found.bound <= found.hosts && found.is_exhaustive);
            }
            (Least::TooFew(60), None) => {}
            (said, counted) => prop_assert!(false, "{:?} {:?}", said, counted),
        }
    }

    #[test]
    fn the_cheapest_mix_is_that_of_counting_all(scenario in scenarios()) {
        let types: Vec<HostTypeId> = (0..scenario.models.len()).map(HostTypeId::from_row).collect();
        let offers: Vec<Offer> = scenario.models.iter()
            .map(|model| Offer { capacity: model.effective, price_cents: model.price_cents })
            .collect();
        let with = |mix: &[u32]| -> Vec<(HostTypeId, u32)> {
            types.iter().copied().zip(mix.iter().copied()).collect()
        };
        // Something that surely holds, if anything does.
        let known = vec![24; offers.len()];
        prop_assume!(probe(&scenario, &with(&known)).holds);
        let peaks = run(sizing::with_fleet(&scenario, POOL(), &with(&known))).utilisation;
        let mut needed = fleetcast_core::resources::Amounts::default();
        (needed[0], needed[1]) = (peaks["cpu"].peak_used, peaks["memory"].peak_used);
        let said = sizing::cheapest(&offers, &needed, known, |_| None, |mix| {
            Ok::<_, Infallible>(probe(&scenario, &with(mix)).holds)
        }).expect("it cannot fail");
        // All mixes that cost less, whatever they have of anything.
        let below = said.price_cents;
        let most = |row: usize| (below / u128::from(offers[row].price_cents)) as u32 + 1;
        let mut mixes = vec![Vec::new()];
        for row in 0..offers.len() {
            mixes = mixes.iter().flat_map(|mix: &Vec<u32>| {
                (0..most(row)).map(move |count| [&mix[..], &[count]].concat())
            }).filter(|mix| sizing::price(&offers[..=row], mix) < below).collect();
            prop_assume!(mixes.len() < 3_000);
        }
        prop_assume!(said.is_proved);
        for mix in mixes {
            prop_assert!(!probe(&scenario, &with(&mix)).holds, "{:?} is cheaper than {:?}", mix, said);
        }
    }
}

#[test]
fn a_rule_costs_what_it_takes_to_keep_it() {
    // Twenty VMs that may not share a host, where four hosts would have room for all.
    let mut scenario = bare(&["slots"]);
    scenario.duration_ms = 1_000;
    add_hosts(&mut scenario, &[5], 1);
    add_flavor(&mut scenario, &[1]);
    let stay = Distribution::Constant(u64::MAX);
    let alive = Arrivals::Alive(Curve::Constant(20.0));
    let mut vms = demand(&scenario, "vms", alive, stay);
    vms.group = Some(GroupRule { size: Some(20), per_host_max: 1, ..GroupRule::NONE });
    scenario.demands.push(vms);
    scenario.tenant_rules = vec![TenantRules { vms_max: 100, ..TenantRules::NONE }];
    sizing::goals(&mut scenario);
    let least = |scenario: &Scenario| {
        let host_type = HostTypeId::from_row(0);
        let said = sizing::least(1, 100, |hosts| {
            Ok::<_, Infallible>(probe(scenario, &[(host_type, hosts)]))
        });
        match said.expect("it cannot fail") {
            Least::Hosts(found) => found.hosts,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(least(&scenario), 20);
    let rules = relax::rules(&scenario);
    let named: Vec<(String, u32)> = rules
        .iter()
        .filter(|rule| !matches!(rule, Rule::Expectation(_)))
        .map(|rule| (rule.name(&scenario), least(&rule.dropped(&scenario))))
        .collect();
    assert_eq!(named, [("vms: group".to_owned(), 4), ("tenant default: quota".to_owned(), 20)]);
}

#[test]
fn a_bound_is_told_only_where_every_fleet_holds_the_same() {
    let mut scenario = bare(&["slots"]);
    add_hosts(&mut scenario, &[5], 1);
    add_flavor(&mut scenario, &[1]);
    let vms = demand(&scenario, "vms", rate(0.001), Distribution::Constant(10_000));
    scenario.demands.push(vms);
    let are_strict = |scenario: &Scenario| sizing::goals(&mut scenario.clone()).are_strict;
    assert!(are_strict(&scenario));

    let mut waits = scenario.clone();
    waits.demands[0].when_full = WhenFull::Wait { ms_max: u64::MAX };
    let mut pools = scenario.clone();
    pools.pools.push(pools.pools[0].clone());
    let mut tolerant = scenario.clone();
    tolerant.expectations = vec![Expectation {
        metric: "refused".to_owned(),
        demand: None,
        at_most: Some(Bound::Share(0.005)),
        at_least: None,
    }];
    for (what, scenario) in [("waits", waits), ("pools", pools), ("tolerant", tolerant)] {
        assert!(!are_strict(&scenario), "{what}");
    }
}

#[test]
fn a_fleet_that_is_sized_gets_no_more_hosts() {
    let mut scenario = bare(&["slots"]);
    let host_type = add_hosts(&mut scenario, &[5], 3);
    scenario.orders.push(PlannedOrder {
        host_type,
        at_ms: 0,
        hosts: 40,
        lead_time: Distribution::Constant(0),
    });
    let report = run(sizing::with_fleet(&scenario, POOL(), &[(host_type, 2)]));
    assert_eq!((report.hosts_at_start, report.hosts, report.peak_hosts), (2, 2, 2));
}
