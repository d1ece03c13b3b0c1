//! HubSpot's story comes out as it is told: `scenarios/hubspot.toml`, and what guesses of memory cost.

use fleetcast_core::dice;
use fleetcast_core::fact::Fact;
use fleetcast_core::observe::{Observer, Summary};
use fleetcast_core::provisioning::jvm::{Asks, Toll, toll};
use fleetcast_core::read::{Input, read};
use fleetcast_core::rollout::timeline::Outcome;
use fleetcast_core::simulation::Simulation;
use fleetcast_core::source::NoFiles;
use fleetcast_core::state::State;
use fleetcast_core::time::Time;
use fleetcast_core::verdict;
use std::collections::BTreeMap;
use std::sync::Arc;

const SCENARIO: &str = include_str!("../../scenarios/hubspot.toml");

/// By service: deploys that succeeded, and all that are over.
#[derive(Default)]
struct Deploys {
    service: BTreeMap<u32, usize>,
    over: BTreeMap<usize, (u32, u32)>,
}

impl Observer for Deploys {
    fn hear(&mut self, _: Time, fact: &Fact<'_>, _: &State) {
        match fact {
            Fact::RolloutStarted { rollout, service, .. } => {
                self.service.insert(rollout.0, service.row());
            }
            Fact::RolloutEnded { rollout, outcome } => {
                let (succeeded, all) = self.over.entry(self.service[&rollout.0]).or_default();
                *succeeded += u32::from(*outcome == Outcome::Complete);
                *all += 1;
            }
            _ => {}
        }
    }
}

fn run(text: &str) -> (Deploys, fleetcast_core::report::Report) {
    let input = Input { file: "hubspot.toml", text, overrides: &[] };
    let scenario = Arc::new(read(&input, &NoFiles).expect("the scenario is right").scenario);
    let mut observers = (Deploys::default(), Summary::new(&scenario));
    let mut simulation = Simulation::new(Arc::clone(&scenario), &NoFiles).expect("no files");
    simulation.advance(simulation.end(), &mut observers).expect("no files");
    (observers.0, verdict::report(&scenario, &observers.1, String::new()))
}

#[test]
fn an_all_or_nothing_deploy_fails_more_often_the_bigger_the_service() {
    let (deploys, report) = run(SCENARIO);
    for (service, expected) in [(0, 0.980_1), (1, 0.904_6), (2, 0.605_8_f64)] {
        let (succeeded, all) = deploys.over[&service];
        let found = f64::from(succeeded) / f64::from(all);
        let sigma = (expected * (1.0 - expected) / f64::from(all)).sqrt();
        assert!(all > 600 && (found - expected).abs() < 3.0 * sigma, "{service}: {found} of {all}");
    }
    for rollout in report.rollouts.iter().filter(|rollout| rollout.outcome == "complete") {
        assert_eq!(rollout.duration_s, 40.0);
        assert_eq!(rollout.peak_slots, 2 * rollout.instances, "{}", rollout.service);
    }
}

#[test]
fn by_the_formula_fewer_hosts_do_than_with_twice_the_heap() {
    let hosts = |text: &str| run(text).1.peak_hosts_used;
    let mut doubled = SCENARIO.to_owned();
    for (heap, twice) in [("512 MiB", "1 GiB"), ("1 GiB", "2 GiB"), ("2 GiB", "4 GiB")]
        .into_iter()
        .chain([("4 GiB", "8 GiB"), ("8 GiB", "16 GiB")])
    {
        let formula = format!("jvm = {{ heap = \"{heap}\", threads = 220 }}");
        assert!(doubled.contains(&formula), "{heap}");
        doubled = doubled.replace(&formula, &format!("memory = \"{twice}\""));
    }
    assert_eq!((hosts(SCENARIO), hosts(&doubled)), (75, 117));
}

#[test]
fn guesses_are_too_small_or_too_large() {
    // Heaps of 512 MiB to 4 GiB: with those of up to 8 GiB, 37 % of the guesses are too small.
    let of = |asks| {
        let mut dice = dice::stream(14, "jvm");
        toll(asks, 200_000, (512.0, 4_096.0), (40, 400), 0.92, &mut dice)
    };
    let times = |factor, sigma| Asks::TimesHeap { factor, sigma };
    for (asks, killed, waste) in [
        (Asks::ByFormula, 0.0, 0.041),
        (times(1.4, 0.3), 0.447, 0.196),
        (times(1.0, 0.0), 1.0, 0.0),
        (times(2.0, 0.0), 0.005, 0.364),
    ] {
        let found: Toll = of(asks);
        let is_near = |found: f64, told: f64| (found - told).abs() < 0.025;
        assert!(
            is_near(found.killed, killed) && is_near(found.waste, waste),
            "{asks:?}: {found:?}"
        );
    }
}
