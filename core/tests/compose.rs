//! Policies of the scenario's own, decided by hand.

mod common;

use common::{formula, scores};
use fleetcast_core::placement::{Placer, Query};
use fleetcast_core::scenario::*;
use fleetcast_core::state::{Search, State, Vm};
use fleetcast_core::time::Time;

/// Hosts of 16 with so much used, VMs of 1 each; who takes one more of 2.
fn chosen(policy: &Policy, used: &[i64]) -> Option<usize> {
    let mut scenario = common::bare(&["cpu"]);
    scenario.placement.policy = policy.clone();
    common::add_hosts(&mut scenario, &[16], used.len());
    let found = [Search::Hosts, Search::Classes].map(|search| {
        let mut state = State::new(&scenario);
        state.search(search);
        for spec in &scenario.hosts {
            state.add_host(spec.host_type, RackId::from_row(0), 0);
        }
        for (host, used) in state.hosts.ids().zip(used) {
            for _ in 0..*used {
                let ask = state.ask(&common::padded(&[1]), None, &[]);
                let demand = DemandId::from_row(0);
                state.start(Vm { request: 0, placed: Time::ZERO, host, ask, demand });
            }
        }
        let ask = state.ask(&common::padded(&[2]), None, &[]);
        let mut dice = fleetcast_core::dice::stream(1, "placement");
        let placer = Placer::new(&scenario);
        placer.decide(&state, Query::from(ask), &mut dice).ok().map(|host| host.row())
    });
    assert_eq!(found[0], found[1], "over hosts and over classes");
    found[0]
}

fn expression(text: &str) -> (Score, f64) {
    (Score::Expression(formula(text)), 1.0)
}

#[test]
fn the_host_with_the_highest_sum_is_taken() {
    let lowest = Ties::LowestIndex;
    let emptiest = scores(vec![expression("free")], lowest, &[]);
    assert_eq!(chosen(&emptiest, &[5, 2, 9, 2]), Some(1));
    let fullest = scores(vec![(Score::BestFit(Norm::L1), 1.0)], lowest, &[]);
    assert_eq!(chosen(&fullest, &[5, 2, 9, 2]), Some(2));
    let weighed_the_other_way = scores(vec![(Score::BestFit(Norm::L1), -1.0)], lowest, &[]);
    assert_eq!(chosen(&weighed_the_other_way, &[5, 2, 9, 2]), Some(1));
}

#[test]
fn scores_count_from_0_to_1_over_those_that_have_room() {
    // Free: 11, 14, 7 and (no room) 1. By room 1 is best, by nearness to 8 free host 2 is: with
    // 4/7, 1, 0 and 5/6, 0, 1 the sums are 59/42, 1, 1.
    let both = |weight| {
        let near = (Score::Expression(formula("-abs(free - 8)")), weight);
        scores(vec![expression("free"), near], Ties::LowestIndex, &[])
    };
    let used = [5, 2, 9, 15];
    assert_eq!(chosen(&both(1.0), &used), Some(0));
    assert_eq!(chosen(&both(0.1), &used), Some(1));
    assert_eq!(chosen(&both(9.0), &used), Some(2));
}

#[test]
fn what_is_no_number_is_worst_and_what_is_infinite_is_the_end() {
    let by = |text| scores(vec![expression(text)], Ties::LowestIndex, &[]);
    assert_eq!(chosen(&by("1 / vms"), &[3, 0, 2]), Some(1));
    assert_eq!(chosen(&by("-1 / vms"), &[3, 0, 2]), Some(0));
    assert_eq!(chosen(&by("vms / vms"), &[0, 0, 2]), Some(0), "all others are worst too");
}

#[test]
fn a_filter_turns_hosts_away_though_they_have_room() {
    let by = |filters: &[&str]| scores(vec![expression("vms")], Ties::LowestIndex, filters);
    assert_eq!(chosen(&by(&[]), &[5, 2, 9, 2]), Some(2));
    assert_eq!(chosen(&by(&["vms < 9"]), &[5, 2, 9, 2]), Some(0));
    assert_eq!(chosen(&by(&["vms < 9", "free != 11"]), &[5, 2, 9, 2]), Some(1));
    assert_eq!(chosen(&by(&["vms > 9"]), &[5, 2, 9, 2]), None);
    assert_eq!(chosen(&by(&["vms / vms"]), &[0, 2]), Some(1), "0 / 0 is no");
}

#[test]
fn ties_at_random_reach_all_that_tie_and_nobody_else() {
    let mut scenario = common::bare(&["cpu"]);
    scenario.placement.policy = scores(vec![expression("free")], Ties::Random, &[]);
    common::add_hosts(&mut scenario, &[16], 8);
    common::add_hosts(&mut scenario, &[8], 8);
    let mut state = State::new(&scenario);
    state.search(Search::Classes);
    for spec in &scenario.hosts {
        state.add_host(spec.host_type, RackId::from_row(0), 0);
    }
    let ask = state.ask(&common::padded(&[2]), None, &[]);
    let mut dice = fleetcast_core::dice::stream(1, "placement");
    let placer = Placer::new(&scenario);
    let mut counts = [0; 16];
    for _ in 0..8_000 {
        counts[placer.decide(&state, ask, &mut dice).expect("there is room").row()] += 1;
    }
    assert!(counts[..8].iter().all(|count| (850..1_150).contains(count)), "{counts:?}");
    assert!(counts[8..].iter().all(|count| *count == 0), "{counts:?}");
}
