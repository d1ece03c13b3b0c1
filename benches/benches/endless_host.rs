//! A whole run without placement, against a bare binary heap over the same events.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fleetcast_benches::{endless_host, lives};
use fleetcast_core::scenario::Scenario;
use fleetcast_core::simulation;
use fleetcast_core::source::NoFiles;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

const REQUESTS: u64 = 500_000;

/// The least that a run can be: departures in a heap, arrivals from a list. Counts the departures.
fn departures(lives: &[(u64, u64)], end_ms: u64) -> u64 {
    let mut heap = BinaryHeap::new();
    let mut departures = 0;
    for (vm, &(at_ms, stay_ms)) in lives.iter().enumerate() {
        while heap.peek().is_some_and(|Reverse((due_ms, _))| *due_ms <= at_ms) {
            heap.pop();
            departures += 1;
        }
        heap.push(Reverse((at_ms + stay_ms, vm as u32)));
    }
    while heap.pop().is_some_and(|Reverse((due_ms, _))| due_ms <= end_ms) {
        departures += 1;
    }
    departures
}

/// The textbook loop: arrivals and departures in one heap, in order of time, class and sequence.
fn textbook(lives: &[(u64, u64)], end_ms: u64) -> u64 {
    const DEPART: u8 = 0;
    const ARRIVE: u8 = 1;
    let mut heap = BinaryHeap::from([Reverse((lives[0].0, ARRIVE, 0u32))]);
    let mut departures = 0;
    let mut next = 1;
    while let Some(Reverse((now_ms, class, vm))) = heap.pop() {
        if now_ms > end_ms {
            break;
        }
        if class == DEPART {
            departures += 1;
            continue;
        }
        heap.push(Reverse((now_ms + lives[vm as usize].1, DEPART, vm)));
        if let Some((at_ms, _)) = lives.get(next) {
            heap.push(Reverse((*at_ms, ARRIVE, next as u32)));
            next += 1;
        }
    }
    departures
}

fn runs(criterion: &mut Criterion) {
    for alive in [1_000, 10_000, 100_000] {
        let scenario = Arc::new(endless_host(REQUESTS, alive));
        let lives = lives(&scenario);
        let end_ms = scenario.duration_ms;
        let departed = departures(&lives, end_ms);
        assert_eq!(textbook(&lives, end_ms), departed);
        let report = simulation::run(&scenario, &NoFiles).expect("it runs");
        assert_eq!(report.requests, lives.len() as u64);
        assert_eq!(report.placed, report.requests);

        let mut group = criterion.benchmark_group(format!("endless host, {alive} alive"));
        group.throughput(Throughput::Elements(lives.len() as u64 + departed));
        group.sample_size(10).measurement_time(Duration::from_secs(2));
        group.warm_up_time(Duration::from_millis(500));
        group.bench_function("bare heap of departures", |b| b.iter(|| departures(&lives, end_ms)));
        group.bench_function("textbook heap", |b| b.iter(|| textbook(&lives, end_ms)));
        group.bench_function("drawing the requests", |b| {
            b.iter(|| fleetcast_benches::lives(&scenario).len());
        });
        group.bench_function("simulation::run", |b| {
            b.iter(|| placed(&scenario));
        });
        group.finish();
        pairs(alive, || textbook(&lives, end_ms), || placed(&scenario));
    }
}

fn placed(scenario: &Arc<Scenario>) -> u64 {
    simulation::run(scenario, &NoFiles).expect("it runs").placed
}

/// The ratio that is asked for, in a way that a busy machine spoils less: both in turn, so that
/// each pair meets the same machine, and the least of each, which is what either takes when
/// nobody is in its way.
fn pairs(alive: u64, heap: impl Fn() -> u64, run: impl Fn() -> u64) {
    const PAIRS: usize = 31;
    let seconds = |of: &dyn Fn() -> u64| {
        let start = Instant::now();
        black_box(of());
        start.elapsed().as_secs_f64()
    };
    let of: Vec<(f64, f64)> = (0..PAIRS).map(|_| (seconds(&heap), seconds(&run))).collect();
    let least = |side: fn(&(f64, f64)) -> f64| of.iter().map(side).fold(f64::MAX, f64::min);
    let mut ratios: Vec<f64> = of.iter().map(|(heap, run)| run / heap).collect();
    ratios.sort_by(f64::total_cmp);
    println!(
        "endless host, {alive} alive: simulation::run ÷ textbook heap, {PAIRS} pairs in turn: \
         {:.2} by the least of each, {:.2} in the median pair\n",
        least(|pair| pair.1) / least(|pair| pair.0),
        ratios[PAIRS / 2],
    );
}

criterion_group!(benches, runs);
criterion_main!(benches);
