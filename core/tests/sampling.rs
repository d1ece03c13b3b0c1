//! Kubernetes' sampling of nodes, held against the rule as the scheduler's source says it.

mod common;

use fleetcast_core::placement::Placer;
use fleetcast_core::scenario::*;
use fleetcast_core::state::{State, Vm};
use fleetcast_core::time::Time;

/// 250 hosts in two zones: of three hosts, two are in the second. Places one VM after another and
/// tells where.
fn run(sampling: Option<KubernetesSampling>, vms: usize) -> Vec<usize> {
    let mut scenario = common::bare(&["cpu"]);
    scenario.zones.push("z2".into());
    scenario.racks.push(Rack { name: "pool-z2-r1".into(), zone: ZoneId::from_row(1) });
    let resource = KubernetesResource { column: 0, weight: 1, is_extended: false };
    scenario.placement.policy = Policy::Kubernetes(KubernetesProfile {
        fit_weight: 1,
        balance_weight: 0,
        fit: FitScore::Least,
        resources: vec![resource],
        wishes: WishWeights::DEFAULT,
        sampling,
    });
    common::add_hosts(&mut scenario, &[100], 250);
    let mut state = State::new(&scenario);
    for (row, spec) in scenario.hosts.iter().enumerate() {
        let rack = RackId::from_row(usize::from(row % 3 > 0));
        state.add_host(spec.host_type, rack, 0);
    }
    let placer = Placer::new(&scenario);
    let mut dice = fleetcast_core::dice::stream(1, "placement");
    let mut place = || {
        let ask = state.ask(&common::padded(&[1]), None, &[]);
        let host = placer.decide(&state, ask, &mut dice).expect("there is room");
        if let Some(next) = placer.next_scan_start(&state, ask) {
            state.history.set_scan_start(next);
        }
        let demand = DemandId::from_row(0);
        state.start(Vm { request: 0, placed: Time::ZERO, host, ask, demand });
        host.row()
    };
    (0..vms).map(|_| place()).collect()
}

#[test]
fn without_sampling_the_lowest_index_of_the_emptiest_is_taken() {
    assert_eq!(run(None, 4), [0, 1, 2, 3]);
}

#[test]
fn a_search_goes_on_where_the_one_before_found_enough() {
    // 48 % of 250 are 120: from 0, from 120, from 240 on and round to 109, from 110 on.
    let sampling = KubernetesSampling { percentage: 0, interleaves_zones: false };
    assert_eq!(run(Some(sampling), 5), [0, 120, 240, 110, 230]);
}

#[test]
fn zones_take_turns_until_the_smaller_one_is_through() {
    // Zone 1 has hosts 0, 3, 6, …; zone 2 has 1, 2, 4, 5, …: the order is 0 1 3 2 6 4 9 5 …
    let sampling = KubernetesSampling { percentage: 100, interleaves_zones: true };
    assert_eq!(run(Some(sampling), 8), [0, 1, 3, 2, 6, 4, 9, 5]);
}
