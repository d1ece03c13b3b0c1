//! A whole run against a bare loop: what facts, reports and the reading of a trace cost.
//!
//! 20,000 hosts of 64 vCPU and 256 GiB, and a trace of 360,000 requests in 30 days. The bare loop
//! goes through the same requests as arrays, with the same agenda and the same index, and tells
//! nobody. First it is asserted that both place everything, and on the same hosts.

use criterion::{Criterion, criterion_group, criterion_main};
use fleetcast_benches::exponential_ms;
use fleetcast_core::agenda::{Agenda, Class, Classed};
use fleetcast_core::dice;
use fleetcast_core::fact::Fact;
use fleetcast_core::observe::{Fingerprint, Observer, Summary};
use fleetcast_core::placement::Placer;
use fleetcast_core::read::{Input, read};
use fleetcast_core::resources::Amounts;
use fleetcast_core::scenario::{DemandId, Scenario};
use fleetcast_core::simulation::Simulation;
use fleetcast_core::source::MemoryFiles;
use fleetcast_core::state::{HostId, State, Vm, VmId};
use fleetcast_core::time::{DAY_MS, Time};
use rand::RngExt;
use std::fmt::Write;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

const REQUESTS: usize = 360_000;
const HOSTS: usize = 20_000;

/// What one request asks for, in ms, vCPU and GiB.
struct Row {
    at_ms: u64,
    stay_ms: u64,
    vcpu: i64,
    gib: i64,
}

/// Arrivals at random over 30 days, lives of 10 days on average, 5 flavors.
fn rows() -> Vec<Row> {
    const FLAVORS: [(f64, i64, i64); 5] =
        [(0.40, 1, 2), (0.70, 2, 4), (0.85, 4, 8), (0.95, 8, 32), (1.0, 16, 64)];
    let dice = &mut dice::stream(1, "whole");
    let mut arrivals: Vec<u64> = (0..REQUESTS).map(|_| dice.random_range(0..30 * DAY_MS)).collect();
    arrivals.sort_unstable();
    let stays = exponential_ms(10.0 * DAY_MS as f64, REQUESTS);
    let mut row = |(at_ms, stay_ms)| {
        let chance: f64 = dice.random();
        let flavor = FLAVORS.iter().find(|(up_to, ..)| chance < *up_to);
        let (_, vcpu, gib) = *flavor.expect("the last is certain");
        Row { at_ms, stay_ms, vcpu, gib }
    };
    arrivals.into_iter().zip(stays).map(&mut row).collect()
}

fn text(policy: &str) -> String {
    format!(
        "name = \"whole\"\nquestion = \"?\"\nstart = \"2025-01-01\"\nduration = \"30 days\"\n\
         [host-models.node]\ncpu = 64\nmemory = \"256 GiB\"\n\
         [[pools]]\nname = \"compute\"\nhosts = {{ model = \"node\", count = {HOSTS} }}\n\
         [[demand]]\nname = \"vms\"\ntrace = \"whole.csv\"\n\
         [placement]\npolicy = \"{policy}\"\n"
    )
}

fn trace(rows: &[Row]) -> Vec<u8> {
    let seconds = |ms: u64| format!("{}.{:03}", ms / 1_000, ms % 1_000);
    let mut text = String::from("arrival_s,lifetime_s,vcpu,mem_gib\n");
    for row in rows {
        let (at, stay) = (seconds(row.at_ms), seconds(row.stay_ms));
        writeln!(text, "{at},{stay},{},{}", row.vcpu, row.gib).expect("there is memory");
    }
    text.into_bytes()
}

/// Which hosts took VMs, in order.
#[derive(Default)]
struct Digest(u64);

impl Digest {
    fn hear_host(&mut self, host: HostId) {
        self.0 = self.0.wrapping_mul(31).wrapping_add(host.row() as u64 + 1);
    }
}

impl Observer for Digest {
    fn hear(&mut self, _: Time, fact: &Fact<'_>, _: &State) {
        if let Fact::Placed { host, .. } = fact {
            self.hear_host(*host);
        }
    }
}

fn scenario(policy: &str, files: &MemoryFiles) -> Arc<Scenario> {
    let text = text(policy);
    let input = Input { file: "whole.toml", text: &text, overrides: &[] };
    Arc::new(read(&input, files).expect("the scenario is right").scenario)
}

/// Runs as `fleetcast run --quiet` does.
fn run(scenario: Arc<Scenario>, files: &MemoryFiles) -> u64 {
    let mut observers = (Summary::new(&scenario), Fingerprint::new());
    let mut simulation = Simulation::new(scenario, files).expect("the trace is there");
    simulation.advance(simulation.end(), &mut observers).expect("the trace can be read");
    assert_eq!(observers.0.total.placed, REQUESTS as u64, "every placement succeeds");
    observers.0.total.placed
}

#[derive(Clone, Copy, Debug)]
struct Depart(VmId);

impl Classed for Depart {
    fn class(&self) -> Class {
        Class::CapacityFreed
    }
}

fn bare_loop(scenario: &Scenario, rows: &[Row]) -> u64 {
    let mut state = State::new(scenario);
    for spec in &scenario.hosts {
        state.add_host(spec.host_type, spec.rack, 0);
    }
    let (placer, mut dice) = (Placer::new(scenario), dice::stream(1, "placement"));
    let (mut agenda, mut digest) = (Agenda::new(), Digest::default());
    for row in rows {
        let now = Time::from_ms(row.at_ms);
        while let Some((_, Depart(vm))) = agenda.pop_until(now, Class::Failure) {
            let vm = state.end(vm);
            state.forget(vm.ask);
        }
        let mut amounts = Amounts::default();
        (amounts[0], amounts[1]) = (row.vcpu * 1_000, row.gib * 1_024);
        let ask = state.ask(&amounts, None, &[]);
        let host = placer.decide(&state, ask, &mut dice).expect("every placement succeeds");
        let vm = Vm { request: 0, placed: now, host, ask, demand: DemandId::from_row(0) };
        let vm = state.start(vm);
        agenda.push(now.after(row.stay_ms), Depart(vm));
        digest.hear_host(host);
    }
    digest.0
}

fn seconds(act: impl FnOnce() -> u64) -> f64 {
    let begin = Instant::now();
    black_box(act());
    begin.elapsed().as_secs_f64()
}

fn whole(criterion: &mut Criterion) {
    let rows = rows();
    let mut files = MemoryFiles::default();
    files.insert("whole.csv", trace(&rows));
    let mut lines = Vec::new();
    for policy in ["first-fit", "best-fit"] {
        let checked = scenario(policy, &files);
        let mut digest = Digest::default();
        let mut simulation = Simulation::new(Arc::clone(&checked), &files).expect("as above");
        simulation.advance(simulation.end(), &mut digest).expect("as above");
        assert_eq!(digest.0, bare_loop(&checked, &rows), "both decide the same");

        let run_only = || run(Arc::clone(&checked), &files);
        let read_and_run = || run(scenario(policy, &files), &files);
        // In turn, so that others on the machine disturb all alike.
        let rounds: Vec<[f64; 3]> = (0..7)
            .map(|_| {
                let bare = seconds(|| bare_loop(&checked, &rows));
                [bare, seconds(run_only) / bare, seconds(read_and_run) / bare]
            })
            .collect();
        let median = |which: usize| {
            let mut figures: Vec<f64> = rounds.iter().map(|round| round[which]).collect();
            figures.sort_by(f64::total_cmp);
            figures[figures.len() / 2]
        };
        lines.push(format!(
            "{policy}, {HOSTS} hosts, {REQUESTS} requests: bare loop {:.0} ms, run ÷ bare loop {:.2}, \
             reading and run ÷ bare loop {:.2}",
            1_000.0 * median(0),
            median(1),
            median(2)
        ));
        let mut group = criterion.benchmark_group(format!("{policy}, {HOSTS} hosts"));
        group.bench_function("bare loop", |b| b.iter(|| bare_loop(&checked, &rows)));
        group.bench_function("run", |b| b.iter(run_only));
        group.bench_function("read and run", |b| b.iter(read_and_run));
        group.finish();
    }
    println!();
    lines.iter().for_each(|line| println!("{line}"));
}

fn settings() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(4))
}

criterion_group!(name = benches; config = settings(); targets = whole);
criterion_main!(benches);
