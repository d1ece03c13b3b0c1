//! The summary's percentiles.

mod common;

use common::{add_flavor, add_hosts, bare, demand, rate};
use fleetcast_core::scenario::Distribution;
use fleetcast_core::simulation;
use fleetcast_core::source::NoFiles;
use std::sync::Arc;

#[test]
fn a_time_to_ready_of_ten_seconds_is_one_of_ten_seconds() {
    let mut scenario = bare(&["cpu"]);
    add_hosts(&mut scenario, &[1_000], 1);
    add_flavor(&mut scenario, &[1]);
    let mut web = demand(&scenario, "web", rate(1e-4), Distribution::Constant(1_000));
    web.boot = Distribution::Constant(10_000);
    scenario.demands.push(web);
    let report = simulation::run(&Arc::new(scenario), &NoFiles).expect("it has no files to miss");
    let ready = report.time_to_ready_s;
    for value in [ready.p50, ready.p95, ready.p99] {
        assert!((9.99..=10.0).contains(&value), "{value}");
    }
}
