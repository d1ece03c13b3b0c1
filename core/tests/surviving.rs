//! What a fleet survives: against the plain test in one resource, and on every fleet it is
//! afterwards as it was.

mod common;
#[path = "common/fleets.rs"]
mod fleets;

use common::{add_hosts, bare};
use fleetcast_core::failures::headroom;
use fleetcast_core::loss::{Losses, Lost, Scale, survives};
use fleetcast_core::read::{Input, read};
use fleetcast_core::scenario::*;
use fleetcast_core::simulation::{self, Simulation};
use fleetcast_core::source::{MemoryFiles, NoFiles};
use fleetcast_core::state::{HostId, Search, State, Vm};
use fleetcast_core::time::Time;
use fleets::{DURATION_MS, fleets};
use proptest::prelude::*;
use proptest::strategy::Strategy as _;
use std::sync::Arc;

/// Hosts with so much free and such VMs, in one resource, placed by best fit.
fn fleet(hosts: &[headroom::Host]) -> (Scenario, State) {
    let mut scenario = bare(&["cpu"]);
    scenario.placement.policy = Policy::BestFit(FitBy::Columns(vec![0]));
    for host in hosts {
        let capacity = host.free + host.vms.iter().sum::<u64>();
        add_hosts(&mut scenario, &[capacity as i64], 1);
    }
    let mut state = State::new(&scenario);
    let mut request = 0;
    for (row, host) in hosts.iter().enumerate() {
        let id = state.add_host(HostTypeId::from_row(row), RackId::from_row(0), 0);
        for size in &host.vms {
            let ask = state.ask(&common::padded(&[*size as i64]), None, &[]);
            let demand = DemandId::from_row(0);
            state.start(Vm { request, placed: Time::ZERO, host: id, ask, demand });
            request += 1;
        }
    }
    (scenario, state)
}

fn hosts(of: &[(u64, &[u64])]) -> Vec<headroom::Host> {
    of.iter().map(|(free, vms)| headroom::Host { free: *free, vms: vms.to_vec() }).collect()
}

#[test]
fn the_cases_of_n_plus_k_come_out() {
    for (of, k, expected) in [
        (hosts(&[(10, &[10, 10]), (10, &[10]), (10, &[10])]), 1, true),
        // 24 are free, and 24 are lost: the 16 has no hole.
        (hosts(&[(0, &[16, 8]), (12, &[4]), (12, &[4])]), 1, false),
        (hosts(&[(20, &[20]), (20, &[20]), (20, &[20]), (40, &[])]), 2, true),
    ] {
        let (scenario, state) = fleet(&of);
        let mut losses = Losses::new(&scenario, &state, Time::ZERO);
        let survived = if k == 1 {
            losses.survey(Scale::Host, |_, _| ()).survives()
        } else {
            let pairs = (0..of.len()).flat_map(|a| (a + 1..of.len()).map(move |b| vec![a, b]));
            let mut pairs = pairs.map(|rows| rows.into_iter().map(HostId::from_row).collect());
            pairs.all(|pair| losses.lose(Lost::Largest(pair)).homeless.is_empty())
        };
        assert_eq!(survived, expected);
        assert_eq!(survived, headroom::survives_any(&of, k));
    }
}

/// The expectation, through a file and a run.
#[test]
fn a_run_can_be_expected_to_survive() {
    let held = |racks: u64, vms: u64, level: &str| {
        let text = format!(
            "name = 's'\nduration = '1 day'\n[host-models.m]\ncpu = 8\n[[pools]]\nname = 'p'\n\
             racks-per-zone = {racks}\nhosts = {{ model = 'm', count = 4 }}\n[flavors.f]\ncpu = 2\n\
             [[demand]]\nname = 'd'\nflavor = 'f'\nalive = {vms}\n\
             [[expect]]\nmetric = 'survives'\nat-least = '{level}'\n"
        );
        let scenario = read(&Input { file: "s.toml", text: &text, overrides: &[] }, &NoFiles);
        let scenario = scenario.unwrap_or_else(|p| panic!("{p:#?}")).scenario;
        let report = simulation::run(&Arc::new(scenario), &MemoryFiles::default()).unwrap();
        (report.expectations[0].held, report.expectations[0].found.clone())
    };
    // 4 hosts of 4 VMs: 12 VMs leave one host free, 8 leave a rack of two.
    assert_eq!(held(2, 13, "host"), (false, "none".to_owned()));
    assert_eq!(held(2, 12, "host"), (true, "host".to_owned()));
    assert_eq!(held(2, 12, "rack"), (false, "host".to_owned()));
    assert_eq!(held(2, 8, "rack"), (true, "rack".to_owned()));
    // One rack is all there is.
    assert_eq!(held(1, 1, "rack"), (false, "host".to_owned()));
}

fn plain_hosts() -> impl proptest::strategy::Strategy<Value = Vec<headroom::Host>> {
    let host = (0..20u64, prop::collection::vec(1..12u64, 0..6));
    prop::collection::vec(host.prop_map(|(free, vms)| headroom::Host { free, vms }), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn in_one_resource_it_is_the_plain_test(of in plain_hosts(), two in any::<[u8; 2]>()) {
        let (scenario, mut state) = fleet(&of);
        for search in [Search::Hosts, Search::Classes] {
            state.search(search);
            let mut losses = Losses::new(&scenario, &state, Time::ZERO);
            let mut rows: Vec<usize> = two.iter().map(|row| usize::from(*row) % of.len()).collect();
            rows.sort();
            rows.dedup();
            let list = rows.iter().map(|row| HostId::from_row(*row)).collect();
            let loss = losses.lose(Lost::Largest(list));
            let sizes: Vec<u64> = loss.homeless.iter().map(|vm| vm.amounts[0] as u64).collect();
            prop_assert_eq!(sizes, headroom::unplaced(&of, &rows));
            let survey = losses.survey(Scale::Host, |_, _| ());
            // The worst leaves most without a place; of equals, the most VMs; then the first.
            let left = |row: usize| {
                let sizes = headroom::unplaced(&of, &[row]);
                (sizes.iter().sum::<u64>(), sizes.len())
            };
            let plain = (0..of.len()).rev().max_by_key(|row| left(*row));
            let plain = plain.filter(|row| left(*row).0 > 0);
            let found = survey.worst.map(|loss| loss.lost);
            prop_assert_eq!(found, plain.map(|row| Lost::Host(HostId::from_row(row))));
            let by_size = headroom::worst(&of, (0..of.len()).map(|row| vec![row]));
            let most = by_size.map(|loss| loss.unplaced.iter().sum::<u64>());
            prop_assert_eq!(plain.map(|row| left(row).0), most);
        }
    }

    #[test]
    fn the_fleet_is_afterwards_as_it_was(fleet in fleets(), at in 0..DURATION_MS) {
        let scenario = &fleet.scenario;
        let mut simulation = Simulation::new(Arc::clone(scenario), &fleet.files).unwrap();
        simulation.advance(Time::from_ms(at), &mut ()).unwrap();
        let now = Time::from_ms(at);
        let told = |state: &State| {
            let host = |host| {
                let free: Vec<i64> =
                    (0..state.hosts.kinds()).map(|column| state.hosts.free(host, column)).collect();
                (free, state.hosts.status(host), state.hosts.vm_count(host))
            };
            let hosts: Vec<_> = state.hosts.ids().map(host).collect();
            let vms: Vec<_> = state.vms.iter().map(|(id, vm)| (id, *vm)).collect();
            (hosts, vms, *state.hosts.total(), state.last_placed, state.groups.held())
        };
        let mut losses = Losses::new(scenario, simulation.state(), now);
        let before = told(losses.state());
        let mut surveys = Vec::new();
        for scale in [Scale::Host, Scale::Rack, Scale::Zone, Scale::Largest(2)] {
            let survey = losses.survey(scale, |_, _| ());
            prop_assert_eq!(survey.worst.is_none(), survey.losses == survey.survived);
            prop_assert!(told(losses.state()) == before);
            surveys.push(survey);
        }
        // Asked again, the answer is the same.
        for survey in surveys {
            prop_assert_eq!(&losses.survey(survey.scale, |_, _| ()), &survey);
        }
        prop_assert!(survives(scenario, simulation.state(), now) <= 3);
    }
}
