//! Comparisons: what is known to differ is found, what does not is not, and intervals hold the truth
//! as often as they say.

mod common;

use common::{add_flavor, add_hosts, bare, demand, rate};
use fleetcast_core::comparison::{Runs, metrics};
use fleetcast_core::report::metric;
use fleetcast_core::scenario::{Bound, Distribution, Expectation, Policy, Scenario};
use fleetcast_core::simulation;
use fleetcast_core::source::NoFiles;
use std::sync::Arc;

/// Requests that come at so many a second for 100 s, on more hosts than they need.
fn arrivals(per_s: f64) -> Scenario {
    with_room(per_s, 1_000)
}

/// The same on four hosts with room for so many each.
fn with_room(per_s: f64, room: i64) -> Scenario {
    let mut scenario = bare(&["slots"]);
    scenario.duration_ms = 100_000;
    add_hosts(&mut scenario, &[room], 4);
    add_flavor(&mut scenario, &[1]);
    let stay = Distribution::Constant(1_000_000);
    let web = demand(&scenario, "web", rate(per_s / 1_000.0), stay);
    scenario.demands.push(web);
    scenario
}

fn compared(
    variants: &[&Scenario],
    names: &[&str],
    figure: &str,
    seeds: std::ops::Range<u64>,
) -> Runs {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    let mut runs = Runs::new(names, vec![metric(figure).expect("it is known")]);
    for seed in seeds {
        let measured: Vec<_> = variants
            .iter()
            .map(|variant| {
                let scenario = Scenario { seed, ..(*variant).clone() };
                let report = simulation::run(&Arc::new(scenario), &NoFiles).expect("no files");
                runs.measure(&report)
            })
            .collect();
        runs.add(&measured);
    }
    runs
}

#[test]
fn intervals_hold_a_known_truth_as_often_as_they_say() {
    // Poisson: 100 s × (0.9 − 0.8) more requests in the mean, exactly.
    let (few, many) = (arrivals(0.8), arrivals(0.9));
    let (mut held, mut held_by_bootstrap) = (0, 0);
    for round in 0..300 {
        let runs =
            compared(&[&few, &many], &["few", "many"], "requests", round * 20..round * 20 + 20);
        let comparison = runs.compare(&few);
        let interval = comparison.rows[0].differences[0].interval.expect("there are 20 seeds");
        held += u32::from(interval.low <= 10.0 && 10.0 <= interval.high);
        held_by_bootstrap +=
            u32::from(interval.bootstrap_low <= 10.0 && 10.0 <= interval.bootstrap_high);
    }
    // 285 of 300 are 95 %; ±4σ of a binomial is ±15.
    assert!((270..=299).contains(&held), "{held} of 300");
    // Twenty values are few for a bootstrap: a point or three less.
    assert!((261..=297).contains(&held_by_bootstrap), "{held_by_bootstrap} of 300");
}

#[test]
fn the_same_demand_makes_small_differences_visible() {
    // From seed to seed the share refused varies by several points; four slots fewer refuse four
    // more of the very same requests.
    let (full, fuller) = (with_room(1.0, 15), with_room(1.0, 14));
    let comparison = compared(&[&full, &fuller], &["60", "56"], "refused", 0..20).compare(&full);
    let row = &comparison.rows[0];
    assert!(row.differences[0].is_shown && row.differences[0].mean > 0.0, "{row:?}");
    assert!(
        comparison.answer.starts_with("60 is better than 56: refused"),
        "{}",
        comparison.answer
    );
    // The winner's figure stands first, and the difference is his.
    let [own, other] = [0, 1].map(|place| row.figure(row.means[place]));
    assert!(
        comparison.answer.contains(&format!("refused {own} against {other}, −")),
        "{}",
        comparison.answer
    );
}

#[test]
fn what_does_not_differ_is_not_told_as_a_difference() {
    let first = arrivals(1.0);
    let mut other = first.clone();
    other.placement.policy = Policy::LastFit;
    let mut runs = compared(&[&first, &other], &["first", "last"], "requests", 0..10);
    let comparison = runs.compare(&first);
    assert!(!comparison.rows[0].differences[0].is_shown);
    assert!(comparison.notes.is_empty(), "{:?}", comparison.notes);
    assert!(comparison.answer.starts_with("nothing differs"), "{}", comparison.answer);

    // Whoever faces another demand is told so.
    runs = compared(&[&first, &arrivals(2.0)], &["one", "two"], "requests", 0..3);
    let comparison = runs.compare(&first);
    assert!(comparison.notes[0].starts_with("the variants do not face the same demand"));
}

#[test]
fn figures_of_the_expectations_come_first() {
    let mut scenario = arrivals(1.0);
    let of = |metric: &str| Expectation {
        metric: metric.to_owned(),
        demand: None,
        at_most: Some(Bound::Value(1.0)),
        at_least: None,
    };
    scenario.expectations = vec![of("peak-alive"), of("refused")];
    let names: Vec<&str> = metrics(&scenario).iter().map(|metric| metric.name).collect();
    assert_eq!(names[..3], ["peak-alive", "refused", "waiting"]);
}
