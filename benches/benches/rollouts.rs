//! Rollouts against ordinary churn: what it costs that a controller starts and ends VMs.
//!
//! 2,000 hosts and 12,000 VMs for a year in both. In one they are the instances of 300 services,
//! and each is rolled out every 15 days: 20 rollouts a day, all instances new 24 times a year. In
//! the other they come and go by themselves, as often. Hosts fail in both, 5 % of them a year. Each
//! run is measured in VMs started and ended per second, and in facts per second. First it is
//! asserted that the rollouts got through and that as many VMs were started.

use criterion::{Criterion, criterion_group, criterion_main};
use fleetcast_core::fact::Fact;
use fleetcast_core::observe::{Fingerprint, Observer, Summary};
use fleetcast_core::read::{Input, read};
use fleetcast_core::report::Report;
use fleetcast_core::scenario::Scenario;
use fleetcast_core::simulation::Simulation;
use fleetcast_core::source::MemoryFiles;
use fleetcast_core::state::State;
use fleetcast_core::time::Time;
use fleetcast_core::verdict;
use std::fmt::Write;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

const HOSTS: usize = 2_000;
const SERVICES: usize = 300;
const INSTANCES: usize = 40;
/// Each service is rolled out as often in a year: 300 × 24 ÷ 365 is about 20 a day.
const ROLLOUTS_EACH: usize = 24;

fn fleet(name: &str) -> String {
    format!(
        "name = \"{name}\"\nstart = \"2025-01-01\"\nduration = \"365 days\"\n\
         [host-models.node]\ncpu = 32\nmemory = \"128 GiB\"\n\
         [[pools]]\nname = \"compute\"\nracks-per-zone = 50\n\
         hosts = {{ model = \"node\", count = {HOSTS} }}\n\
         [flavors.vm]\ncpu = 4\nmemory = \"16 GiB\"\n\
         [failures]\nhosts = \"5% per year\"\n\
         [placement]\npolicy = \"best-fit\"\n"
    )
}

fn rolled_out() -> String {
    let mut text = fleet("rollouts");
    text += "[images.one]\nboot = \"60 s\"\n[images.two]\nboot = \"60 s\"\n";
    for service in 0..SERVICES {
        let minutes = service * 15 * 24 * 60 / SERVICES;
        let _ = writeln!(
            text,
            "[[service]]\nname = \"s{service}\"\nimage = \"one\"\nflavor = \"vm\"\n\
             instances = {INSTANCES}\ngrace = \"30 s\"\n\
             [[rollout]]\nservice = \"s{service}\"\nimage = \"two\"\n\
             at = \"{minutes} min\"\nevery = \"15 days\"\ntimes = {ROLLOUTS_EACH}"
        );
    }
    text
}

/// As many at a time, and as many in a year.
fn churn() -> String {
    let (vms, minutes) = (SERVICES * INSTANCES, 365 * 24 * 60 / ROLLOUTS_EACH);
    fleet("churn")
        + &format!(
            "[[demand]]\nname = \"vms\"\nflavor = \"vm\"\nalive = {vms}\nboot = \"60 s\"\n\
             lifetime = {{ distribution = \"exponential\", mean = \"{minutes} min\" }}\n"
        )
}

fn scenario(text: &str) -> Arc<Scenario> {
    let input = Input { file: "bench.toml", text, overrides: &[] };
    match read(&input, &MemoryFiles::default()) {
        Ok(read) => Arc::new(read.scenario),
        Err(problems) => panic!("the scenario is right: {problems:?}"),
    }
}

/// Facts, and VMs that were started or ended.
#[derive(Default)]
struct Count {
    facts: u64,
    changes: u64,
}

impl Observer for Count {
    fn hear(&mut self, _: Time, fact: &Fact<'_>, _: &State) {
        self.facts += 1;
        self.changes += u64::from(matches!(fact, Fact::Placed { .. } | Fact::Departed { .. }));
    }
}

/// A run with what every run has: the summary and the fingerprint.
fn run(scenario: &Arc<Scenario>) -> (Report, Count, Duration) {
    let mut simulation =
        Simulation::new(Arc::clone(scenario), &MemoryFiles::default()).expect("no files");
    let mut observers = (Summary::new(scenario), Fingerprint::new(), Count::default());
    let started = Instant::now();
    simulation.advance(simulation.end(), &mut observers).expect("no files");
    let took = started.elapsed();
    let (summary, fingerprint, count) = observers;
    (verdict::report(scenario, &summary, fingerprint.hex()), count, took)
}

fn rollouts(criterion: &mut Criterion) {
    let (with, without) = (scenario(&rolled_out()), scenario(&churn()));
    let (report, _, _) = run(&with);
    let totals = report.rollout_totals;
    assert_eq!(totals.complete, (SERVICES * ROLLOUTS_EACH) as u64, "{totals:?}");
    let (other, _, _) = run(&without);
    let (a, b) = (report.placed as f64, other.placed as f64);
    assert!((0.9..1.1).contains(&(a / b)), "as many VMs are started: {a} and {b}");
    let mut best = [f64::MAX; 2];
    let mut counts = [(0, 0); 2];
    for _ in 0..5 {
        for (row, scenario) in [&with, &without].into_iter().enumerate() {
            let (_, count, took) = run(scenario);
            best[row] = best[row].min(took.as_secs_f64());
            counts[row] = (count.changes, count.facts);
        }
    }
    let [(changes, facts), (churned, told)] = counts;
    let per_s = |count: u64, row: usize| count as f64 / best[row];
    println!(
        "rollouts: {changes} VMs started or ended and {facts} facts in {:.2} s; churn: {churned} \
         and {told} in {:.2} s",
        best[0], best[1]
    );
    println!(
        "per second, with rollouts ÷ without: {:.0} % of VMs started or ended, {:.0} % of facts",
        100.0 * per_s(changes, 0) / per_s(churned, 1),
        100.0 * per_s(facts, 0) / per_s(told, 1)
    );
    let mut group = criterion.benchmark_group("rollouts");
    group.sample_size(10);
    group.bench_function("a year of 20 rollouts a day", |bencher| {
        bencher.iter(|| black_box(run(&with)));
    });
    group.bench_function("a year of churn", |bencher| bencher.iter(|| black_box(run(&without))));
    group.finish();
}

criterion_group!(benches, rollouts);
criterion_main!(benches);
