//! Batch work: 100,000 jobs of a trace on 100 hosts of 16 slots each, 85 % taken, by each discipline.
//!
//! Jobs have 1 to 32 tasks, run for an hour on average, and are believed to run three times as long.
//! First it is asserted that all of them end.

use criterion::{Criterion, criterion_group, criterion_main};
use fleetcast_benches::exponential_ms;
use fleetcast_core::dice;
use fleetcast_core::observe::Summary;
use fleetcast_core::read::{Input, read};
use fleetcast_core::scenario::Scenario;
use fleetcast_core::simulation::Simulation;
use fleetcast_core::source::MemoryFiles;
use fleetcast_core::time::SECOND_MS;
use rand::RngExt;
use std::fmt::Write;
use std::sync::Arc;

const JOBS: usize = 100_000;
const HOUR_S: u64 = 3_600;

fn trace() -> String {
    let dice = &mut dice::stream(1, "jobs");
    let runs = exponential_ms((HOUR_S * SECOND_MS) as f64, JOBS);
    // Tasks are 6.5 on average, and a job comes each 17.2 s: 1,360 slots are taken.
    let length_s = JOBS as u64 * 172 / 10;
    let mut submits: Vec<u64> = (0..JOBS).map(|_| dice.random_range(0..length_s)).collect();
    submits.sort_unstable();
    let mut text = String::new();
    for (number, (submit, run_ms)) in submits.iter().zip(runs).enumerate() {
        let run = run_ms / SECOND_MS + 1;
        let tasks = [1, 1, 2, 2, 4, 4, 6, 32][dice.random_range(0..8usize)];
        let estimate = 3 * run;
        let known = format!("{run} {tasks} -1 -1 {tasks} {estimate}");
        writeln!(text, "{number} {submit} -1 {known} -1 1 {} -1 -1 -1 -1 -1 -1", number % 8)
            .expect("a string takes all");
    }
    text
}

fn scenario(scheduler: &str, files: &MemoryFiles) -> Arc<Scenario> {
    let text = format!(
        "name = 'jobs'\nduration = '40 days'\nresources = ['slots']\n\
         [host-models.node]\nslots = 16\n\
         [[pools]]\nname = 'all'\nhosts = {{ model = 'node', count = 100 }}\n\
         [flavors.slot]\nslots = 1\n[scheduler]\n{scheduler}\n\
         [[jobs]]\nname = 'jobs'\nswf = 'jobs.swf'\nflavor = 'slot'\ntenants = 'user'\n"
    );
    let read = read(&Input { file: "jobs.toml", text: &text, overrides: &[] }, files);
    Arc::new(read.unwrap_or_else(|problems| panic!("{problems:#?}")).scenario)
}

/// How many jobs ended.
fn run(scenario: &Arc<Scenario>, files: &MemoryFiles) -> u64 {
    let mut summary = Summary::new(scenario);
    let mut simulation = Simulation::new(Arc::clone(scenario), files).expect("it was checked");
    simulation.advance(simulation.end(), &mut summary).expect("it was checked");
    summary.jobs.expect("there are jobs").all.ended
}

fn jobs(criterion: &mut Criterion) {
    let mut files = MemoryFiles::default();
    files.insert("jobs.swf", trace().into_bytes());
    let mut group = criterion.benchmark_group("100,000 jobs");
    group.sample_size(10);
    for (name, scheduler) in [
        ("first come", "backfill = 'none'"),
        ("easy", "backfill = 'easy'"),
        ("conservative", "backfill = 'conservative'"),
        ("drf", "order = 'drf'"),
        ("fair share", "order = 'fair-share'"),
    ] {
        let scenario = scenario(scheduler, &files);
        assert_eq!(run(&scenario, &files), JOBS as u64, "{name}");
        group.bench_function(name, |bencher| bencher.iter(|| run(&scenario, &files)));
    }
    group.finish();
}

criterion_group!(benches, jobs);
criterion_main!(benches);
