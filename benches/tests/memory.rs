//! What a run holds in memory: so much a live VM and a host, and nothing a request.
//!
//! Counted are the bytes that the simulation and its observers have asked the allocator for and
//! not given back, at the fact at which they are most. The scenario, a value that the run shares
//! with its caller, is not in it. Counts are of one thread and the same on every machine.

use fleetcast_benches::*;
use fleetcast_core::fact::Fact;
use fleetcast_core::observe::{Fingerprint, Observer, Summary};
use fleetcast_core::scenario::{Arrivals, Curve, Distribution, Growth, Scenario, TraceFile};
use fleetcast_core::simulation::Simulation;
use fleetcast_core::source::{Files, MemoryFiles, NoFiles};
use fleetcast_core::state::{Search, State};
use fleetcast_core::time::Time;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;
use std::sync::Arc;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn held_bytes() -> i64 {
    let stats = ALLOCATOR.stats();
    // Reallocations are counted in both of the others too.
    stats.bytes_allocated as i64 - stats.bytes_deallocated as i64
}

/// Keeps the most bytes held at any fact.
#[derive(Default)]
struct Peak {
    bytes: i64,
    /// Of which are classes of hosts, at the end.
    classes: i64,
    alive: usize,
    requests: u64,
}

impl Observer for Peak {
    fn hear(&mut self, _: Time, fact: &Fact<'_>, state: &State) {
        self.bytes = self.bytes.max(held_bytes());
        self.alive = self.alive.max(state.vms.alive());
        self.requests += u64::from(matches!(fact, Fact::Requested { .. }));
    }
}

fn peak(scenario: Scenario, files: &dyn Files) -> Peak {
    let scenario = Arc::new(scenario);
    let before = held_bytes();
    let mut observers = (Summary::new(&scenario), Fingerprint::new(), Peak::default());
    let mut simulation = Simulation::new(scenario, files).expect("it has no files to miss");
    simulation.advance(simulation.end(), &mut observers).expect("it has no files to miss");
    assert_eq!(observers.0.total.refused, 0);
    let with_classes = held_bytes();
    simulation.search(Search::Hosts);
    let classes = with_classes - held_bytes();
    Peak { bytes: observers.2.bytes - before, classes, ..observers.2 }
}

fn vms(what: &str, scenario: Scenario) -> f64 {
    let peak = peak(scenario, &NoFiles);
    let each = peak.bytes as f64 / peak.alive as f64;
    println!(
        "{what}: {} requests, {} VMs alive: {} bytes, {each:.1} a live VM",
        peak.requests, peak.alive, peak.bytes
    );
    each
}

fn hosts(what: &str, scenario: Scenario, count: usize) -> f64 {
    let peak = peak(scenario, &NoFiles);
    let each = peak.bytes as f64 / count as f64;
    println!("{what}: {count} hosts: {} bytes, {each:.1} a host", peak.bytes);
    each
}

/// All alive at once keep on a level of `alive`.
fn level(requests: u64, alive: u64) -> Scenario {
    let mut scenario = endless_host(requests, alive);
    scenario.demands[0].arrivals = Arrivals::Alive(Curve::Constant(alive as f64));
    scenario
}

fn idle(add: impl FnOnce(&mut Scenario)) -> Scenario {
    let mut scenario = bare("idle hosts", 1_000);
    add(&mut scenario);
    add_demand(&mut scenario, rate(0.0), Distribution::Constant(1), &[(1, 1, 1.0)]);
    scenario
}

/// A trace of so many rows, one a second, of which 1,000 are alive at a time.
fn streamed(rows: u64) -> Peak {
    let mut text = String::from("arrival_s,lifetime_s,vcpu,mem_mib\n");
    for row in 0..rows {
        text += &format!("{row},1000,2,8192\n");
    }
    let mut files = MemoryFiles::default();
    files.insert("trace.csv", text.into_bytes());
    let mut scenario = endless_host(rows, 1_000);
    let last_ms = (rows + 1_000) * 1_000;
    let trace = TraceFile { file: "trace.csv".into(), rows, is_sorted: true, last_ms };
    scenario.demands[0].arrivals = Arrivals::Trace(trace);
    let peak = peak(scenario, &files);
    assert_eq!(peak.requests, rows);
    peak
}

/// A million hosts, twice as many VMs of 60 flavors.
fn million() -> Scenario {
    idle(|scenario| {
        let host_type = add_model(scenario, 64, 256);
        add_hosts(scenario, host_type, 1_000_000);
        let flavors: Vec<_> = (0..60).map(|n| (1 + n % 12, 2 + n * 2 / 3, 1.0)).collect();
        let alive = Arrivals::Alive(Curve::Constant(2_000_000.0));
        add_demand(scenario, alive, Distribution::Constant(u64::MAX), &flavors);
    })
}

/// One test, since others would allocate beside it.
#[test]
fn a_run_grows_with_hosts_and_live_vms_but_not_with_requests() {
    for alive in [300_000, 270_000] {
        let random = vms("arrivals at a rate", endless_host(alive * 4, alive));
        let curve = vms("a curve of VMs alive", level(alive * 2, alive));
        assert!(random <= 128.0, "{random} bytes a live VM");
        assert!(curve <= 128.0, "{curve} bytes a live VM");
    }
    let few = peak(endless_host(50_000, 5_000), &NoFiles);
    let many = peak(endless_host(500_000, 5_000), &NoFiles);
    println!("10 × the requests: {} bytes, then {}", few.bytes, many.bytes);
    assert!(many.bytes * 4 < few.bytes * 5, "{} bytes, then {}", few.bytes, many.bytes);

    let (few, many) = (streamed(20_000), streamed(200_000));
    println!("10 × the rows of a trace: {} bytes, then {}", few.bytes, many.bytes);
    assert!(many.bytes * 10 < few.bytes * 11, "{} bytes, then {}", few.bytes, many.bytes);

    let each = vms("a million VMs alive", level(1_200_000, 1_000_000));
    assert!(each <= 128.0, "{each} bytes a live VM");

    let whole = peak(million(), &NoFiles);
    println!("1,000,000 hosts, 60 flavors, {} VMs: {} bytes", whole.alive, whole.bytes);
    let each = whole.classes as f64 / 1e6;
    println!("of which {} are classes of hosts: {each:.1} a host", whole.classes);
    assert!(each <= 16.0, "{each} bytes a host");
    assert_eq!(whole.alive, 2_000_000);
    assert!(whole.bytes <= 1 << 30, "{} bytes", whole.bytes);

    // Just past a power of two, vectors that double are half empty.
    for count in [1_000_000, 1_050_000] {
        let given = idle(|scenario| {
            let host_type = add_model(scenario, 16, 96);
            add_hosts(scenario, host_type, count);
        });
        let grown = idle(|scenario| {
            let host_type = add_model(scenario, 16, 96);
            let curve = Curve::Constant(count as f64);
            scenario.growth.push(Growth { host_type, curve });
        });
        for (what, scenario) in [("at the start", given), ("by a plan", grown)] {
            let each = hosts(what, scenario, count);
            assert!(each <= 64.0, "{each} bytes a host");
        }
    }
}
